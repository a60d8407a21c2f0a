#include "core/trainer_eval.h"

#include <math.h>
#include <stdlib.h>

#include "core/trainer_ring.h"

enum { DEFAULT_BATCH = 64 };

weft_status weft_eval_check(const weft_graph *graph, const weft_dataset *data)
{
    char wants[WEFT_SHAPE_TEXT], has[WEFT_SHAPE_TEXT];
    const char *name = data->name ? data->name : "the data set";
    const weft_shape input = weft_graph_input(graph);
    if (!weft_shape_equal(input, data->shape))
        return weft_fail(WEFT_ERR_SHAPE,
                         "the network takes %s, but the samples of %s are %s: use data of that "
                         "shape or change the network's input line",
                         weft_shape_print(input, wants), name, weft_shape_print(data->shape, has));

    const int64_t outputs = weft_shape_count(weft_graph_output(graph));
    if (data->classes && data->class_count > outputs)
        return weft_fail(WEFT_ERR_SHAPE,
                         "the network has %lld outputs, but %s has %d classes: change the units of "
                         "its last layer",
                         (long long)outputs, name, (int)data->class_count);
    if (data->targets && data->target_width != outputs)
        return weft_fail(WEFT_ERR_SHAPE,
                         "the network has %lld outputs, but the targets of %s have %d numbers",
                         (long long)outputs, name, (int)data->target_width);
    return WEFT_OK;
}

static weft_status add_plan(weft_eval *eval, int32_t batch, weft_plan **plan)
{
    return weft_plan_new(
        eval->model,
        &(weft_plan_desc){.mode = WEFT_MODE_EVAL, .batch = batch, .source = eval->source}, plan);
}

weft_status weft_eval_open(weft_eval *eval, weft_model *model, weft_source *source, int64_t count,
                           int32_t batch, bool classes)
{
    *eval = (weft_eval){.model = model, .source = source, .count = count, .classes = classes};
    eval->batch = count < batch ? (int32_t)count : batch;
    const int32_t rest = (int32_t)(count % eval->batch);
    WEFT_TRY(add_plan(eval, eval->batch, &eval->full));
    return rest > 0 ? add_plan(eval, rest, &eval->tail) : WEFT_OK;
}

void weft_eval_close(weft_eval *eval)
{
    weft_plan_free(eval->full);
    weft_plan_free(eval->tail);
    weft_source_free(eval->source);
    *eval = (weft_eval){0};
}

static weft_status launch(weft_plan *plan, uint64_t number, int64_t first)
{
    const int32_t rows = weft_plan_batch(plan);
    const weft_values values = {.step = number,
                                .first = (int32_t)first,
                                .batch_global = rows,
                                .correction1 = 1.0f,
                                .correction2 = 1.0f,
                                .grad_scale = 1.0f,
                                .loss_scale = 1.0f / (float)rows};
    return weft_plan_run(plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_LOSS);
}

weft_status weft_eval_warm_up(weft_eval *eval)
{
    if (eval->full) WEFT_TRY(launch(eval->full, 0, 0));
    return eval->tail ? launch(eval->tail, 0, 0) : WEFT_OK;
}

static weft_status read_logits(const weft_plan *plan, float *to)
{
    const weft_tensor out = weft_plan_output(plan);
    const size_t bytes = (size_t)weft_shape_count(out.shape) * sizeof *to;
    const weft_backend *backend = out.buffer->device->backend;
    return backend->read(out.buffer, (size_t)out.offset * sizeof *to, to, bytes);
}

/* Add the oldest batch to the sums, in order. */
static weft_status collect(weft_ring *ring, weft_score *sums)
{
    bool got;
    weft_ring_entry entry;
    WEFT_TRY(weft_ring_pop(ring, true, &got, &entry));
    if (!got) return WEFT_OK;
    sums->loss += (double)entry.value[0];
    sums->accuracy += (double)entry.value[1];
    sums->samples += entry.rows;
    return WEFT_OK;
}

static weft_status all_batches(weft_eval *eval, weft_ring *ring, const volatile sig_atomic_t *stop,
                               float *logits, weft_score *sums, bool *stopped)
{
    const int64_t width = weft_shape_count(weft_graph_output(weft_model_graph(eval->model)));
    uint64_t number = 0;
    for (int64_t first = 0; first < eval->count; first += eval->batch, number++) {
        if (stop && *stop) {
            *stopped = true;
            return WEFT_OK;
        }
        const bool whole = eval->count - first >= eval->batch;
        weft_plan *plan = whole ? eval->full : eval->tail;
        WEFT_TRY(launch(plan, number, first));
        WEFT_TRY(weft_ring_push(ring, number, weft_plan_batch(plan)));
        if (logits) WEFT_TRY(read_logits(plan, logits + first * width));
        if (weft_ring_full(ring)) WEFT_TRY(collect(ring, sums));
    }
    while (ring->count > 0)
        WEFT_TRY(collect(ring, sums));
    return WEFT_OK;
}

weft_status weft_eval_run(weft_eval *eval, const volatile sig_atomic_t *stop, float *logits,
                          weft_score *score, bool *stopped)
{
    weft_ring ring = {.model = eval->model};
    weft_score sums = {0};
    bool gave_up = false;
    *score = (weft_score){.loss = (double)NAN, .accuracy = (double)NAN};
    if (stopped) *stopped = false;

    const weft_status status = all_batches(eval, &ring, stop, logits, &sums, &gave_up);
    weft_ring_abandon(&ring);
    if (status != WEFT_OK) return status;
    if (gave_up) {
        if (stopped) *stopped = true;
        return WEFT_OK;
    }
    score->samples = sums.samples;
    score->loss = sums.loss / (double)sums.samples;
    if (eval->classes) score->accuracy = sums.accuracy / (double)sums.samples;
    return WEFT_OK;
}

/* ---- the public one ---- */

static weft_status evaluate(weft_eval *eval, weft_model *model, weft_source *source,
                            const weft_dataset *data, int32_t batch, float *logits,
                            weft_score *score)
{
    WEFT_TRY(weft_eval_open(eval, model, source, data->count, batch, data->classes != NULL));
    WEFT_TRY(weft_source_in_order(eval->source, data->count));
    WEFT_TRY(weft_model_prepare(model, NULL, NULL));
    return weft_eval_run(eval, NULL, logits, score, NULL);
}

weft_status weft_evaluate(weft_model *model, const weft_dataset *data, const weft_normalize *norm,
                          int32_t batch, float *logits, weft_score *score)
{
    *score = (weft_score){0};
    WEFT_TRY(weft_dataset_check(data));
    WEFT_TRY(weft_eval_check(weft_model_graph(model), data));

    weft_eval eval = {0};
    weft_source *source = NULL;
    WEFT_TRY(weft_source_borrow(weft_model_device(model), data, norm, data->count, &source));
    const weft_status status =
        evaluate(&eval, model, source, data, batch > 0 ? batch : DEFAULT_BATCH, logits, score);
    weft_eval_close(&eval);
    return status;
}
