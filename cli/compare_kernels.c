/* The steps of a plan on several devices side by side. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/output.h"
#include "cli/self.h"
#include "cli/signals.h"

enum { BENCH_SECONDS = 600, ROWS_MAX = 1024 };

/* ---- measuring ---- */

static void measure(const cli_compare *c, cli_contender *to)
{
    char batch[32], note[CLI_COMPARE_TEXT];
    int code;
    (void)snprintf(batch, sizeof batch, "%lld",
                   (long long)cli_integer(c->args, CLI_OPT_BATCH_SIZE, 64));
    const char *const words[] = {c->program,
                                 "bench",
                                 c->model,
                                 "--plan",
                                 "--json",
                                 "--quiet",
                                 "--device",
                                 to->entry->id,
                                 "--batch-size",
                                 batch,
                                 "--family",
                                 cli_compare_family(c),
                                 "--gemm",
                                 cli_compare_gemm(c),
                                 NULL};
    char *text = cli_self_text(words, BENCH_SECONDS, &code, note, sizeof note);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    to->kernels = json_incref(json_object_get(json, "plan"));
    json_decref(json);
    free(text);
    if (!to->kernels)
        weft_say(&c->log, WEFT_WARNING, "%s: no times of kernels%s%s", to->name, *note ? ": " : "",
                 note);
}

void cli_compare_kernels(cli_compare *c)
{
    for (int i = 0; i < c->count && cli_signals_exit_code() == 0; i++) {
        cli_contender *to = &c->list[i];
        if (to->failed) continue;
        weft_say(&c->log, WEFT_INFO, "%s: timing the steps of its plan", to->name);
        measure(c, to);
    }
}

/* ---- rows ---- */

typedef struct table {
    cli_kernel_row row[ROWS_MAX];
    int count;
} table;

static const char *text_of(const json_t *step, const char *key)
{
    const char *text = json_string_value(json_object_get(step, key));
    return text ? text : "";
}

static cli_kernel_row *row_of(table *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->row[i].name, name) == 0) return &t->row[i];
    if (t->count == ROWS_MAX) return NULL;
    cli_kernel_row *row = &t->row[t->count++];
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    for (int i = 0; i < CLI_CONTENDERS; i++)
        row->microseconds[i] = (double)NAN;
    return row;
}

/* Devices fuse differently, so their steps are brought together by what they have in common: the
 * pass and the layer. */
static void add_step(table *t, const json_t *step, int device)
{
    char name[2 * WEFT_NAME_MAX];
    const double time = json_number_value(json_object_get(step, "microseconds"));
    const char *layer = text_of(step, "layer");
    if (strcmp(text_of(step, "pass"), "train") != 0) return;
    (void)snprintf(name, sizeof name, "%.30s %.100s", text_of(step, "phase"),
                   *layer ? layer : text_of(step, "op"));
    cli_kernel_row *row = row_of(t, name);
    if (!row) return;
    const double before = row->microseconds[device];
    row->microseconds[device] = isnan(before) ? time : before + time;
}

static double slowest(const cli_kernel_row *row)
{
    double most = 0;
    for (int i = 0; i < CLI_CONTENDERS; i++)
        most = fmax(most, row->microseconds[i]);
    return most;
}

static int by_time(const void *a, const void *b)
{
    const double x = slowest(a), y = slowest(b);
    return x < y   ? 1
           : x > y ? -1
                   : strcmp(((const cli_kernel_row *)a)->name, ((const cli_kernel_row *)b)->name);
}

int cli_kernel_rows(const cli_compare *c, cli_kernel_row rows[CLI_KERNEL_ROWS])
{
    table *t = calloc(1, sizeof *t);
    if (!t) return 0;
    for (int i = 0; i < c->count; i++) {
        size_t k;
        const json_t *step;
        json_array_foreach(c->list[i].kernels, k, step) add_step(t, step, i);
    }
    qsort(t->row, (size_t)t->count, sizeof *t->row, by_time);
    const int count = t->count < CLI_KERNEL_ROWS ? t->count : CLI_KERNEL_ROWS;
    memcpy(rows, t->row, (size_t)count * sizeof *rows);
    free(t);
    return count;
}
