/* Panels over epochs, as curves and compare_chart have them. Private to report. */
#ifndef WEFT_REPORT_CURVE_PANEL_H
#define WEFT_REPORT_CURVE_PANEL_H

#include "report/curves.h"

typedef struct weft_curve_panel {
    weft_panel panel;
    weft_ticks x, y;
} weft_curve_panel;

/* box: where the panel lies. Values beyond `ceiling` alone move the axis beyond it. */
weft_curve_panel weft_curve_panel_place(weft_panel box, weft_span epochs, weft_span values,
                                        double ceiling, int y_ticks);

/* One figure of points, such as &point->val_loss of the first one, multiplied by scale. */
weft_series weft_curve_series(const weft_curve_point *point, int count, const double *first,
                              double scale);

void weft_span_include_epochs(weft_span *span, const weft_curve_point *point, int count);
void weft_span_include_series(weft_span *span, const weft_series *series);

/* Index of the last point that can be drawn, -1: none. */
int weft_series_last(const weft_series *series);

#endif
