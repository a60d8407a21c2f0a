/* Two panels beside each other, loss and accuracy, each line named at its end; the learning rate in
 * a flat panel below them. */
#include "report/curves.h"

#include <math.h>
#include <stdio.h>

#include "core/number.h"
#include "report/curve_panel.h"

/* The picture's measures. */
enum {
    WIDTH = 1000,
    HEIGHT = 420,    /* without learning rates */
    PANEL_LEFT = 56, /* of a plot in its half of the picture */
    PANEL_WIDTH = 338,
    PANEL_TOP = 112,
    PANEL_HEIGHT = 248,
    RATE_TOP = 446,
    RATE_HEIGHT = 72,
    RATE_WIDTH = WIDTH / 2 + PANEL_WIDTH,
    TALL = RATE_TOP + RATE_HEIGHT + 60, /* with them */
    LABEL_HEIGHT = 34                   /* a name and a value below it */
};

enum { DOTS_MAX = 40, Y_TICKS = 6, RATE_Y_TICKS = 4 };
enum { TRAINING = WEFT_TRAINING, VALIDATION = WEFT_VALIDATION, LINES = 2 };

/* What a panel shows. decimals (of values below 1) and unit are those of the values behind names.
 */
typedef struct series {
    const char *title;
    weft_series line[LINES];
    double ceiling; /* where the axis ends unless values lie beyond */
    bool from_zero;
    int decimals;
    const char *unit;
} series;

/* Accuracies in percent. */
typedef struct drawing {
    const weft_curves *curves;
    int count;
    series loss, accuracy, rate;
    int best; /* index of the epoch with the lowest validation loss, or -1 */
} drawing;

static const char *const names[LINES] = {"training", "validation"};

/* box: where the panel lies. */
static weft_curve_panel place_panel(const drawing *d, const series *s, weft_panel box, int y_ticks)
{
    weft_span epochs = weft_span_none(), values = weft_span_none();
    weft_span_include_epochs(&epochs, d->curves->point, d->count);
    for (int i = 0; i < LINES; i++)
        weft_span_include_series(&values, &s->line[i]);
    if (s->from_zero) weft_span_include(&values, 0);
    return weft_curve_panel_place(box, epochs, values, s->ceiling, y_ticks);
}

static void value_text(const series *s, double value, char *text, size_t size)
{
    char number[WEFT_NUMBER_TEXT];
    const int decimals = value < 1 ? s->decimals : s->decimals - 1;
    (void)snprintf(text, size, "%s%s", weft_fixed(value, decimals, number), s->unit);
}

/* Middles of the names at the lines' ends, pushed apart until they do not overlap. */
static void place_names(const weft_panel *p, const double *end, const bool *there, double *at)
{
    const double half = LABEL_HEIGHT / 2.0, top = p->top + half - 8;
    const double bottom = p->top + p->height - half + 8;
    for (int i = 0; i < LINES; i++)
        at[i] = there[i] ? fmin(fmax(weft_panel_y(p, end[i]), top), bottom) : 0;
    if (!there[TRAINING] || !there[VALIDATION]) return;

    const int upper = at[VALIDATION] <= at[TRAINING] ? VALIDATION : TRAINING;
    const int lower = upper == VALIDATION ? TRAINING : VALIDATION;
    const double lacking = LABEL_HEIGHT - (at[lower] - at[upper]);
    if (lacking <= 0) return;
    at[upper] = fmin(fmax(at[upper] - lacking / 2, top), bottom - LABEL_HEIGHT);
    at[lower] = at[upper] + LABEL_HEIGHT;
}

static void name_lines(const weft_canvas *canvas, const weft_panel *p, const series *s)
{
    double end[LINES] = {0}, at[LINES];
    bool there[LINES];
    for (int i = 0; i < LINES; i++) {
        const int last = weft_series_last(&s->line[i]);
        there[i] = last >= 0;
        if (there[i]) end[i] = weft_series_y(&s->line[i], last);
    }
    place_names(p, end, there, at);
    for (int i = 0; i < LINES; i++) {
        char text[64];
        if (!there[i]) continue;
        weft_label label = {.x = p->left + p->width + 10,
                            .y = at[i] - 2,
                            .size = 12,
                            .bold = true,
                            .colour = canvas->palette->series[i]};
        weft_label_draw(canvas->cr, &label, names[i]);
        value_text(s, end[i], text, sizeof text);
        label.bold = false;
        label.y += 15;
        weft_label_draw(canvas->cr, &label, text);
    }
}

