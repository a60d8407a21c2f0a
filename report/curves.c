/* Two panels beside each other, loss and accuracy; each line is named at its end. */
#include "report/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/number.h"
#include "report/figure.h"

/* The picture's measures, in pixels of the SVG. */
enum {
    WIDTH = 1000,
    HEIGHT = 420,
    MARGIN = 16,
    PANEL_LEFT = 56, /* of a plot in its half of the picture */
    PANEL_WIDTH = 338,
    PANEL_TOP = 112,
    PANEL_HEIGHT = 248,
    LABEL_HEIGHT = 34 /* a name and a value below it */
};

enum { DOTS_MAX = 40, Y_TICKS = 6, X_TICKS = 10 };
enum { TRAINING, VALIDATION, LINES };

/* What a panel shows. decimals (of values below 1) and unit are those of the values behind names.
 */
typedef struct series {
    const char *title;
    const double *line[LINES];
    double floor, ceiling; /* where the axis ends unless values lie beyond */
    int decimals;
    const char *unit;
} series;

/* The points as columns; accuracies in percent. */
typedef struct drawing {
    const weft_curves *curves;
    int count;
    double *epoch;
    series loss, accuracy;
    int best; /* index of the epoch with the lowest validation loss, or -1 */
} drawing;

static const char *const names[LINES] = {"training", "validation"};

static weft_colour colour_of(int line)
{
    return line == TRAINING ? weft_blue : weft_vermilion;
}

typedef struct range {
    double low, high; /* low > high: nothing was seen */
} range;

static range range_of(range r, const double *values, int count)
{
    for (int i = 0; i < count; i++) {
        if (!weft_drawable(values[i])) continue;
        r.low = fmin(r.low, values[i]);
        r.high = fmax(r.high, values[i]);
    }
    return r;
}

/* A flat line lies in the middle; a range that begins near zero begins at zero. */
static weft_ticks choose_ticks(const series *s, int count)
{
    range r = {INFINITY, -INFINITY};
    for (int i = 0; i < LINES; i++)
        r = range_of(r, s->line[i], count);
    if (r.low > r.high) r = (range){0, isfinite(s->ceiling) ? s->ceiling : 1};

    const range seen = r;
    const double least = r.high != 0 ? fabs(r.high) * 0.04 : 1, middle = (r.low + r.high) / 2;
    if (r.high - r.low < least) r = (range){middle - least / 2, middle + least / 2};
    if (r.low > 0 && r.low < 0.3 * r.high) r.low = 0;
    if (seen.low >= s->floor) r.low = fmax(r.low, s->floor);
    if (seen.high <= s->ceiling) r.high = fmin(r.high, s->ceiling);
    return weft_ticks_around(r.low, r.high, Y_TICKS);
}

static weft_panel place_panel(const drawing *d, const series *s, double left, weft_ticks *x,
                              weft_ticks *y)
{
    range e = range_of((range){INFINITY, -INFINITY}, d->epoch, d->count);
    if (e.low > e.high) e = (range){1, 1};
    const double around = e.high > e.low ? (e.high - e.low) * 0.02 : 1;
    *x = weft_ticks_within(e.low, e.high, X_TICKS);
    *y = choose_ticks(s, d->count);
    return (weft_panel){.left = left,
                        .top = PANEL_TOP,
                        .width = PANEL_WIDTH,
                        .height = PANEL_HEIGHT,
                        .x_low = e.low - around,
                        .x_high = e.high + around,
                        .y_low = y->first,
                        .y_high = y->first + y->step * (y->count - 1)};
}

static int last_shown(const drawing *d, const double *values)
{
    int i = d->count - 1;
    while (i >= 0 && !(weft_drawable(values[i]) && weft_drawable(d->epoch[i])))
        i--;
    return i;
}

