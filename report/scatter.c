#include "report/scatter.h"

#include <stdio.h>

enum {
    LEFT = 96,
    TOP = 100,
    SIDE_X = 600,
    SIDE_Y = 520,
    LEGEND_LEFT = LEFT + SIDE_X + 28,
    LEGEND_ROWS = 26,
    LEGEND_ROW = 20,
    LEGEND_COLUMN = 160,
    LEGEND_COLUMNS = 4,
    HEIGHT = TOP + SIDE_Y + 56,
    VECTORS_MOST = 1000, /* more points become pixels, which keeps the SVG small */
    PIXELS = 2           /* in a unit */
};

static bool is_shown(const weft_scatter *d, int i)
{
    return isfinite(d->x[i]) && isfinite(d->y[i]) && d->class[i] >= 0 && d->class[i] < d->classes;
}

static int shown_count(const weft_scatter *d)
{
    int count = 0;
    for (int i = 0; i < d->count; i++)
        count += is_shown(d, i);
    return count;
}

static int shape_of(const weft_scatter *d, int class)
{
    return d->classes <= WEFT_SERIES ? 0 : (class + class / WEFT_SERIES) % WEFT_SERIES;
}

static double radius_of(int count)
{
    return count <= 500 ? 3.2 : count <= 5000 ? 2.4 : 1.8;
}

static weft_ticks axis_ticks(const weft_scatter *d, const float *values)
{
    weft_span seen = weft_span_none();
    for (int i = 0; i < d->count; i++)
        if (is_shown(d, i)) weft_span_include(&seen, (double)values[i]);
    if (seen.low > seen.high) seen = (weft_span){-1, 1};
    /* Not so near that the numbers along the axis would be long ones. */
    const double size = fmax(fabs(seen.low), fabs(seen.high));
    const double range = seen.high - seen.low;
    const double around = range > 0.01 * size ? 0.02 * range : fmax(0.5 * size, 1e-30);
    return weft_ticks_around(seen.low - around, seen.high + around, 8);
}

static void draw_points(const weft_canvas *canvas, cairo_t *cr, const weft_scatter *d,
                        const weft_panel *p)
{
    const double radius = radius_of(d->count);
    for (int i = 0; i < d->count; i++) {
        if (!is_shown(d, i)) continue;
        weft_colour_set(cr, canvas->palette->series[d->class[i] % WEFT_SERIES]);
        weft_marker_draw(cr, shape_of(d, d->class[i]), weft_panel_x(p, (double)d->x[i]),
                         weft_panel_y(p, (double)d->y[i]), radius);
    }
}

/* The same into an image that is laid over the panel. Its edges are hard: every shade between them
 * would make the file larger, and two pixels a unit are fine enough. */
static void draw_layer(const weft_canvas *canvas, const weft_scatter *d, const weft_panel *p)
{
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (SIDE_X + 20) * PIXELS,
                                                        (SIDE_Y + 20) * PIXELS);
    cairo_t *layer = cairo_create(image);
    weft_panel moved = *p;
    moved.left = moved.top = 10;
    cairo_set_antialias(layer, CAIRO_ANTIALIAS_NONE);
    cairo_scale(layer, PIXELS, PIXELS);
    draw_points(canvas, layer, d, &moved);
    cairo_destroy(layer);
    cairo_save(canvas->cr);
    cairo_translate(canvas->cr, p->left - 10, p->top - 10);
    cairo_scale(canvas->cr, 1.0 / PIXELS, 1.0 / PIXELS);
    cairo_set_source_surface(canvas->cr, image, 0, 0);
    cairo_paint(canvas->cr);
    cairo_restore(canvas->cr);
    cairo_surface_destroy(image);
}

static int legend_columns(const weft_scatter *d)
{
    const int columns = (d->classes + LEGEND_ROWS - 1) / LEGEND_ROWS;
    return columns < 1 ? 1 : columns < LEGEND_COLUMNS ? columns : LEGEND_COLUMNS;
}

