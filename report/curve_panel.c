#include "report/curve_panel.h"

/* As many ticks as their numbers leave room for. */
static weft_ticks epoch_ticks(weft_span epochs, double width)
{
    const double digits = fmin(floor(log10(fmax(epochs.high, 1))) + 1, 12);
    return weft_ticks_within(epochs.low, epochs.high, (int)(width / (7 * digits + 20)));
}

weft_curve_panel weft_curve_panel_place(weft_panel box, weft_span epochs, weft_span values,
                                        double ceiling, int y_ticks)
{
    weft_span e = epochs;
    if (e.low > e.high) e = (weft_span){1, 1};
    const double around = e.high > e.low ? (e.high - e.low) * 0.02 : 1;
    weft_curve_panel p = {.panel = box,
                          .x = epoch_ticks(e, box.width),
                          .y = weft_ticks_for(values, 0, ceiling, y_ticks)};
    p.panel.x_low = e.low - around;
    p.panel.x_high = e.high + around;
    p.panel.y_low = p.y.first;
    p.panel.y_high = p.y.first + p.y.step * (p.y.count - 1);
    return p;
}

weft_series weft_curve_series(const weft_curve_point *point, int count, const double *first,
                              double scale)
{
    return (weft_series){.x = &point->epoch,
                         .y = first,
                         .count = count > 0 ? count : 0,
                         .stride = sizeof *point / sizeof(double),
                         .scale = scale};
}

void weft_span_include_epochs(weft_span *span, const weft_curve_point *point, int count)
{
    for (int i = 0; i < count; i++)
        weft_span_include(span, point[i].epoch);
}

void weft_span_include_series(weft_span *span, const weft_series *series)
{
    for (int i = 0; i < series->count; i++)
        weft_span_include(span, weft_series_y(series, i));
}

int weft_series_last(const weft_series *series)
{
    int i = series->count - 1;
    while (i >= 0 && !weft_series_shown(series, i))
        i--;
    return i;
}
