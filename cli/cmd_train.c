/* weft train: from a network and a data set to a run folder. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bad_op.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/pictures.h"
#include "cli/progress.h"
#include "cli/qualify.h"
#include "cli/record.h"
#include "cli/report.h"
#include "cli/select.h"
#include "cli/signals.h"
#include "cli/tensorboard.h"
#include "cli/trained.h"
#include "cli/training.h"
#include "core/config.h"
#include "core/number.h"
#include "core/posix.h"
#include "datasets/datasets.h"

enum { SUMMARY_BYTES_MAX = 1 << 20, TITLE = 256 };

/* Everything one run of the command holds. */
typedef struct session {
    const cli_args *args;
    cli_training training;
    weft_loaded *data, *test;
    char *folder;
    cli_progress *progress;
    cli_pictures *pictures;
    cli_tensorboard *board; /* NULL: not wished for */
    cli_record record;
    weft_log log; /* of the program and the device; warnings go into the record */
    weft_train_desc desc;
    double start; /* clock when a device was looked for */
    weft_trainer *trainer;
    weft_train_result result;
    bool has_bad_op; /* of --check-numerics */
    weft_bad_op bad_op;
    bool stepped;       /* so what the folder holds is of this run */
    bool curves_failed; /* and that was said */
} session;

/* ---- what the run is made of, before any device is touched ---- */

static weft_status load_data(session *s)
{
    const cli_training *t = &s->training;
    WEFT_TRY(weft_dataset_load(t->data, t->data_dir, WEFT_TRAIN_SPLIT, &s->data));
    if (cli_given(s->args, CLI_OPT_NO_TEST)) return WEFT_OK;
    return weft_dataset_load(t->data, t->data_dir, WEFT_TEST_SPLIT, &s->test);
}

/* Reading the data and loading the drivers take about as long, and neither needs the other. */
static weft_status load_beside_drivers(session *s)
{
    weft_thread *drivers = cli_load_drivers(cli_text(s->args, CLI_OPT_DEVICE));
    const weft_status status = load_data(s);
    weft_thread_join(drivers);
    return status;
}

static weft_status complete_options(session *s)
{
    cli_training *t = &s->training;
    if (!t->augment_given) {
        WEFT_TRY(weft_augment_parse(s->data->augment, &t->options.augment));
    }
    WEFT_TRY(weft_train_check(&t->options, s->data->data.count));
    if (t->init_partial && !t->init) {
        return weft_fail(WEFT_ERR_USAGE, "--init-partial says what of --init FILE starts afresh: "
                                         "give --init too");
    }
    return WEFT_OK;
}

static weft_status name_folder(session *s)
{
    const cli_training *t = &s->training;
    const char *wish = t->resume ? t->resume : cli_text(s->args, CLI_OPT_OUT);
    s->folder = wish ? weft_path_join("", wish) : cli_training_folder(t);
    return s->folder ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
}

static weft_status start_progress(session *s)
{
    weft_train_options shown = s->training.options;
    weft_train_defaults(&shown, s->data->data.count);
    WEFT_TRY(cli_progress_new(shown.epochs, cli_given(s->args, CLI_OPT_QUIET), &s->progress));
    if (cli_given(s->args, CLI_OPT_PLOT)) cli_progress_plot(s->progress);
    s->record.to = cli_progress_log(s->progress);
    s->log = cli_record_log(&s->record);
    return WEFT_OK;
}

/* ---- observers ---- */

static void on_prepare(void *user, int done, int total)
{
    const session *s = user;
    cli_progress_prepare(s->progress, done, total);
}

static bool on_step(void *user, const weft_step_report *report)
{
    session *s = user;
    s->stepped = true;
    cli_progress_step(s->progress, report);
    cli_tensorboard_step(s->board, report);
    return false;
}

/* They are drawn after every epoch: what is in their way is said once. */
static void check_curves(session *s, weft_status status)
{
    if (status == WEFT_OK || s->curves_failed) return;
    s->curves_failed = true;
    weft_say(&s->log, WEFT_WARNING, "no curves: %s", weft_error());
}