static void draw_legend(const weft_canvas *canvas, const weft_scatter *d)
{
    const int room = legend_columns(d) * LEGEND_ROWS;
    const int named = d->classes <= room ? d->classes : room - 1;
    weft_label label = {.size = 12, .width = LEGEND_COLUMN - 32, .colour = canvas->palette->ink};
    char text[48];
    for (int i = 0; i < named; i++) {
        char number[WEFT_NUMBER_TEXT];
        const int column = i / LEGEND_ROWS;
        const double x = LEGEND_LEFT + column * LEGEND_COLUMN;
        label.x = x + 18;
        label.y = TOP + 10 + i % LEGEND_ROWS * LEGEND_ROW;
        weft_colour_set(canvas->cr, canvas->palette->series[i % WEFT_SERIES]);
        weft_marker_draw(canvas->cr, shape_of(d, i), x + 6, label.y - 4, 4);
        weft_label_draw(canvas->cr, &label, weft_class_name(d->names, i, number));
    }
    if (named == d->classes) return;
    (void)snprintf(text, sizeof text, "and %d more", d->classes - named);
    label.y += LEGEND_ROW;
    weft_label_draw(canvas->cr, &label, text);
}

static void draw_note(const weft_canvas *canvas, const weft_scatter *d, int shown)
{
    char text[96];
    if (shown == d->count)
        (void)snprintf(text, sizeof text, "%d points", shown);
    else
        (void)snprintf(text, sizeof text, "%d points, %d left out (no position)", shown,
                       d->count - shown);
    weft_label_draw(canvas->cr,
                    &(weft_label){.x = LEFT + SIDE_X,
                                  .y = TOP - 14,
                                  .size = 11,
                                  .anchor = WEFT_RIGHT,
                                  .colour = canvas->palette->soft},
                    text);
}

/* Left of the widest number along the axis. */
static void draw_y_title(const weft_canvas *canvas, const weft_scatter *d, const weft_panel *p,
                         weft_ticks ticks)
{
    const weft_label number = {.size = 11};
    double widest = 0;
    if (!d->y_title) return;
    for (int i = 0; i < ticks.count; i++) {
        char text[WEFT_NUMBER_TEXT];
        const char *tick = weft_tick_text(ticks, i, text);
        widest = fmax(widest, weft_label_width(canvas->cr, &number, tick));
    }
    weft_label_draw(canvas->cr,
                    &(weft_label){.x = p->left - widest - 20,
                                  .y = p->top + p->height / 2,
                                  .size = 11,
                                  .width = p->height,
                                  .anchor = WEFT_CENTRE,
                                  .upright = true,
                                  .colour = canvas->palette->soft},
                    d->y_title);
}

static int width_of(const weft_scatter *d)
{
    return LEGEND_LEFT + legend_columns(d) * LEGEND_COLUMN + WEFT_MARGIN;
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_scatter *d = data;
    const int shown = shown_count(d);
    const weft_ticks x = axis_ticks(d, d->x), y = axis_ticks(d, d->y);
    const weft_panel p = {.left = LEFT,
                          .top = TOP,
                          .width = SIDE_X,
                          .height = SIDE_Y,
                          .x_low = x.first,
                          .x_high = x.first + x.step * (x.count - 1),
                          .y_low = y.first,
                          .y_high = y.first + y.step * (y.count - 1)};
    weft_heading_draw(canvas, d->title, d->subtitle, width_of(d));
    draw_y_title(canvas, d, &p, y);
    weft_panel_y_axis(canvas, &p, y);
    weft_panel_x_axis(canvas, &p, x, d->x_title ? d->x_title : "", true);
    draw_legend(canvas, d);
    if (shown == 0) {
        weft_panel_note(canvas, &p, "no data");
        return;
    }
    draw_note(canvas, d, shown);
    if (d->count > VECTORS_MOST)
        draw_layer(canvas, d, &p);
    else
        draw_points(canvas, canvas->cr, d, &p);
}

weft_figure weft_scatter_figure(const weft_scatter *data)
{
    return (weft_figure){draw, data, width_of(data), HEIGHT};
}
