/* Where the time of a training step goes. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/report_private.h"
#include "core/bench.h"
#include "core/checked.h"
#include "core/number.h"
#include "report/spend.h"

enum { COLUMNS = 6, TEXTS = 3, CELL = 128, NAME = 224 };

static const double block_seconds = 0.1; /* half a second for all: a page is waited for */

/* The steps of the training plan, measured. */
typedef struct timing {
    cli_report *report;
    weft_bench_step *step;
    int32_t count;
} timing;

static int32_t batch_of(const cli_report *r)
{
    const json_t *batch = json_object_get(r->files.config, "batch_size");
    const json_int_t value = json_integer_value(batch);
    return value > 0 && value <= 65536 ? (int32_t)value : 64;
}

static weft_status measure(weft_device *device, const weft_device_entry *entry, void *user)
{
    timing *t = user;
    weft_bench *bench = NULL;
    (void)entry;
    WEFT_TRY(weft_bench_new(device,
                            &(weft_bench_desc){.graph = t->report->trained.graph,
                                               .batch = batch_of(t->report),
                                               .block_seconds = block_seconds},
                            &bench));
    const weft_status status =
        weft_bench_steps(bench, WEFT_MODE_TRAIN, &(weft_speed){0}, &t->step, &t->count);
    weft_bench_free(bench);
    return status;
}

/* Times come from a queue that takes them, so the device is opened once more. */
static weft_status time_steps(cli_report *r, timing *t)
{
    cli_choice choice;
    cli_wish wish = r->wish->device;
    wish.device = r->entry->id;
    wish.profile = true;
    wish.log = (weft_log){0};
    WEFT_TRY(cli_select(&wish, measure, t, &choice));
    cli_choice_free(&choice);
    return WEFT_OK;
}

/* ---- tables ---- */

static int by_seconds(const void *a_, const void *b_)
{
    const weft_bench_step *a = a_, *b = b_;
    return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

/* An op and, where a layer may have two of its kind, which one it is. */
static void put_op(const weft_bench_step *s, const char *op, char text[CELL])
{
    (void)snprintf(text, CELL, "%.95s%s%s", op, *s->role ? ", " : "", s->role);
}

static void put_step(const weft_bench_step *s, char (*text)[CELL], const char **cell)
{
    put_op(s, s->from[0] ? s->from : s->op, text[0]);
    cell[0] = s->layer[0] ? s->layer : "-";
    cell[1] = text[0];
    cell[2] = s->shape;
    cell[3] = s->variant;
    cell[4] = weft_fixed(s->seconds * 1e3, 3, text[1]);
    cell[5] = s->operations > 0 ? weft_fixed(s->gflops, 1, text[2]) : "";
}

static weft_status put_table(cli_report *r, const timing *t)
{
    static const weft_html_column columns[COLUMNS] = {{"layer", false},      {"op", false},
                                                      {"shape", false},      {"kernel", false},
                                                      {"ms per step", true}, {"GFLOP/s", true}};
    char(*text)[CELL] = calloc((size_t)t->count * TEXTS, sizeof *text);
    const char **cell = calloc((size_t)t->count * COLUMNS, sizeof *cell);
    const weft_status status =
        text && cell ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a report");
    for (int32_t i = 0; i < t->count && status == WEFT_OK; i++)
        put_step(&t->step[i], text + (ptrdiff_t)TEXTS * i, cell + (ptrdiff_t)i * COLUMNS);
    if (status == WEFT_OK)
        weft_html_add_table(r->page, &(weft_html_table){.caption = "Every step of the plan",
                                                        .column = columns,
                                                        .columns = COLUMNS,
                                                        .rows = t->count,
                                                        .cell = cell,
                                                        .folded = true});
    free(text);
    free(cell);
    return status;
}

static weft_status put_bars(cli_report *r, const timing *t)
{
    char(*text)[NAME] = calloc((size_t)t->count, sizeof *text), op[CELL];
    const char **name = calloc((size_t)t->count, sizeof *name);
    double *value = calloc((size_t)t->count, sizeof *value);
    weft_status status =
        text && name && value ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a report");
    for (int32_t i = 0; i < t->count && status == WEFT_OK; i++) {
        put_op(&t->step[i], t->step[i].op, op);
        (void)snprintf(text[i], NAME, "%.90s %s", t->step[i].layer, op);
        name[i] = text[i];
        value[i] = t->step[i].seconds * 1e3;
    }
    if (status == WEFT_OK) {
        const weft_spend spend = {.title = "Time of a training step",
                                  .unit = "ms per step",
                                  .count = t->count,
                                  .names = name,
                                  .value = value};
        const weft_figure figure = weft_spend_figure(&spend);
        status = cli_report_figure(r, "speed", &figure, WEFT_HTML_SVG,
                                   "Time of each step of the training plan as bars", NULL);
    }
    free(text);
    free(name);
    free(value);
    return status;
}

static weft_status put_times(cli_report *r, timing *t)
{
    char text[CLI_REPORT_TEXT], device[CLI_DEVICE_TEXT];
    (void)snprintf(text, sizeof text,
                   "Measured on %.160s when this page was written, with made-up samples in "
                   "batches of %d, without augmentation and with Adam.",
                   cli_device_print(r->entry, device), (int)batch_of(r));
    weft_html_text(r->page, text);
    qsort(t->step, (size_t)t->count, sizeof *t->step, by_seconds);
    WEFT_TRY(put_bars(r, t));
    return put_table(r, t);
}

weft_status cli_report_speed(cli_report *r)
{
    timing t = {.report = r};
    weft_html_section(r->page, "speed", "Speed");
    weft_status status = time_steps(r, &t);
    if (status == WEFT_OK) {
        status = put_times(r, &t);
    } else {
        weft_html_text(r->page, "The steps of the plan could not be measured:");
        weft_html_text(r->page, weft_error());
        status = WEFT_OK;
    }
    free(t.step);
    return status;
}
