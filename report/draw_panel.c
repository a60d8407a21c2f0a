#include "report/figure.h"

#include <math.h>

static const double tick_size = 11, dot_radius = 2.6, ring_radius = 5, line_width = 2,
                    thin_width = 1.5;

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

static void stroke(cairo_t *cr, double x0, double y0, double x1, double y1, weft_colour colour)
{
    weft_colour_set(cr, colour);
    cairo_set_line_width(cr, 1);
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

static void draw_y_axis(cairo_t *cr, const weft_panel *p, weft_ticks ticks)
{
    for (int i = 0; i < ticks.count; i++) {
        char text[WEFT_FIXED_TEXT];
        const double at = floor(weft_panel_y(p, ticks.first + i * ticks.step)) + 0.5;
        stroke(cr, p->left, at, p->left + p->width, at, weft_faint);
        weft_label_draw(cr,
                        &(weft_label){.x = p->left - 8,
                                      .y = at + 4,
                                      .size = tick_size,
                                      .anchor = WEFT_RIGHT,
                                      .colour = weft_soft},
                        tick_text(ticks, i, text));
    }
}

static void draw_x_axis(cairo_t *cr, const weft_panel *p, weft_ticks ticks, const char *title)
{
    const double bottom = floor(p->top + p->height) + 0.5;
    weft_label label = {.size = tick_size, .anchor = WEFT_CENTRE, .colour = weft_soft};
    stroke(cr, p->left, bottom, p->left + p->width, bottom, weft_soft);
    label.y = bottom + 18;
    for (int i = 0; i < ticks.count; i++) {
        char text[WEFT_FIXED_TEXT];
        label.x = weft_panel_x(p, ticks.first + i * ticks.step);
        stroke(cr, label.x, bottom, label.x, bottom + 4, weft_soft);
        weft_label_draw(cr, &label, tick_text(ticks, i, text));
    }
    label.x = p->left + p->width / 2;
    label.y = bottom + 36;
    weft_label_draw(cr, &label, title);
}

void weft_panel_axes(cairo_t *cr, const weft_panel *panel, weft_ticks x, weft_ticks y,
                     const char *x_title)
{
    draw_y_axis(cr, panel, y);
    draw_x_axis(cr, panel, x, x_title);
}

static void circle(cairo_t *cr, double x, double y, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, radius, 0, 6.283185307179586);
}

static void dot(cairo_t *cr, double x, double y)
{
    circle(cr, x, y, dot_radius);
    cairo_fill(cr);
}

void weft_ring_draw(cairo_t *cr, double x, double y, weft_colour colour)
{
    circle(cr, x, y, ring_radius);
    weft_colour_set(cr, weft_white);
    cairo_fill_preserve(cr);
    weft_colour_set(cr, colour);
    cairo_set_line_width(cr, line_width);
    cairo_stroke(cr);
}

static bool shown(const double *x, const double *y, int count, int i)
{
    return i >= 0 && i < count && weft_drawable(x[i]) && weft_drawable(y[i]);
}

void weft_panel_line(cairo_t *cr, const weft_panel *panel, const double *x, const double *y,
                     int count, weft_colour colour, bool dots)
{
    weft_colour_set(cr, colour);
    cairo_set_line_width(cr, dots ? line_width : thin_width);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 0; i < count; i++) {
        if (!shown(x, y, count, i)) continue;
        const double at_x = weft_panel_x(panel, x[i]), at_y = weft_panel_y(panel, y[i]);
        if (shown(x, y, count, i - 1))
            cairo_line_to(cr, at_x, at_y);
        else
            cairo_move_to(cr, at_x, at_y);
    }
    cairo_stroke(cr);
    for (int i = 0; i < count; i++) {
        if (!shown(x, y, count, i)) continue;
        const bool alone = !shown(x, y, count, i - 1) && !shown(x, y, count, i + 1);
        if (dots || alone) dot(cr, weft_panel_x(panel, x[i]), weft_panel_y(panel, y[i]));
    }
}
