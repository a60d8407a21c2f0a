/* Making a network ready to be measured. */
#include <stdlib.h>

#include "core/bench_private.h"
#include "core/fit.h"
#include "core/posix.h"
#include "core/rng.h"
#include "core/train.h"
#include "core/trainer_eval.h"

enum { MADE_UP_MOST = 4096, MADE_UP_BYTES = 1 << 26, DEFAULT_BATCH = 64, DEFAULT_BLOCKS = 7 };

static const double default_seconds = 0.3;

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "no memory for the samples; a smaller batch needs less");
}

/* ---- data ---- */

/* As many made-up samples as there is a use for: at least a batch, else no more than fit the room.
 */
static int64_t made_up_count(const weft_graph *graph, int64_t batch)
{
    int64_t count = MADE_UP_BYTES / weft_shape_count(weft_graph_input(graph));
    if (count > MADE_UP_MOST) count = MADE_UP_MOST;
    return count > batch ? count : batch;
}

static weft_status make_up(weft_bench *b)
{
    const int64_t count = made_up_count(b->desc.graph, b->desc.batch);
    WEFT_TRY(weft_made_up_new(b->desc.graph, count, &b->made_up));
    b->data = b->made_up.data;
    return WEFT_OK;
}

static weft_status check_data(const weft_bench *b)
{
    WEFT_TRY(weft_dataset_check(&b->data));
    WEFT_TRY(weft_eval_check(b->desc.graph, &b->data));
    if (b->data.count >= b->desc.batch) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "a batch of %d samples is not possible: %s has %lld",
                     (int)b->desc.batch, b->data.name, (long long)b->data.count);
}

static weft_status shuffled_order(weft_bench *b)
{
    int32_t *ids = calloc((size_t)b->data.count, sizeof *ids);
    if (!ids) return no_memory();
    for (int32_t i = 0; i < (int32_t)b->data.count; i++)
        ids[i] = i;
    weft_shuffle(0, 1, ids, (int32_t)b->data.count);
    const weft_status status = weft_source_order(b->source, 0, ids, b->data.count);
    free(ids);
    return status;
}

/* ---- memory ---- */

static weft_status count(const void *user, weft_model *model, int64_t batch, weft_need *n)
{
    const weft_bench_desc *desc = user;
    const int64_t samples = made_up_count(desc->graph, batch);
    const weft_dataset data = desc->data ? *desc->data : weft_made_up_outline(desc->graph, samples);
    const weft_plan_desc plans[] = {{.mode = WEFT_MODE_TRAIN, .batch = (int32_t)batch},
                                    {.mode = WEFT_MODE_PREDICT, .batch = (int32_t)batch},
                                    {.mode = WEFT_MODE_PREDICT, .batch = 1}};
    return weft_need_all(model, &data, plans, sizeof plans / sizeof *plans, n);
}

static weft_model_desc model_desc(const weft_bench *b)
{
    return (weft_model_desc){
        .optimizer = &b->optimizer, .augment = b->desc.augment, .log = b->desc.log};
}

static weft_status check_memory(const weft_bench *b)
{
    const weft_fit fit = {.entry = b->desc.device_entry,
                          .device = b->device,
                          .graph = b->desc.graph,
                          .model = model_desc(b),
                          .batch = b->desc.batch,
                          .count = count,
                          .user = &b->desc};
    return weft_fit_check(&fit, NULL);
}

/* ---- plans ---- */

/* Operations of the convolutions and products of an unfused plan. */
static int64_t nominal(const weft_plan *plan)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        const weft_op *op = weft_plan_op(plan, i);
        if (weft_op_is_product(op->kind)) sum += weft_op_operations(op);
    }
    return sum;
}

static weft_status count_operations(weft_bench *b, weft_mode mode, int64_t *out)
{
    const weft_plan_desc desc = {
        .mode = mode, .batch = b->desc.batch, .unfused = true, .source = b->source};
    weft_plan *plan = NULL;
    WEFT_TRY(weft_plan_new(b->model, &desc, &plan));
    *out = nominal(plan);
    weft_plan_free(plan);
    return WEFT_OK;
}

