/* Bars of accuracy against the diagonal; the predictions of each bin are counted below. */
#include "report/reliability.h"

#include <stdio.h>

#include "core/number.h"

enum {
    LEFT = 64,
    SIDE = 380, /* of the diagram */
    TOP = 130,
    COUNTS_TOP = TOP + SIDE + 96,
    COUNTS_HEIGHT = 80,
    WIDTH = LEFT + SIDE + 40,
    HEIGHT = COUNTS_TOP + COUNTS_HEIGHT + 52
};

static bool is_filled(const weft_reliability *d, int bin)
{
    return d->count[bin] > 0 && weft_drawable(d->accuracy[bin]);
}

static void draw_diagonal(const weft_canvas *canvas, const weft_panel *p)
{
    static const double dash[] = {4, 4};
    cairo_set_dash(canvas->cr, dash, 2, 0);
    weft_rule_draw(canvas, p->left, p->top + p->height, p->left + p->width, p->top,
                   canvas->palette->soft);
    cairo_set_dash(canvas->cr, NULL, 0, 0);
}

/* From the bin's accuracy to its mean confidence, which calibrated predictions would have. */
static void draw_gap(const weft_canvas *canvas, const weft_panel *p, double confidence,
                     double accuracy)
{
    const double x = weft_panel_x(p, 100 * confidence), y = weft_panel_y(p, 100 * accuracy);
    const double to = weft_panel_y(p, 100 * confidence);
    weft_colour_set(canvas->cr, canvas->palette->series[1]);
    cairo_set_line_width(canvas->cr, 2);
    cairo_move_to(canvas->cr, x, y);
    cairo_line_to(canvas->cr, x, to);
    cairo_stroke(canvas->cr);
    weft_marker_draw(canvas->cr, 0, x, y, 3.5);
}

static void draw_bins(const weft_canvas *canvas, const weft_reliability *d, const weft_panel *p)
{
    const weft_colour bar =
        weft_colour_mix(canvas->palette->paper, canvas->palette->series[0], 0.45);
    const double width = p->width / d->bins;
    for (int i = 0; i < d->bins; i++) {
        if (!is_filled(d, i)) continue;
        const double y = weft_panel_y(p, 100 * d->accuracy[i]);
        weft_rect_fill(canvas, p->left + i * width + 0.5, y, width - 1, p->top + p->height - y,
                       bar);
    }
    draw_diagonal(canvas, p);
    for (int i = 0; i < d->bins; i++)
        if (is_filled(d, i) && weft_drawable(d->confidence[i]))
            draw_gap(canvas, p, d->confidence[i], d->accuracy[i]);
}

/* What bar, line and diagonal mean, in one line above the diagram. */
static void draw_legend(const weft_canvas *canvas, const weft_panel *p)
{
    const weft_palette *colours = canvas->palette;
    weft_label label = {.y = p->top - 12, .size = 11, .colour = colours->soft};
    label.x = p->left + 14;
    weft_rect_fill(canvas, p->left, label.y - 9, 10, 10,
                   weft_colour_mix(colours->paper, colours->series[0], 0.45));
    weft_label_draw(canvas->cr, &label, "accuracy");
    weft_colour_set(canvas->cr, colours->series[1]);
    weft_marker_draw(canvas->cr, 0, p->left + 88, label.y - 4, 3.5);
    label.x = p->left + 98;
    weft_label_draw(canvas->cr, &label, "gap to confidence");
    const weft_panel dash = {
        .left = p->left + 216, .top = label.y - 9, .width = 18, .height = 10, .x_high = 1};
    draw_diagonal(canvas, &dash);
    label.x = p->left + 240;
    weft_label_draw(canvas->cr, &label, "calibrated");
}

