/* compare.json: all that the tables show, and the curves. */
#include <math.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/output.h"

/* Put a value into an object; NULL when there is no memory. */
static json_t *put(json_t *object, const char *key, json_t *value)
{
    if (!object || json_object_set_new(object, key, value) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* A value of the run's config.json or summary.json. */
static json_t *copy_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return value ? json_incref(value) : json_null();
}

/* ---- parts of a device ---- */

static json_t *curve_json(const cli_contender *to)
{
    json_t *list = json_array();
    for (int i = 0; i < to->files.epoch_count; i++) {
        const weft_epoch_report *e = &to->files.epoch[i];
        json_array_append_new(list,
                              json_pack("{s:I,s:o,s:o,s:o,s:o,s:o}", "epoch", (json_int_t)e->epoch,
                                        "train_loss", cli_json_number(e->train_loss),
                                        "train_accuracy", cli_json_number(e->train_accuracy),
                                        "val_loss", cli_json_number(e->val_loss), "val_accuracy",
                                        cli_json_number(e->val_accuracy), "seconds",
                                        cli_json_number(e->seconds)));
    }
    return list;
}

static json_t *gap_json(const cli_gap *gap)
{
    return json_pack("{s:o,s:o,s:o,s:o}", "value", cli_json_number(gap->value), "relative",
                     cli_json_number(gap->relative), "curve",
                     gap->curve ? cli_json_text_or_null(gap->curve) : json_null(), "epoch",
                     gap->epoch > 0 ? json_integer(gap->epoch) : json_null());
}

static json_t *steps_json(const cli_contender *to)
{
    json_t *losses = json_array();
    for (int i = 0; i < to->first_count; i++)
        json_array_append_new(losses, cli_json_number(to->first[i]));
    return json_pack(
        "{s:o,s:i,s:o,s:o}", "losses", losses, "compared", to->evidence.step_count, "parted",
        to->evidence.parted_step > 0 ? json_integer(to->evidence.parted_step) : json_null(),
        "bound", cli_json_number(weft_selftest_loss_bound));
}

static json_t *times_json(const cli_compare *c, const cli_contender *to)
{
    json_t *list = json_array();
    for (int i = 0; i < c->level_count; i++)
        json_array_append_new(list, cli_json_number(cli_seconds_to(
                                        to->files.epoch, to->files.epoch_count, c->level[i])));
    return list;
}

/* ---- a device ---- */

static json_t *head_json(const cli_contender *to)
{
    return json_pack("{s:o,s:o,s:o,s:b,s:i,s:o}", "name", cli_json_text(to->name), "title",
                     cli_json_text(to->title), "run", cli_json_text(to->folder), "failed",
                     to->failed ? 1 : 0, "exit_code", to->code, "failure",
                     cli_json_text_or_null(to->failed ? to->failure : ""));
}

static json_t *put_summary(json_t *object, const cli_contender *to)
{
    static const char *const configured[] = {"device", "device_name", "platform", "driver",
                                             "routes"};
    static const char *const summed[] = {
        "outcome",       "epochs",         "steps",        "seconds",          "images_per_second",
        "train_loss",    "train_accuracy", "val_loss",     "val_accuracy",     "test_loss",
        "test_accuracy", "best_epoch",     "device_bytes", "peak_memory_bytes"};
    for (size_t i = 0; i < sizeof configured / sizeof *configured; i++)
        object = put(object, configured[i], copy_of(to->files.config, configured[i]));
    for (size_t i = 0; i < sizeof summed / sizeof *summed; i++)
        object = put(object, summed[i], copy_of(to->files.summary, summed[i]));
    return object;
}

static json_t *put_costs(json_t *object, const cli_compare *c, const cli_contender *to)
{
    object = put(object, "start_seconds", cli_json_number(to->start_seconds));
    object = put(object, "compile_seconds", cli_json_number(to->compile_seconds));
    object = put(object, "joules", cli_json_number(to->joules));
    return put(object, "seconds_to_accuracy", times_json(c, to));
}

static json_t *put_verdict(json_t *object, const cli_contender *to)
{
    object = put(object, "largest_loss_difference", gap_json(&to->evidence.loss));
    object = put(object, "largest_accuracy_difference", gap_json(&to->evidence.accuracy));
    object = put(object, "first_steps", steps_json(to));
    object = put(object, "loss_chance", cli_json_number(to->evidence.chance[0]));
    object = put(object, "accuracy_chance", cli_json_number(to->evidence.chance[1]));
    object = put(object, "other_options", cli_json_text_or_null(to->other));
    object = put(object, "verdict", json_string(cli_likeness_text(to->likeness)));
    object = put(object, "reason", cli_json_text_or_null(to->reason));
    return put(object, "selftest", cli_json_text_or_null(to->selftest));
}

static json_t *contender_json(const cli_compare *c, const cli_contender *to)
{
    json_t *object = head_json(to);
    if (to->failed) return object;
    object = put_summary(object, to);
    object = put_costs(object, c, to);
    object = put_verdict(object, to);
    object = put(object, "curve", curve_json(to));
    return to->kernels ? put(object, "kernels", json_incref(to->kernels)) : object;
}

/* ---- all of it ---- */

static json_t *spread_json(const cli_compare *c)
{
    if (c->spread[0].count < 2) return json_null();
    return json_pack("{s:i,s:o,s:o,s:o,s:o}", "count", c->spread[0].count, "loss_mean",
                     cli_json_number(c->spread[0].mean), "loss_deviation",
                     cli_json_number(c->spread[0].deviation), "accuracy_mean",
                     cli_json_number(c->spread[1].mean), "accuracy_deviation",
                     cli_json_number(c->spread[1].deviation));
}

static json_t *list_json(const cli_compare *c)
{
    json_t *list = json_array();
    for (int i = 0; i < c->count; i++)
        json_array_append_new(list, contender_json(c, &c->list[i]));
    return list;
}

static json_t *levels_json(const cli_compare *c)
{
    json_t *list = json_array();
    for (int i = 0; i < c->level_count; i++)
        json_array_append_new(list, cli_json_number(c->level[i]));
    return list;
}

json_t *cli_compare_json(const cli_compare *c)
{
    return json_pack("{s:o,s:o,s:b,s:b,s:o,s:o,s:o,s:o}", "model", cli_json_text(c->model), "data",
                     cli_json_text(c->data), "trained", c->trains ? 1 : 0, "together",
                     c->together ? 1 : 0, "reference", cli_json_text(c->list[c->reference].name),
                     "accuracy_levels", levels_json(c), "seeds", spread_json(c), "devices",
                     list_json(c));
}
