/* Making a training ready for its first step. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/posix.h"
#include "core/rng.h"
#include "core/trainer.h"

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "no memory for the lists of samples");
}

/* ---- what is wanted ---- */

static weft_status check_loss(const weft_train_options *options, const weft_dataset *data)
{
    const bool classes = options->loss == WEFT_LOSS_SOFTMAX_XENT;
    if (classes ? data->classes != NULL : data->targets != NULL) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "loss %s needs %s, which %s does not have",
                     weft_loss_name(options->loss), classes ? "class numbers" : "target numbers",
                     data->name ? data->name : "the data set");
}

static weft_status check_data(const weft_trainer *t, const weft_dataset *data)
{
    WEFT_TRY(weft_dataset_check(data));
    WEFT_TRY(weft_eval_check(t->desc.graph, data));
    return check_loss(&t->options, data);
}

static weft_status options_text(weft_trainer *t)
{
    json_t *object = json_object();
    const char *family = t->desc.family ? t->desc.family : "auto";
    const char *gemm = t->desc.gemm ? t->desc.gemm : "auto";
    weft_status status = WEFT_ERR_MEMORY;
    if (object && json_object_set_new(object, "family", json_string(family)) == 0 &&
        json_object_set_new(object, "gemm", json_string(gemm)) == 0)
        status = weft_config_write_results(&t->options, object);
    if (status == WEFT_OK)
        t->options_text =
            json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    json_decref(object);
    return t->options_text ? WEFT_OK : no_memory();
}

static weft_status check_wishes(weft_trainer *t)
{
    const weft_train_desc *desc = &t->desc;
    WEFT_TRY(weft_dataset_check(desc->data));
    WEFT_TRY(weft_train_check(&desc->options, desc->data->count));
    weft_train_defaults(&t->options, desc->data->count);
    if (t->options.limit > 0 && t->options.limit < t->data.count) t->data.count = t->options.limit;
    WEFT_TRY(check_data(t, desc->data));
    if (desc->test) WEFT_TRY(check_data(t, desc->test));
    if (!desc->init && desc->init_partial)
        return weft_fail(WEFT_ERR_USAGE, "init_partial needs weights to start from: give init");

    t->val_count = t->options.val_count > 0 ? t->options.val_count : 0;
    t->train_count = t->data.count - t->val_count;
    t->batch =
        (int32_t)(t->options.batch_size < t->train_count ? t->options.batch_size : t->train_count);
    t->steps_per_epoch = (t->train_count + t->batch - 1) / t->batch;
    t->steps = (uint64_t)t->options.epochs * (uint64_t)t->steps_per_epoch;
    if (t->options.max_steps > 0 && (uint64_t)t->options.max_steps < t->steps)
        t->steps = (uint64_t)t->options.max_steps;
    return WEFT_OK;
}

/* What concerns files is settled early: a refusal should not cost the time of a start. */
static weft_status check_files(weft_trainer *t)
{
    const weft_train_desc *desc = &t->desc;
    if (!desc->out && !desc->resume) return WEFT_OK;
    WEFT_TRY(options_text(t));
    WEFT_TRY(weft_dataset_hash(&t->data, t->data_hash));
    if (!desc->resume) return weft_run_refuse(desc->out, desc->overwrite);
    WEFT_TRY(weft_run_reopen(desc->resume, &t->run));
    return weft_trainer_resume_check(t);
}

/* ---- which samples ---- */