/* Record a plan and make room for its results: loss and accuracy, or the network's outputs. */
static weft_status open_pass(weft_bench *b, weft_mode mode, int32_t batch, weft_bench_pass *pass)
{
    const weft_plan_desc desc = {.mode = mode, .batch = batch, .source = b->source};
    WEFT_TRY(weft_plan_new(b->model, &desc, &pass->plan));
    pass->trains = mode == WEFT_MODE_TRAIN;
    pass->last = pass->trains ? WEFT_PHASE_UPDATE : WEFT_PHASE_FORWARD;
    pass->count = (int32_t)(b->data.count / batch);
    const weft_tensor out = weft_plan_output(pass->plan);
    const int64_t floats = pass->trains ? 2 : weft_shape_count(out.shape);
    pass->result_bytes = (size_t)floats * sizeof *pass->results;
    pass->results = calloc(WEFT_IN_FLIGHT, pass->result_bytes);
    return pass->results ? WEFT_OK : no_memory();
}

static weft_status first_batch(weft_bench *b, weft_bench_pass *pass)
{
    WEFT_TRY(weft_model_prepare(b->model, NULL, NULL));
    WEFT_TRY(weft_bench_batch(b, pass));
    return weft_bench_drain(b, pass);
}

static weft_status new_model(weft_bench *b)
{
    const weft_model_desc desc = model_desc(b);
    return weft_model_new(b->desc.graph, b->device, &desc, &b->model);
}

/* What a training does until its first step is done. */
static weft_status start_training(weft_bench *b, const weft_normalize *norm)
{
    const double start = weft_clock();
    WEFT_TRY(weft_source_new(b->device, &b->data, norm, b->data.count, &b->source));
    WEFT_TRY(shuffled_order(b));
    WEFT_TRY(new_model(b));
    WEFT_TRY(weft_model_init(b->model));
    WEFT_TRY(open_pass(b, WEFT_MODE_TRAIN, b->desc.batch, &b->train));
    WEFT_TRY(first_batch(b, &b->train));
    b->start_seconds = b->desc.open_seconds + weft_clock() - start;
    return WEFT_OK;
}

static weft_status set_up(weft_bench *b)
{
    weft_normalize norm;
    WEFT_TRY(check_memory(b));
    if (b->desc.data)
        b->data = *b->desc.data;
    else
        WEFT_TRY(make_up(b));
    WEFT_TRY(check_data(b));
    WEFT_TRY(weft_normalize_measure(&b->data, NULL, b->data.count, &norm));
    WEFT_TRY(start_training(b, &norm));
    WEFT_TRY(open_pass(b, WEFT_MODE_PREDICT, b->desc.batch, &b->predict));
    WEFT_TRY(first_batch(b, &b->predict));
    WEFT_TRY(open_pass(b, WEFT_MODE_PREDICT, 1, &b->one));
    WEFT_TRY(first_batch(b, &b->one));
    WEFT_TRY(count_operations(b, WEFT_MODE_TRAIN, &b->train_operations));
    return count_operations(b, WEFT_MODE_PREDICT, &b->predict_operations);
}

static weft_bench_desc with_defaults(const weft_bench_desc *desc)
{
    weft_bench_desc d = *desc;
    if (d.batch == 0) d.batch = DEFAULT_BATCH;
    if (d.blocks == 0) d.blocks = DEFAULT_BLOCKS;
    if (d.block_seconds == 0) d.block_seconds = default_seconds;
    return d;
}

weft_status weft_bench_new(weft_device *device, const weft_bench_desc *desc, weft_bench **out)
{
    *out = NULL;
    if (desc->batch < 0 || desc->blocks < 0 || desc->block_seconds < 0) {
        return weft_fail(WEFT_ERR_USAGE, "a bench of %d blocks of batches of %d is not possible",
                         (int)desc->blocks, (int)desc->batch);
    }
    weft_bench *b = calloc(1, sizeof *b);
    if (!b) return no_memory();
    b->device = device;
    b->desc = with_defaults(desc);
    weft_train_options options = {.epochs = 1};
    weft_train_defaults(&options, b->desc.batch);
    b->optimizer = options.optimizer;
    const weft_status status = set_up(b);
    if (status == WEFT_OK)
        *out = b;
    else
        weft_bench_free(b);
    return status;
}

/* Reads that are under way still write into the results. */
static void close_pass(weft_bench *b, weft_bench_pass *pass)
{
    if (pass->step > pass->done) (void)b->device->backend->finish(b->device);
    weft_plan_free(pass->plan);
    free(pass->results);
}

void weft_bench_free(weft_bench *b)
{
    if (!b) return;
    close_pass(b, &b->one);
    close_pass(b, &b->predict);
    close_pass(b, &b->train);
    weft_model_free(b->model);
    weft_source_free(b->source);
    weft_made_up_free(&b->made_up);
    free(b);
}
