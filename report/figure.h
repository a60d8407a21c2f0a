/* A small drawing kit over cairo: panels with axes, lines, labels. Private to report. */
#ifndef WEFT_REPORT_FIGURE_H
#define WEFT_REPORT_FIGURE_H

#include <math.h>
#include <stdbool.h>

#include <cairo.h>

#include "core/status.h"

/* Colours that people with any kind of colour blindness can tell apart (Okabe and Ito 2008). */
typedef struct weft_colour {
    double red, green, blue;
} weft_colour;
extern const weft_colour weft_blue, weft_vermilion, weft_ink, weft_soft, weft_faint, weft_white;

void weft_colour_set(cairo_t *cr, weft_colour colour);

typedef enum weft_anchor { WEFT_LEFT, WEFT_CENTRE, WEFT_RIGHT } weft_anchor;

/* Text on a baseline; cut with "..." to `width` (0: as long as it is). Bytes that are not UTF-8
 * become question marks. */
typedef struct weft_label {
    double x, y, size, width;
    weft_anchor anchor;
    bool bold;
    weft_colour colour;
} weft_label;
void weft_label_draw(cairo_t *cr, const weft_label *label, const char *text);
double weft_label_width(cairo_t *cr, const weft_label *label, const char *text);

/* "%.*f" with a point, whatever the locale. */
enum { WEFT_FIXED_TEXT = 32 };
const char *weft_fixed(double value, int decimals, char text[WEFT_FIXED_TEXT]);

/* Round numbers along an axis: first, first + step, ... (count of them). */
typedef struct weft_ticks {
    double first, step;
    int count;
} weft_ticks;

/* At most `most` ticks; the range from low to high lies within the outermost two. */
weft_ticks weft_ticks_around(double low, double high, int most);

/* At most `most` whole numbers within the range. */
weft_ticks weft_ticks_within(double low, double high, int most);

/* Neither missing nor so large that a scale would overflow. */
static inline bool weft_drawable(double value)
{
    return isfinite(value) && fabs(value) < 1e100;
}

/* A rectangle of the picture, and the ranges it shows. */
typedef struct weft_panel {
    double left, top, width, height;
    double x_low, x_high, y_low, y_high;
} weft_panel;

static inline double weft_panel_x(const weft_panel *p, double x)
{
    return p->left + (x - p->x_low) / (p->x_high - p->x_low) * p->width;
}

static inline double weft_panel_y(const weft_panel *p, double y)
{
    return p->top + (p->y_high - y) / (p->y_high - p->y_low) * p->height;
}

/* Grid, axes and tick labels. x_title stands below. */
void weft_panel_axes(cairo_t *cr, const weft_panel *panel, weft_ticks x, weft_ticks y,
                     const char *x_title);

/* A line through points; a value that is not drawable leaves a gap. Single points, and all of them
 * when `dots`, are marked. */
void weft_panel_line(cairo_t *cr, const weft_panel *panel, const double *x, const double *y,
                     int count, weft_colour colour, bool dots);

/* A ring around a point that is worth a look. */
void weft_ring_draw(cairo_t *cr, double x, double y, weft_colour colour);

/* Draw with a function to an SVG and a PNG file of width x height units (the PNG has twice as many
 * pixels). Either path may be NULL. The same drawing gives the same bytes. */
typedef void weft_drawing(cairo_t *cr, const void *data);
weft_status weft_figure_write(weft_drawing *draw, const void *data, int width, int height,
                              const char *svg_path, const char *png_path);

#endif