/* The last val_count ids of a seeded shuffle are held out; the others stay in rising order. */
static weft_status split(weft_trainer *t, int32_t *held_out)
{
    const int64_t count = t->data.count;
    int32_t *all = calloc((size_t)count, sizeof *all);
    bool *is_held = calloc((size_t)count, sizeof *is_held);
    t->train_ids = calloc((size_t)t->train_count, sizeof *t->train_ids);
    t->order = calloc((size_t)t->train_count, sizeof *t->order);
    const bool enough = all && is_held && t->train_ids && t->order;
    if (enough) {
        for (int64_t i = 0; i < count; i++)
            all[i] = (int32_t)i;
        weft_shuffle(t->options.seed, 0, all, (int32_t)count);
        for (int64_t i = 0; i < t->val_count; i++)
            is_held[all[t->train_count + i]] = true;
        int64_t trained = 0, held = 0;
        for (int32_t i = 0; i < (int32_t)count; i++) {
            if (is_held[i])
                held_out[held++] = i;
            else
                t->train_ids[trained++] = i;
        }
    }
    free(all);
    free(is_held);
    return enough ? WEFT_OK : no_memory();
}

static weft_status normalise(weft_trainer *t)
{
    if (t->norm.channels > 0) return WEFT_OK; /* a resumed run keeps its own */
    if (t->options.fixed_normalize)
        t->norm = t->options.normalize;
    else
        WEFT_TRY(weft_normalize_measure(&t->data, t->train_ids, t->train_count, &t->norm));
    return WEFT_OK;
}

weft_status weft_trainer_order(weft_trainer *t)
{
    memcpy(t->order, t->train_ids, (size_t)t->train_count * sizeof *t->order);
    if (!t->options.no_shuffle)
        weft_shuffle(t->options.seed, t->state.epoch + 1, t->order, (int32_t)t->train_count);
    return weft_source_order(t->source, (t->state.epoch % 2) * t->train_count, t->order,
                             t->train_count);
}

/* ---- on the device ---- */

weft_model_desc weft_trainer_model_desc(const weft_trainer *t)
{
    const weft_train_options *o = &t->options;
    return (weft_model_desc){.seed = o->seed,
                             .optimizer = &o->optimizer,
                             .loss = o->loss,
                             .label_smoothing = o->label_smoothing,
                             .augment = o->augment,
                             .no_fusion = o->no_fusion,
                             .freeze = o->freeze,
                             .log = t->desc.log};
}

static weft_status new_model(weft_trainer *t)
{
    const weft_model_desc desc = weft_trainer_model_desc(t);
    return weft_model_new(t->desc.graph, t->device, &desc, &t->model);
}

static weft_status training_plan(weft_trainer *t, int32_t batch, weft_plan **plan)
{
    return weft_plan_new(
        t->model, &(weft_plan_desc){.mode = WEFT_MODE_TRAIN, .batch = batch, .source = t->source},
        plan);
}

static weft_status new_training(weft_trainer *t)
{
    WEFT_TRY(weft_source_borrow(t->device, &t->data, &t->norm, 2 * t->train_count, &t->source));
    WEFT_TRY(weft_trainer_order(t));
    WEFT_TRY(training_plan(t, t->batch, &t->full));
    const int32_t rest = (int32_t)(t->train_count % t->batch);
    return rest > 0 ? training_plan(t, rest, &t->tail) : WEFT_OK;
}

static weft_status new_validation(weft_trainer *t, const int32_t *held_out)
{
    if (t->val_count == 0) return WEFT_OK;
    weft_source *source = NULL;
    WEFT_TRY(weft_source_share(t->source, t->val_count, &source));
    WEFT_TRY(weft_eval_open(&t->validation, t->model, source, t->val_count, t->batch,
                            t->data.classes != NULL));
    return weft_source_order(source, 0, held_out, t->val_count);
}

static weft_status new_test(weft_trainer *t)
{
    const weft_dataset *test = t->desc.test;
    if (!test) return WEFT_OK;
    weft_source *source = NULL;
    WEFT_TRY(weft_source_borrow(t->device, test, &t->norm, test->count, &source));
    WEFT_TRY(
        weft_eval_open(&t->test, t->model, source, test->count, t->batch, test->classes != NULL));
    return weft_source_in_order(source, test->count);
}

