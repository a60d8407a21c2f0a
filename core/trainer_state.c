/* The state of a training as metadata of a checkpoint, and back. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "core/posix.h"
#include "core/trainer.h"

static const char FORMAT_VERSION[] = "1";
enum { DIGEST_TEXT = 33, REASON_TEXT = 512 };

/* Every key but the digest, which covers them in this order. */
static const char *const KEYS[] = {
    "weft",           "model",       "network",      "normalize",     "classes", "data_hash",
    "options",        "seed",        "epoch",        "step_in_epoch", "step",    "samples",
    "loss_sum",       "correct_sum", "best_loss",    "best_epoch",    "waited",  "train_loss",
    "train_accuracy", "val_loss",    "val_accuracy", "routes",
};
enum { KEY_COUNT = sizeof KEYS / sizeof KEYS[0] };

/* ---- the digest ---- */

static bool all_finite(const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Values and, for what is trained, moments of one parameter. */
static weft_status digest_parameter(weft_model *model, int32_t index, float *values,
                                    XXH3_state_t *hash)
{
    const weft_parameter *p = weft_model_parameter(model, index);
    const int64_t count = weft_shape_count(p->file_shape);
    const int slots = p->state || p->frozen ? 0 : weft_model_slots(model);
    for (int slot = -1; slot < slots; slot++) {
        WEFT_TRY(weft_model_read(model, index, slot, values));
        if (slot < 0 && !all_finite(values, count))
            return weft_fail(WEFT_ERR_DIVERGED, "%s is no longer a finite number", p->name);
        XXH3_128bits_update(hash, values, (size_t)count * sizeof *values);
    }
    return WEFT_OK;
}

static weft_status digest_weights(weft_model *model, XXH3_state_t *hash)
{
    int64_t most = 1;
    const int32_t count = weft_model_parameter_count(model);
    for (int32_t i = 0; i < count; i++) {
        const int64_t size = weft_shape_count(weft_model_parameter(model, i)->file_shape);
        if (size > most) most = size;
    }
    float *values = calloc((size_t)most, sizeof *values);
    if (!values) return weft_fail(WEFT_ERR_MEMORY, "no memory to read the weights");
    weft_status status = WEFT_OK;
    for (int32_t i = 0; i < count && status == WEFT_OK; i++)
        status = digest_parameter(model, i, values, hash);
    free(values);
    return status;
}

/* XXH3-128 over metadata and tensors: a checkpoint that was changed by accident is not continued.
 */
static weft_status digest(weft_model *model, const weft_meta *meta, char hex[DIGEST_TEXT])
{
    XXH3_state_t *hash = XXH3_createState();
    if (!hash) return weft_fail(WEFT_ERR_MEMORY, "no memory to check the weights");
    XXH3_128bits_reset(hash);
    for (int i = 0; i < KEY_COUNT; i++) {
        const char *value = weft_meta_get(meta, KEYS[i]);
        if (value) XXH3_128bits_update(hash, value, strlen(value) + 1);
    }
    const weft_status status = digest_weights(model, hash);
    const XXH128_hash_t sum = XXH3_128bits_digest(hash);
    snprintf(hex, DIGEST_TEXT, "%016" PRIx64 "%016" PRIx64, (uint64_t)sum.high64,
             (uint64_t)sum.low64);
    XXH3_freeState(hash);
    return status;
}

/* ---- out ---- */

/* A double as the 16 hex digits of its bits: exact, and free of the locale. */
static weft_status set_bits(weft_meta *meta, const char *key, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return weft_meta_format(meta, key, "%016" PRIx64, bits);
}

static weft_status set_state(weft_meta *meta, const weft_train_state *s)
{
    WEFT_TRY(weft_meta_format(meta, "epoch", "%" PRIu32, s->epoch));
    WEFT_TRY(weft_meta_format(meta, "step_in_epoch", "%" PRId64, s->step_in_epoch));
    WEFT_TRY(weft_meta_format(meta, "step", "%" PRIu64, s->step));
    WEFT_TRY(weft_meta_format(meta, "samples", "%" PRId64, s->samples));
    WEFT_TRY(weft_meta_format(meta, "best_epoch", "%" PRIu32, s->best_epoch));
    WEFT_TRY(weft_meta_format(meta, "waited", "%" PRId64, s->waited));
    WEFT_TRY(set_bits(meta, "loss_sum", s->loss_sum));
    WEFT_TRY(set_bits(meta, "correct_sum", s->correct_sum));
    WEFT_TRY(set_bits(meta, "best_loss", s->best_loss));
    WEFT_TRY(set_bits(meta, "train_loss", s->train_loss));
    WEFT_TRY(set_bits(meta, "train_accuracy", s->train_accuracy));
    WEFT_TRY(set_bits(meta, "val_loss", s->val_loss));
    return set_bits(meta, "val_accuracy", s->val_accuracy);
}

/* Where the network's file lay does not belong into a checkpoint. */
static const char *name_of(const weft_train_desc *desc)
{
    return desc->model_name ? weft_path_name(desc->model_name) : "unnamed";
}

static weft_status fill_meta(weft_trainer *t, weft_meta *meta)
{
    WEFT_TRY(weft_meta_set(meta, "weft", FORMAT_VERSION));
    WEFT_TRY(weft_meta_set(meta, "model", name_of(&t->desc)));
    WEFT_TRY(weft_meta_set(meta, "network", weft_graph_text(t->desc.graph)));
    WEFT_TRY(weft_meta_set_normalize(meta, &t->norm));
    if (t->data.class_names)
        WEFT_TRY(weft_meta_set_names(meta, t->data.class_names, t->data.class_count));
    WEFT_TRY(weft_meta_set(meta, "data_hash", t->data_hash));
    WEFT_TRY(weft_meta_set(meta, "options", t->options_text));
    WEFT_TRY(weft_meta_set(meta, "routes", t->device->routes));
    WEFT_TRY(weft_meta_format(meta, "seed", "%" PRIu64, t->options.seed));
    WEFT_TRY(set_state(meta, &t->state));

    char hex[DIGEST_TEXT];
    WEFT_TRY(digest(t->model, meta, hex));
    return weft_meta_set(meta, "digest", hex);
}

weft_status weft_trainer_meta(weft_trainer *t, weft_meta **out)
{
    weft_meta *meta = NULL;
    *out = NULL;
    WEFT_TRY(weft_meta_new(&meta));
    const weft_status status = fill_meta(t, meta);
    if (status == WEFT_OK)
        *out = meta;
    else
        weft_meta_free(meta);
    return status;
}

/* ---- in ---- */

static weft_status get_bits(const weft_meta *meta, const char *key, double *out)
{
    const char *text = weft_meta_get(meta, key);
    char *end = NULL;
    const uint64_t bits = text ? strtoull(text, &end, 16) : 0;
    if (!text || strlen(text) != 16 || *end)
        return weft_fail(WEFT_ERR_FORMAT, "checkpoint: \"%s\" is missing or damaged", key);
    memcpy(out, &bits, sizeof bits);
    return WEFT_OK;
}

static weft_status get_count(const weft_meta *meta, const char *key, uint64_t most, uint64_t *out)
{
    WEFT_TRY(weft_meta_u64(meta, key, out));
    if (*out > most) return weft_fail(WEFT_ERR_FORMAT, "checkpoint: \"%s\" is too large", key);
    return WEFT_OK;
}

static weft_status get_state(const weft_meta *meta, const weft_trainer *t, weft_train_state *s)
{
    uint64_t epoch, in_epoch, samples, best_epoch, waited;
    WEFT_TRY(get_count(meta, "epoch", (uint64_t)t->options.epochs, &epoch));
    WEFT_TRY(get_count(meta, "step_in_epoch", (uint64_t)t->steps_per_epoch, &in_epoch));
    WEFT_TRY(get_count(meta, "step", t->steps, &s->step));
    WEFT_TRY(get_count(meta, "samples", (uint64_t)t->train_count, &samples));
    WEFT_TRY(get_count(meta, "best_epoch", epoch, &best_epoch));
    WEFT_TRY(get_count(meta, "waited", epoch, &waited));
    s->epoch = (uint32_t)epoch;
    s->step_in_epoch = (int64_t)in_epoch;
    s->samples = (int64_t)samples;
    s->best_epoch = (uint32_t)best_epoch;
    s->waited = (int64_t)waited;
    WEFT_TRY(get_bits(meta, "loss_sum", &s->loss_sum));
    WEFT_TRY(get_bits(meta, "correct_sum", &s->correct_sum));
    WEFT_TRY(get_bits(meta, "best_loss", &s->best_loss));
    WEFT_TRY(get_bits(meta, "train_loss", &s->train_loss));
    WEFT_TRY(get_bits(meta, "train_accuracy", &s->train_accuracy));
    WEFT_TRY(get_bits(meta, "val_loss", &s->val_loss));
    return get_bits(meta, "val_accuracy", &s->val_accuracy);
}

/* ---- may it be continued? ---- */

/* A short JSON text of one value, for messages. */
static void value_text(const json_t *value, char *text, size_t size)
{
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
    snprintf(text, size, "%.60s", dump ? dump : "missing");
    free(dump);
}

/* Name the first option that differs. */
static weft_status compare_options(const weft_trainer *t, const json_t *was, const json_t *is)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)was, key, value)
    {
        const json_t *now = json_object_get(is, key);
        if (now && json_equal(value, now)) continue;
        char before[64], after[64];
        value_text(value, before, sizeof before);
        value_text(now, after, sizeof after);
        return weft_fail(WEFT_ERR_USAGE,
                         "cannot resume %s: %s was %s and is %s now; resume with the options of "
                         "its config.json, or start a new run",
                         t->desc.resume, key, before, after);
    }
    return WEFT_OK;
}

