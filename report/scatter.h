/* Points in two dimensions, coloured by class. */
#ifndef WEFT_REPORT_SCATTER_H
#define WEFT_REPORT_SCATTER_H

#include <stdint.h>

#include "report/figure.h"

/* A point with a coordinate that is not drawable, or of no class in 0 .. classes - 1, is left out,
 * and the picture says how many were. Up to 8 classes differ by colour, more by colour and shape
 * (64 are told apart). */
typedef struct weft_scatter {
    const char *title, *subtitle, *x_title, *y_title;
    int count;
    const float *x, *y;
    const int32_t *class;
    int classes;
    const char *const *names; /* UTF-8; NULL: numbers */
} weft_scatter;

weft_figure weft_scatter_figure(const weft_scatter *data);

#endif
