/* weft compare: one training on several devices, or several runs, side by side. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/models.h"
#include "cli/output.h"
#include "cli/select.h"
#include "cli/signals.h"
#include "cli/training.h"
#include "core/child.h"
#include "core/posix.h"

void cli_contender_fail(cli_contender *contender)
{
    contender->failed = true;
    (void)snprintf(contender->failure, sizeof contender->failure, "%s", weft_error());
}

const char *cli_compare_family(const cli_compare *c)
{
    return cli_family_text((weft_family)cli_integer(c->args, CLI_OPT_FAMILY, WEFT_FAMILY_AUTO));
}

const char *cli_compare_gemm(const cli_compare *c)
{
    return cli_gemm_text((weft_gemm_route)cli_integer(c->args, CLI_OPT_GEMM, WEFT_GEMM_AUTO));
}

/* ---- the folder ---- */

static weft_status name_folder(cli_compare *c)
{
    const char *wish = cli_text(c->args, CLI_OPT_OUT);
    c->out = wish ? weft_path_join("", wish) : cli_new_folder("compare-", c->model, c->data);
    char *path = c->out ? weft_path_join(c->out, "compare.json") : NULL;
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    const bool taken = weft_path_exists(path) && !cli_given(c->args, CLI_OPT_OVERWRITE);
    free(path);
    if (taken)
        return weft_fail(WEFT_ERR_USAGE,
                         "%s holds a comparison already: choose another folder, or replace it with "
                         "--overwrite",
                         c->out);
    return WEFT_OK;
}

static weft_status write_json(const cli_compare *c)
{
    json_t *json = cli_compare_json(c);
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    char *path = weft_path_join(c->out, "compare.json");
    weft_status status = weft_fail(WEFT_ERR_MEMORY, "out of memory for compare.json");
    if (text && path) status = weft_write_file(path, text, strlen(text));
    free(path);
    free(text);
    json_decref(json);
    return status;
}

/* ---- the end ---- */

static const cli_contender *first_bad(const cli_compare *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->list[i].failed || c->list[i].likeness == CLI_DIFFERENT) return &c->list[i];
    return NULL;
}

static weft_status write_files(const cli_compare *c)
{
    WEFT_TRY(write_json(c));
    return cli_compare_draw(c);
}

/* The table first: what was trained for is not lost when a disk is full. */
static weft_status tell(const cli_compare *c)
{
    const bool as_json = cli_given(c->args, CLI_OPT_JSON);
    if (as_json)
        WEFT_TRY(cli_put_json(cli_compare_json(c)));
    else
        cli_compare_print(c);
    WEFT_TRY(write_files(c));
    if (!as_json) cli_compare_print_folder(c);
    const cli_contender *bad = first_bad(c);
    if (!bad) return WEFT_OK;
    return bad->failed ? weft_fail(WEFT_ERR_CHECK, "%s failed: %s", bad->name, bad->failure)
                       : weft_fail(WEFT_ERR_CHECK, "%s differs from %s: %s", bad->name,
                                   c->list[c->reference].name, bad->reason);
}

/* ---- trainings ---- */

static weft_status check_words(cli_compare *c)
{
    const bool named = c->args->word_count > 0;
    c->model = named ? c->args->word[0] : "seed-cnn";
    c->data = cli_text(c->args, CLI_OPT_DATA);
    if (!c->data && named)
        return weft_fail(WEFT_ERR_USAGE, "compare on what? --data SET, such as fashion-mnist; "
                                         "`weft datasets` lists them");
    if (!c->data) c->data = "fashion-mnist";
    weft_graph *graph = NULL;
    const weft_status status = cli_model_load(c->model, &graph);
    weft_graph_free(graph);
    return status;
}

/* Nothing was said of the length, not even by naming a network. */
static bool chooses_size(const cli_compare *c)
{
    const cli_args *args = c->args;
    return args->word_count == 0 && !cli_given(args, CLI_OPT_EPOCHS) &&
           !cli_given(args, CLI_OPT_LIMIT) && !cli_given(args, CLI_OPT_MAX_STEPS);
}

/* What no device is to blame for: every training ended so. One line says it. */
static weft_status same_failure(const cli_compare *c)
{
    static const weft_status kinds[] = {WEFT_ERR_USAGE, WEFT_ERR_FORMAT, WEFT_ERR_IO};
    const cli_contender *first = &c->list[0];
    for (int i = 0; i < c->count; i++)
        if (!c->list[i].failed || c->list[i].code != first->code) return WEFT_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (first->code == weft_status_exit_code(kinds[i]))
            return weft_fail(kinds[i], "%s", first->failure);
    return WEFT_OK;
}

