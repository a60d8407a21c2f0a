/* What each step of a plan costs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench_private.h"
#include "core/checked.h"
#include "core/model_private.h"
#include "core/posix.h"

enum { LEAST_RUNS = 3, MOST_RUNS = 40, BATCHES_A_RUN = 3, BLOCKS = 5 };

/* ---- shapes ---- */

/* Which tensors of a kind are a convolution's y and w: inputs from 1, outputs as negative numbers,
 * 0: it is none. */
typedef struct places {
    int y, w;
} places;

static const places convolution[WEFT_KIND_COUNT] = {
    [WEFT_OP_conv2d] = {-1, 2},
    [WEFT_OP_conv2d_stats] = {-1, 2},
    [WEFT_OP_conv2d_block] = {-1, 2},
    [WEFT_OP_conv2d_data_grad] = {1, 2},
    [WEFT_OP_conv2d_weight_grad] = {2, -1},
};

static const weft_tensor *tensor_at(const weft_op *op, int place)
{
    /* cppcheck-suppress negativeIndex ; no place is 0 */
    return place > 0 ? &op->in[place - 1] : &op->out[-place - 1];
}

static const weft_gemm *product_of(const weft_op *op)
{
    if (op->kind == WEFT_OP_gemm) return &op->with.gemm;
    const bool fused = op->kind == WEFT_OP_dense_block || op->kind == WEFT_OP_dense_weight_grad;
    return fused ? &op->with.fused.gemm : NULL;
}

static const weft_tensor *first_output(const weft_op *op)
{
    int i = 0;
    while (i + 1 < WEFT_MAX_OUT && op->out[i].shape.rank == 0)
        i++;
    return &op->out[i];
}

static void describe_convolution(const weft_op *op, places at, char text[WEFT_BENCH_SHAPE])
{
    char y[WEFT_SHAPE_TEXT];
    const int32_t *w = tensor_at(op, at.w)->shape.dim;
    snprintf(text, WEFT_BENCH_SHAPE, "%s %dx%dx%d", weft_shape_print(tensor_at(op, at.y)->shape, y),
             (int)w[0], (int)w[1], (int)w[2]);
}

static void describe_shape(const weft_op *op, char text[WEFT_BENCH_SHAPE])
{
    const weft_gemm *g = product_of(op);
    if (g)
        snprintf(text, WEFT_BENCH_SHAPE, "%dx%dx%d", (int)g->m, (int)g->n, (int)g->k);
    else if (convolution[op->kind].y != 0)
        describe_convolution(op, convolution[op->kind], text);
    else
        weft_shape_print(first_output(op)->shape, text);
}

static const char *role_of(const weft_op *op, const char *kind)
{
    if (op->phase != WEFT_PHASE_BACKWARD || strstr(kind, "grad")) return "";
    if (op->kind == WEFT_OP_gemm)
        return op->with.gemm.trans_a ? "weight gradient" : "data gradient";
    return "backward";
}

/* ---- times ---- */

/* Device seconds of every step in one batch, the last of a few so that nothing waits asleep. */
static weft_status run_once(weft_bench *b, weft_bench_pass *pass, double *seconds)
{
    for (int i = 0; i < BATCHES_A_RUN; i++)
        WEFT_TRY(weft_bench_batch(b, pass));
    WEFT_TRY(weft_bench_drain(b, pass));
    for (int32_t i = 0; i < pass->plan->op_count; i++) {
        weft_step_info info;
        WEFT_TRY(b->device->backend->step_info(pass->plan->step[i], &info));
        seconds[i] = (double)info.device_ns * 1e-9;
    }
    return WEFT_OK;
}

/* times: MOST_RUNS rows of a number per step. */
static weft_status run_often(weft_bench *b, weft_bench_pass *pass, double *times, int32_t *runs)
{
    const int32_t ops = pass->plan->op_count;
    WEFT_TRY(run_once(b, pass, times));
    const double end = weft_clock() + BLOCKS * b->desc.block_seconds;
    for (*runs = 0; *runs < MOST_RUNS && (*runs < LEAST_RUNS || weft_clock() < end); ++*runs)
        WEFT_TRY(run_once(b, pass, times + (int64_t)*runs * ops));
    return WEFT_OK;
}

static double median_of(const double *times, int32_t runs, int32_t ops, int32_t index)
{
    double one[MOST_RUNS];
    for (int32_t r = 0; r < runs; r++)
        one[r] = times[(int64_t)r * ops + index];
    return weft_bench_median(one, runs);
}

/* ---- rows ---- */

static double rate(int64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds * 1e-9 : (double)NAN;
}

static double roofline_share(const weft_bench_step *s, const weft_speed *speed)
{
    if (!(s->seconds > 0 && speed->gflops > 0 && speed->gbytes > 0)) return (double)NAN;
    const double compute = (double)s->operations * 1e-9 / speed->gflops;
    const double memory = (double)s->bytes * 1e-9 / speed->gbytes;
    return (compute > memory ? compute : memory) / s->seconds;
}

static weft_status fill_step(const weft_bench *b, const weft_plan *plan, int32_t index,
                             const weft_speed *speed, weft_bench_step *s)
{
    const weft_op *op = &plan->op[index];
    const weft_node *node = weft_graph_node(b->desc.graph, op->layer);
    weft_step_info info;
    WEFT_TRY(b->device->backend->step_info(plan->step[index], &info));
    s->phase = op->phase;
    s->op = weft_op_describe(op->kind)->name;
    s->role = role_of(op, s->op);
    snprintf(s->from, sizeof s->from, "%s", weft_plan_fused_from(plan, index));
    snprintf(s->layer, sizeof s->layer, "%s", node ? node->name : "");
    snprintf(s->variant, sizeof s->variant, "%s", info.variant);
    describe_shape(op, s->shape);
    s->launches = info.launches;
    s->operations = info.operations;
    s->bytes = info.bytes;
    s->gflops = rate(s->operations, s->seconds);
    s->gbytes = rate(s->bytes, s->seconds);
    s->share = roofline_share(s, speed);
    return WEFT_OK;
}

static weft_status time_steps(weft_bench *b, weft_bench_pass *pass, const weft_speed *speed,
                              double *times, weft_bench_step *steps)
{
    int32_t runs = 0;
    const int32_t ops = pass->plan->op_count;
    WEFT_TRY(run_often(b, pass, times, &runs));
    for (int32_t i = 0; i < ops; i++) {
        steps[i].seconds = median_of(times, runs, ops, i);
        WEFT_TRY(fill_step(b, pass->plan, i, speed, &steps[i]));
    }
    return WEFT_OK;
}

weft_status weft_bench_steps(weft_bench *b, weft_mode mode, const weft_speed *speed,
                             weft_bench_step **out, int32_t *count)
{
    weft_bench_pass *pass = mode == WEFT_MODE_TRAIN ? &b->train : &b->predict;
    const size_t ops = (size_t)pass->plan->op_count;
    double *times = calloc(ops * MOST_RUNS, sizeof *times);
    weft_bench_step *steps = calloc(ops, sizeof *steps);
    *out = NULL;
    *count = 0;
    weft_status status = times && steps
                             ? time_steps(b, pass, speed, times, steps)
                             : weft_fail(WEFT_ERR_MEMORY, "no memory for the times of steps");
    free(times);
    if (status == WEFT_OK) {
        *out = steps;
        *count = pass->plan->op_count;
    } else {
        free(steps);
    }
    return status;
}
