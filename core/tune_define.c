/* The definition of an op on a device that knows only the ops of WEFT_OP_LIST: a fused one is the
 * sequence of ops that it stands for, with tensors between them. */
#include <string.h>

#include "core/tune_private.h"

enum { BETWEEN = 8 };

typedef struct sequence {
    const weft_tune_set *set;
    weft_buffer *own[BETWEEN]; /* tensors between, and scratch */
    int own_count;
} sequence;

static weft_status new_buffer(sequence *s, size_t bytes, weft_buffer **out)
{
    *out = NULL;
    if (s->own_count == BETWEEN) return weft_fail(WEFT_ERR_DEVICE, "a definition is too long");
    WEFT_TRY(s->set->device->backend->buffer_new(s->set->device, bytes, out));
    s->own[s->own_count++] = *out;
    return WEFT_OK;
}

static weft_status between(sequence *s, weft_shape shape, weft_dtype dtype, weft_tensor *out)
{
    *out = (weft_tensor){.shape = shape, .dtype = dtype};
    return new_buffer(s, (size_t)weft_shape_count(shape) * weft_dtype_bytes(dtype), &out->buffer);
}

static weft_status run(sequence *s, weft_op op)
{
    weft_device *device = s->set->device;
    const weft_values values = weft_tune_values(&s->set->op);
    weft_support support;
    weft_step *step = NULL;
    op.layer = s->set->op.layer;
    op.scratch = (weft_tensor){.shape = {0, {0}}};
    WEFT_TRY(device->backend->supports(device, &op, &support));
    if (support.scratch_bytes > 0) {
        if (support.scratch_bytes > INT32_MAX)
            return weft_fail(WEFT_ERR_MEMORY, "too much scratch memory for a definition");
        const weft_shape shape = {1, {(int32_t)support.scratch_bytes}};
        WEFT_TRY(between(s, shape, WEFT_U8, &op.scratch));
    }
    WEFT_TRY(device->backend->prepare(device, &op, NULL, &step));
    weft_status status = device->backend->enqueue(step, &values);
    if (status == WEFT_OK) status = device->backend->finish(device);
    device->backend->release(step);
    return status;
}

static weft_op part(weft_op_kind kind, weft_tensor in, weft_tensor out)
{
    return (weft_op){.kind = kind, .in = {in}, .out = {out}, .mode = {WEFT_OUT_SET}};
}

/* ---- convolutions ---- */

static weft_shape convolved(const weft_op *op)
{
    const weft_window *w = &op->with.fused.window;
    const weft_shape *x = &op->in[0].shape;
    weft_shape y = {4, {x->dim[0], 0, 0, op->in[1].shape.dim[3]}};
    for (int i = 0; i < 2; i++) {
        const int32_t room = x->dim[1 + i] + w->pad[i] + w->pad[2 + i] - w->kernel[i];
        y.dim[1 + i] = room / w->stride[i] + 1;
    }
    return y;
}

static weft_status convolve(sequence *s, weft_tensor y)
{
    weft_op conv = part(WEFT_OP_conv2d, s->set->op.in[0], y);
    memcpy(conv.in, s->set->op.in, 3 * sizeof *conv.in);
    conv.with.window = s->set->op.with.fused.window;
    return run(s, conv);
}

static weft_status define_conv2d_stats(sequence *s)
{
    const weft_op *op = &s->set->op;
    WEFT_TRY(convolve(s, op->out[0]));
    weft_op stats = part(WEFT_OP_batchnorm_stats, op->out[0], op->out[1]);
    memcpy(stats.out, op->out + 1, 4 * sizeof *stats.out);
    memcpy(stats.mode, op->mode + 1, 4 * sizeof *stats.mode);
    stats.with.batchnorm = op->with.fused.batchnorm;
    return run(s, stats);
}

static weft_status define_norm(sequence *s, weft_tensor x, weft_tensor y)
{
    weft_op norm = part(WEFT_OP_batchnorm, x, y);
    memcpy(norm.in + 1, s->set->op.in + 3, 4 * sizeof *norm.in);
    norm.with.batchnorm = s->set->op.with.fused.batchnorm;
    return run(s, norm);
}

static weft_status define_activation(sequence *s, weft_tensor v, weft_tensor y)
{
    weft_op op = part(WEFT_OP_activation, v, y);
    op.with.activation = s->set->op.with.fused.activation;
    return run(s, op);
}

static weft_status define_pool(sequence *s, weft_tensor x, weft_tensor y)
{
    weft_tensor where;
    WEFT_TRY(between(s, y.shape, WEFT_U8, &where));
    weft_op pool = part(WEFT_OP_maxpool, x, y);
    pool.out[1] = where;
    pool.mode[1] = WEFT_OUT_SET;
    pool.with.window = s->set->op.with.fused.pool;
    return run(s, pool);
}