static weft_status new_plans(weft_trainer *t, const int32_t *held_out)
{
    WEFT_TRY(new_model(t));
    t->ring.model = t->model;
    WEFT_TRY(new_training(t));
    WEFT_TRY(new_validation(t, held_out));
    WEFT_TRY(new_test(t));
    return weft_model_prepare(t->model, t->desc.observer.on_prepare, t->desc.observer.user);
}

/* Every kernel runs once before the first step, on weights that mean nothing yet, and a loss is
 * read. What a device compiles or refuses late, it does here. */
static weft_status warm_up(weft_trainer *t)
{
    bool got;
    weft_ring_entry nothing;
    WEFT_TRY(weft_trainer_launch(t, t->full, 0));
    WEFT_TRY(weft_ring_push(&t->ring, 0, t->batch));
    WEFT_TRY(weft_ring_pop(&t->ring, true, &got, &nothing));
    if (t->tail) WEFT_TRY(weft_trainer_launch(t, t->tail, 0));
    WEFT_TRY(weft_eval_warm_up(&t->validation));
    WEFT_TRY(weft_eval_warm_up(&t->test));
    return t->device->backend->finish(t->device);
}

static weft_status first_weights(weft_trainer *t)
{
    const weft_train_desc *desc = &t->desc;
    if (desc->resume) return weft_trainer_resume(t);
    WEFT_TRY(weft_model_init(t->model));
    if (!desc->init) return WEFT_OK;
    return weft_checkpoint_load(t->model, desc->init,
                                &(weft_load_desc){.partial = desc->init_partial});
}

static weft_status set_up(weft_trainer *t, int32_t **held_out)
{
    WEFT_TRY(check_wishes(t));
    WEFT_TRY(check_files(t));
    *held_out = calloc((size_t)t->val_count + 1, sizeof **held_out);
    if (!*held_out) return no_memory();
    WEFT_TRY(split(t, *held_out));
    WEFT_TRY(normalise(t));
    WEFT_TRY(weft_trainer_check_memory(t));
    WEFT_TRY(new_plans(t, *held_out));
    WEFT_TRY(warm_up(t));
    WEFT_TRY(first_weights(t));
    return t->desc.check_numerics ? weft_model_watch(t->model) : WEFT_OK;
}

weft_status weft_trainer_new(weft_device *device, const weft_train_desc *desc, weft_trainer **out)
{
    int32_t *held_out = NULL;
    *out = NULL;
    weft_trainer *t = calloc(1, sizeof *t);
    if (!t) return no_memory();
    t->device = device;
    t->desc = *desc;
    t->options = desc->options;
    t->data = *desc->data;
    t->saved_step = UINT64_MAX;
    t->state.best_loss = (double)INFINITY;
    t->state.train_loss = t->state.train_accuracy = (double)NAN;
    t->state.val_loss = t->state.val_accuracy = (double)NAN;

    const double start = weft_clock();
    const weft_status status = set_up(t, &held_out);
    t->start_seconds = desc->open_seconds + weft_clock() - start;
    free(held_out);
    if (status == WEFT_OK)
        *out = t;
    else
        weft_trainer_free(t);
    return status;
}

void weft_trainer_free(weft_trainer *t)
{
    if (!t) return;
    weft_ring_abandon(&t->ring);
    weft_eval_close(&t->test);
    weft_eval_close(&t->validation);
    weft_plan_free(t->full);
    weft_plan_free(t->tail);
    weft_model_free(t->model);
    weft_source_free(t->source);
    weft_run_free(t->run);
    weft_trainer_drop_warnings(t);
    free(t->options_text);
    free(t->train_ids);
    free(t->order);
    free(t);
}

weft_model *weft_trainer_model(weft_trainer *t)
{
    return t->model;
}

const weft_normalize *weft_trainer_normalize(const weft_trainer *t)
{
    return &t->norm;
}

const weft_bad_op *weft_trainer_bad_op(const weft_trainer *t)
{
    return weft_model_bad_op(t->model);
}
