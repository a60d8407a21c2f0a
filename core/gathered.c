#include "core/gathered.h"

#include <math.h>

/* One op that gathers one row, run once for each epoch. */
typedef struct gathering {
    weft_device *device;
    const weft_backend *be;
    weft_source *source;
    weft_op op;
    weft_step *step;
    size_t row_bytes;
} gathering;

static weft_status bind(gathering *g)
{
    const weft_source_view view = weft_source_tensors(g->source);
    weft_tensor row = {.shape = view.samples.shape};
    row.shape.dim[0] = 1;
    g->row_bytes = (size_t)weft_shape_count(row.shape) * sizeof(float);
    WEFT_TRY(g->be->buffer_new(g->device, g->row_bytes, &row.buffer));
    g->op.in[0] = view.samples;
    g->op.in[1] = view.order;
    g->op.in[2] = view.norm;
    g->op.out[0] = row;
    g->op.mode[0] = WEFT_OUT_SET;
    return WEFT_OK;
}

/* A gather only copies: it is prepared without scratch memory. */
static weft_status prepare(gathering *g)
{
    weft_support support;
    WEFT_TRY(g->be->supports(g->device, &g->op, &support));
    if (support.scratch_bytes == 0) return g->be->prepare(g->device, &g->op, NULL, &g->step);
    return weft_fail(WEFT_ERR_UNSUPPORTED, "gather: this device wants scratch memory for it");
}

static weft_status run(gathering *g, int32_t epochs, float *values)
{
    const size_t floats = g->row_bytes / sizeof *values;
    for (int32_t e = 0; e < epochs; e++) {
        const weft_values step = {.epoch = (uint32_t)e, .batch_global = 1};
        WEFT_TRY(g->be->enqueue(g->step, &step));
        WEFT_TRY(g->be->read(g->op.out[0].buffer, 0, values + (size_t)e * floats, g->row_bytes));
    }
    return WEFT_OK;
}

weft_status weft_gather_epochs(weft_device *device, const weft_dataset *data,
                               const weft_normalize *norm, const weft_gather *with, int32_t id,
                               int32_t epochs, float *values)
{
    gathering g = {.device = device,
                   .be = device->backend,
                   .op = {.kind = WEFT_OP_gather, .with.gather = *with}};
    if (id < 0 || id >= data->count) {
        return weft_fail(WEFT_ERR_USAGE, "%s has no sample %d: it has %lld", data->name, (int)id,
                         (long long)data->count);
    }
    weft_status status = weft_source_borrow(device, data, norm, 1, &g.source);
    if (status == WEFT_OK) status = weft_source_order(g.source, 0, &id, 1);
    if (status == WEFT_OK) status = bind(&g);
    if (status == WEFT_OK) status = prepare(&g);
    if (status == WEFT_OK) status = run(&g, epochs, values);
    g.be->release(g.step);
    if (g.op.out[0].buffer) g.be->buffer_free(g.op.out[0].buffer);
    weft_source_free(g.source);
    return status;
}

void weft_denormalize(const weft_normalize *norm, const float *values, int64_t count,
                      uint8_t *bytes)
{
    for (int64_t i = 0; i < count; i++) {
        const int32_t c = (int32_t)(i % norm->channels);
        const double value = (double)values[i] * (double)norm->std[c] + (double)norm->mean[c];
        const double byte = nearbyint(value * 255);
        bytes[i] = byte > 0 ? (uint8_t)fmin(byte, 255) : 0;
    }
}