static weft_status define_conv2d_block(sequence *s)
{
    const weft_op *op = &s->set->op;
    const weft_fused *f = &op->with.fused;
    const weft_shape shape = convolved(op);
    weft_tensor at, next;
    WEFT_TRY(between(s, shape, WEFT_F32, &at));
    WEFT_TRY(convolve(s, at));
    if (f->normed) {
        WEFT_TRY(between(s, shape, WEFT_F32, &next));
        WEFT_TRY(define_norm(s, at, next));
        at = next;
    }
    if (f->activated) {
        WEFT_TRY(between(s, shape, WEFT_F32, &next));
        WEFT_TRY(define_activation(s, at, next));
        at = next;
    }
    if (f->pooled) return define_pool(s, at, op->out[0]);
    return run(s, part(WEFT_OP_copy, at, op->out[0]));
}

/* ---- products ---- */

static weft_status define_drop(sequence *s, weft_tensor x, weft_tensor y)
{
    weft_op drop = part(WEFT_OP_dropout, x, y);
    drop.with.dropout = s->set->op.with.fused.dropout;
    return run(s, drop);
}

enum { SAVES_in, SAVES_out };
#define SAVES(name, value, gradient, saves, default_a, key) [WEFT_ACT_##name] = SAVES_##saves,
static const int saved_of[WEFT_ACTIVATION_COUNT] = {WEFT_ACTIVATION_LIST(SAVES)};

/* saved is the activation's input or its output, as its gradient reads it. */
static weft_status define_saved(sequence *s, weft_tensor v, weft_tensor y)
{
    const weft_op *op = &s->set->op;
    if (op->mode[1] == WEFT_OUT_NONE || op->out[1].shape.rank == 0) return WEFT_OK;
    const bool output = saved_of[op->with.fused.activation.kind] == SAVES_out;
    return run(s, part(WEFT_OP_copy, output ? y : v, op->out[1]));
}

static weft_status define_dense_block(sequence *s)
{
    const weft_op *op = &s->set->op;
    const weft_fused *f = &op->with.fused;
    const weft_shape shape = op->out[0].shape;
    weft_tensor v, y;
    WEFT_TRY(between(s, shape, WEFT_F32, &v));
    weft_op gemm = part(WEFT_OP_gemm, op->in[0], v);
    memcpy(gemm.in, op->in, 3 * sizeof *gemm.in);
    gemm.with.gemm = f->gemm;
    WEFT_TRY(run(s, gemm));
    y = v;
    if (f->activated) {
        WEFT_TRY(between(s, shape, WEFT_F32, &y));
        WEFT_TRY(define_activation(s, v, y));
    }
    WEFT_TRY(define_saved(s, v, y));
    if (f->dropped) return define_drop(s, y, op->out[0]);
    return run(s, part(WEFT_OP_copy, y, op->out[0]));
}

static weft_status define_dense_weight_grad(sequence *s)
{
    const weft_op *op = &s->set->op;
    weft_op gemm = part(WEFT_OP_gemm, op->in[0], op->out[0]);
    gemm.in[1] = op->in[1];
    gemm.mode[0] = op->mode[0];
    gemm.with.gemm = op->with.fused.gemm;
    WEFT_TRY(run(s, gemm));
    weft_op sums = part(WEFT_OP_sum_rows, op->in[1], op->out[1]);
    sums.mode[0] = op->mode[1];
    return run(s, sums);
}

static weft_status define_plain(sequence *s)
{
    return run(s, s->set->op);
}

static weft_status (*const by_kind[WEFT_KIND_COUNT])(sequence *s) = {
    [WEFT_OP_conv2d_stats] = define_conv2d_stats,
    [WEFT_OP_conv2d_block] = define_conv2d_block,
    [WEFT_OP_dense_block] = define_dense_block,
    [WEFT_OP_dense_weight_grad] = define_dense_weight_grad,
};

weft_status weft_tune_define(const weft_tune_set *set)
{
    sequence s = {.set = set};
    const weft_op_kind kind = set->op.kind;
    const weft_op_info *info = weft_op_describe(kind);
    if (kind >= WEFT_OP_COUNT && !by_kind[kind]) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: the tuner has no definition", info->name);
    }
    const weft_status status = by_kind[kind] ? by_kind[kind](&s) : define_plain(&s);
    for (int i = 0; i < s.own_count; i++)
        set->device->backend->buffer_free(s.own[i]);
    return status == WEFT_OK ? WEFT_OK : weft_fail_in(status, "the definition of %s", info->name);
}
