/* Lines through points, however many. */
#include "report/figure.h"

static const double dot_radius = 2.6, ring_radius = 5, ring_width = 2;

static void circle(cairo_t *cr, double x, double y, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, radius, 0, 6.283185307179586);
}

void weft_ring_draw(const weft_canvas *canvas, double x, double y, weft_colour colour)
{
    cairo_t *cr = canvas->cr;
    circle(cr, x, y, ring_radius);
    weft_colour_set(cr, canvas->palette->paper);
    cairo_fill_preserve(cr);
    weft_colour_set(cr, colour);
    cairo_set_line_width(cr, ring_width);
    cairo_stroke(cr);
}

static void draw_dots(cairo_t *cr, const weft_panel *panel, const weft_series *s, bool all)
{
    for (int i = 0; i < s->count; i++) {
        if (!weft_series_shown(s, i)) continue;
        if (!all && (weft_series_shown(s, i - 1) || weft_series_shown(s, i + 1))) continue;
        circle(cr, weft_panel_x(panel, weft_series_x(s, i)),
               weft_panel_y(panel, weft_series_y(s, i)), dot_radius);
    }
    cairo_fill(cr);
}

/* Points of one column of the picture, as heights on the canvas in the order they came. */
typedef struct column {
    double x, first, low, high, last;
    int count;
} column;

/* A line through first, lowest, highest and last covers what the line through all would. */
static void flush(cairo_t *cr, column *c)
{
    if (c->count > 0) cairo_line_to(cr, c->x, c->first);
    if (c->count > 2) {
        cairo_line_to(cr, c->x, c->low);
        cairo_line_to(cr, c->x, c->high);
    }
    if (c->count > 1) cairo_line_to(cr, c->x, c->last);
    c->count = 0;
}

static void gather(cairo_t *cr, column *c, double x, double y)
{
    if (c->count > 0 && c->x != x) flush(cr, c);
    if (c->count == 0) *c = (column){x, y, y, y, y, 0};
    c->low = fmin(c->low, y);
    c->high = fmax(c->high, y);
    c->last = y;
    c->count++;
}

/* More points than a picture has columns are drawn by column (M4: Jugel et al. 2014), so that a
 * long run shows every peak and costs no more than a short one. */
static void draw_path(cairo_t *cr, const weft_panel *panel, const weft_series *s)
{
    const bool many = s->count > 2 * panel->width;
    column c = {0};
    for (int i = 0; i < s->count; i++) {
        if (!weft_series_shown(s, i)) {
            flush(cr, &c);
            cairo_new_sub_path(cr);
            continue;
        }
        const double x = weft_panel_x(panel, weft_series_x(s, i));
        const double y = weft_panel_y(panel, weft_series_y(s, i));
        /* Short numbers keep the SVG small. */
        gather(cr, &c, many ? floor(x) + 0.5 : x, many ? floor(4 * y + 0.5) / 4 : y);
    }
    flush(cr, &c);
    cairo_stroke(cr);
}

void weft_panel_line(const weft_canvas *canvas, const weft_panel *panel, const weft_series *series,
                     weft_line_style style)
{
    static const double dash[] = {5, 4};
    cairo_t *cr = canvas->cr;
    weft_colour_set(cr, style.colour);
    cairo_set_line_width(cr, style.width);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, style.dashed ? CAIRO_LINE_CAP_BUTT : CAIRO_LINE_CAP_ROUND);
    cairo_set_dash(cr, dash, style.dashed ? 2 : 0, 0);
    cairo_new_path(cr);
    draw_path(cr, panel, series);
    cairo_set_dash(cr, NULL, 0, 0);
    draw_dots(cr, panel, series, style.dots);
}