static void value_text(const series *s, double value, char *text, size_t size)
{
    char number[WEFT_FIXED_TEXT];
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

static void name_lines(cairo_t *cr, const weft_panel *p, const drawing *d, const series *s)
{
    double end[LINES] = {0}, at[LINES];
    bool there[LINES];
    for (int i = 0; i < LINES; i++) {
        const int last = last_shown(d, s->line[i]);
        there[i] = last >= 0;
        if (there[i]) end[i] = s->line[i][last];
    }
    place_names(p, end, there, at);
    for (int i = 0; i < LINES; i++) {
        char text[64];
        if (!there[i]) continue;
        weft_label label = {.x = p->left + p->width + 10,
                            .y = at[i] - 2,
                            .size = 12,
                            .bold = true,
                            .colour = colour_of(i)};
        weft_label_draw(cr, &label, names[i]);
        value_text(s, end[i], text, sizeof text);
        label.bold = false;
        label.y += 15;
        weft_label_draw(cr, &label, text);
    }
}

/* The best epoch's line goes below the curves, its ring and its name above them. */
static void draw_best_line(cairo_t *cr, const weft_panel *p, double epoch)
{
    static const double dash[] = {3, 3};
    const double x = floor(weft_panel_x(p, epoch)) + 0.5;
    weft_colour_set(cr, weft_soft);
    cairo_set_line_width(cr, 1);
    cairo_set_dash(cr, dash, 2, 0);
    cairo_move_to(cr, x, p->top - 2);
    cairo_line_to(cr, x, p->top + p->height);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_best(cairo_t *cr, const weft_panel *p, const drawing *d, const series *s)
{
    char text[96], value[64], epoch[WEFT_NUMBER_TEXT];
    const double best = s->line[VALIDATION][d->best], x = weft_panel_x(p, d->epoch[d->best]);
    weft_label label = {.size = 11, .anchor = WEFT_CENTRE, .colour = weft_soft};
    label.y = p->top - 7;
    if (weft_drawable(best)) {
        weft_ring_draw(cr, x, weft_panel_y(p, best), weft_vermilion);
        value_text(s, best, value, sizeof value);
        (void)snprintf(text, sizeof text, "best epoch %s: %s",
                       weft_format(d->epoch[d->best], 6, epoch), value);
    } else {
        (void)snprintf(text, sizeof text, "best epoch %s",
                       weft_format(d->epoch[d->best], 6, epoch));
    }
    const double half = weft_label_width(cr, &label, text) / 2;
    label.x = fmin(fmax(x, p->left + half), p->left + p->width - half);
    weft_label_draw(cr, &label, text);
}

static void draw_panel(cairo_t *cr, const drawing *d, const series *s, double left)
{
    weft_ticks x, y;
    const weft_panel p = place_panel(d, s, left, &x, &y);
    const bool marked = d->best >= 0 && d->count > 1;
    weft_label_draw(
        cr, &(weft_label){.x = p.left, .y = 84, .size = 13, .bold = true, .colour = weft_ink},
        s->title);
    weft_panel_axes(cr, &p, x, y, "epoch");
    if (marked) draw_best_line(cr, &p, d->epoch[d->best]);
    for (int i = 0; i < LINES; i++)
        weft_panel_line(cr, &p, d->epoch, s->line[i], d->count, colour_of(i), d->count <= DOTS_MAX);
    if (marked) draw_best(cr, &p, d, s);
    name_lines(cr, &p, d, s);
}

static void draw(cairo_t *cr, const void *data)
{
    const drawing *d = data;
    weft_label label = {.x = MARGIN,
                        .y = 32,
                        .size = 17,
                        .width = WIDTH - 2 * MARGIN,
                        .bold = true,
                        .colour = weft_ink};
    if (d->curves->title) weft_label_draw(cr, &label, d->curves->title);
    label.y = 52;
    label.size = 12;
    label.bold = false;
    label.colour = weft_soft;
    if (d->curves->subtitle) weft_label_draw(cr, &label, d->curves->subtitle);
    draw_panel(cr, d, &d->loss, PANEL_LEFT);
    draw_panel(cr, d, &d->accuracy, WIDTH / 2.0 + PANEL_LEFT);
}

static int best_epoch(const drawing *d)
{
    const double *loss = d->loss.line[VALIDATION];
    int best = -1;
    for (int i = 0; i < d->count; i++)
        if (weft_drawable(loss[i]) && weft_drawable(d->epoch[i]) &&
            (best < 0 || loss[i] < loss[best]))
            best = i;
    return best;
}

/* columns: room for five of count numbers. */
static void fill(drawing *d, double *columns)
{
    const size_t n = (size_t)d->count;
    double *loss = columns + n, *val_loss = loss + n, *right = val_loss + n, *val_right = right + n;
    d->epoch = columns;
    for (size_t i = 0; i < n; i++) {
        const weft_curve_point *point = d->curves->point + i;
        d->epoch[i] = point->epoch;
        loss[i] = point->train_loss;
        val_loss[i] = point->val_loss;
        right[i] = point->train_accuracy * 100;
        val_right[i] = point->val_accuracy * 100;
    }
    d->loss = (series){
        .title = "Loss", .line = {loss, val_loss}, .ceiling = INFINITY, .decimals = 4, .unit = ""};
    d->accuracy = (series){.title = "Accuracy (%)",
                           .line = {right, val_right},
                           .ceiling = 100,
                           .decimals = 2,
                           .unit = " %"};
    d->best = best_epoch(d);
}

weft_status weft_curves_draw(const weft_curves *curves, const char *svg_path, const char *png_path)
{
    drawing d = {.curves = curves, .count = curves->count > 0 ? curves->count : 0};
    size_t bytes;
    double *columns = NULL;
    if (!weft_mul_size((size_t)d.count + 1, 5 * sizeof *columns, &bytes))
        columns = calloc(1, bytes);
    if (!columns) return weft_fail(WEFT_ERR_MEMORY, "out of memory: curves of %d epochs", d.count);
    fill(&d, columns);
    const weft_status status = weft_figure_write(draw, &d, WIDTH, HEIGHT, svg_path, png_path);
    free(columns);
    return status;
}
