/* Precision, recall and F1 of each class as horizontal bars with their values beside them. */
#ifndef WEFT_REPORT_CLASS_BARS_H
#define WEFT_REPORT_CLASS_BARS_H

#include "report/figure.h"

/* Shares from 0 to 1; NAN is printed as undefined (no sample or no prediction of that class). Of
 * more than WEFT_CLASS_BARS classes those with the lowest F1 are shown, and the picture says so. */
enum { WEFT_CLASS_BARS = 100 };
typedef struct weft_class_bars {
    const char *title, *subtitle;
    int classes;
    const char *const *names; /* UTF-8; NULL: numbers */
    const double *precision, *recall, *f1;
} weft_class_bars;

weft_figure weft_class_bars_figure(const weft_class_bars *data);

#endif
