/* weft eval: how good a trained network is on a data set. */
#include <stdlib.h>

#include "cli/eval_output.h"
#include "cli/figure_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/select.h"
#include "core/checked.h"
#include "datasets/datasets.h"

static weft_status check_fit(const cli_trained *trained, const weft_dataset *data)
{
    char wants[WEFT_SHAPE_TEXT], has[WEFT_SHAPE_TEXT];
    const weft_shape shape = weft_graph_input(trained->graph);
    if (!weft_shape_equal(shape, data->shape)) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: its network takes %s, but %s has %s", trained->path,
                         weft_shape_print(shape, wants), data->name,
                         weft_shape_print(data->shape, has));
    }
    const int32_t named = data->class_names ? trained->name_count : 0;
    const int32_t outputs = named > 0 ? named : cli_trained_outputs(trained);
    if (data->class_count > outputs || (named > 0 && data->class_count != named)) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: its network tells %d classes apart, but %s has %d",
                         trained->path, (int)outputs, data->name, (int)data->class_count);
    }
    return WEFT_OK;
}

static weft_status check_args(const cli_args *args, const cli_trained *trained)
{
    const char *picture = cli_text(args, CLI_OPT_RELIABILITY);
    const int64_t top = cli_integer(args, CLI_OPT_TOP, 1);
    const int32_t outputs = cli_trained_outputs(trained);
    if (picture) WEFT_TRY(cli_figure_check(picture));
    if (top <= outputs) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "--top %lld: the network of %s tells %d classes apart",
                     (long long)top, trained->path, (int)outputs);
}

/* Data whose labels do not show every class: what is counted is what the network can say. */
static weft_dataset with_all_classes(const cli_trained *trained, const weft_dataset *data)
{
    weft_dataset all = *data;
    const int32_t outputs = cli_trained_outputs(trained);
    if (data->class_count == outputs) return all;
    all.class_count = outputs;
    all.class_names = NULL;
    return all;
}

static weft_status new_logits(const weft_dataset *data, float **out)
{
    size_t bytes;
    const bool over = weft_mul_size((size_t)data->count, (size_t)data->class_count, &bytes) ||
                      weft_mul_size(bytes, sizeof **out, &bytes);
    *out = over ? NULL : malloc(bytes);
    return *out ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for the logits");
}

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    cli_scores *s = user;
    const int32_t batch = (int32_t)cli_integer(s->args, CLI_OPT_BATCH_SIZE, 64);
    const weft_log log = cli_plain_log(cli_given(s->args, CLI_OPT_QUIET));
    weft_model *model = NULL;
    (void)entry;
    WEFT_TRY(cli_trained_model(s->trained, device, log, &model));
    const weft_status status =
        weft_evaluate(model, s->data, &s->trained->norm, batch, s->logits, &s->score);
    weft_model_free(model);
    return status;
}

static weft_status tell(const cli_scores *scores)
{
    const char *logits = cli_text(scores->args, CLI_OPT_LOGITS);
    const char *picture = cli_text(scores->args, CLI_OPT_RELIABILITY);
    if (scores->left_out > 0) {
        cli_note("warning: the outputs of %lld of %lld samples are not numbers (NaN): they count "
                 "as wrong, and are in no column of the confusion matrix",
                 (long long)scores->left_out, (long long)scores->data->count);
    }
    if (logits) WEFT_TRY(cli_scores_write(scores, logits));
    if (picture) WEFT_TRY(cli_scores_draw(scores, picture));
    if (cli_given(scores->args, CLI_OPT_JSON)) return cli_put_json(cli_scores_json(scores));
    cli_scores_print(scores);
    return WEFT_OK;
}

static weft_status score(cli_scores *scores)
{
    cli_choice choice;
    const weft_log log = cli_plain_log(cli_given(scores->args, CLI_OPT_QUIET));
    const cli_wish wish = cli_wish_of(scores->args, log);
    WEFT_TRY(new_logits(scores->data, &scores->logits));
    WEFT_TRY(cli_select(&wish, attempt, scores, &choice));
    scores->entry = choice.entry;
    weft_status status = cli_scores_fill(scores);
    if (status == WEFT_OK) status = tell(scores);
    cli_choice_free(&choice);
    return status;
}

static weft_status evaluate(const cli_args *args, const cli_trained *trained)
{
    const bool train = cli_integer(args, CLI_OPT_SPLIT, 0) == 1;
    weft_loaded *loaded = NULL;
    WEFT_TRY(check_args(args, trained));
    WEFT_TRY(weft_dataset_load(cli_text(args, CLI_OPT_DATA), cli_text(args, CLI_OPT_DATA_DIR),
                               train ? WEFT_TRAIN_SPLIT : WEFT_TEST_SPLIT, &loaded));
    const weft_dataset data = with_all_classes(trained, &loaded->data);
    cli_scores scores = {
        .args = args, .trained = trained, .data = &data, .split = train ? "train" : "test"};
    weft_status status = check_fit(trained, &loaded->data);
    if (status == WEFT_OK) status = score(&scores);
    cli_scores_free(&scores);
    weft_dataset_free(loaded);
    return status;
}

static weft_status run(const cli_args *args)
{
    cli_trained trained;
    if (!cli_given(args, CLI_OPT_DATA)) {
        return weft_fail(WEFT_ERR_USAGE, "weft eval needs --data SET, such as fashion-mnist");
    }
    WEFT_TRY(cli_trained_read(args, &trained));
    const weft_status status = evaluate(args, &trained);
    cli_trained_free(&trained);
    return status;
}

int cli_run_eval(const cli_args *args)
{
    return cli_exit_code(run(args));
}
