/* The drawing kit over cairo that every figure is made with: two themes, text, panels with axes,
 * lines. Private to report. All measures are in units of 1/96 inch. */
#ifndef WEFT_REPORT_FIGURE_H
#define WEFT_REPORT_FIGURE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include <cairo.h>

#include "core/number.h"
#include "core/status.h"

/* ---- colours ---- */

typedef struct weft_colour {
    double red, green, blue; /* sRGB, 0 to 1 */
} weft_colour;

typedef enum weft_theme { WEFT_LIGHT, WEFT_DARK } weft_theme;

enum { WEFT_SERIES = 8, WEFT_TRAINING = 0, WEFT_VALIDATION = 1 };

/* Colours that people with any kind of colour blindness can tell apart (after Okabe and Ito 2008).
 * On paper, ink, soft and the first two series have at least the contrast that WCAG 2.1 asks of
 * text (4.5 : 1, level AA), the other series that of graphics (3 : 1). */
typedef struct weft_palette {
    weft_colour paper, ink, soft, faint; /* ground; text; second text and axes; grid */
    weft_colour series[WEFT_SERIES];
} weft_palette;

const weft_palette *weft_palette_of(weft_theme theme);

void weft_colour_set(cairo_t *cr, weft_colour colour);

/* share of b in a, 0 to 1. */
weft_colour weft_colour_mix(weft_colour a, weft_colour b, double share);

/* Contrast ratio, 1 to 21: (L1 + 0.05) / (L2 + 0.05) with relative luminances (WCAG 2.1). */
double weft_contrast(weft_colour a, weft_colour b);

/* Black or white: what can be read better on this ground. The contrast is at least 4.58. */
weft_colour weft_text_on(weft_colour ground);

/* ---- figures ---- */

typedef struct weft_canvas {
    cairo_t *cr;
    const weft_palette *palette;
} weft_canvas;
typedef void weft_drawing(const weft_canvas *canvas, const void *data);

/* A drawing with its data (borrowed) and its size. The paper is painted before it is called. */
typedef struct weft_figure {
    weft_drawing *draw;
    const void *data;
    int width, height;
} weft_figure;

/* Write the same drawing as an SVG and a PNG file (two pixels per unit), replaced in one go. Either
 * path may be NULL. The same drawing gives the same bytes. WEFT_ERR_IO names the file. */
weft_status weft_figure_write(const weft_figure *figure, weft_theme theme, const char *svg_path,
                              const char *png_path);

/* The same in memory, a zero byte behind it; free() it. Text is drawn as outlines that the SVG
 * holds, so no font is needed to read it. Its ids are unique within one SVG only. */
weft_status weft_figure_svg(const weft_figure *figure, weft_theme theme, char **out, size_t *count);
weft_status weft_figure_png(const weft_figure *figure, weft_theme theme, int scale, char **out,
                            size_t *count);

/* ---- text ---- */

typedef enum weft_anchor { WEFT_LEFT, WEFT_CENTRE, WEFT_RIGHT } weft_anchor;

/* Make text lie alike in every file, whatever the screen of this machine is like. */
void weft_text_prepare(cairo_t *cr);

/* Text on a baseline; cut with "..." to `width` (0: as long as it is). Bytes that are not UTF-8
 * become question marks. An upright one runs upwards from x, y; its anchor LEFT is then its lower
 * end. */
typedef struct weft_label {
    double x, y, size, width;
    weft_anchor anchor;
    bool bold, upright;
    weft_colour colour;
} weft_label;
void weft_label_draw(cairo_t *cr, const weft_label *label, const char *text);
double weft_label_width(cairo_t *cr, const weft_label *label, const char *text);

/* What the widest of the names (NULL: numbers) needs, at most `most`: for a figure that is yet to
 * be drawn. */
double weft_names_width(const char *const *names, int count, double size, double most);

/* Title and subtitle (either may be NULL) in the top left corner, cut to the figure's width. What
 * follows may begin at WEFT_HEADING_HEIGHT. */
