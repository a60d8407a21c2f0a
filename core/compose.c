#include "core/compose.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 5, OWN = 12 };

/* Steps and the tensors between them. */
typedef struct weft_composed {
    weft_device *device;
    const weft_backend *be;
    weft_op op;
    weft_step *part[PARTS];
    weft_buffer *own[OWN];
    int part_count, own_count;
    weft_status status; /* the first failure while it is drawn up */
} composed;

/* ---- drawing up ---- */

static weft_buffer *new_buffer(composed *s, size_t bytes)
{
    weft_buffer *buffer = NULL;
    assert(s->own_count < OWN);
    if (s->status == WEFT_OK) s->status = s->be->buffer_new(s->device, bytes, &buffer);
    if (buffer) s->own[s->own_count++] = buffer;
    return buffer;
}

static weft_tensor between(composed *s, weft_shape shape)
{
    const size_t bytes = (size_t)weft_shape_count(shape) * sizeof(float);
    return (weft_tensor){.buffer = new_buffer(s, bytes), .shape = shape};
}

static void run(composed *s, weft_op op)
{
    weft_support support = {.scratch_bytes = 0};
    op.layer = s->op.layer;
    if (s->status == WEFT_OK) s->status = s->be->supports(s->device, &op, &support);
    if (support.scratch_bytes > INT32_MAX)
        s->status = weft_fail(WEFT_ERR_MEMORY, "too much scratch memory for a definition");
    if (s->status == WEFT_OK && support.scratch_bytes > 0) {
        op.scratch = (weft_tensor){
            .buffer = new_buffer(s, support.scratch_bytes),
            .shape = {1, {(int32_t)support.scratch_bytes}},
            .dtype = WEFT_U8,
        };
    }
    if (s->status != WEFT_OK) return;
    assert(s->part_count < PARTS);
    s->status = s->be->prepare(s->device, &op, NULL, &s->part[s->part_count]);
    if (s->status == WEFT_OK) s->part_count++;
}

static weft_op op_of(weft_op_kind kind, weft_tensor out)
{
    return (weft_op){.kind = kind, .out = {out}, .mode = {WEFT_OUT_SET}};
}

static void run_convolution(composed *s, weft_tensor y)
{
    weft_op op = op_of(WEFT_OP_conv2d, y);
    memcpy(op.in, s->op.in, 3 * sizeof op.in[0]);
    op.with.window = s->op.with.fused.window;
    run(s, op);
}

/* in: x, mean, spread, gamma, beta */
static void run_norm(composed *s, weft_tensor x, const weft_tensor *in, weft_tensor y)
{
    weft_op op = op_of(WEFT_OP_batchnorm, y);
    op.in[0] = x;
    memcpy(op.in + 1, in, 4 * sizeof op.in[0]);
    op.with.batchnorm = s->op.with.fused.batchnorm;
    run(s, op);
}

static void run_activation(composed *s, weft_tensor v, weft_tensor y)
{
    weft_op op = op_of(WEFT_OP_activation, y);
    op.in[0] = v;
    op.with.activation = s->op.with.fused.activation;
    run(s, op);
}

static void run_dropout(composed *s, weft_tensor x, weft_tensor y)
{
    weft_op op = op_of(WEFT_OP_dropout, y);
    op.in[0] = x;
    op.with.dropout = s->op.with.fused.dropout;
    run(s, op);
}

static void run_pool(composed *s, weft_tensor x, weft_tensor y, weft_tensor where)
{
    weft_op op = op_of(WEFT_OP_maxpool, y);
    op.in[0] = x;
    op.out[1] = where;
    op.mode[1] = where.shape.rank > 0 ? WEFT_OUT_SET : WEFT_OUT_NONE;
    op.with.window = s->op.with.fused.pool;
    run(s, op);
}

