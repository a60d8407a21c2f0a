#include "report/spend.h"

#include <stdio.h>

#include "core/number.h"

enum {
    NAMES_MOST = 250, /* width of the names */
    BARS_WIDTH = 420,
    VALUES = 130,
    TOP = WEFT_HEADING_HEIGHT + 10,
    ROW = 24,
    BAR = 14,
    AXIS = 52
};

/* A row may stand for several items. */
typedef struct row {
    const char *name;
    double value;
} row;

static double known(double value)
{
    return weft_drawable(value) && value > 0 ? value : 0;
}

static int rows_of(const weft_spend *d)
{
    return d->count < 0 ? 0 : d->count <= WEFT_SPEND_ROWS ? d->count : WEFT_SPEND_ROWS + 1;
}

static row row_of(const weft_spend *d, int i, char text[WEFT_NUMBER_TEXT])
{
    row r = {NULL, 0};
    if (i < WEFT_SPEND_ROWS) return (row){weft_class_name(d->names, i, text), d->value[i]};
    for (int j = i; j < d->count; j++)
        r.value += known(d->value[j]);
    (void)snprintf(text, WEFT_NUMBER_TEXT, "%d others", d->count - i);
    r.name = text;
    return r;
}

static double total_of(const weft_spend *d)
{
    double sum = 0;
    for (int i = 0; i < d->count; i++)
        sum += known(d->value[i]);
    return sum;
}

static void draw_row(const weft_canvas *canvas, const weft_panel *p, const row *r, int i,
                     double total)
{
    char text[96], value[WEFT_NUMBER_TEXT], number[WEFT_NUMBER_TEXT];
    const double share = total > 0 ? 100 * known(r->value) / total : 0;
    const double top = p->top + i * ROW, right = weft_panel_x(p, known(r->value));
    weft_label label = {.x = p->left - 12,
                        .y = top + ROW / 2.0 + 4,
                        .size = 12,
                        .width = NAMES_MOST,
                        .anchor = WEFT_RIGHT,
                        .colour = canvas->palette->ink};
    weft_label_draw(canvas->cr, &label, r->name);
    weft_rect_fill(canvas, p->left, top + (ROW - BAR) / 2.0, right - p->left, BAR,
                   canvas->palette->series[0]);
    if (weft_drawable(r->value))
        (void)snprintf(text, sizeof text, "%s  (%s %%)", weft_format(r->value, 3, value),
                       share > 0 && share < 0.05 ? "< 0.1" : weft_fixed(share, 1, number));
    else
        (void)snprintf(text, sizeof text, "unknown");
    label.anchor = WEFT_LEFT;
    label.x = right + 8;
    label.width = 0;
    label.colour = canvas->palette->soft;
    weft_label_draw(canvas->cr, &label, text);
}

/* Of what is shown, "12345 others" included. */
static double names_width(const weft_spend *d)
{
    const int named = d->count < WEFT_SPEND_ROWS ? d->count : WEFT_SPEND_ROWS;
    return fmax(weft_names_width(d->names, named, 12, NAMES_MOST), 90);
}

static int width_of(const weft_spend *d)
{
    return (int)names_width(d) + 12 + BARS_WIDTH + VALUES + WEFT_MARGIN;
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_spend *d = data;
    const int rows = rows_of(d);
    char text[WEFT_NUMBER_TEXT];
    double most = 0;
    for (int i = 0; i < rows; i++)
        most = fmax(most, known(row_of(d, i, text).value));
    const double names = names_width(d);
    const weft_ticks ticks = weft_ticks_around(0, most > 0 ? most : 1, 6);
    const weft_panel p = {.left = WEFT_MARGIN + names + 12,
                          .top = TOP,
                          .width = BARS_WIDTH,
                          .height = rows > 0 ? rows * ROW : 60,
                          .x_high = ticks.step * (ticks.count - 1),
                          .y_high = 1};
    weft_heading_draw(canvas, d->title, d->subtitle, width_of(d));
    weft_panel_x_axis(canvas, &p, ticks, d->unit ? d->unit : "", false);
    if (rows == 0) weft_panel_note(canvas, &p, "no data");
    for (int i = 0; i < rows; i++) {
        const row r = row_of(d, i, text);
        draw_row(canvas, &p, &r, i, total_of(d));
    }
}

weft_figure weft_spend_figure(const weft_spend *data)
{
    const int rows = rows_of(data);
    return (weft_figure){draw, data, width_of(data), TOP + (rows > 0 ? rows * ROW : 60) + AXIS};
}
