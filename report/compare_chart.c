/* Two panels of curves; the bars of speed beside them name the devices and so are the legend. */
#include "report/compare_chart.h"

#include <stdio.h>

#include "core/number.h"
#include "report/curve_panel.h"

enum {
    PANEL_WIDTH = 360,
    PANEL_HEIGHT = 300,
    TOP = 124,
    LOSS_LEFT = 56,
    ACCURACY_LEFT = LOSS_LEFT + PANEL_WIDTH + 68,
    BARS_LEFT = ACCURACY_LEFT + PANEL_WIDTH + 48,
    BARS_WIDTH = 240,
    WIDTH = BARS_LEFT + BARS_WIDTH + 72,
    HEIGHT = TOP + PANEL_HEIGHT + 56,
    ROW = PANEL_HEIGHT / WEFT_SERIES,
    DOTS_MOST = 40, /* epochs */
    DOTTED_MOST = 3 /* devices */
};

/* What a panel shows of each device: a figure on validation data, the same on training data. */
typedef struct panel_kind {
    const char *title;
    size_t validation, training; /* offsets in a point */
    double scale, ceiling;
    double left;
} panel_kind;

#define AT(member) offsetof(weft_curve_point, member)
static const panel_kind kinds[] = {
    {"Loss (mean per sample)", AT(val_loss), AT(train_loss), 1, INFINITY, LOSS_LEFT},
    {"Accuracy (%)", AT(val_accuracy), AT(train_accuracy), 100, 100, ACCURACY_LEFT},
};

static int devices_of(const weft_compare_chart *d)
{
    return d->count < 0 ? 0 : d->count < WEFT_SERIES ? d->count : WEFT_SERIES;
}

static weft_series series_of(const weft_compare_line *line, size_t offset, double scale)
{
    static const weft_curve_point none = {0};
    const weft_curve_point *point = line->count > 0 ? line->point : &none;
    const double *first = &point->epoch + offset / sizeof(double);
    return weft_curve_series(point, line->count, first, scale);
}

static weft_curve_panel place(const weft_compare_chart *d, const panel_kind *kind)
{
    weft_span epochs = weft_span_none(), values = weft_span_none();
    for (int i = 0; i < devices_of(d); i++) {
        const weft_series validation = series_of(&d->line[i], kind->validation, kind->scale);
        const weft_series training = series_of(&d->line[i], kind->training, kind->scale);
        weft_span_include_epochs(&epochs, d->line[i].point, d->line[i].count);
        weft_span_include_series(&values, &validation);
        weft_span_include_series(&values, &training);
    }
    const weft_panel box = {
        .left = kind->left, .top = TOP, .width = PANEL_WIDTH, .height = PANEL_HEIGHT};
    return weft_curve_panel_place(box, epochs, values, kind->ceiling, 6);
}

static bool has_points(const weft_compare_chart *d, size_t offset)
{
    for (int i = 0; i < devices_of(d); i++) {
        const weft_series s = series_of(&d->line[i], offset, 1);
        if (weft_series_last(&s) >= 0) return true;
    }
    return false;
}

/* The first device has the widest line, so that one that lies on another hides no more than its
 * middle. */
static void draw_lines(const weft_canvas *canvas, const weft_compare_chart *d,
                       const panel_kind *kind, const weft_panel *panel, bool validated)
{
    const int devices = devices_of(d);
    for (int i = 0; i < devices; i++) {
        const weft_compare_line *line = &d->line[i];
        const weft_series training = series_of(line, kind->training, kind->scale);
        const weft_series validation = series_of(line, kind->validation, kind->scale);
        const double step = devices > 1 ? (double)i / (devices - 1) : 1;
        weft_line_style style = {.colour = canvas->palette->series[i], .width = 3.6 - 2.2 * step};
        style.dots = line->count <= DOTS_MOST && devices <= DOTTED_MOST;
        if (validated) weft_panel_line(canvas, panel, &validation, style);
        style.dashed = validated;
        if (validated) style.width = 1.8 - 0.8 * step;
        style.dots = style.dots && !validated;
        weft_panel_line(canvas, panel, &training, style);
    }
}

