/* How good the network is on the test set, and what it says there. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/report_private.h"
#include "core/checked.h"
#include "core/number.h"
#include "report/class_bars.h"
#include "report/confusion.h"
#include "report/reliability.h"
#include "report/tiles.h"

enum { CLASS_COLUMNS = 5, CELL = 32, GRID = 16, GRID_COLUMNS = 8, CAPTION = 80 };

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a report");
}

/* ---- figures of the classes ---- */

static weft_status put_class_table(cli_report *r)
{
    static const weft_html_column columns[CLASS_COLUMNS] = {
        {"class", false}, {"precision", true}, {"recall", true}, {"F1", true}, {"support", true}};
    const int classes = r->test.class_count;
    char(*text)[CELL] = calloc((size_t)classes * CLASS_COLUMNS, sizeof *text);
    const char **cell = calloc((size_t)classes * CLASS_COLUMNS, sizeof *cell);
    const weft_status status = text && cell ? WEFT_OK : no_memory();
    for (int i = 0; i < classes && status == WEFT_OK; i++) {
        const weft_class_score *score = &r->scores.classes[i];
        const char **row = cell + (ptrdiff_t)i * CLASS_COLUMNS;
        char(*to)[CELL] = text + (ptrdiff_t)i * CLASS_COLUMNS;
        row[0] = r->name[i];
        row[1] = weft_fixed(score->precision, 4, to[1]);
        row[2] = weft_fixed(score->recall, 4, to[2]);
        row[3] = weft_fixed(score->f1, 4, to[3]);
        (void)snprintf(to[4], CELL, "%lld", (long long)score->count);
        row[4] = to[4];
    }
    if (status == WEFT_OK)
        weft_html_add_table(r->page, &(weft_html_table){.caption = "Figures of each class",
                                                        .column = columns,
                                                        .columns = CLASS_COLUMNS,
                                                        .rows = classes,
                                                        .cell = cell});
    free(text);
    free(cell);
    return status;
}

static weft_status put_class_bars(cli_report *r)
{
    const int classes = r->test.class_count;
    double *column = calloc((size_t)classes, 3 * sizeof *column);
    if (!column) return no_memory();
    double *precision = column, *recall = column + classes, *f1 = recall + classes;
    for (int i = 0; i < classes; i++) {
        precision[i] = r->scores.classes[i].precision;
        recall[i] = r->scores.classes[i].recall;
        f1[i] = r->scores.classes[i].f1;
    }
    const weft_class_bars bars = {.title = "Precision, recall and F1",
                                  .classes = classes,
                                  .names = r->name,
                                  .precision = precision,
                                  .recall = recall,
                                  .f1 = f1};
    const weft_figure figure = weft_class_bars_figure(&bars);
    const weft_status status =
        cli_report_figure(r, "classes", &figure, WEFT_HTML_SVG,
                          "Precision, recall and F1 of each class as bars", NULL);
    free(column);
    return status;
}

static weft_status put_confusion(cli_report *r)
{
    const weft_confusion_chart chart = {.title = "Confusion matrix",
                                        .subtitle = "Rows are true classes, columns what the "
                                                    "network says",
                                        .count = r->scores.confusion,
                                        .classes = r->test.class_count,
                                        .names = r->name};
    const weft_figure figure = weft_confusion_figure(&chart);
    return cli_report_figure(r, "confusion", &figure, WEFT_HTML_SVG,
                             "Confusion matrix with counts and shares of each row", NULL);
}

static weft_status put_reliability(cli_report *r)
{
    const weft_calibration *c = &r->scores.calibration;
    const weft_reliability chart = {.title = "Reliability",
                                    .bins = WEFT_CALIBRATION_BINS,
                                    .confidence = c->confidence,
                                    .accuracy = c->accuracy,
                                    .count = c->count,
                                    .error = c->error};
    const weft_figure figure = weft_reliability_figure(&chart);
    return cli_report_figure(r, "reliability", &figure, WEFT_HTML_SVG,
                             "Accuracy of predictions by their confidence",
                             "Expected calibration error after Guo et al. 2017. Bars below the "
                             "diagonal: the network is more confident than right.");
}

static void put_pairs(cli_report *r)
{
    static const weft_html_column columns[] = {
        {"samples", true}, {"true class", false}, {"taken for", false}};
    char count[CLI_EVAL_PAIRS][CELL];
    const char *cell[3 * CLI_EVAL_PAIRS];
    for (ptrdiff_t i = 0; i < r->scores.pair_count; i++) {
        const weft_confused_pair *pair = &r->scores.pair[i];
        (void)snprintf(count[i], CELL, "%lld", (long long)pair->count);
        cell[3 * i] = count[i];
        cell[3 * i + 1] = r->name[pair->class];
        cell[3 * i + 2] = r->name[pair->predicted];
    }
    weft_html_add_table(r->page, &(weft_html_table){.caption = "Most confused",
                                                    .column = columns,
                                                    .columns = 3,
                                                    .rows = r->scores.pair_count,
                                                    .cell = cell});
}

