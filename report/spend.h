/* Where the time goes: a horizontal bar for each item, with its value and its share. */
#ifndef WEFT_REPORT_SPEND_H
#define WEFT_REPORT_SPEND_H

#include "report/figure.h"

/* Values that are not negative, in the order in which they are shown; NAN is printed as unknown.
 * Items behind the first WEFT_SPEND_ROWS are drawn as one. */
enum { WEFT_SPEND_ROWS = 40 };
typedef struct weft_spend {
    const char *title, *subtitle, *unit; /* unit: "ms per step" */
    int count;
    const char *const *names; /* UTF-8; NULL: numbers */
    const double *value;
} weft_spend;

weft_figure weft_spend_figure(const weft_spend *data);

#endif
