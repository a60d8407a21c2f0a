/* The curves of a run, redrawn after each epoch. */
#ifndef WEFT_CLI_PICTURES_H
#define WEFT_CLI_PICTURES_H

#include <stdbool.h>

#include "core/log.h"
#include "core/train.h"
#include "report/curves.h"

typedef struct cli_pictures cli_pictures;

/* An epoch as a point of the curves. */
weft_curve_point cli_curve_point(const weft_epoch_report *report);

/* title: "seed-cnn on fashion-mnist"; subtitle: device and settings. Both are copied. resumed: the
 * rows that metrics.csv in `folder` holds already are the first points; log hears of damage. */
weft_status cli_pictures_new(const char *folder, bool resumed, const char *title,
                             const char *subtitle, const weft_log *log, cli_pictures **out);
void cli_pictures_free(cli_pictures *pictures);

/* Add a point and draw curves.svg and curves.png. A failure is for a warning, not for an end. */
weft_status cli_pictures_add(cli_pictures *pictures, const weft_epoch_report *report);

/* At the end of a run, whose finished epochs are told: when this process added no point, one that
 * was killed before it may have left its last one undrawn. */
weft_status cli_pictures_end(cli_pictures *pictures, uint32_t epochs);

/* Where curves.png is when it was drawn, else NULL. */
const char *cli_pictures_path(const cli_pictures *pictures);

#endif
