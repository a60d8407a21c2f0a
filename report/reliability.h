/* A reliability diagram: how often predictions of a given confidence are right (DeGroot and
 * Fienberg 1983; with the expected calibration error as in Guo et al. 2017). */
#ifndef WEFT_REPORT_RELIABILITY_H
#define WEFT_REPORT_RELIABILITY_H

#include <stdint.h>

#include "report/figure.h"

/* Bins of equal width from confidence 0 to 1. Of each: mean confidence and accuracy (0 to 1, NAN
 * when it is empty) and the number of predictions. */
typedef struct weft_reliability {
    const char *title, *subtitle;
    int bins;
    const double *confidence, *accuracy;
    const int64_t *count;
    double error; /* expected calibration error, 0 to 1; NAN: unknown */
} weft_reliability;

weft_figure weft_reliability_figure(const weft_reliability *data);

#endif