static void draw_panel(const weft_canvas *canvas, const weft_compare_chart *d,
                       const panel_kind *kind)
{
    const weft_curve_panel p = place(d, kind);
    const bool validated = has_points(d, kind->validation);
    weft_panel_title(canvas, &p.panel, 30, kind->title);
    weft_panel_axes(canvas, &p.panel, p.x, p.y, "epoch");
    if (!validated && !has_points(d, kind->training)) {
        weft_panel_note(canvas, &p.panel, "no data");
        return;
    }
    weft_label_draw(
        canvas->cr,
        &(weft_label){
            .x = p.panel.left, .y = p.panel.top - 13, .size = 11, .colour = canvas->palette->soft},
        validated ? "solid: validation, dashed: training" : "training");
    draw_lines(canvas, d, kind, &p.panel, validated);
}

/* ---- speeds ---- */

static const char *speed_text(const weft_compare_line *line, char text[WEFT_NUMBER_TEXT])
{
    if (line->count <= 0) return "failed";
    if (!weft_drawable(line->images_per_second)) return "speed unknown";
    return weft_fixed(line->images_per_second, line->images_per_second < 100 ? 1 : 0, text);
}

static void draw_device(const weft_canvas *canvas, const weft_compare_line *line, int i,
                        const weft_panel *p)
{
    char text[WEFT_NUMBER_TEXT];
    const double top = p->top + i * ROW;
    const bool ran = line->count > 0 && weft_drawable(line->images_per_second);
    const double right = ran ? weft_panel_x(p, fmax(line->images_per_second, 0)) : p->left;
    weft_label label = {.x = p->left + 2,
                        .y = top + 14,
                        .size = 11,
                        .width = WIDTH - WEFT_MARGIN - p->left,
                        .bold = true,
                        .colour = canvas->palette->ink};
    weft_label_draw(canvas->cr, &label, line->name ? line->name : "");
    const double width = fmax(right - p->left, 10);
    weft_rect_fill(canvas, p->left, top + 19, width, 12, canvas->palette->series[i]);
    label.x = p->left + width + 6;
    label.y = top + 29;
    label.size = 11;
    label.bold = false;
    label.width = 0;
    label.colour = canvas->palette->soft;
    weft_label_draw(canvas->cr, &label, speed_text(line, text));
}

static void draw_speeds(const weft_canvas *canvas, const weft_compare_chart *d)
{
    double most = 0;
    for (int i = 0; i < devices_of(d); i++)
        if (d->line[i].count > 0 && weft_drawable(d->line[i].images_per_second))
            most = fmax(most, d->line[i].images_per_second);
    const weft_ticks ticks = weft_ticks_around(0, most > 0 ? most : 1, 4);
    const weft_panel p = {.left = BARS_LEFT,
                          .top = TOP,
                          .width = BARS_WIDTH,
                          .height = (devices_of(d) > 1 ? devices_of(d) : 2) * ROW + 4,
                          .x_high = ticks.step * (ticks.count - 1),
                          .y_high = 1};
    weft_panel_title(canvas, &p, 30, "Training speed");
    weft_panel_x_axis(canvas, &p, ticks, "images/s", false);
    for (int i = 0; i < devices_of(d); i++)
        draw_device(canvas, &d->line[i], i, &p);
    if (d->count <= WEFT_SERIES) return;
    char text[48];
    (void)snprintf(text, sizeof text, "not shown: %d more", d->count - WEFT_SERIES);
    weft_label_draw(
        canvas->cr,
        &(weft_label){.x = p.left, .y = TOP - 13, .size = 11, .colour = canvas->palette->soft},
        text);
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_compare_chart *d = data;
    weft_heading_draw(canvas, d->title, d->subtitle, WIDTH);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        draw_panel(canvas, d, &kinds[i]);
    draw_speeds(canvas, d);
}

weft_figure weft_compare_chart_figure(const weft_compare_chart *data)
{
    return (weft_figure){draw, data, WIDTH, HEIGHT};
}
