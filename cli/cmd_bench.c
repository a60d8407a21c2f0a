/* weft bench: how fast a network trains and predicts on a device, and where its time goes. */
#include <stdlib.h>
#include <string.h>

#include "cli/bench_output.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/select.h"
#include "core/config.h"
#include "core/posix.h"
#include "datasets/datasets.h"

/* Everything one run of the command holds. */
typedef struct session {
    const cli_args *args;
    weft_log log;
    weft_graph *graph;
    weft_loaded *data; /* NULL: made up */
    weft_bench_desc desc;
    double start;      /* clock when the device began to be opened */
    cli_choice choice; /* the open device */
    weft_bench *bench;
    weft_device_entry entry; /* a copy: the device is closed when the table is printed */
    weft_bench_result result;
    cli_bench_plan plan[CLI_BENCH_PLANS];
} session;

/* ---- what is measured ---- */

static weft_status load_data(session *s)
{
    const char *data = cli_text(s->args, CLI_OPT_DATA);
    const char *folder = cli_text(s->args, CLI_OPT_DATA_DIR);
    if (data) return weft_dataset_load(data, folder, WEFT_TRAIN_SPLIT, &s->data);
    if (!folder) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "--data-dir says where --data SET is: give --data too");
}

static weft_status read_wishes(session *s)
{
    const char *augment = cli_text(s->args, CLI_OPT_AUGMENT);
    if (!augment && s->data) augment = s->data->augment;
    s->desc = (weft_bench_desc){.graph = s->graph,
                                .data = s->data ? &s->data->data : NULL,
                                .batch = (int32_t)cli_integer(s->args, CLI_OPT_BATCH_SIZE, 64),
                                .log = s->log};
    return augment ? weft_augment_parse(augment, &s->desc.augment) : WEFT_OK;
}

/* ---- on the device ---- */

/* Everything that a device can refuse happens here. */
static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    session *s = user;
    char text[CLI_DEVICE_TEXT];
    s->desc.open_seconds = weft_clock() - s->start;
    s->desc.device_entry = entry;
    weft_say(&s->log, WEFT_INFO, "on %s, %s: %s", entry->id, cli_device_words(entry),
             cli_device_print(entry, text));
    return weft_bench_new(device, &s->desc, &s->bench);
}

static weft_status open_bench(session *s, const cli_wish *wish)
{
    s->start = weft_clock();
    WEFT_TRY(cli_select(wish, attempt, s, &s->choice));
    s->entry = *s->choice.entry;
    return WEFT_OK;
}

static void close_bench(session *s)
{
    weft_bench_free(s->bench);
    s->bench = NULL;
    cli_choice_free(&s->choice);
}

static weft_status measure_steps(session *s)
{
    static const weft_mode modes[CLI_BENCH_PLANS] = {WEFT_MODE_TRAIN, WEFT_MODE_PREDICT};
    for (int i = 0; i < CLI_BENCH_PLANS; i++) {
        cli_bench_plan *plan = &s->plan[i];
        WEFT_TRY(weft_bench_steps(s->bench, modes[i], &s->result.speed, &plan->step, &plan->count));
    }
    return WEFT_OK;
}

/* Which device failed while it was measured. */
static weft_status name_device(const session *s, weft_status status)
{
    return status == WEFT_OK ? WEFT_OK : weft_fail_in(status, "%s", s->entry.id);
}

/* A queue that takes times is a little slower, so the steps get a device of their own. */
static weft_status measure_all(session *s)
{
    cli_wish wish = cli_wish_of(s->args, s->log);
    WEFT_TRY(open_bench(s, &wish));
    WEFT_TRY(name_device(s, weft_bench_run(s->bench, &s->result)));
    if (!cli_given(s->args, CLI_OPT_PLAN)) return WEFT_OK;
    close_bench(s);
    wish.device = s->entry.id;
    wish.profile = true;
    wish.log = cli_plain_log(true);
    WEFT_TRY(open_bench(s, &wish));
    return name_device(s, measure_steps(s));
}

/* ---- the command ---- */

/* Threads that compute; on a GPU there are none to count. */
static int32_t thread_count(const session *s)
{
    const bool cpu = strcmp(s->entry.backend->name, "cpu") == 0;
    if (cpu) return (int32_t)cli_integer(s->args, CLI_OPT_THREADS, s->entry.info.compute_units);
    return s->entry.info.type == WEFT_DEVICE_CPU ? s->entry.info.compute_units : 0;
}

static weft_status tell(const session *s)
{
    const cli_bench bench = {.model = s->args->word[0],
                             .parameters = weft_graph_parameters(s->graph),
                             .batch = s->desc.batch,
                             .threads = thread_count(s),
                             .data = cli_text(s->args, CLI_OPT_DATA),
                             .entry = &s->entry,
                             .result = &s->result,
                             .plan = s->plan};
    if (cli_given(s->args, CLI_OPT_JSON)) return cli_put_json(cli_bench_json(&bench));
    cli_bench_print(&bench);
    return WEFT_OK;
}

static weft_status run(session *s)
{
    s->log = cli_plain_log(cli_given(s->args, CLI_OPT_QUIET));
    WEFT_TRY(cli_model_load(s->args->word[0], &s->graph));
    WEFT_TRY(load_data(s));
    WEFT_TRY(read_wishes(s));
    WEFT_TRY(measure_all(s));
    return tell(s);
}

int cli_run_bench(const cli_args *args)
{
    session s = {.args = args};
    const int code = cli_exit_code(run(&s)); /* closing may fail too, and say so */
    close_bench(&s);
    for (int i = 0; i < CLI_BENCH_PLANS; i++)
        free(s.plan[i].step);
    weft_dataset_free(s.data);
    weft_graph_free(s.graph);
    return code;
}
