#include "tests/op_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/selftest/op_bench.h"

/* What the ops of op_table.c are allowed each, added up. */
static const double FORWARD_BOUND = 2e-12, SUMS_BOUND = 1.2e-11, GRAD_BOUND = 3e-12;
static const double SUM_ERROR = 4 * 0x1p-48 / 6; /* and for each term of a sum */

weft_tensor block_full(const block_trial *t)
{
    const block_shape *s = t->shape;
    return (weft_tensor){.shape = s->h > 0 ? (weft_shape){4, {s->n, s->h, s->w, s->c}}
                                           : (weft_shape){2, {s->n, s->c}}};
}

weft_tensor block_small(const block_trial *t, weft_dtype dtype)
{
    weft_tensor y = block_full(t);
    y.dtype = dtype;
    for (int i = 0; t->with.pooled && i < 2; i++)
        y.shape.dim[1 + i] /= t->shape->pool[i];
    return y;
}

static weft_tensor channels(const block_trial *t)
{
    return (weft_tensor){.shape = {1, {t->shape->c}}};
}

static op_case case_of(const block_trial *t, weft_op_kind kind, double bound)
{
    op_case c = {.op = {.kind = kind, .with.fused = t->with}, .bound = bound};
    snprintf(c.name, sizeof c.name, "%s", weft_op_describe(kind)->name);
    return c;
}

/* mean, spread, gamma, beta, from input `at` on. */
static void add_channels(const block_trial *t, op_case *c, int at)
{
    for (int i = at; i < at + 4; i++)
        c->op.in[i] = channels(t);
    c->in[at + 1] = OP_FILL_POSITIVE;
}

static void add_out(op_case *c, int i, weft_tensor tensor, weft_out_mode mode)
{
    c->op.out[i] = tensor;
    c->op.mode[i] = mode;
}

op_case block_forward_case(const block_trial *t, bool saves)
{
    op_case c = case_of(t, WEFT_OP_batchnorm_block, FORWARD_BOUND);
    c.op.in[0] = block_full(t);
    add_channels(t, &c, 1);
    add_out(&c, 0, block_small(t, WEFT_F32), WEFT_OUT_SET);
    if (!t->with.pooled || !saves) return c;
    add_out(&c, 1, block_small(t, WEFT_U8), WEFT_OUT_SET);
    add_out(&c, 2, block_small(t, WEFT_F32), WEFT_OUT_SET);
    return c;
}

op_case block_sums_case(const block_trial *t)
{
    op_case c = case_of(t, WEFT_OP_batchnorm_block_sums, SUMS_BOUND);
    c.op.in[0] = c.op.in[5] = block_small(t, WEFT_F32);
    c.bound += SUM_ERROR * (double)(op_count(&c.op.in[0]) / t->shape->c);
    add_channels(t, &c, 1);
    add_out(&c, 0, channels(t), WEFT_OUT_SET);
    add_out(&c, 1, channels(t), WEFT_OUT_SET);
    return c;
}

op_case block_grad_case(const block_trial *t)
{
    op_case c = case_of(t, WEFT_OP_batchnorm_block_grad, GRAD_BOUND);
    c.op.in[0] = block_small(t, WEFT_F32);
    c.op.in[1] = block_full(t);
    if (t->with.pooled) c.op.in[2] = block_small(t, WEFT_U8);
    add_channels(t, &c, 3);
    for (int i = 7; i < 9 && !t->with.batchnorm.running; i++)
        c.op.in[i] = channels(t);
    add_out(&c, 0, block_full(t), t->add ? WEFT_OUT_ADD : WEFT_OUT_SET);
    return c;
}

/* ---- the sequence, in double ---- */

static double *doubles(const weft_tensor *tensor)
{
    double *data = calloc((size_t)op_count(tensor) + 1, sizeof *data);
    if (!data) abort();
    return data;
}

static void run(weft_op op, void *const in[WEFT_MAX_IN], void *const out[WEFT_MAX_OUT])
{
    const weft_values values = {0};
    op_run_double(&op, &values, in, out, 2);
}

/* channels: mean, spread, gamma, beta */
static double *normalize(const block_trial *t, const weft_tensor *x, double *data,
                         double *const of[4])
{
    double *v = doubles(x);
    const weft_tensor c = channels(t);
    run((weft_op){.kind = WEFT_OP_batchnorm,
                  .in = {*x, c, c, c, c},
                  .out = {*x},
                  .mode = {WEFT_OUT_SET},
                  .with.batchnorm = t->with.batchnorm},
        (void *const[WEFT_MAX_IN]){data, of[0], of[1], of[2], of[3]},
        (void *const[WEFT_MAX_OUT]){v});
    return v;
}

/* In place. */
static void activate(const block_trial *t, const weft_tensor *x, double *v)
{
    if (!t->with.activated) return;
    run((weft_op){.kind = WEFT_OP_activation,
                  .in = {*x},
                  .out = {*x},
                  .mode = {WEFT_OUT_SET},
                  .with.activation = t->with.activation},
        (void *const[WEFT_MAX_IN]){v}, (void *const[WEFT_MAX_OUT]){v});
}

#define SAVES_in                                            false
#define SAVES_out                                           true
#define SAVES(name, value, gradient, saves, default_a, key) SAVES_##saves,
static const bool saves_output[] = {WEFT_ACTIVATION_LIST(SAVES)};