static void put_totals(cli_report *r)
{
    char text[CLI_REPORT_TEXT], loss[CELL], accuracy[CELL], top[CELL], error[CELL], more[CELL * 2];
    const cli_scores *s = &r->scores;
    more[0] = '\0';
    if (s->top > 0)
        (void)snprintf(more, sizeof more, ", top-%d accuracy %s", (int)s->top,
                       weft_fixed(s->top_accuracy, 4, top));
    (void)snprintf(text, sizeof text,
                   "%lld samples of %.80s: loss %s, accuracy %s%s, expected calibration error %s.",
                   (long long)s->score.samples, r->test.name, weft_fixed(s->score.loss, 4, loss),
                   weft_fixed(s->score.accuracy, 4, accuracy), more,
                   weft_fixed(s->calibration.error, 4, error));
    weft_html_text(r->page, text);
}

static void say_no_test(cli_report *r)
{
    char text[2 * CLI_REPORT_TEXT];
    (void)snprintf(text, sizeof text, "There is no test set to show figures of: %s.",
                   r->why_no_test);
    weft_html_text(r->page, text);
}

weft_status cli_report_scores(cli_report *r)
{
    weft_html_section(r->page, "test", "Test set");
    if (r->test.count == 0) {
        say_no_test(r);
        return WEFT_OK;
    }
    put_totals(r);
    WEFT_TRY(put_class_table(r));
    WEFT_TRY(put_confusion(r));
    put_pairs(r);
    WEFT_TRY(put_class_bars(r));
    return put_reliability(r);
}

/* ---- predictions ---- */

/* A grid that is being put together. */
typedef struct grid {
    weft_tile tile[GRID];
    char value[GRID][CELL], truth[GRID][CAPTION];
    int count;
} grid;

static void add_tile(const cli_report *r, grid *g, const weft_sample_score *s)
{
    const int i = g->count++;
    char number[CELL];
    const bool right = s->predicted == s->class;
    (void)snprintf(g->value[i], CELL, "%s %%", weft_fixed(100 * s->probability, 1, number));
    (void)snprintf(g->truth[i], CAPTION, "is %.70s", r->name[s->class]);
    g->tile[i] = (weft_tile){.picture = cli_report_picture(r, s->index),
                             .caption = s->predicted < 0 ? "-" : r->name[s->predicted],
                             .value = g->value[i],
                             .caption2 = right ? NULL : g->truth[i],
                             .mark = right ? WEFT_MARK_RIGHT : WEFT_MARK_WRONG};
}

static weft_status put_grid(cli_report *r, const char *name, const char *title, const grid *g)
{
    const weft_tiles tiles = {
        .title = title, .tile = g->tile, .count = g->count, .columns = GRID_COLUMNS};
    const weft_figure figure = weft_tiles_figure(&tiles);
    if (g->count == 0) return WEFT_OK;
    return cli_report_figure(r, name, &figure, WEFT_HTML_PNG, title, NULL);
}

/* Samples that nobody has chosen: evenly spaced over the test set. */
static weft_status put_plain(cli_report *r)
{
    const int64_t count = r->test.count < GRID ? r->test.count : GRID;
    grid g = {.count = 0};
    for (int64_t i = 0; i < count; i++) {
        const weft_sample_score sample = weft_score_sample(
            r->scores.logits, r->test.classes, i * (r->test.count / count), r->test.class_count);
        add_tile(r, &g, &sample);
    }
    return put_grid(r, "predictions", "Predictions, evenly spaced over the test set", &g);
}

static weft_status put_chosen(cli_report *r, weft_sample_choice choice, const char *name,
                              const char *title)
{
    weft_sample_score *sample = NULL;
    int64_t found = 0;
    grid g = {.count = 0};
    WEFT_TRY(weft_samples_choose(r->scores.logits, r->test.classes, r->test.count,
                                 r->test.class_count, choice, GRID, &sample, &found, NULL));
    for (int64_t i = 0; i < found; i++)
        add_tile(r, &g, &sample[i]);
    free(sample);
    return put_grid(r, name, title, &g);
}

weft_status cli_report_predictions(cli_report *r)
{
    if (r->test.count == 0) return WEFT_OK;
    weft_html_section(r->page, "predictions", "Predictions");
    if (!cli_report_picture(r, 0).pixels) {
        weft_html_text(r->page, "The samples are not pictures, so none is shown.");
        return WEFT_OK;
    }
    WEFT_TRY(put_plain(r));
    WEFT_TRY(put_chosen(r, WEFT_SURE_ERRORS, "sure-errors", "The most confident errors"));
    return put_chosen(r, WEFT_UNSURE_HITS, "unsure-hits", "The least confident hits");
}