enum { WEFT_MARGIN = 16, WEFT_HEADING_HEIGHT = 64 };
void weft_heading_draw(const weft_canvas *canvas, const char *title, const char *subtitle,
                       double width);

/* The name of a class, or its number when it has none. */
const char *weft_class_name(const char *const *names, int index, char text[WEFT_NUMBER_TEXT]);

/* ---- panels ---- */

/* Round numbers along an axis: first, first + step, ... (count of them). */
typedef struct weft_ticks {
    double first, step;
    int count;
} weft_ticks;

/* At most `most` ticks; the range from low to high lies within the outermost two. */
weft_ticks weft_ticks_around(double low, double high, int most);

/* At most `most` whole numbers within the range. */
weft_ticks weft_ticks_within(double low, double high, int most);

/* As many decimals as neighbouring ticks need to differ. */
const char *weft_tick_text(weft_ticks ticks, int index, char text[WEFT_NUMBER_TEXT]);

/* Neither missing nor so large that a scale would overflow. */
static inline bool weft_drawable(double value)
{
    return isfinite(value) && fabs(value) < 1e100;
}

/* What values cover; low > high before one was included. */
typedef struct weft_span {
    double low, high;
} weft_span;

static inline weft_span weft_span_none(void)
{
    return (weft_span){INFINITY, -INFINITY};
}

static inline void weft_span_include(weft_span *range, double value)
{
    if (!weft_drawable(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

/* Ticks of an axis that shows these values: one alone lies in the middle, a range that begins near
 * zero begins at zero, and the axis ends at floor and ceiling unless values lie beyond. */
weft_ticks weft_ticks_for(weft_span seen, double floor, double ceiling, int most);

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
void weft_panel_axes(const weft_canvas *canvas, const weft_panel *panel, weft_ticks x, weft_ticks y,
                     const char *x_title);

/* The same in parts. The x axis has no grid unless it is asked for. */
void weft_panel_x_axis(const weft_canvas *canvas, const weft_panel *panel, weft_ticks x,
                       const char *title, bool grid);
void weft_panel_y_axis(const weft_canvas *canvas, const weft_panel *panel, weft_ticks y);

/* What the panel shows, above its left end. */
void weft_panel_title(const weft_canvas *canvas, const weft_panel *panel, double above,
                      const char *title);

/* Words in a panel that has nothing else to show. */
void weft_panel_note(const weft_canvas *canvas, const weft_panel *panel, const char *text);

/* Points whose coordinates lie `stride` numbers apart; y is multiplied by `scale` (0: 1). */
typedef struct weft_series {
    const double *x, *y;
    int count, stride;
    double scale;
} weft_series;

static inline double weft_series_x(const weft_series *s, int i)
{
    return s->x[(size_t)i * (size_t)s->stride];
}

static inline double weft_series_y(const weft_series *s, int i)
{
    return s->y[(size_t)i * (size_t)s->stride] * (s->scale != 0 ? s->scale : 1);
}

/* Whether both coordinates of a point within the series are drawable. */
static inline bool weft_series_shown(const weft_series *s, int i)
{
    return i >= 0 && i < s->count && weft_drawable(weft_series_x(s, i)) &&
           weft_drawable(weft_series_y(s, i));
}

typedef struct weft_line_style {
    weft_colour colour;
    double width;
    bool dots, dashed;
} weft_line_style;

/* A line through points; a value that is not drawable leaves a gap. Single points, and all of them
 * when `dots`, are marked. */
void weft_panel_line(const weft_canvas *canvas, const weft_panel *panel, const weft_series *series,
                     weft_line_style style);

/* ---- shapes ---- */

void weft_rule_draw(const weft_canvas *canvas, double x0, double y0, double x1, double y1,
                    weft_colour colour);
void weft_rect_fill(const weft_canvas *canvas, double x, double y, double width, double height,
                    weft_colour colour);

/* One of WEFT_SERIES filled shapes of equal weight around a point, in the current colour. */
void weft_marker_draw(cairo_t *cr, int shape, double x, double y, double radius);

/* A ring around a point that is worth a look. */
void weft_ring_draw(const weft_canvas *canvas, double x, double y, weft_colour colour);

#endif
