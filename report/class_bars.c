/* A row for each class: its name, three bars, three numbers. The numbers' head is the legend. */
#include "report/class_bars.h"

#include <stdio.h>

#include "core/number.h"

enum {
    NAMES_MOST = 200, /* width of the names */
    BARS_WIDTH = 370,
    COLUMN = 78, /* of a number */
    TOP = 100,
    AXIS = 52,
    FEW = 25 /* classes whose rows have room to spare */
};
enum { MEASURES = 3 };

static const char *const heads[MEASURES] = {"precision", "recall", "F1"};
static const int colours[MEASURES] = {0, 5, 3}; /* far apart in lightness too */

static double value_of(const weft_class_bars *d, int measure, int class)
{
    return (measure == 0 ? d->precision : measure == 1 ? d->recall : d->f1)[class];
}

static int rows_of(const weft_class_bars *d)
{
    return d->classes < 0 ? 0 : d->classes < WEFT_CLASS_BARS ? d->classes : WEFT_CLASS_BARS;
}

static int row_height(const weft_class_bars *d)
{
    return rows_of(d) <= FEW ? 36 : 22;
}

/* An F1 that is undefined is as bad as can be. */
static double badness(double f1)
{
    return weft_drawable(f1) ? f1 : -1;
}

/* Whether a class is among those that are shown: fewer than so many are worse than it. */
static bool is_shown(const weft_class_bars *d, int class)
{
    const double own = badness(d->f1[class]);
    int worse = 0;
    if (d->classes <= WEFT_CLASS_BARS) return true;
    for (int i = 0; i < d->classes; i++) {
        const double other = badness(d->f1[i]);
        worse += other < own || (other == own && i < class);
    }
    return worse < WEFT_CLASS_BARS;
}

static double names_width(const weft_class_bars *d)
{
    return weft_names_width(d->names, d->classes, 12, NAMES_MOST);
}

static double column_right(const weft_panel *p, int measure)
{
    return p->left + BARS_WIDTH + (measure + 1) * COLUMN;
}

static void draw_heads(const weft_canvas *canvas, const weft_panel *p)
{
    for (int i = 0; i < MEASURES; i++) {
        const weft_label label = {.x = column_right(p, i),
                                  .y = TOP - 12,
                                  .size = 12,
                                  .anchor = WEFT_RIGHT,
                                  .bold = true,
                                  .colour = canvas->palette->ink};
        const double left = label.x - weft_label_width(canvas->cr, &label, heads[i]);
        weft_rect_fill(canvas, left - 14, TOP - 21, 9, 9, canvas->palette->series[colours[i]]);
        weft_label_draw(canvas->cr, &label, heads[i]);
    }
}

static void draw_number(const weft_canvas *canvas, const weft_panel *p, int measure, double value,
                        double baseline)
{
    char text[WEFT_NUMBER_TEXT];
    const bool defined = weft_drawable(value);
    weft_label_draw(canvas->cr,
                    &(weft_label){.x = column_right(p, measure),
                                  .y = baseline,
                                  .size = defined ? 12 : 11,
                                  .anchor = WEFT_RIGHT,
                                  .colour = defined ? canvas->palette->ink : canvas->palette->soft},
                    defined ? weft_fixed(value, 3, text) : "undefined");
}

static void draw_row(const weft_canvas *canvas, const weft_class_bars *d, const weft_panel *p,
                     int class, double top)
{
    char number[WEFT_NUMBER_TEXT];
    const double height = row_height(d), gap = height / 5, bar = (height - gap) / MEASURES;
    const double middle = top + height / 2;
    weft_label_draw(canvas->cr,
                    &(weft_label){.x = p->left - 12,
                                  .y = middle + 4,
                                  .size = 12,
                                  .width = NAMES_MOST,
                                  .anchor = WEFT_RIGHT,
                                  .colour = canvas->palette->ink},
                    weft_class_name(d->names, class, number));
    for (int i = 0; i < MEASURES; i++) {
        const double value = value_of(d, i, class);
        draw_number(canvas, p, i, value, middle + 4);
        if (!weft_drawable(value)) continue;
        const double right = weft_panel_x(p, fmin(fmax(value, 0), 1));
        weft_rect_fill(canvas, p->left, top + gap / 2 + i * bar, right - p->left, bar - 1,
                       canvas->palette->series[colours[i]]);
    }
}

static void draw_footnote(const weft_canvas *canvas, const weft_class_bars *d, const weft_panel *p)
{
    char text[96];
    if (d->classes <= WEFT_CLASS_BARS) return;
    (void)snprintf(text, sizeof text, "the %d of %d classes with the lowest F1", WEFT_CLASS_BARS,
                   d->classes);
    weft_label_draw(
        canvas->cr,
        &(weft_label){.x = p->left, .y = TOP - 12, .size = 11, .colour = canvas->palette->soft},
        text);
}

static int width_of(const weft_class_bars *d)
{
    return (int)(names_width(d) + BARS_WIDTH + MEASURES * COLUMN) + 12 + 2 * WEFT_MARGIN;
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_class_bars *d = data;
    const double height = row_height(d);
    const weft_panel p = {.left = WEFT_MARGIN + names_width(d) + 12,
                          .top = TOP,
                          .width = BARS_WIDTH,
                          .height = rows_of(d) > 0 ? rows_of(d) * height : 60,
                          .x_high = 1,
                          .y_high = 1};
    weft_heading_draw(canvas, d->title, d->subtitle, width_of(d));
    weft_panel_x_axis(canvas, &p, (weft_ticks){0, 0.2, 6}, "score (0 to 1)", true);
    if (rows_of(d) == 0) {
        weft_panel_note(canvas, &p, "no data");
        return;
    }
    draw_heads(canvas, &p);
    draw_footnote(canvas, d, &p);
    for (int class = 0, row = 0; class < d->classes; class ++)
        if (is_shown(d, class)) draw_row(canvas, d, &p, class, TOP + row++ * height);
}

weft_figure weft_class_bars_figure(const weft_class_bars *data)
{
    const int rows = rows_of(data) > 0 ? rows_of(data) * row_height(data) : 60;
    return (weft_figure){draw, data, width_of(data), TOP + rows + AXIS};
}