static weft_status check_options(const weft_trainer *t, const weft_meta *meta)
{
    const char *text = weft_meta_get(meta, "options");
    json_t *was = text ? json_loads(text, 0, NULL) : NULL;
    json_t *is = json_loads(t->options_text, 0, NULL);
    weft_status status;
    if (!json_is_object(was))
        status = weft_fail(WEFT_ERR_FORMAT, "checkpoint: \"options\" is missing or damaged");
    else if (!is)
        status = weft_fail(WEFT_ERR_MEMORY, "no memory to compare options");
    else
        status = compare_options(t, was, is);
    json_decref(was);
    json_decref(is);
    return status;
}

static weft_status check_equal(const weft_trainer *t, const weft_meta *meta, const char *key,
                               const char *is, const char *what)
{
    const char *was = weft_meta_get(meta, key);
    if (!was) return weft_fail(WEFT_ERR_FORMAT, "checkpoint: \"%s\" is missing", key);
    if (strcmp(was, is) == 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "cannot resume %s: %s, start a new run", t->desc.resume, what);
}

static weft_status check_fits(const weft_trainer *t, const weft_meta *meta)
{
    WEFT_TRY(check_equal(t, meta, "weft", FORMAT_VERSION,
                         "its checkpoint was written by another version of weft"));
    WEFT_TRY(check_equal(t, meta, "network", weft_graph_text(t->desc.graph),
                         "the network is not the one it was trained with"));
    WEFT_TRY(check_options(t, meta));
    return check_equal(t, meta, "data_hash", t->data_hash,
                       "the data are not those it was trained on");
}

