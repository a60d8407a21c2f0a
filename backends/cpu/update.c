/* Optimizers over stretches of the parameter arena, by PyTorch's formulas. */
#include <tgmath.h>

#include "backends/cpu/ops.h"

/* A piece of a range: the same numbers for all of its elements. */
typedef struct piece {
    int64_t at, count;
    weft_real decay, lr;
} piece;

static void sgd_piece(const weft_op *op, const weft_values *values, const piece *of)
{
    const weft_real scale = REAL(values->grad_scale), momentum = REAL(op->with.update.momentum);
    const weft_real *const gradient = weft_cpu_real(&op->in[0]) + of->at;
    weft_real *const p = weft_cpu_real(&op->out[0]) + of->at;
    weft_real *const moment = weft_cpu_real(&op->out[1]);
    if (!moment) {
        for (int64_t i = 0; i < of->count; i++)
            p[i] -= of->lr * (gradient[i] * scale + of->decay * p[i]);
        return;
    }
    const bool nesterov = op->with.update.nesterov;
    weft_real *const m = moment + of->at;
    for (int64_t i = 0; i < of->count; i++) {
        const weft_real g = gradient[i] * scale + of->decay * p[i];
        m[i] = momentum * m[i] + g;
        p[i] -= of->lr * (nesterov ? g + momentum * m[i] : m[i]);
    }
}

static void adam_piece(const weft_op *op, const weft_values *values, const piece *of)
{
    const weft_update *const with = &op->with.update;
    const weft_real scale = REAL(values->grad_scale), eps = REAL(with->eps);
    const weft_real beta1 = REAL(with->beta1), beta2 = REAL(with->beta2);
    const weft_real step = of->lr / REAL(values->correction1);
    const weft_real root = sqrt(REAL(values->correction2));
    /* Decay on its own shrinks p; else it is a part of the gradient. */
    const weft_real shrink = with->decoupled ? 1 - of->lr * of->decay : 1;
    const weft_real decay = with->decoupled ? 0 : of->decay;
    const weft_real *const gradient = weft_cpu_real(&op->in[0]) + of->at;
    weft_real *const p = weft_cpu_real(&op->out[0]) + of->at;
    weft_real *const m = weft_cpu_real(&op->out[1]) + of->at;
    weft_real *const v = weft_cpu_real(&op->out[2]) + of->at;
    for (int64_t i = 0; i < of->count; i++) {
        const weft_real g = gradient[i] * scale + decay * p[i];
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        p[i] = shrink * p[i] - step * m[i] / (sqrt(v[i]) / root + eps);
    }
}

static void update(const weft_op *op, const weft_values *values, int threads,
                   void (*run)(const weft_op *, const weft_values *, const piece *))
{
    for (int r = 0; r < op->with.update.range_count; r++) {
        const weft_range range = op->with.update.range[r];
        WEFT_PARALLEL(threads)
        for (int64_t at = 0; at < range.count; at += WEFT_CPU_PIECE) {
            const piece of = {.at = range.first + at,
                              .count = weft_cpu_min(range.count - at, WEFT_CPU_PIECE),
                              .decay = REAL(range.decay),
                              .lr = REAL(values->lr) * REAL(range.lr_scale)};
            run(op, values, &of);
        }
    }
}

WEFT_CPU_OP(sgd)
{
    update(op, values, threads, sgd_piece);
}

WEFT_CPU_OP(adam)
{
    update(op, values, threads, adam_piece);
}
