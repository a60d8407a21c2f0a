/* Progress of a training on stderr: a live line on a terminal and one kept line per epoch. */
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

void cli_progress_prepare(cli_progress *progress, int done, int total);
void cli_progress_tune(cli_progress *progress, int done, int total); /* candidates */
/* A part of a selftest, the share of the whole that is done, seconds that are left. */
void cli_progress_check(cli_progress *progress, const char *part, double share, double left);
void cli_progress_step(cli_progress *progress, const weft_step_report *report);
void cli_progress_epoch(cli_progress *progress, const weft_epoch_report *report);

/* Remove the live line: something else is printed next. */
void cli_progress_clear(cli_progress *progress);

/* Notes that do not collide with the live line. */
weft_log cli_progress_log(cli_progress *progress);

#endif