static void on_save(void *user, uint64_t step, const weft_epoch_report *report)
{
    const session *s = user;
    cli_tensorboard_save(s->board, step, report);
}

static bool on_epoch(void *user, const weft_epoch_report *report)
{
    session *s = user;
    cli_progress_epoch(s->progress, report);
    check_curves(s, cli_pictures_add(s->pictures, report));
    return false;
}

static void on_end(void *user, const weft_train_result *result)
{
    session *s = user;
    cli_tensorboard_end(s->board, result);
    check_curves(s, cli_pictures_end(s->pictures, result->epochs));
}

/* ---- the device ---- */

static void fill_desc(session *s, const weft_device_entry *entry)
{
    const cli_training *t = &s->training;
    s->desc = (weft_train_desc){
        .graph = t->graph,
        .model_name = t->model,
        .data = &s->data->data,
        .test = s->test ? &s->test->data : NULL,
        .data_spec = t->data,
        .data_dir = t->data_dir,
        .device_entry = entry,
        .options = t->options,
        .out = s->folder,
        .overwrite = cli_given(s->args, CLI_OPT_OVERWRITE),
        .resume = t->resume,
        .init = t->init,
        .init_partial = t->init_partial,
        .open_seconds = weft_clock() - s->start,
        .check_numerics = cli_given(s->args, CLI_OPT_CHECK_NUMERICS),
        .family = cli_family_text(t->family),
        .gemm = cli_gemm_text(t->gemm),
        .stop = cli_signals_catch(),
        .observer = {.on_prepare = on_prepare,
                     .on_step = on_step,
                     .on_save = on_save,
                     .on_epoch = on_epoch,
                     .on_end = on_end,
                     .user = s},
        .log = s->record.to, /* the trainer keeps its own warnings */
    };
}

/* Everything that a device can refuse happens here. */
static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    session *s = user;
    char text[CLI_DEVICE_TEXT];
    fill_desc(s, entry);
    weft_say(&s->log, WEFT_INFO, "on %s, %s: %s", entry->id, cli_device_words(entry),
             cli_device_print(entry, text));
    const weft_status status = weft_trainer_new(device, &s->desc, &s->trainer);
    cli_progress_clear(s->progress);
    cli_record_attach(&s->record, s->trainer);
    return status;
}

/* ---- titles of the pictures ---- */

static weft_status start_pictures(session *s, const weft_device_entry *entry)
{
    const cli_training *t = &s->training;
    weft_train_options o = t->options;
    char title[TITLE], subtitle[2 * TITLE], lr[32], *model = cli_model_title(t->model);
    if (!model) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a title");
    weft_train_defaults(&o, s->data->data.count);
    snprintf(title, sizeof title, "%.100s on %.100s", model, t->data);
    snprintf(lr, sizeof lr, "%g", (double)o.optimizer.lr);
    snprintf(subtitle, sizeof subtitle, "%s, %s: %s, lr %s, %s, batch %lld, seed %llu",
             cli_device_words(entry), entry->info.name, weft_optimizer_name(o.optimizer.kind), lr,
             weft_schedule_name(o.schedule), (long long)o.batch_size, (unsigned long long)o.seed);
    free(model);
    return cli_pictures_new(s->folder, t->resume != NULL, title, subtitle, &s->log, &s->pictures);
}

/* A run that was begun with it goes on with it. */
static weft_status start_tensorboard(session *s)
{
    const cli_training *t = &s->training;
    weft_train_options options = t->options;
    const bool goes_on = t->resume && cli_tensorboard_is_in(s->folder);
    if (!cli_given(s->args, CLI_OPT_TENSORBOARD) && !goes_on) return WEFT_OK;
    weft_train_defaults(&options, s->data->data.count);
    return cli_tensorboard_new(s->folder, s->trainer, options.log_every, &s->log, &s->board);
}