static weft_status stopped(const cli_compare *c)
{
    return weft_fail(WEFT_ERR_CHECK, "stopped; what was trained is in %s", c->out);
}

static weft_status train_all(cli_compare *c)
{
    const bool sized = chooses_size(c);
    if (sized) cli_compare_size(c);
    for (int i = 0; i < c->count; i++)
        c->list[i].failed = false;
    cli_compare_train(c, c->list, c->count, sized ? (const char *[]){"--overwrite", NULL} : NULL);
    if (*cli_signals_catch() != 0) return stopped(c);
    WEFT_TRY(same_failure(c));
    for (int i = 0; i < c->count; i++) {
        cli_contender *to = &c->list[i];
        if (!to->failed && cli_compare_read(c, to) != WEFT_OK) cli_contender_fail(to);
    }
    return WEFT_OK;
}

static weft_status judge(cli_compare *c)
{
    cli_compare_measure(c);
    if (*cli_signals_catch() != 0) return stopped(c);
    if (c->trains && cli_compare_in_doubt(c)) WEFT_TRY(cli_compare_seeds(c));
    if (*cli_signals_catch() != 0) return stopped(c);
    cli_compare_judge(c);
    return WEFT_OK;
}

static weft_status compare_devices(cli_compare *c)
{
    char *program = weft_program_path();
    c->program = program;
    c->trains = true;
    c->together = cli_given(c->args, CLI_OPT_TOGETHER);
    c->seeds = (int)cli_integer(c->args, CLI_OPT_SEEDS, CLI_SEEDS);
    weft_status status =
        program ? WEFT_OK : weft_fail(WEFT_ERR_IO, "cannot tell where this program lies");
    if (status == WEFT_OK) status = check_words(c);
    if (status == WEFT_OK) status = name_folder(c);
    if (status == WEFT_OK) status = cli_compare_devices(c);
    if (status == WEFT_OK) status = weft_make_folders(c->out);
    if (status == WEFT_OK) status = train_all(c);
    if (status == WEFT_OK) status = judge(c);
    if (status == WEFT_OK && cli_given(c->args, CLI_OPT_KERNELS)) cli_compare_kernels(c);
    if (status == WEFT_OK) status = tell(c);
    c->program = NULL;
    free(program);
    return status;
}

/* ---- runs ---- */

/* Nothing is trained, so nothing of a training is wanted. */
static weft_status refuse_beside_runs(const cli_args *args)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        const bool fine =
            i == CLI_OPT_OUT || i == CLI_OPT_OVERWRITE || i == CLI_OPT_JSON || i == CLI_OPT_QUIET;
        if (args->value[i].given && !fine)
            return weft_fail(WEFT_ERR_USAGE, "runs are compared as they are: leave out --%s",
                             cli_options[i].name);
    }
    return WEFT_OK;
}

static weft_status compare_runs(cli_compare *c)
{
    WEFT_TRY(refuse_beside_runs(c->args));
    WEFT_TRY(cli_compare_runs(c));
    WEFT_TRY(name_folder(c));
    WEFT_TRY(weft_make_folders(c->out));
    WEFT_TRY(judge(c));
    return tell(c);
}

static weft_status run(cli_compare *c)
{
    c->log = cli_plain_log(cli_given(c->args, CLI_OPT_QUIET));
    cli_signals_catch();
    if (c->args->word_count > 1) return compare_runs(c);
    if (c->args->word_count == 1 && !cli_given(c->args, CLI_OPT_DATA) &&
        weft_is_folder(c->args->word[0]))
        return weft_fail(WEFT_ERR_USAGE, "%s alone: compare it with what? weft compare RUN RUN",
                         c->args->word[0]);
    return compare_devices(c);
}

static void close_contender(cli_contender *contender)
{
    cli_run_files_free(&contender->files);
    json_decref(contender->kernels);
    free(contender->folder);
}

int cli_run_compare(const cli_args *args)
{
    cli_compare *c = calloc(1, sizeof *c);
    if (!c) return cli_exit_code(weft_fail(WEFT_ERR_MEMORY, "out of memory for a comparison"));
    c->args = args;
    const int code = cli_exit_code(run(c));
    for (int i = 0; i < c->count; i++)
        close_contender(&c->list[i]);
    for (int i = 0; i < c->seed_count; i++)
        close_contender(&c->seed[i]);
    weft_registry_free(c->registry);
    free(c->out);
    free(c);
    const int stopped_by = cli_signals_exit_code();
    return stopped_by ? stopped_by : code;
}
