/* Forward for samples in the caller's memory, without files or a data set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/model_private.h"

enum { PREDICT_BATCH = 64 };

/* One plan and its source, kept for the next call of the same kind. */
typedef struct weft_predictor {
    weft_source *source;
    weft_plan *plan;
    int32_t batch;
    weft_dtype dtype;
    weft_normalize norm;
    const char *layer; /* whose output is read; NULL: the network's. Borrowed */
} weft_predictor;

void weft_predictor_free(weft_predictor *predictor)
{
    if (!predictor) return;
    weft_plan_free(predictor->plan);
    weft_source_free(predictor->source);
    free(predictor);
}

static bool fits(const weft_predictor *p, int32_t batch, weft_dtype dtype,
                 const weft_normalize *norm)
{
    /* NOLINTBEGIN(bugprone-suspicious-memory-comparison): equal bits are what is asked */
    return p && p->batch == batch && p->dtype == dtype && p->norm.channels == norm->channels &&
           memcmp(p->norm.mean, norm->mean, sizeof p->norm.mean) == 0 &&
           memcmp(p->norm.std, norm->std, sizeof p->norm.std) == 0;
    /* NOLINTEND(bugprone-suspicious-memory-comparison) */
}

static weft_status make_plan(weft_model *model, weft_predictor *p)
{
    const char *const keep[] = {p->layer, NULL};
    WEFT_TRY(weft_source_blank(model->device, weft_graph_input(model->graph), p->dtype, &p->norm,
                               p->batch, 0, &p->source));
    const weft_plan_desc desc = {
        .mode = WEFT_MODE_PREDICT, .batch = p->batch, .keep = keep, .source = p->source};
    WEFT_TRY(weft_plan_new(model, &desc, &p->plan));
    return weft_model_prepare(model, NULL, NULL);
}

static weft_status predictor_new(weft_model *model, int32_t batch, weft_dtype dtype,
                                 const weft_normalize *norm, const char *layer,
                                 weft_predictor **out)
{
    *out = NULL;
    weft_predictor *p = calloc(1, sizeof *p);
    if (!p) return weft_fail(WEFT_ERR_MEMORY, "no memory to predict");
    p->batch = batch;
    p->dtype = dtype;
    p->norm = *norm;
    p->layer = layer;
    const weft_status status = make_plan(model, p);
    if (status == WEFT_OK) {
        *out = p;
    } else {
        weft_predictor_free(p);
    }
    return status;
}

static weft_status run_batch(weft_predictor *p, const void *samples, int64_t count, float *outputs)
{
    const weft_tensor out =
        p->layer ? weft_plan_value(p->plan, p->layer) : weft_plan_output(p->plan);
    const size_t row = (size_t)(weft_shape_count(out.shape) / p->batch) * sizeof(float);
    const weft_values values = {.batch_global = p->batch};
    WEFT_TRY(weft_source_write(p->source, 0, samples, count));
    WEFT_TRY(weft_plan_run(p->plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_FORWARD));
    return out.buffer->device->backend->read(out.buffer, (size_t)out.offset * sizeof(float),
                                             outputs, (size_t)count * row);
}

/* All samples, batch by batch; `outs` numbers come from each. */
static weft_status run_all(const weft_model *model, weft_predictor *p, const void *samples,
                           int64_t count, int64_t outs, float *outputs)
{
    const size_t sample =
        (size_t)weft_shape_count(weft_graph_input(model->graph)) * weft_dtype_bytes(p->dtype);
    for (int64_t at = 0; at < count; at += p->batch) {
        const int64_t rows = count - at < p->batch ? count - at : p->batch;
        const char *from = (const char *)samples + (size_t)at * sample;
        WEFT_TRY(run_batch(p, from, rows, outputs + at * outs));
    }
    return WEFT_OK;
}

weft_status weft_model_predict(weft_model *model, const void *samples, weft_dtype dtype,
                               int64_t count, const weft_normalize *norm, float *outputs)
{
    const int32_t batch = count == 1 ? 1 : PREDICT_BATCH;
    if (count < 1) return weft_fail(WEFT_ERR_USAGE, "predict: no samples");
    if (!fits(model->predictor, batch, dtype, norm)) {
        weft_predictor_free(model->predictor);
        model->predictor = NULL;
        WEFT_TRY(predictor_new(model, batch, dtype, norm, NULL, &model->predictor));
    }
    return run_all(model, model->predictor, samples, count,
                   weft_shape_count(weft_graph_output(model->graph)), outputs);
}

weft_status weft_model_features(weft_model *model, const char *layer, const void *samples,
                                weft_dtype dtype, int64_t count, const weft_normalize *norm,
                                float *values)
{
    weft_predictor *p = NULL;
    if (count < 1) return weft_fail(WEFT_ERR_USAGE, "features: no samples");
    const int32_t batch = count < PREDICT_BATCH ? (int32_t)count : PREDICT_BATCH;
    WEFT_TRY(predictor_new(model, batch, dtype, norm, layer, &p));
    const weft_node *node = weft_graph_node(model->graph, weft_graph_find(model->graph, layer));
    const weft_status status =
        run_all(model, p, samples, count, weft_shape_count(node->needs.out.shape), values);
    weft_predictor_free(p);
    return status;
}

void weft_softmax(const float *logits, int32_t count, float *probabilities)
{
    double most = -INFINITY, sum = 0;
    for (int32_t i = 0; i < count; i++)
        most = fmax(most, (double)logits[i]);
    for (int32_t i = 0; i < count; i++)
        sum += exp((double)logits[i] - most);
    for (int32_t i = 0; i < count; i++) {
        probabilities[i] = (float)(exp((double)logits[i] - most) / sum);
    }
}
