/* Optimizers over the parameter arena: PyTorch's SGD, Adam and AdamW, all ranges in one launch.
 *
 *   g = gradient * grad_scale; the decay is added to g, or (DECOUPLED) taken off p first
 *   sgd    b = momentum * b + g; p -= lr * (NESTEROV ? g + momentum * b : b)
 *   adam   m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g * g;
 *          p -= lr / correction1 * m / (sqrt(v) / sqrt(correction2) + eps)
 *
 * MOMENTUM NESTEROV DECOUPLED   0 or 1
 * Four ranges of the arena, each with its first element, count, weight decay and a factor of the
 * learning rate; unused ones have no elements. A group works on the elements of the ranges that lie
 * in `each` places from `start` on.
 */
#include "common.cl"

#ifndef MOMENTUM
#define MOMENTUM 1
#endif
#ifndef NESTEROV
#define NESTEROV 0
#endif
#ifndef DECOUPLED
#define DECOUPLED 0
#endif

#define RANGES 4
#define RANGE_ARGUMENTS                                                                 \
    const long start, const long each, const long first0, const long count0,            \
        const real decay0, const real rate0, const long first1, const long count1,      \
        const real decay1, const real rate1, const long first2, const long count2,      \
        const real decay2, const real rate2, const long first3, const long count3,      \
        const real decay3, const real rate3

typedef struct sgd_state {
    real grad_scale, momentum;
    const __global real *g;
    __global real *p, *b;
} sgd_state;

typedef struct adam_state {
    real grad_scale, beta1, beta2, eps, step_scale, root;
    const __global real *g;
    __global real *p, *m, *v;
} adam_state;

void sgd_one(const sgd_state k, const real lr, const real decay, const long i, const int n)
{
    const wide p = load_wide(k.p + i, n);
    wide g = load_wide(k.g + i, n) * k.grad_scale + decay * p;
#if MOMENTUM
    const wide b = k.momentum * load_wide(k.b + i, n) + g;
    store_wide(b, k.b + i, n);
    g = NESTEROV ? g + k.momentum * b : b;
#endif
    store_wide(p - lr * g, k.p + i, n);
}

void adam_one(const adam_state k, const real lr, const real decay, const long i, const int n)
{
    wide p = load_wide(k.p + i, n);
    wide g = load_wide(k.g + i, n) * k.grad_scale;
#if DECOUPLED
    p = p - lr * decay * p;
#else
    g = g + decay * p;
#endif
    const wide m = k.beta1 * load_wide(k.m + i, n) + (1.0f - k.beta1) * g;
    const wide v = k.beta2 * load_wide(k.v + i, n) + (1.0f - k.beta2) * g * g;
    store_wide(m, k.m + i, n);
    store_wide(v, k.v + i, n);
    store_wide(p - lr * k.step_scale * (m / (sqrt(v) * k.root + k.eps)), k.p + i, n);
}

/* Runs STEP(state, rate, decay, i, n) over the part of each range that belongs to this group. */
#define FOR_RANGES(STEP, lr)                                                             \
    const long firsts[RANGES] = {first0, first1, first2, first3};                        \
    const long counts[RANGES] = {count0, count1, count2, count3};                        \
    const real decays[RANGES] = {decay0, decay1, decay2, decay3};                        \
    const real rates[RANGES] = {rate0, rate1, rate2, rate3};                             \
    const long begin = start + (long)get_group_id(0) * each;                             \
    for (int range = 0; range < RANGES; range++) {                                       \
        const long from = max(begin, firsts[range]);                                     \
        const long end = min(begin + each, firsts[range] + counts[range]);               \
        const real rate = (lr) * rates[range];                                           \
        long i = from + (long)get_local_id(0) * LANES;                                   \
        for (; i + LANES <= end; i += WG * LANES) STEP(k, rate, decays[range], i, LANES); \
        if (LANES > 1 && i < end) STEP(k, rate, decays[range], i, (int)(end - i));       \
    }

KERNEL void sgd(RANGE_ARGUMENTS, const real lr, const real grad_scale, const real momentum,
                const __global real *restrict g, const long g_at, __global real *restrict p,
                const long p_at, __global real *restrict b, const long b_at)
{
    const sgd_state k = {grad_scale, momentum, g + g_at, p + p_at, b + b_at};
    FOR_RANGES(sgd_one, lr)
}

KERNEL void adam(RANGE_ARGUMENTS, const real lr, const real grad_scale, const real correction1,
                 const real correction2, const real beta1, const real beta2, const real eps,
                 const __global real *restrict g, const long g_at, __global real *restrict p,
                 const long p_at, __global real *restrict m, const long m_at,
                 __global real *restrict v, const long v_at)
{
    const adam_state k = {grad_scale, beta1,    beta2,    eps,      1.0f / correction1,
                          1.0f / sqrt(correction2), g + g_at, p + p_at, m + m_at, v + v_at};
    FOR_RANGES(adam_one, lr)
}
