/* Training curves as a picture: loss, accuracy and learning rate over epochs. Data in, figure out.
 */
#ifndef WEFT_REPORT_CURVES_H
#define WEFT_REPORT_CURVES_H

#include "report/figure.h"

/* One point per epoch; NAN where there is no value. Accuracies are shares, 0 to 1. */
typedef struct weft_curve_point {
    double epoch, train_loss, train_accuracy, val_loss, val_accuracy, learning_rate;
} weft_curve_point;

typedef struct weft_curves {
    const char *title;    /* "seed-cnn on fashion-mnist" */
    const char *subtitle; /* device, settings */
    const weft_curve_point *point;
    int count;
} weft_curves;

weft_figure weft_curves_figure(const weft_curves *curves);

#endif
