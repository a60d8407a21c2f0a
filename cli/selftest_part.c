/* One part of a selftest in this process. What it prints is for the process that started it: a line
 * of JSON whenever a case is done, {"done":3,"total":40}, and at the end one with the row. */
#include <stdio.h>
#include <stdlib.h>

#include "backends/backends.h"
#include "cli/models.h"
#include "cli/output.h"
#include "cli/selftest.h"

enum { BATCH = 64, MODELS_MAX = 16 };

static void on_progress(void *user, int done, int total)
{
    (void)user;
    printf("{\"done\":%d,\"total\":%d}\n", done, total);
    fflush(stdout);
}

/* Every built-in network, so that what most people train is among the shapes. */
static weft_status load_models(weft_selftest_model *list, int *count)
{
    *count = 0;
    for (const cli_model *m = cli_models; m->name && *count < MODELS_MAX; m++) {
        weft_graph *graph = NULL;
        WEFT_TRY(weft_graph_parse((const char *)m->text, m->length, m->name, &graph));
        list[(*count)++] = (weft_selftest_model){graph, m->name, BATCH};
    }
    return WEFT_OK;
}

static void free_models(weft_selftest_model *list, int count)
{
    for (int i = 0; i < count; i++)
        weft_graph_free((weft_graph *)(uintptr_t)list[i].graph); /* loaded above */
}

static weft_status run_part(const weft_selftest_desc *desc, int part)
{
    weft_selftest_row row;
    WEFT_TRY(weft_selftest_run(desc, part, &row));
    json_t *line = json_pack("{s:o}", "row", cli_row_json(&row));
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!text) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a row");
    puts(text);
    fflush(stdout); /* what is compiled is kept in the cache before the process ends */
    free(text);
    return WEFT_OK;
}

static weft_status with_reference(const cli_args *args, const cli_choice *choice, int part)
{
    const weft_backend *cpu = weft_backend_cpu();
    const weft_open_desc open = {.threads = (int32_t)cli_integer(args, CLI_OPT_THREADS, 0)};
    weft_selftest_model models[MODELS_MAX];
    weft_selftest_desc desc = {.device = choice->device,
                               .info = &choice->entry->info,
                               .quick = cli_given(args, CLI_OPT_QUICK),
                               .models = models,
                               .progress = on_progress};
    WEFT_TRY(cpu->open(0, &open, &desc.reference));
    weft_status status = load_models(models, &desc.model_count);
    if (status == WEFT_OK) status = run_part(&desc, part);
    free_models(models, desc.model_count);
    cpu->close(desc.reference);
    return status;
}

/* Whatever opens will do. */
weft_status cli_selftest_part(const cli_args *args, int part)
{
    cli_choice choice;
    const cli_wish wish = cli_wish_of(args, cli_plain_log(true));
    WEFT_TRY(cli_select(&wish, NULL, NULL, &choice));
    const weft_status status = with_reference(args, &choice, part);
    cli_choice_free(&choice);
    return status;
}