/* dy times the activation's slope at x, in place. */
static void activate_grad(const block_trial *t, const weft_tensor *x, double *data,
                          double *const of[4], double *dy)
{
    if (!t->with.activated) return;
    double *s = normalize(t, x, data, of);
    if (saves_output[t->with.activation.kind]) activate(t, x, s);
    run((weft_op){.kind = WEFT_OP_activation_grad,
                  .in = {*x, *x},
                  .out = {*x},
                  .mode = {WEFT_OUT_SET},
                  .with.activation = t->with.activation},
        (void *const[WEFT_MAX_IN]){s, dy}, (void *const[WEFT_MAX_OUT]){dy});
    free(s);
}

static void pool(const block_trial *t, double *a, double *y, uint8_t *where)
{
    run((weft_op){.kind = WEFT_OP_maxpool,
                  .in = {block_full(t)},
                  .out = {block_small(t, WEFT_F32), block_small(t, WEFT_U8)},
                  .mode = {WEFT_OUT_SET, WEFT_OUT_SET},
                  .with.window = t->with.pool},
        (void *const[WEFT_MAX_IN]){a}, (void *const[WEFT_MAX_OUT]){y, where});
}

/* A copy of dy, laid out over x. */
double *block_unpool(const block_trial *t, double *dy, uint8_t *where)
{
    const weft_tensor x = block_full(t);
    double *dx = doubles(&x);
    if (!t->with.pooled) return memcpy(dx, dy, (size_t)op_count(&x) * sizeof *dx);
    run((weft_op){.kind = WEFT_OP_maxpool_grad,
                  .in = {block_small(t, WEFT_F32), block_small(t, WEFT_U8)},
                  .out = {x},
                  .mode = {WEFT_OUT_SET},
                  .with.window = t->with.pool},
        (void *const[WEFT_MAX_IN]){dy, where}, (void *const[WEFT_MAX_OUT]){dx});
    return dx;
}

/* x where the maximum is. */
static void pick(const block_trial *t, const double *x, const uint8_t *where, double *peak)
{
    const weft_tensor y = block_small(t, WEFT_F32);
    const int32_t *extent = y.shape.dim, *pooling = t->shape->pool;
    for (int64_t i = 0; i < op_count(&y); i++) {
        const int64_t c = i % extent[3], q = i / extent[3] % extent[2];
        const int64_t line = i / extent[3] / extent[2], p = line % extent[1];
        const int64_t h = p * pooling[0] + where[i] / pooling[1];
        const int64_t w = q * pooling[1] + where[i] % pooling[1];
        peak[i] = x[((line / extent[1] * t->shape->h + h) * t->shape->w + w) * extent[3] + c];
    }
}

static void forward_reference(const block_trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor x = block_full(t), y = block_small(t, WEFT_F32);
    double *a = normalize(t, &x, in[0], (double *const[4]){in[1], in[2], in[3], in[4]});
    activate(t, &x, a);
    out->out[0] = a;
    if (!t->with.pooled) return;
    out->out[0] = doubles(&y);
    out->out[1] = doubles(&y);
    out->out[2] = doubles(&y);
    pool(t, a, out->out[0], out->out[1]);
    pick(t, in[0], out->out[1], out->out[2]);
    free(a);
}

/* Over any pixels: those of the peak, or all. dy is changed. */
void block_sums_over(const block_trial *t, const weft_tensor *x, double *data, double *const of[4],
                     double *dy, op_result *out)
{
    const weft_tensor c = channels(t);
    activate_grad(t, x, data, of, dy);
    out->out[0] = doubles(&c);
    out->out[1] = doubles(&c);
    run((weft_op){.kind = WEFT_OP_batchnorm_sums,
                  .in = {*x, c, c, *x},
                  .out = {c, c},
                  .mode = {WEFT_OUT_SET, WEFT_OUT_SET},
                  .with.batchnorm = t->with.batchnorm},
        (void *const[WEFT_MAX_IN]){data, of[0], of[1], dy}, out->out);
}

static void sums_reference(const block_trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor y = block_small(t, WEFT_F32);
    block_sums_over(t, &y, in[0], (double *const[4]){in[1], in[2], in[3], in[4]}, in[5], out);
}

/* out->out[0] is there: what was before. */
static void grad_reference(const block_trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor x = block_full(t), c = channels(t);
    double *dv = block_unpool(t, in[0], in[2]);
    activate_grad(t, &x, in[1], (double *const[4]){in[3], in[4], in[5], in[6]}, dv);
    weft_op op = {.kind = WEFT_OP_batchnorm_grad,
                  .in = {x, c, c},
                  .out = {x},
                  .mode = {t->add ? WEFT_OUT_ADD : WEFT_OUT_SET},
                  .with.batchnorm = t->with.batchnorm};
    if (!t->with.batchnorm.running) {
        op.in[3] = x;
        op.in[4] = op.in[5] = op.in[6] = c;
    }
    run(op, (void *const[WEFT_MAX_IN]){dv, in[4], in[5], in[1], in[3], in[7], in[8]}, out->out);
    free(dv);
}

void block_reference(const block_trial *t, const op_case *c, const op_data *data, op_result *out)
{
    void *in[WEFT_MAX_IN];
    for (int i = 0; i < WEFT_MAX_IN; i++)
        in[i] = op_widen(&c->op.in[i], data->in[i]);
    *out = (op_result){0};
    if (c->op.kind == WEFT_OP_batchnorm_block) forward_reference(t, in, out);
    if (c->op.kind == WEFT_OP_batchnorm_block_sums) sums_reference(t, in, out);
    if (c->op.kind == WEFT_OP_batchnorm_block_grad) {
        out->out[0] = op_widen(&c->op.out[0], data->out[0]);
        grad_reference(t, in, out);
    }
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(in[i]);
}
