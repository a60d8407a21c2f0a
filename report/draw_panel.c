#include "report/figure.h"

#include <math.h>

#include "core/number.h"

enum { TICK_SIZE = 11 };

/* 1, 2 or 5 times a power of ten, at least `least`. */
static double round_step(double least)
{
    const double ten = pow(10, floor(log10(least)));
    const double part = least / ten;
    const double rounded = part <= 1.000001 ? 1 : part <= 2.000001 ? 2 : part <= 5.000001 ? 5 : 10;
    return rounded * ten;
}

weft_ticks weft_ticks_around(double low, double high, int most)
{
    weft_ticks t = {.step = round_step((high - low) / (most - 1))};
    for (;; t.step = round_step(t.step * 1.5)) {
        const double first = floor(low / t.step + 1e-9), last = ceil(high / t.step - 1e-9);
        if (last - first > most - 1) continue;
        t.first = first * t.step;
        t.count = (int)(last - first) + 1;
        return t;
    }
}

weft_ticks weft_ticks_within(double low, double high, int most)
{
    weft_ticks t = {.step = fmax(1, round_step(fmax((high - low) / most, 1)))};
    t.first = ceil(low / t.step - 1e-9) * t.step;
    const double count = floor((high - t.first) / t.step + 1e-9) + 1;
    t.count = count > 0 ? (int)count : 0;
    return t;
}

const char *weft_tick_text(weft_ticks ticks, int index, char text[WEFT_NUMBER_TEXT])
{
    const double digits = floor(log10(ticks.step) + 1e-9), value = ticks.first + index * ticks.step;
    if (digits < -5) return weft_format(value, 6, text);
    return weft_fixed(value, digits < 0 ? (int)-digits : 0, text);
}

weft_ticks weft_ticks_for(weft_span seen, double floor, double ceiling, int most)
{
    weft_span r = seen;
    if (r.low > r.high) r = (weft_span){0, isfinite(ceiling) ? ceiling : 1};
    const double least = r.high != 0 ? fabs(r.high) * 0.04 : 1, middle = (r.low + r.high) / 2;
    if (r.high - r.low < least) r = (weft_span){middle - least / 2, middle + least / 2};
    if (r.low > 0 && r.low < 0.3 * r.high) r.low = 0;
    if (seen.low >= floor) r.low = fmax(r.low, floor);
    if (seen.high <= ceiling) r.high = fmin(r.high, ceiling);
    return weft_ticks_around(r.low, r.high, most);
}

void weft_panel_y_axis(const weft_canvas *canvas, const weft_panel *panel, weft_ticks y)
{
    for (int i = 0; i < y.count; i++) {
        char text[WEFT_NUMBER_TEXT];
        const double at = floor(weft_panel_y(panel, y.first + i * y.step)) + 0.5;
        weft_rule_draw(canvas, panel->left, at, panel->left + panel->width, at,
                       canvas->palette->faint);
        weft_label_draw(canvas->cr,
                        &(weft_label){.x = panel->left - 8,
                                      .y = at + 4,
                                      .size = TICK_SIZE,
                                      .anchor = WEFT_RIGHT,
                                      .colour = canvas->palette->soft},
                        weft_tick_text(y, i, text));
    }
}

void weft_panel_x_axis(const weft_canvas *canvas, const weft_panel *panel, weft_ticks x,
                       const char *title, bool grid)
{
    const double bottom = floor(panel->top + panel->height) + 0.5;
    const weft_colour soft = canvas->palette->soft;
    weft_label label = {.size = TICK_SIZE, .anchor = WEFT_CENTRE, .colour = soft};
    label.y = bottom + 18;
    for (int i = 0; i < x.count; i++) {
        char text[WEFT_NUMBER_TEXT];
        label.x = weft_panel_x(panel, x.first + i * x.step);
        const double at = floor(label.x) + 0.5;
        if (grid) weft_rule_draw(canvas, at, panel->top, at, bottom, canvas->palette->faint);
        weft_rule_draw(canvas, at, bottom, at, bottom + 4, soft);
        weft_label_draw(canvas->cr, &label, weft_tick_text(x, i, text));
    }
    weft_rule_draw(canvas, panel->left, bottom, panel->left + panel->width, bottom, soft);
    label.x = panel->left + panel->width / 2;
    label.y = bottom + 36;
    label.width = panel->width;
    weft_label_draw(canvas->cr, &label, title);
}

void weft_panel_axes(const weft_canvas *canvas, const weft_panel *panel, weft_ticks x, weft_ticks y,
                     const char *x_title)
{
    weft_panel_y_axis(canvas, panel, y);
    weft_panel_x_axis(canvas, panel, x, x_title, false);
}

void weft_panel_title(const weft_canvas *canvas, const weft_panel *panel, double above,
                      const char *title)
{
    weft_label_draw(canvas->cr,
                    &(weft_label){.x = panel->left,
                                  .y = panel->top - above,
                                  .size = 13,
                                  .bold = true,
                                  .colour = canvas->palette->ink},
                    title);
}

void weft_panel_note(const weft_canvas *canvas, const weft_panel *panel, const char *text)
{
    weft_label_draw(canvas->cr,
                    &(weft_label){.x = panel->left + panel->width / 2,
                                  .y = panel->top + panel->height / 2 + 4,
                                  .size = 13,
                                  .width = panel->width,
                                  .anchor = WEFT_CENTRE,
                                  .colour = canvas->palette->soft},
                    text);
}
