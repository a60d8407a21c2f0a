/* Training curves as a picture: loss and accuracy over epochs, training and validation. Data in,
 * file out. */
#ifndef WEFT_REPORT_CURVES_H
#define WEFT_REPORT_CURVES_H

#include "core/status.h"

/* One point per epoch; NAN where there is no value. */
typedef struct weft_curve_point {
    double epoch, train_loss, train_accuracy, val_loss, val_accuracy;
} weft_curve_point;

typedef struct weft_curves {
    const char *title;    /* "seed-cnn on fashion-mnist" */
    const char *subtitle; /* device, settings */
    const weft_curve_point *point;
    int count;
} weft_curves;

/* Draw to an SVG and a PNG file (each may be NULL), replaced in one go. WEFT_ERR_IO names the file.
 */
weft_status weft_curves_draw(const weft_curves *curves, const char *svg_path, const char *png_path);

#endif