/* ---- the end ---- */

static void print_figures(const char *name, double loss, double accuracy)
{
    char text[WEFT_NUMBER_TEXT], more[WEFT_NUMBER_TEXT];
    if (isnan(loss)) return;
    printf("%-12s %8s   %8s\n", name, weft_fixed(loss, 4, text), weft_fixed(accuracy, 4, more));
}

static void print_table(const session *s, const weft_device_entry *entry)
{
    const weft_train_result *r = &s->result;
    char seconds[WEFT_NUMBER_TEXT], speed[WEFT_NUMBER_TEXT], device[CLI_DEVICE_TEXT];
    const char *curves = cli_pictures_path(s->pictures);
    if (!isnan(r->train_loss)) printf("%-12s %8s   %8s\n", "", "loss", "accuracy");
    print_figures("train", r->train_loss, r->train_accuracy);
    print_figures("validation", r->val_loss, r->val_accuracy);
    print_figures("test", r->test_loss, r->test_accuracy);
    printf("\nepochs       %lu, %llu steps", (unsigned long)r->epochs,
           (unsigned long long)r->steps);
    if (r->best_epoch > 0) printf(", best validation in epoch %lu", (unsigned long)r->best_epoch);
    printf("\ntime         %s s", weft_fixed(r->seconds, 1, seconds));
    if (isfinite(r->images_per_second)) {
        printf(", %s images/s", weft_fixed(r->images_per_second, 0, speed));
    }
    printf("\ntrained on   %s: ", cli_device_words(entry));
    cli_put_column(stdout, cli_device_print(entry, device), 0);
    if (curves) printf("\ncurves       %s", curves);
    printf("\nrun          %s\n", s->folder);
}

static weft_status print_summary(const session *s)
{
    char *path = weft_path_join(s->folder, "summary.json"), *text = NULL;
    size_t count = 0;
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    const weft_status status = weft_read_file(path, SUMMARY_BYTES_MAX, &text, &count);
    if (status == WEFT_OK) fwrite(text, 1, count, stdout);
    free(text);
    free(path);
    return status;
}

static weft_status tell(const session *s, const weft_device_entry *entry)
{
    if (cli_given(s->args, CLI_OPT_JSON)) {
        WEFT_TRY(print_summary(s));
    } else {
        print_table(s, entry);
    }
    if (s->result.outcome == WEFT_STOPPED) {
        cli_note("stopped; weft train --resume %s goes on", s->folder);
    }
    fflush(stdout); /* a report takes a while */
    return WEFT_OK;
}

/* The checkpoint that a resume would take, or NULL; free() it. */
static char *find_checkpoint(const session *s)
{
    static const char *const names[] = {"last", "prev"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = cli_checkpoint_path(s->folder, names[i]);
        if (!path || weft_path_exists(path)) return path;
        free(path);
    }
    return NULL;
}

/* The run is the same when it is done again, so what --check-numerics would say can still be had.
 */
static weft_status tell_diverged(session *s)
{
    const weft_bad_op *bad = weft_trainer_bad_op(s->trainer);
    s->has_bad_op = bad != NULL;
    if (bad) s->bad_op = *bad;
    if (cli_given(s->args, CLI_OPT_CHECK_NUMERICS)) return WEFT_ERR_DIVERGED;
    return weft_fail(WEFT_ERR_DIVERGED, "%s; with --check-numerics the op where it begins is named",
                     weft_error());
}

/* A failure in the middle of a run: on which device, and what is left of the run. */
static weft_status tell_loss(session *s, const weft_device_entry *entry, weft_status status)
{
    if (status == WEFT_ERR_DIVERGED) return tell_diverged(s);
    const bool device = status == WEFT_ERR_DEVICE || status == WEFT_ERR_MEMORY;
    if (device) weft_fail_in(status, "%s", entry->id);
    if ((!device && status != WEFT_ERR_IO) || !s->stepped) return status;
    char *checkpoint = find_checkpoint(s);
    if (checkpoint) {
        weft_fail(status, "%s; weft train --resume %s goes on from %s", weft_error(), s->folder,
                  checkpoint);
    }
    free(checkpoint);
    return status;
}