static void draw_error(const weft_canvas *canvas, const weft_panel *p, double error)
{
    char text[96], number[WEFT_NUMBER_TEXT];
    const weft_label label = {.x = p->left + 12,
                              .y = p->top + 22,
                              .size = 13,
                              .bold = true,
                              .colour = canvas->palette->ink};
    if (weft_drawable(error))
        (void)snprintf(text, sizeof text, "ECE %s %%", weft_fixed(100 * error, 2, number));
    else
        (void)snprintf(text, sizeof text, "ECE unknown");
    const double width = weft_label_width(canvas->cr, &label, text);
    weft_rect_fill(canvas, p->left + 6, p->top + 6, width + 12, 22, canvas->palette->paper);
    weft_label_draw(canvas->cr, &label, text);
}

/* A count in at most four characters: 999, 1.2k, 12k, 123k, 1.2M. */
static void short_count(int64_t count, char text[WEFT_NUMBER_TEXT])
{
    static const char *const unit[] = {"", "k", "M", "G", "T", "P", "E"};
    double value = (double)count;
    int i = 0;
    for (; value >= 999.5 && i < 6; i++)
        value /= 1000;
    char number[WEFT_NUMBER_TEXT];
    const int decimals = i > 0 && value < 9.95 ? 1 : 0;
    (void)snprintf(text, WEFT_NUMBER_TEXT, "%.24s%s", weft_fixed(value, decimals, number), unit[i]);
}

static void draw_counts(const weft_canvas *canvas, const weft_reliability *d, const weft_panel *p)
{
    const double width = p->width / d->bins;
    for (int i = 0; i < d->bins; i++) {
        char text[WEFT_NUMBER_TEXT];
        if (d->count[i] <= 0) continue;
        const double y = fmin(weft_panel_y(p, (double)d->count[i]), p->top + p->height - 1);
        const weft_label label = {.x = p->left + (i + 0.5) * width,
                                  .y = y - 4,
                                  .size = 10,
                                  .anchor = WEFT_CENTRE,
                                  .colour = canvas->palette->soft};
        weft_rect_fill(canvas, p->left + i * width + 0.5, y, width - 1, p->top + p->height - y,
                       canvas->palette->series[7]);
        short_count(d->count[i], text);
        if (weft_label_width(canvas->cr, &label, text) < width)
            weft_label_draw(canvas->cr, &label, text);
    }
}

static weft_panel counts_panel(const weft_reliability *d, weft_ticks *ticks)
{
    int64_t most = 1;
    for (int i = 0; i < d->bins; i++)
        most = d->count[i] > most ? d->count[i] : most;
    *ticks = weft_ticks_around(0, (double)most, 4);
    return (weft_panel){.left = LEFT,
                        .top = COUNTS_TOP,
                        .width = SIDE,
                        .height = COUNTS_HEIGHT,
                        .x_high = 100,
                        .y_high = ticks->step * (ticks->count - 1)};
}

static bool has_data(const weft_reliability *d)
{
    for (int i = 0; i < d->bins; i++)
        if (is_filled(d, i)) return true;
    return false;
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_reliability *d = data;
    const weft_ticks percent = {0, 20, 6};
    const weft_panel p = {
        .left = LEFT, .top = TOP, .width = SIDE, .height = SIDE, .x_high = 100, .y_high = 100};
    weft_ticks count_ticks;
    const weft_panel counts = counts_panel(d, &count_ticks);
    weft_heading_draw(canvas, d->title, d->subtitle, WIDTH);
    weft_panel_title(canvas, &p, 32, "Accuracy (%)");
    draw_legend(canvas, &p);
    weft_panel_axes(canvas, &p, percent, percent, "confidence (%)");
    weft_panel_title(canvas, &counts, 24, "Predictions (count)");
    weft_panel_axes(canvas, &counts, percent, count_ticks, "confidence (%)");
    if (!has_data(d)) {
        weft_panel_note(canvas, &p, "no data");
        return;
    }
    draw_bins(canvas, d, &p);
    draw_error(canvas, &p, d->error);
    draw_counts(canvas, d, &counts);
}

weft_figure weft_reliability_figure(const weft_reliability *data)
{
    return (weft_figure){draw, data, WIDTH, HEIGHT};
}
