/* Images per second: timed blocks of batches, enqueued as the training driver does it. */
#include "core/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench_private.h"
#include "core/posix.h"

enum { LEAST_BLOCKS = 3, MOST_BLOCKS = 64, LEAST_LATENCIES = 20, MOST_LATENCIES = 400 };

static const double warm_seconds = 0.1;
static const double longest_seconds = 20.0; /* of one kind of batch, on a slow device */
static const double latency_seconds = 0.5;

/* ---- one batch ---- */

static float correction(float beta, uint64_t step)
{
    return (float)(1.0 - pow((double)beta, (double)(step + 1)));
}

static weft_values values_of(const weft_bench *b, const weft_bench_pass *pass)
{
    const int32_t rows = weft_plan_batch(pass->plan);
    const weft_optimizer *o = &b->optimizer;
    return (weft_values){.step = pass->step,
                         .first = (int32_t)(pass->step % (uint64_t)pass->count) * rows,
                         .batch_global = rows,
                         .lr = o->lr,
                         .correction1 = correction(o->beta1, pass->step),
                         .correction2 = correction(o->beta2, pass->step),
                         .grad_scale = 1.0f,
                         .loss_scale = 1.0f / (float)rows};
}

static weft_status queue_read(weft_bench *b, weft_bench_pass *pass, uint32_t slot)
{
    float *to = pass->results + slot * (pass->result_bytes / sizeof *pass->results);
    if (pass->trains) return weft_model_read_slot(b->model, pass->step, to, &pass->ticket[slot]);
    const weft_tensor out = weft_plan_output(pass->plan);
    return b->device->backend->read_async(out.buffer, (size_t)out.offset * sizeof *to, to,
                                          pass->result_bytes, &pass->ticket[slot]);
}

static weft_status enqueue(weft_bench *b, weft_bench_pass *pass, uint32_t slot)
{
    const weft_values values = values_of(b, pass);
    WEFT_TRY(weft_plan_run(pass->plan, &values, WEFT_PHASE_INPUT, pass->last));
    WEFT_TRY(queue_read(b, pass, slot));
    return b->device->backend->flush(b->device);
}

weft_status weft_bench_batch(weft_bench *b, weft_bench_pass *pass)
{
    const uint32_t slot = (uint32_t)(pass->step % WEFT_IN_FLIGHT);
    if (pass->step >= WEFT_IN_FLIGHT)
        WEFT_TRY(b->device->backend->ticket_wait(b->device, pass->ticket[slot]));
    const double start = weft_thread_clock();
    WEFT_TRY(enqueue(b, pass, slot));
    pass->host += weft_thread_clock() - start;
    pass->step++;
    return WEFT_OK;
}

weft_status weft_bench_drain(weft_bench *b, weft_bench_pass *pass)
{
    if (pass->step == 0) return WEFT_OK;
    const uint32_t slot = (uint32_t)((pass->step - 1) % WEFT_IN_FLIGHT);
    WEFT_TRY(b->device->backend->ticket_wait(b->device, pass->ticket[slot]));
    pass->done = pass->step;
    return WEFT_OK;
}

/* ---- blocks ---- */

static weft_status run_block(weft_bench *b, weft_bench_pass *pass, int64_t batches, double *seconds)
{
    const double start = weft_clock();
    for (int64_t i = 0; i < batches; i++)
        WEFT_TRY(weft_bench_batch(b, pass));
    WEFT_TRY(weft_bench_drain(b, pass));
    *seconds = weft_clock() - start;
    return WEFT_OK;
}

/* Warm up, and find how many batches fill a block. */
static weft_status block_length(weft_bench *b, weft_bench_pass *pass, int64_t *batches)
{
    double seconds = 0;
    *batches = 1;
    WEFT_TRY(run_block(b, pass, 1, &seconds));
    while (seconds < warm_seconds && seconds < b->desc.block_seconds) {
        *batches *= 2;
        WEFT_TRY(run_block(b, pass, *batches, &seconds));
    }
    const double wanted = (double)*batches * b->desc.block_seconds / seconds;
    *batches = wanted > 1.0 ? (int64_t)wanted : 1;
    return WEFT_OK;
}