/* ---- the report ---- */

/* A run that was ended by a signal ends at once, and one without an epoch has nothing to show. */
static bool wants_report(const session *s)
{
    return !cli_given(s->args, CLI_OPT_NO_REPORT) && s->result.epochs > 0 &&
           *cli_signals_catch() == 0;
}

/* The training's memory goes first. What fails here is no fault of the run. */
static void report(session *s, const cli_wish *wish, const cli_choice *choice)
{
    if (!wants_report(s)) return;
    weft_trainer_free(s->trainer);
    s->trainer = NULL;
    cli_record_attach(&s->record, NULL);
    const cli_report_wish page = {.args = s->args,
                                  .run = s->folder,
                                  .test = s->test ? &s->test->data : NULL,
                                  .no_test = !s->test,
                                  .device = *wish,
                                  .log = s->log};
    char *path = NULL;
    if (cli_report_write(&page, choice->device, choice->entry, &path) != WEFT_OK)
        weft_say(&s->log, WEFT_WARNING, "no report: %s", weft_error());
    else if (!cli_given(s->args, CLI_OPT_JSON))
        printf("report       %s\n", path);
    free(path);
}

/* ---- the command ---- */

static weft_status train(session *s)
{
    cli_choice choice;
    cli_wish wish = cli_wish_of(s->args, s->log);
    wish.family = s->training.family;
    wish.gemm = s->training.gemm;
    wish.recorded = s->training.recorded;
    weft_say(&s->log, WEFT_INFO, "%s: %lld parameters; %s: %lld training samples",
             s->training.model, (long long)weft_graph_parameters(s->training.graph),
             s->training.data, (long long)s->data->data.count);

    cli_signals_catch();
    s->start = weft_clock();
    WEFT_TRY(cli_select(&wish, attempt, s, &choice));
    cli_qualify_remind(choice.entry, &wish);
    weft_status status = start_pictures(s, choice.entry);
    if (status == WEFT_OK) status = start_tensorboard(s);
    if (status == WEFT_OK) status = weft_trainer_run(s->trainer, &s->result);
    cli_progress_end(s->progress);
    if (status == WEFT_OK) status = tell(s, choice.entry);
    if (status == WEFT_OK) report(s, &wish, &choice);
    if (status == WEFT_ERR_DIVERGED && cli_given(s->args, CLI_OPT_JSON)) {
        const weft_status printed = print_summary(s);
        if (printed != WEFT_OK) status = printed;
    }
    if (status != WEFT_OK) status = tell_loss(s, choice.entry, status);
    cli_record_attach(&s->record, NULL);
    cli_tensorboard_free(s->board);
    weft_trainer_free(s->trainer);
    cli_choice_free(&choice);
    return status;
}

static weft_status run(session *s)
{
    WEFT_TRY(cli_training_read(s->args, &s->training));
    WEFT_TRY(load_beside_drivers(s));
    WEFT_TRY(complete_options(s));
    WEFT_TRY(name_folder(s));
    WEFT_TRY(start_progress(s));
    return train(s);
}

int cli_run_train(const cli_args *args)
{
    session s = {.args = args};
    const weft_status status = run(&s);
    const int code = cli_exit_code(status);
    if (s.has_bad_op) cli_bad_op_print(&s.bad_op);
    const bool stopped = status == WEFT_OK && s.result.outcome == WEFT_STOPPED;
    cli_pictures_free(s.pictures);
    cli_record_free(&s.record);
    cli_progress_free(s.progress);
    weft_dataset_free(s.data);
    weft_dataset_free(s.test);
    cli_training_free(&s.training);
    free(s.folder);
    return stopped ? cli_signals_exit_code() : code;
}
