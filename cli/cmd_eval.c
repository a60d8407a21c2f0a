/* weft eval: how good a trained network is on a data set. */
#include <stdlib.h>

#include "cli/eval_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/select.h"
#include "datasets/datasets.h"

static weft_status check_args(const cli_args *args, const cli_trained *trained)
{
    const int64_t top = cli_integer(args, CLI_OPT_TOP, 1);
    const int32_t outputs = cli_trained_outputs(trained);
    if (top <= outputs) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "--top %lld: the network of %s tells %d classes apart",
                     (long long)top, trained->path, (int)outputs);
}

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    cli_scores *s = user;
    const int32_t batch = (int32_t)cli_integer(s->args, CLI_OPT_BATCH_SIZE, 64);
    const weft_log log = cli_plain_log(cli_given(s->args, CLI_OPT_QUIET));
    weft_model *model = NULL;
    (void)entry;
    WEFT_TRY(cli_trained_model(s->trained, device, log, &model));
    const weft_status status = cli_scores_measure(s, model, batch);
    weft_model_free(model);
    return status;
}

static weft_status tell(const cli_scores *scores)
{
    const char *logits = cli_text(scores->args, CLI_OPT_LOGITS);
    if (scores->left_out > 0) {
        cli_note("warning: the outputs of %lld of %lld samples are not numbers (NaN): they count "
                 "as wrong, and are in no column of the confusion matrix",
                 (long long)scores->left_out, (long long)scores->data->count);
    }
    if (logits) WEFT_TRY(cli_scores_write(scores, logits));
    if (cli_picture_out_wanted(scores->reliability)) WEFT_TRY(cli_scores_draw(scores));
    if (cli_given(scores->args, CLI_OPT_JSON)) return cli_put_json(cli_scores_json(scores));
    cli_scores_print(scores);
    return WEFT_OK;
}

static weft_status score(cli_scores *scores)
{
    cli_choice choice;
    const weft_log log = cli_plain_log(cli_given(scores->args, CLI_OPT_QUIET));
    const cli_wish wish = cli_wish_of(scores->args, log);
    WEFT_TRY(cli_select(&wish, attempt, scores, &choice));
    scores->entry = choice.entry;
    weft_status status = cli_scores_fill(scores);
    if (status == WEFT_OK) status = tell(scores);
    cli_choice_free(&choice);
    return status;
}

static weft_status evaluate(const cli_args *args, const cli_trained *trained,
                            const cli_picture_out *reliability)
{
    const bool train = cli_integer(args, CLI_OPT_SPLIT, 0) == 1;
    weft_loaded *loaded = NULL;
    WEFT_TRY(check_args(args, trained));
    WEFT_TRY(weft_dataset_load(cli_text(args, CLI_OPT_DATA), cli_text(args, CLI_OPT_DATA_DIR),
                               train ? WEFT_TRAIN_SPLIT : WEFT_TEST_SPLIT, &loaded));
    const weft_dataset data = cli_scores_data(trained, &loaded->data);
    cli_scores scores = {.args = args,
                         .trained = trained,
                         .data = &data,
                         .split = train ? "train" : "test",
                         .reliability = reliability};
    weft_status status = cli_scores_fit(trained, &loaded->data);
    if (status == WEFT_OK) status = score(&scores);
    cli_scores_free(&scores);
    weft_dataset_free(loaded);
    return status;
}

static weft_status run(const cli_args *args)
{
    cli_trained trained;
    cli_picture_out reliability;
    if (!cli_given(args, CLI_OPT_DATA)) {
        return weft_fail(WEFT_ERR_USAGE, "weft eval needs --data SET, such as fashion-mnist");
    }
    WEFT_TRY(cli_picture_out_read(args, CLI_OPT_RELIABILITY, &reliability));
    weft_status status = cli_trained_read(args, &trained);
    if (status == WEFT_OK) status = evaluate(args, &trained, &reliability);
    cli_trained_free(&trained);
    cli_picture_out_free(&reliability);
    return status;
}

int cli_run_eval(const cli_args *args)
{
    return cli_exit_code(run(args));
}