static int ascending(const void *a_, const void *b_)
{
    const double a = *(const double *)a_, b = *(const double *)b_;
    return (a > b) - (a < b);
}

double weft_bench_median(double *numbers, int32_t count)
{
    qsort(numbers, (size_t)count, sizeof *numbers, ascending);
    return 0.5 * (numbers[(count - 1) / 2] + numbers[count / 2]);
}

/* Images per second of the blocks into rates; *count of them. */
static weft_status time_blocks(weft_bench *b, weft_bench_pass *pass, double rates[MOST_BLOCKS],
                               int32_t *count, double *total)
{
    int64_t batches = 0;
    WEFT_TRY(block_length(b, pass, &batches));
    const int32_t wanted = b->desc.blocks < MOST_BLOCKS ? b->desc.blocks : MOST_BLOCKS;
    pass->host = *total = 0;
    for (*count = 0; *count < wanted; ++*count) {
        double seconds = 0;
        if (*count >= LEAST_BLOCKS && *total > longest_seconds) break;
        WEFT_TRY(run_block(b, pass, batches, &seconds));
        rates[*count] = (double)batches * weft_plan_batch(pass->plan) / seconds;
        *total += seconds;
    }
    return WEFT_OK;
}

static weft_status measure(weft_bench *b, weft_bench_pass *pass, int64_t operations,
                           const weft_speed *speed, weft_bench_rate *out)
{
    double rates[MOST_BLOCKS], total = 0;
    int32_t count = 0;
    WEFT_TRY(time_blocks(b, pass, rates, &count, &total));
    out->median = weft_bench_median(rates, count);
    out->best = rates[count - 1];
    out->operations = operations / b->desc.batch;
    out->gflops = out->median * (double)out->operations * 1e-9;
    out->share = speed->gflops > 0 ? out->gflops / speed->gflops : (double)NAN;
    out->host_share = pass->host / total;
    return weft_plan_sum(pass->plan, &out->plan);
}

/* ---- one image ---- */

static weft_status one_image(weft_bench *b, double *seconds)
{
    weft_bench_pass *pass = &b->one;
    const weft_tensor out = weft_plan_output(pass->plan);
    const weft_values values = values_of(b, pass);
    const double start = weft_clock();
    WEFT_TRY(weft_plan_run(pass->plan, &values, WEFT_PHASE_INPUT, pass->last));
    WEFT_TRY(b->device->backend->read(out.buffer, (size_t)out.offset * sizeof *pass->results,
                                      pass->results, pass->result_bytes));
    *seconds = weft_clock() - start;
    return WEFT_OK;
}

static weft_status measure_latency(weft_bench *b, double *latency)
{
    double seconds[MOST_LATENCIES];
    const double end = weft_clock() + latency_seconds;
    int32_t count = 0;
    for (int i = 0; i < LEAST_LATENCIES; i++)
        WEFT_TRY(one_image(b, &seconds[0]));
    while (count < MOST_LATENCIES && (count < LEAST_BLOCKS || weft_clock() < end))
        WEFT_TRY(one_image(b, &seconds[count++]));
    *latency = weft_bench_median(seconds, count);
    return WEFT_OK;
}

weft_status weft_bench_run(weft_bench *b, weft_bench_result *result)
{
    *result = (weft_bench_result){.start_seconds = b->start_seconds,
                                  .memory = weft_model_memory_use(b->model),
                                  .peak_memory = weft_peak_memory()};
    const weft_speed *speed = &result->speed;
    WEFT_TRY(b->device->backend->speed(b->device, &result->speed));
    WEFT_TRY(measure(b, &b->train, b->train_operations, speed, &result->train));
    WEFT_TRY(measure(b, &b->predict, b->predict_operations, speed, &result->predict));
    return measure_latency(b, &result->latency);
}
