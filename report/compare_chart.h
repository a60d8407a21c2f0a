/* The same training on several devices: loss and accuracy of all in one picture, speeds beside. */
#ifndef WEFT_REPORT_COMPARE_CHART_H
#define WEFT_REPORT_COMPARE_CHART_H

#include "report/curves.h"

typedef struct weft_compare_line {
    const char *name; /* of the device, UTF-8 */
    const weft_curve_point *point;
    int count;                /* 0: named as failed */
    double images_per_second; /* NAN: unknown */
} weft_compare_line;

/* Up to WEFT_SERIES devices; more are left out, and the picture says so. */
typedef struct weft_compare_chart {
    const char *title, *subtitle;
    const weft_compare_line *line;
    int count;
} weft_compare_chart;

weft_figure weft_compare_chart_figure(const weft_compare_chart *data);

#endif