/* The best epoch's line goes below the curves, its ring and its name above them. */
static void draw_best_line(const weft_canvas *canvas, const weft_panel *p, double epoch)
{
    static const double dash[] = {3, 3};
    cairo_t *cr = canvas->cr;
    const double x = floor(weft_panel_x(p, epoch)) + 0.5;
    weft_colour_set(cr, canvas->palette->soft);
    cairo_set_line_width(cr, 1);
    cairo_set_dash(cr, dash, 2, 0);
    cairo_move_to(cr, x, p->top - 2);
    cairo_line_to(cr, x, p->top + p->height);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_best(const weft_canvas *canvas, const weft_panel *p, const drawing *d,
                      const series *s)
{
    char text[128], value[64], epoch[WEFT_NUMBER_TEXT];
    const double best = weft_series_y(&s->line[VALIDATION], d->best);
    const double at = d->curves->point[d->best].epoch, x = weft_panel_x(p, at);
    weft_label label = {.size = 11, .anchor = WEFT_CENTRE, .colour = canvas->palette->soft};
    label.y = p->top - 7;
    (void)weft_format(at, 6, epoch);
    if (weft_drawable(best)) {
        weft_ring_draw(canvas, x, weft_panel_y(p, best), canvas->palette->series[VALIDATION]);
        value_text(s, best, value, sizeof value);
        (void)snprintf(text, sizeof text, "best epoch %s: %s", epoch, value);
    } else {
        (void)snprintf(text, sizeof text, "best epoch %s", epoch);
    }
    const double half = weft_label_width(canvas->cr, &label, text) / 2;
    label.x = fmin(fmax(x, p->left + half), p->left + p->width - half);
    weft_label_draw(canvas->cr, &label, text);
}

/* The points of a short run are marked; the line of a long one is thin. */
static weft_line_style style_of(const drawing *d, weft_colour colour)
{
    const bool dots = d->count <= DOTS_MAX;
    return (weft_line_style){.colour = colour, .width = dots ? 2 : 1.5, .dots = dots};
}

static bool nothing_in(const series *s)
{
    return weft_series_last(&s->line[TRAINING]) < 0 && weft_series_last(&s->line[VALIDATION]) < 0;
}

static void draw_panel(const weft_canvas *canvas, const drawing *d, const series *s, double left)
{
    const weft_panel box = {
        .left = left, .top = PANEL_TOP, .width = PANEL_WIDTH, .height = PANEL_HEIGHT};
    const weft_curve_panel p = place_panel(d, s, box, Y_TICKS);
    const bool marked = d->best >= 0 && d->count > 1;
    weft_panel_title(canvas, &p.panel, 28, s->title);
    weft_panel_axes(canvas, &p.panel, p.x, p.y, "epoch");
    if (nothing_in(s)) weft_panel_note(canvas, &p.panel, "no data");
    if (marked) draw_best_line(canvas, &p.panel, d->curves->point[d->best].epoch);
    for (int i = 0; i < LINES; i++)
        weft_panel_line(canvas, &p.panel, &s->line[i], style_of(d, canvas->palette->series[i]));
    if (marked) draw_best(canvas, &p.panel, d, s);
    name_lines(canvas, &p.panel, s);
}

static void draw_rate(const weft_canvas *canvas, const drawing *d)
{
    const weft_panel box = {
        .left = PANEL_LEFT, .top = RATE_TOP, .width = RATE_WIDTH, .height = RATE_HEIGHT};
    const weft_curve_panel p = place_panel(d, &d->rate, box, RATE_Y_TICKS);
    weft_panel_title(canvas, &p.panel, 14, d->rate.title);
    weft_panel_axes(canvas, &p.panel, p.x, p.y, "epoch");
    weft_panel_line(canvas, &p.panel, &d->rate.line[0], style_of(d, canvas->palette->ink));
}

static int best_epoch(const drawing *d)
{
    const weft_series *loss = &d->loss.line[VALIDATION];
    int best = -1;
    for (int i = 0; i < d->count; i++)
        if (weft_series_shown(loss, i) &&
            (best < 0 || weft_series_y(loss, i) < weft_series_y(loss, best)))
            best = i;
    return best;
}

static drawing drawing_of(const weft_curves *c)
{
    static const weft_curve_point none = {0};
    const weft_curve_point *p = c->count > 0 ? c->point : &none;
    const int n = c->count > 0 ? c->count : 0;
    drawing d = {.curves = c, .count = n};
    d.loss = (series){.title = "Loss (mean per sample)",
                      .line = {weft_curve_series(p, n, &p->train_loss, 1),
                               weft_curve_series(p, n, &p->val_loss, 1)},
                      .ceiling = INFINITY,
                      .decimals = 4,
                      .unit = ""};
    d.accuracy = (series){.title = "Accuracy (%)",
                          .line = {weft_curve_series(p, n, &p->train_accuracy, 100),
                                   weft_curve_series(p, n, &p->val_accuracy, 100)},
                          .ceiling = 100,
                          .decimals = 2,
                          .unit = " %"};
    d.rate = (series){.title = "Learning rate (at the end of the epoch)",
                      .line = {weft_curve_series(p, n, &p->learning_rate, 1)},
                      .ceiling = INFINITY,
                      .from_zero = true};
    d.best = best_epoch(&d);
    return d;
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const drawing d = drawing_of(data);
    weft_heading_draw(canvas, d.curves->title, d.curves->subtitle, WIDTH);
    draw_panel(canvas, &d, &d.loss, PANEL_LEFT);
    draw_panel(canvas, &d, &d.accuracy, WIDTH / 2.0 + PANEL_LEFT);
    if (!nothing_in(&d.rate)) draw_rate(canvas, &d);
}

weft_figure weft_curves_figure(const weft_curves *curves)
{
    const drawing d = drawing_of(curves);
    return (weft_figure){draw, curves, WIDTH, nothing_in(&d.rate) ? HEIGHT : TALL};
}
