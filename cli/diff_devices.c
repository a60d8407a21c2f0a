#include "cli/diff_devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/models.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/select.h"
#include "core/lockstep.h"
#include "core/number.h"

enum { STEPS = 5, BATCH = 64 };

/* ---- printing ---- */

static void put_line(const char *phase, const char *op, const char *layer, const char *nmse,
                     const char *bound, const char *tensor)
{
    cli_put_column(stdout, phase, 9);
    cli_put_column(stdout, op, 22);
    cli_put_column(stdout, layer, 12);
    cli_put_column(stdout, nmse, -9);
    cli_put_column(stdout, bound, -9);
    printf("  %s\n", tensor);
}

static void put_table(const weft_lockstep_result *r)
{
    char nmse[WEFT_NUMBER_TEXT], bound[WEFT_NUMBER_TEXT];
    put_line("pass", "op", "layer", "NMSE", "bound", "worst tensor");
    for (int32_t i = 0; i < r->count; i++) {
        const weft_lockstep_op *op = &r->op[i];
        if (!*op->tensor) continue;
        put_line(weft_phase_name(op->phase), op->kind, op->layer, weft_format(op->nmse, 2, nmse),
                 weft_format(op->bound, 2, bound), op->tensor);
    }
}

static json_t *op_json(const weft_lockstep_op *op)
{
    return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o}", "op", op->kind, "stands_for",
                     cli_json_text(op->from), "layer", cli_json_text(op->layer), "pass",
                     weft_phase_name(op->phase), "tensor", cli_json_text(op->tensor), "nmse",
                     cli_json_number(op->nmse), "bound", cli_json_number(op->bound));
}

static json_t *result_json(const weft_lockstep_result *r, const cli_choice choice[2])
{
    json_t *ops = json_array();
    for (int32_t i = 0; ops && i < r->count; i++) {
        if (json_array_append_new(ops, op_json(&r->op[i])) == 0) continue;
        json_decref(ops);
        ops = NULL;
    }
    if (!ops) return NULL;
    return json_pack("{s:[s,s], s:b, s:i, s:o, s:o}", "devices", choice[0].entry->id,
                     choice[1].entry->id, "equal", r->parted < 0, "step", (int)r->step, "parted",
                     r->parted < 0 ? json_null() : json_integer(r->parted), "ops", ops);
}

static weft_status name_op(const weft_lockstep_result *r, const cli_choice choice[2])
{
    char a[WEFT_NUMBER_TEXT], b[WEFT_NUMBER_TEXT];
    const weft_lockstep_op *op = &r->op[r->parted];
    return weft_fail(
        WEFT_ERR_CHECK,
        "%s and %s part in step %d at %s%s%s%s of %s (%s): %s differs by %.2g, at most "
        "%.2g is rounding; element %lld is %s and %s",
        choice[0].entry->id, choice[1].entry->id, (int)r->step, op->kind, *op->from ? " (" : "",
        op->from, *op->from ? ")" : "", *op->layer ? op->layer : "all layers",
        weft_phase_name(op->phase), op->tensor, op->nmse, op->bound, (long long)r->first,
        weft_format(r->value[0], 9, a), weft_format(r->value[1], 9, b));
}

static weft_status show(const cli_args *args, const weft_lockstep_result *r,
                        const cli_choice choice[2])
{
    if (cli_given(args, CLI_OPT_JSON)) {
        WEFT_TRY(cli_put_json(result_json(r, choice)));
    } else {
        put_table(r);
        if (r->parted < 0)
            printf("%s and %s agree in %d steps: every op is within its bound\n",
                   choice[0].entry->id, choice[1].entry->id, (int)r->step);
    }
    return r->parted < 0 ? WEFT_OK : name_op(r, choice);
}

/* ---- two devices ---- */

static void on_step(void *user, int done, int total)
{
    cli_progress_prepare(user, done, total);
}

static weft_status run(const cli_args *args, const cli_choice choice[2], cli_progress *progress)
{
    weft_graph *graph = NULL;
    weft_lockstep_result result = {.op = NULL};
    WEFT_TRY(cli_model_load(args->word[0], &graph));
    const weft_lockstep_desc desc = {
        .graph = graph,
        .device = {choice[0].device, choice[1].device},
        .device_entry = {choice[0].entry, choice[1].entry},
        .batch = (int32_t)cli_integer(args, CLI_OPT_BATCH_SIZE, BATCH),
        .steps = (int32_t)cli_integer(args, CLI_OPT_STEPS, STEPS),
        .seed = (uint64_t)cli_integer(args, CLI_OPT_SEED, 0),
        .no_fusion = cli_given(args, CLI_OPT_NO_FUSION),
        .progress = on_step,
        .user = progress,
    };
    weft_status status = weft_lockstep(&desc, &result);
    cli_progress_clear(progress);
    if (status == WEFT_OK) status = show(args, &result, choice);
    weft_lockstep_free(&result);
    weft_graph_free(graph);
    return status;
}

static weft_status open_both(const cli_args *args, char *names[2], cli_progress *progress,
                             cli_choice choice[2])
{
    cli_wish wish = cli_wish_of(args, cli_progress_log(progress));
    for (int k = 0; k < 2; k++) {
        wish.device = names[k];
        WEFT_TRY(cli_select(&wish, NULL, NULL, &choice[k]));
    }
    return WEFT_OK;
}

static weft_status with_names(const cli_args *args, char *names[2])
{
    cli_choice choice[2] = {{.device = NULL}, {.device = NULL}};
    cli_progress *progress = NULL;
    WEFT_TRY(cli_progress_new(0, cli_given(args, CLI_OPT_QUIET), &progress));
    weft_status status = open_both(args, names, progress, choice);
    if (status == WEFT_OK) status = run(args, choice, progress);
    for (int k = 0; k < 2; k++)
        cli_choice_free(&choice[k]);
    cli_progress_free(progress);
    return status;
}

weft_status cli_diff_devices(const cli_args *args)
{
    const char *list = cli_text(args, CLI_OPT_DEVICES);
    const size_t length = strlen(list) + 1;
    char *copy = malloc(length);
    if (!copy) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the names of two devices");
    memcpy(copy, list, length);
    char *comma = strchr(copy, ',');
    weft_status status;
    if (!comma || comma == copy || !comma[1] || strchr(comma + 1, ',')) {
        status =
            weft_fail(WEFT_ERR_USAGE, "--devices %.100s: two are wanted, as cpu,opencl:0", list);
    } else {
        *comma = '\0';
        status = with_names(args, (char *[2]){copy, comma + 1});
    }
    free(copy);
    return status;
}