/* ---- resuming ---- */

static weft_status read_meta(const weft_trainer *t, const char *which, weft_meta **out)
{
    *out = NULL;
    char *path = weft_run_checkpoint(t->run, which);
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "no memory for a path");
    const weft_status status = weft_checkpoint_meta(path, out);
    free(path);
    return status;
}

/* Can the other checkpoint help? Then this one's message is kept for the warning. */
static bool try_older(weft_status status, char *reason, size_t size)
{
    if (status == WEFT_OK || status == WEFT_ERR_DEVICE || status == WEFT_ERR_MEMORY) return false;
    snprintf(reason, size, "%s", weft_error());
    return true;
}

static weft_status check_checkpoint(weft_trainer *t, const char *which)
{
    weft_meta *meta = NULL;
    WEFT_TRY(read_meta(t, which, &meta));
    weft_status status = check_fits(t, meta);
    if (status == WEFT_OK) status = weft_meta_get_normalize(meta, &t->norm);
    weft_meta_free(meta);
    return status;
}

weft_status weft_trainer_resume_check(weft_trainer *t)
{
    char reason[REASON_TEXT];
    if (weft_run_is_finished(t->run))
        return weft_fail(WEFT_ERR_USAGE,
                         "%s is already finished: there is nothing to resume; more epochs would "
                         "change its schedule, so start a new run with --init",
                         t->desc.resume);
    const weft_status status = check_checkpoint(t, "last");
    if (!try_older(status, reason, sizeof reason)) return status;
    if (check_checkpoint(t, "prev") == WEFT_OK) return WEFT_OK;
    return weft_fail(status, "%s", reason);
}

static weft_status load(weft_trainer *t, const weft_meta *meta, const char *path)
{
    char hex[DIGEST_TEXT];
    weft_train_state state = {0};
    const char *wants = weft_meta_get(meta, "digest");
    WEFT_TRY(check_fits(t, meta));
    WEFT_TRY(get_state(meta, t, &state));
    WEFT_TRY(weft_checkpoint_load(t->model, path, &(weft_load_desc){.optim = true}));
    weft_status status = digest(t->model, meta, hex);
    if (status == WEFT_ERR_DIVERGED || !wants || strcmp(hex, wants) != 0)
        status = weft_fail(WEFT_ERR_FORMAT, "%s: its contents do not match their digest", path);
    if (status == WEFT_OK) t->state = state;
    return status;
}

static weft_status load_checkpoint(weft_trainer *t, const char *which)
{
    weft_meta *meta = NULL;
    char *path = weft_run_checkpoint(t->run, which);
    weft_status status = path ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "no memory for a path");
    if (status == WEFT_OK) status = weft_checkpoint_meta(path, &meta);
    if (status == WEFT_OK) status = load(t, meta, path);
    weft_meta_free(meta);
    free(path);
    return status;
}

weft_status weft_trainer_resume(weft_trainer *t)
{
    char reason[REASON_TEXT];
    t->resumed = true;
    const weft_status status = load_checkpoint(t, "last");
    if (!try_older(status, reason, sizeof reason)) return status;
    if (load_checkpoint(t, "prev") != WEFT_OK)
        return weft_fail(status, "cannot resume %s: %s", t->desc.resume, reason);
    char text[REASON_TEXT + 64];
    snprintf(text, sizeof text, "%s; going on from the checkpoint before it (step %" PRIu64 ")",
             reason, t->state.step);
    weft_trainer_say_warning(t, text);
    t->from_prev = true;
    return WEFT_OK;
}
