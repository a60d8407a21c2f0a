/* weft tune: the fastest settings of a network's kernels on a device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/select.h"
#include "core/number.h"
#include "core/tune.h"

static const double micro = 1e6; /* microseconds of a second */

/* ---- printing ---- */

static double untuned_share(const weft_tune_result *r)
{
    return r->prior_seconds > 0 ? r->best_seconds / r->prior_seconds : 1.0;
}

static void put_line(const char *layer, const char *op, const char *prior, const char *best,
                     const char *choice)
{
    cli_put_column(stdout, layer, 14);
    cli_put_column(stdout, op, 20);
    cli_put_column(stdout, prior, -10);
    cli_put_column(stdout, best, -10);
    printf("  %s\n", choice);
}

static void put_table(const weft_tune_result *r)
{
    char prior[WEFT_NUMBER_TEXT], best[WEFT_NUMBER_TEXT], share[WEFT_NUMBER_TEXT];
    put_line("layer", "op", "prior us", "best us", "choice");
    for (int32_t i = 0; i < r->count; i++) {
        const weft_tune_row *row = &r->row[i];
        put_line(row->layer, weft_op_describe(row->kind)->name,
                 weft_fixed(row->prior_seconds * micro, 1, prior),
                 weft_fixed(row->best_seconds * micro, 1, best), row->best.text);
    }
    put_line("", "all", weft_fixed(r->prior_seconds * micro, 1, prior),
             weft_fixed(r->best_seconds * micro, 1, best), "");
    printf("untuned, these steps run at %s %% of their tuned speed\n",
           weft_fixed(100 * untuned_share(r), 1, share));
}

/* Rows of the tuning table; only what differs from it. */
static void put_rows(const weft_tune_result *r, const weft_device_entry *entry)
{
    for (int32_t i = 0; i < r->count; i++) {
        const weft_tune_row *row = &r->row[i];
        if (strcmp(row->best.text, row->prior.text) == 0) continue;
        printf("%s | %s | %s\n", row->key.text, entry->info.name, row->best.text);
    }
}

static json_t *row_json(const weft_tune_row *row)
{
    return json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:o, s:o, s:s, s:s}", "op",
                     weft_op_describe(row->kind)->name, "key", row->key.text, "layer",
                     cli_json_text(row->layer), "steps", (int)row->times, "candidates",
                     row->candidates, "dropped", row->dropped, "prior_us",
                     cli_json_number(row->prior_seconds * micro), "best_us",
                     cli_json_number(row->best_seconds * micro), "prior", row->prior.text, "choice",
                     row->best.text);
}

static json_t *result_json(const weft_tune_result *r, const cli_args *args,
                           const weft_device_entry *entry)
{
    json_t *rows = json_array();
    for (int32_t i = 0; rows && i < r->count; i++) {
        if (json_array_append_new(rows, row_json(&r->row[i])) == 0) continue;
        json_decref(rows);
        rows = NULL;
    }
    if (!rows) return NULL;
    return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "model", cli_json_text(args->word[0]),
                     "device", cli_json_text(entry->info.name), "batch_size",
                     (json_int_t)cli_integer(args, CLI_OPT_BATCH_SIZE, 64), "prior_us",
                     cli_json_number(r->prior_seconds * micro), "best_us",
                     cli_json_number(r->best_seconds * micro), "untuned_share",
                     cli_json_number(untuned_share(r)), "steps", rows);
}

static weft_status put_result(const weft_tune_result *r, const cli_args *args,
                              const weft_device_entry *entry)
{
    if (cli_given(args, CLI_OPT_JSON)) return cli_put_json(result_json(r, args, entry));
    if (cli_given(args, CLI_OPT_PRINT))
        put_rows(r, entry);
    else if (r->count > 0)
        put_table(r);
    else
        printf("%s: every step has one kernel there, nothing to tune\n", entry->id);
    return WEFT_OK;
}

/* ---- tuning ---- */

static void on_progress(void *user, int done, int total)
{
    cli_progress_tune(user, done, total);
}

static weft_status tune(const cli_args *args, const weft_graph *graph, cli_progress *progress,
                        const cli_choice *choice)
{
    const weft_backend *cpu = weft_backend_cpu();
    weft_tune_result result = {.count = 0};
    weft_device *reference = NULL;
    const int32_t threads = (int32_t)cli_integer(args, CLI_OPT_THREADS, 0);
    WEFT_TRY(cpu->open(0, &(weft_open_desc){.threads = threads}, &reference));
    const weft_tune_desc desc = {
        .batch = (int32_t)cli_integer(args, CLI_OPT_BATCH_SIZE, 64),
        .reference = reference,
        .progress = on_progress,
        .user = progress,
        .log = cli_progress_log(progress),
    };
    weft_status status = weft_tune(graph, choice->device, &desc, &result);
    cli_progress_clear(progress);
    if (status == WEFT_OK) status = put_result(&result, args, choice->entry);
    weft_tune_result_free(&result);
    cpu->close(reference);
    return status;
}

/* Whatever opens will do. */
static weft_status tune_on_device(const cli_args *args, const weft_graph *graph,
                                  cli_progress *progress)
{
    cli_choice choice;
    const cli_wish wish = cli_wish_of(args, cli_progress_log(progress));
    WEFT_TRY(cli_select(&wish, NULL, NULL, &choice));
    const weft_status status = tune(args, graph, progress, &choice);
    cli_choice_free(&choice);
    return status;
}

static weft_status run(const cli_args *args)
{
    weft_graph *graph = NULL;
    cli_progress *progress = NULL;
    if (cli_given(args, CLI_OPT_JSON) && cli_given(args, CLI_OPT_PRINT))
        return weft_fail(WEFT_ERR_USAGE, "--json and --print: choose one of them");
    WEFT_TRY(cli_model_load(args->word[0], &graph));
    weft_status status = cli_progress_new(0, cli_given(args, CLI_OPT_QUIET), &progress);
    if (status == WEFT_OK) status = tune_on_device(args, graph, progress);
    cli_progress_free(progress);
    weft_graph_free(graph);
    return status;
}

int cli_run_tune(const cli_args *args)
{
    return cli_exit_code(run(args));
}
