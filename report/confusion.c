#include "report/confusion.h"

#include <stdio.h>

#include "report/confusion_cells.h"

enum {
    CELL_MOST = 56,
    SIDE_MOST = 960, /* of the matrix */
    TEXT_LEAST = 34, /* a cell with two lines of text in it */
    NAMES_MOST = 150,
    AXIS_TITLE = 24, /* room for "true class" */
    LEGEND_GAP = 24,
    LEGEND_WIDTH = 96,
    WIDTH_LEAST = 460,
    LEGEND_LEAST = 250 /* height */
};

weft_confusion_layout weft_confusion_layout_of(const weft_confusion_chart *data)
{
    const int n = data->classes > 0 ? data->classes : 1;
    weft_confusion_layout l = {.cell = CELL_MOST};
    if (n * l.cell > SIDE_MOST) l.cell = fmax(floor((double)SIDE_MOST / n), 1);
    l.text = l.cell >= TEXT_LEAST;
    l.size = fmin(12, fmax(l.cell - 1, 8));
    l.step = (int)ceil((l.size + 1) / l.cell);
    l.names = weft_names_width(data->names, data->classes, l.size, NAMES_MOST);
    l.left = WEFT_MARGIN + AXIS_TITLE + l.names + 8;
    l.top = WEFT_HEADING_HEIGHT + AXIS_TITLE + l.names + 8;
    l.legend = l.left + n * l.cell + LEGEND_GAP;
    return l;
}

static void draw_names(const weft_canvas *canvas, const weft_confusion_chart *d,
                       const weft_confusion_layout *l)
{
    char number[WEFT_NUMBER_TEXT];
    weft_label label = {.size = l->size, .width = l->names, .colour = canvas->palette->ink};
    for (int i = 0; i < d->classes; i += l->step) {
        const double middle = (i + 0.5) * l->cell + l->size * 0.36;
        const char *name = weft_class_name(d->names, i, number);
        label.upright = false;
        label.anchor = WEFT_RIGHT;
        label.x = l->left - 8;
        label.y = l->top + middle;
        weft_label_draw(canvas->cr, &label, name);
        label.upright = true;
        label.anchor = WEFT_LEFT;
        label.x = l->left + middle;
        label.y = l->top - 8;
        weft_label_draw(canvas->cr, &label, name);
    }
}

static void draw_axis_titles(const weft_canvas *canvas, const weft_confusion_layout *l, double side)
{
    weft_label label = {.x = l->left + side / 2,
                        .y = WEFT_HEADING_HEIGHT + 14,
                        .size = 13,
                        .anchor = WEFT_CENTRE,
                        .bold = true,
                        .colour = canvas->palette->ink};
    weft_label_draw(canvas->cr, &label, "predicted class");
    label.upright = true;
    label.x = WEFT_MARGIN + 12;
    label.y = l->top + side / 2;
    weft_label_draw(canvas->cr, &label, "true class");
}

static void draw_scale(const weft_canvas *canvas, double left, double top, int series,
                       const char *name)
{
    enum { STEPS = 32, BAR = 14, HEIGHT = 150 };
    static const int ticks[] = {0, 1, 10, 25, 50, 100};
    weft_label label = {.x = left, .y = top - 10, .size = 11, .colour = canvas->palette->ink};
    weft_label_draw(canvas->cr, &label, name);
    for (int i = 0; i < STEPS; i++) {
        const double part = (i + 0.5) / STEPS;
        weft_rect_fill(canvas, left, top + HEIGHT * (1 - (i + 1.0) / STEPS), BAR,
                       (double)HEIGHT / STEPS + 0.5,
                       weft_confusion_colour(canvas->palette, series, part * part));
    }
    label.x = left + BAR + 5;
    label.size = 10;
    label.colour = canvas->palette->soft;
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        char text[16];
        const double y = top + HEIGHT * (1 - sqrt(ticks[i] / 100.0));
        (void)snprintf(text, sizeof text, "%d", ticks[i]);
        weft_rule_draw(canvas, left + BAR, floor(y) + 0.5, left + BAR + 3, floor(y) + 0.5,
                       canvas->palette->soft);
        label.y = y + 3.5;
        weft_label_draw(canvas->cr, &label, text);
    }
}

static void draw_legend(const weft_canvas *canvas, const weft_confusion_layout *l)
{
    const weft_label label = {
        .x = l->legend, .y = l->top + 10, .size = 11, .bold = true, .colour = canvas->palette->ink};
    weft_label_draw(canvas->cr, &label, "% of the row");
    draw_scale(canvas, l->legend, l->top + 42, 0, "hits");
    draw_scale(canvas, l->legend + LEGEND_WIDTH / 2.0, l->top + 42, 1, "errors");
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_confusion_chart *d = data;
    const weft_confusion_layout l = weft_confusion_layout_of(d);
    const weft_figure figure = weft_confusion_figure(d);
    weft_heading_draw(canvas, d->title, d->subtitle, figure.width);
    if (d->classes <= 0) {
        const weft_panel p = {
            .top = WEFT_HEADING_HEIGHT, .width = figure.width, .height = LEGEND_LEAST};
        weft_panel_note(canvas, &p, "no data");
        return;
    }
    draw_axis_titles(canvas, &l, d->classes * l.cell);
    draw_names(canvas, d, &l);
    weft_confusion_cells_draw(canvas, d, &l);
    draw_legend(canvas, &l);
}

weft_figure weft_confusion_figure(const weft_confusion_chart *data)
{
    const weft_confusion_layout l = weft_confusion_layout_of(data);
    const double side = (data->classes > 0 ? data->classes : 1) * l.cell;
    const double width = l.legend + LEGEND_WIDTH + WEFT_MARGIN;
    return (weft_figure){draw, data, (int)fmax(width, WIDTH_LEAST),
                         (int)(l.top + fmax(side, LEGEND_LEAST) + WEFT_MARGIN)};
}