#define SAVES_in  false
#define SAVES_out true
#define SAVES_OUTPUT(name, value, gradient, saves, default_a, key) \
    [WEFT_ACT_##name] = SAVES_##saves,
static const bool saves_output[] = {WEFT_ACTIVATION_LIST(SAVES_OUTPUT)};

/* ---- one function per fused kind ---- */

static void conv2d_stats(composed *s)
{
    const weft_op *f = &s->op;
    weft_op stats = {.kind = WEFT_OP_batchnorm_stats, .in = {f->out[0]}};
    run_convolution(s, f->out[0]);
    memcpy(stats.out, f->out + 1, 4 * sizeof stats.out[0]);
    memcpy(stats.mode, f->mode + 1, 4 * sizeof stats.mode[0]);
    stats.with.batchnorm = f->with.fused.batchnorm;
    run(s, stats);
}

static weft_shape convolved(const weft_op *f)
{
    const weft_window *w = &f->with.fused.window;
    weft_shape shape = f->in[0].shape;
    for (int i = 0; i < 2; i++) {
        const int32_t padded = shape.dim[1 + i] + w->pad[i] + w->pad[i + 2];
        shape.dim[1 + i] = (padded - w->kernel[i]) / w->stride[i] + 1;
    }
    shape.dim[3] = f->in[1].shape.dim[3];
    return shape;
}

static void conv2d_block(composed *s)
{
    const weft_op *f = &s->op;
    const weft_fused *with = &f->with.fused;
    int left = with->normed + with->activated + with->pooled;
    weft_tensor v = left > 0 ? between(s, convolved(f)) : f->out[0];
    run_convolution(s, v);
    if (with->normed) {
        const weft_tensor to = --left > 0 ? between(s, v.shape) : f->out[0];
        run_norm(s, v, f->in + 3, to);
        v = to;
    }
    if (with->activated) {
        const weft_tensor to = --left > 0 ? between(s, v.shape) : f->out[0];
        run_activation(s, v, to);
        v = to;
    }
    if (with->pooled) run_pool(s, v, f->out[0], (weft_tensor){0});
}

static void batchnorm_block(composed *s)
{
    const weft_op *f = &s->op;
    const weft_fused *with = &f->with.fused;
    const weft_tensor y = with->pooled ? between(s, f->in[0].shape) : f->out[0];
    const weft_tensor v = with->activated ? between(s, f->in[0].shape) : y;
    run_norm(s, f->in[0], f->in + 1, v);
    if (with->activated) run_activation(s, v, y);
    if (with->pooled) run_pool(s, y, f->out[0], f->out[1]);
}

/* The gradient of what the activation read: dv from dy at the recomputed v. */
static weft_tensor unactivated(composed *s, weft_tensor x, const weft_tensor *in, weft_tensor dy)
{
    if (!s->op.with.fused.activated) return dy;
    const weft_tensor v = between(s, x.shape), y = between(s, x.shape);
    weft_op grad = op_of(WEFT_OP_activation_grad, between(s, x.shape));
    run_norm(s, x, in, v);
    run_activation(s, v, y);
    grad.in[0] = saves_output[s->op.with.fused.activation.kind] ? y : v;
    grad.in[1] = dy;
    grad.with.activation = s->op.with.fused.activation;
    run(s, grad);
    return grad.out[0];
}

static void batchnorm_block_sums(composed *s)
{
    const weft_op *f = &s->op;
    const weft_tensor dv = unactivated(s, f->in[0], f->in + 1, f->in[5]);
    weft_op sums = {
        .kind = WEFT_OP_batchnorm_sums,
        .in = {f->in[0], f->in[1], f->in[2], dv},
        .out = {f->out[0], f->out[1]},
        .mode = {f->mode[0], f->mode[1]},
        .with.batchnorm = f->with.fused.batchnorm,
    };
    run(s, sums);
}

static void batchnorm_block_grad(composed *s)
{
    const weft_op *f = &s->op;
    weft_tensor dy = f->in[0];
    if (f->with.fused.pooled) {
        weft_op unpool = op_of(WEFT_OP_maxpool_grad, between(s, f->in[1].shape));
        unpool.in[0] = dy;
        unpool.in[1] = f->in[2];
        unpool.with.window = f->with.fused.pool;
        run(s, unpool);
        dy = unpool.out[0];
    }
    const weft_tensor dv = unactivated(s, f->in[1], f->in + 3, dy);
    weft_op grad = {
        .kind = WEFT_OP_batchnorm_grad,
        .in = {dv, f->in[4], f->in[5], f->in[1], f->in[3], f->in[7], f->in[8]},
        .out = {f->out[0]},
        .mode = {f->mode[0]},
        .with.batchnorm = f->with.fused.batchnorm,
    };
    run(s, grad);
}

static void run_copy(composed *s, weft_tensor from, weft_tensor to)
{
    weft_op op = op_of(WEFT_OP_copy, to);
    op.in[0] = from;
    run(s, op);
}

static void dense_block(composed *s)
{
    const weft_op *f = &s->op;
    const weft_fused *with = &f->with.fused;
    const weft_tensor v = between(s, f->out[0].shape);
    weft_tensor y = v;
    weft_op gemm = op_of(WEFT_OP_gemm, v);
    memcpy(gemm.in, f->in, 3 * sizeof gemm.in[0]);
    gemm.with.gemm = with->gemm;
    run(s, gemm);
    if (with->activated) {
        y = between(s, v.shape);
        run_activation(s, v, y);
    }
    if (f->out[1].shape.rank > 0)
        run_copy(s, saves_output[with->activation.kind] ? y : v, f->out[1]);
    if (with->dropped)
        run_dropout(s, y, f->out[0]);
    else
        run_copy(s, y, f->out[0]);
}

static void dense_weight_grad(composed *s)
{
    const weft_op *f = &s->op;
    weft_op gemm = {.kind = WEFT_OP_gemm,
                    .in = {f->in[0], f->in[1]},
                    .out = {f->out[0]},
                    .mode = {f->mode[0]},
                    .with.gemm = f->with.fused.gemm};
    weft_op sums = {
        .kind = WEFT_OP_sum_rows, .in = {f->in[1]}, .out = {f->out[1]}, .mode = {f->mode[1]}};
    run(s, gemm);
    run(s, sums);
}

static void dropout_act_grad(composed *s)
{
    const weft_op *f = &s->op;
    const weft_tensor dy = between(s, f->in[1].shape);
    weft_op grad = {.kind = WEFT_OP_activation_grad,
                    .in = {f->in[0], dy},
                    .out = {f->out[0]},
                    .mode = {f->mode[0]},
                    .with.activation = f->with.fused.activation};
    run_dropout(s, f->in[1], dy);
    run(s, grad);
}

#define COMPOSE(name, inputs, outputs) [WEFT_OP_##name] = name,
static void (*const compose[WEFT_KIND_COUNT])(composed *s) = {WEFT_FUSED_LIST(COMPOSE)};

/* ---- what no op writes: where a maximum was ---- */

static weft_status fetch(const weft_backend *be, weft_tensor tensor, void *to)
{
    const size_t size = weft_dtype_bytes(tensor.dtype);
    return be->read(tensor.buffer, (size_t)tensor.offset * size, to,
                    (size_t)weft_shape_count(tensor.shape) * size);
}

/* peak[n][p][q][k] = x[n][p * R + r][q * S + s][k], where where[n][p][q][k] = r * S + s */
static void pick(const weft_op *f, const float *x, const uint8_t *where, float *peak)
{
    const int32_t *in = f->in[0].shape.dim, *out = f->out[2].shape.dim;
    const int32_t *stride = f->with.fused.pool.stride;
    const int64_t row = (int64_t)out[2] * out[3], image = out[1] * row;
    for (int64_t i = 0; i < out[0] * image; i++) {
        const int64_t n = i / image, p = i % image / row, q = i % row / out[3], k = i % out[3];
        const int64_t h = p * stride[0] + where[i] / stride[1];
        const int64_t w = q * stride[1] + where[i] % stride[1];
        peak[i] = x[((n * in[1] + h) * in[2] + w) * in[3] + k];
    }
}

static weft_status write_peak(const weft_backend *be, const weft_op *f)
{
    const size_t count = (size_t)weft_shape_count(f->out[2].shape);
    float *x = calloc((size_t)weft_shape_count(f->in[0].shape), sizeof *x);
    uint8_t *where = calloc(count, 1);
    float *peak = calloc(count, sizeof *peak);
    weft_status status =
        x && where && peak ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a definition");
    if (status == WEFT_OK) status = fetch(be, f->in[0], x);
    if (status == WEFT_OK) status = fetch(be, f->out[1], where);
    if (status == WEFT_OK) {
        pick(f, x, where, peak);
        status = be->write(f->out[2].buffer, (size_t)f->out[2].offset * sizeof *peak, peak,
                           count * sizeof *peak);
    }
    free(x);
    free(where);
    free(peak);
    return status;
}

/* ---- a composed op ---- */

weft_status weft_composed_new(weft_device *device, const weft_op *op, weft_composed **out)
{
    composed *s = calloc(1, sizeof *s);
    *out = s;
    if (!s) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a definition");
    s->device = device;
    s->be = device->backend;
    s->op = *op;
    s->op.scratch = (weft_tensor){.shape = {0, {0}}};
    if (op->kind < WEFT_OP_COUNT)
        run(s, s->op);
    else
        compose[op->kind](s);
    const weft_status status = s->status;
    if (status == WEFT_OK) return WEFT_OK;
    weft_composed_free(s);
    *out = NULL;
    return weft_fail_in(status, "the definition of %s", weft_op_describe(op->kind)->name);
}

void weft_composed_free(weft_composed *s)
{
    if (!s) return;
    for (int i = 0; i < s->part_count; i++)
        s->be->release(s->part[i]);
    for (int i = 0; i < s->own_count; i++)
        s->be->buffer_free(s->own[i]);
    free(s);
}

weft_status weft_composed_run(weft_composed *s, const weft_values *values)
{
    for (int i = 0; i < s->part_count; i++)
        WEFT_TRY(s->be->enqueue(s->part[i], values));
    const bool peaks = s->op.kind == WEFT_OP_batchnorm_block && s->op.out[2].shape.rank > 0;
    return peaks ? write_peak(s->be, &s->op) : WEFT_OK;
}

int weft_composed_count(const weft_composed *s)
{
    return s->part_count;
}
