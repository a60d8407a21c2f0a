/* Rules, rectangles, markers, and the heading of a figure. */
#include "report/figure.h"

void weft_rule_draw(const weft_canvas *canvas, double x0, double y0, double x1, double y1,
                    weft_colour colour)
{
    cairo_t *cr = canvas->cr;
    weft_colour_set(cr, colour);
    cairo_set_line_width(cr, 1);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

void weft_rect_fill(const weft_canvas *canvas, double x, double y, double width, double height,
                    weft_colour colour)
{
    weft_colour_set(canvas->cr, colour);
    cairo_rectangle(canvas->cr, x, y, width, height);
    cairo_fill(canvas->cr);
}

/* Corners of a star or of a regular polygon; inner: radius of every other corner as a share. */
typedef struct shape {
    int corners;
    double radius, inner, turn; /* in circles, from the top */
} shape;

static const shape shapes[WEFT_SERIES] = {
    {0, 1, 1, 0},          /* disc */
    {4, 1.25, 1, 0.125},   /* square */
    {3, 1.45, 1, 0},       /* triangle */
    {4, 1.35, 1, 0},       /* diamond */
    {3, 1.45, 1, 0.5},     /* triangle on its tip */
    {8, 1.6, 0.38, 0},     /* plus */
    {8, 1.6, 0.38, 0.125}, /* cross */
    {10, 1.7, 0.42, 0},    /* star */
};

void weft_marker_draw(cairo_t *cr, int kind, double x, double y, double radius)
{
    const double circle = 6.283185307179586;
    const shape *s = &shapes[kind % WEFT_SERIES];
    cairo_new_sub_path(cr);
    if (s->corners == 0) cairo_arc(cr, x, y, radius, 0, circle);
    for (int i = 0; i < s->corners; i++) {
        const double reach = radius * s->radius * (i % 2 ? s->inner : 1);
        const double angle = circle * (s->turn + (double)i / s->corners);
        cairo_line_to(cr, x + reach * sin(angle), y - reach * cos(angle));
    }
    cairo_close_path(cr);
    cairo_fill(cr);
}

void weft_heading_draw(const weft_canvas *canvas, const char *title, const char *subtitle,
                       double width)
{
    weft_label label = {.x = WEFT_MARGIN,
                        .y = 32,
                        .size = 17,
                        .width = width - 2 * WEFT_MARGIN,
                        .bold = true,
                        .colour = canvas->palette->ink};
    if (title) weft_label_draw(canvas->cr, &label, title);
    label.y = 52;
    label.size = 12;
    label.bold = false;
    label.colour = canvas->palette->soft;
    if (subtitle) weft_label_draw(canvas->cr, &label, subtitle);
}
