/* Progress on stderr. On a terminal a live line; of a training also a row per epoch, in a table
 * where the terminal has 80 columns, and on wish a plot of the losses that is drawn in place. On
 * anything else one line per epoch, and while much is prepared one a minute. */
#ifndef WEFT_CLI_PROGRESS_H
#define WEFT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/log.h"
#include "core/train.h"

typedef struct cli_progress cli_progress;

/* epochs: of the whole run, for "3/10". quiet shows nothing but warnings. */
weft_status cli_progress_new(int64_t epochs, bool quiet, cli_progress **out);
void cli_progress_free(cli_progress *progress);

/* Draw the plot too, where the terminal is large enough for it. */
void cli_progress_plot(cli_progress *progress);

void cli_progress_prepare(cli_progress *progress, int done, int total);
void cli_progress_tune(cli_progress *progress, int done, int total); /* candidates */
/* A part of a selftest, the share of the whole that is done, seconds that are left. */
void cli_progress_check(cli_progress *progress, const char *part, double share, double left);
void cli_progress_step(cli_progress *progress, const weft_step_report *report);
void cli_progress_epoch(cli_progress *progress, const weft_epoch_report *report);

/* Remove what is drawn in place: something else is printed next. */
void cli_progress_clear(cli_progress *progress);

/* The training is over: the plot stays, the live line goes. */
void cli_progress_end(cli_progress *progress);

/* Notes that do not collide with the live line. */
weft_log cli_progress_log(cli_progress *progress);

#endif
