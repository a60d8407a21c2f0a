#include "report/figure.h"

#include <math.h>

static const double tick_size = 11;

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

/* As many decimals as neighbouring ticks need to differ. */
static const char *tick_text(weft_ticks ticks, int i, char text[WEFT_FIXED_TEXT])
{
    const double digits = floor(log10(ticks.step) + 1e-9);
    return weft_fixed(ticks.first + i * ticks.step, digits < 0 ? (int)-digits : 0, text);
}

static void stroke(const weft_canvas *canvas, double x0, double y0, double x1, double y1,
                   weft_colour colour)
{
    cairo_t *cr = canvas->cr;
    weft_colour_set(cr, colour);
    cairo_set_line_width(cr, 1);
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

static void draw_y_axis(const weft_canvas *canvas, const weft_panel *p, weft_ticks ticks)
{
    for (int i = 0; i < ticks.count; i++) {
        char text[WEFT_FIXED_TEXT];
        const double at = floor(weft_panel_y(p, ticks.first + i * ticks.step)) + 0.5;
        stroke(canvas, p->left, at, p->left + p->width, at, canvas->palette->faint);
        weft_label_draw(canvas->cr,
                        &(weft_label){.x = p->left - 8,
                                      .y = at + 4,
                                      .size = tick_size,
                                      .anchor = WEFT_RIGHT,
                                      .colour = canvas->palette->soft},
                        tick_text(ticks, i, text));
    }
}

static void draw_x_axis(const weft_canvas *canvas, const weft_panel *p, weft_ticks ticks,
                        const char *title)
{
    const double bottom = floor(p->top + p->height) + 0.5;
    weft_label label = {.size = tick_size, .anchor = WEFT_CENTRE, .colour = canvas->palette->soft};
    stroke(canvas, p->left, bottom, p->left + p->width, bottom, canvas->palette->soft);
    label.y = bottom + 18;
    for (int i = 0; i < ticks.count; i++) {
        char text[WEFT_FIXED_TEXT];
        label.x = weft_panel_x(p, ticks.first + i * ticks.step);
        stroke(canvas, label.x, bottom, label.x, bottom + 4, canvas->palette->soft);
        weft_label_draw(canvas->cr, &label, tick_text(ticks, i, text));
    }
    label.x = p->left + p->width / 2;
    label.y = bottom + 36;
    weft_label_draw(canvas->cr, &label, title);
}

void weft_panel_axes(const weft_canvas *canvas, const weft_panel *panel, weft_ticks x, weft_ticks y,
                     const char *x_title)
{
    draw_y_axis(canvas, panel, y);
    draw_x_axis(canvas, panel, x, x_title);
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
