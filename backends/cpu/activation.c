/* Activations: one pair of functions for each line of WEFT_ACTIVATION_LIST. */
#include <tgmath.h>

#include "backends/cpu/ops.h"

typedef void (*value_run)(const weft_real *in, weft_real *out, int64_t count, weft_real a);
typedef void (*grad_run)(const weft_real *saved, const weft_real *grad, weft_real *out,
                         int64_t count, weft_real a, bool add);

#define ACTIVATION_DEFINE(name, value, gradient, saves, default_a, key)                       \
    static void value_##name(const weft_real *in, weft_real *out, int64_t count, weft_real a) \
    {                                                                                         \
        (void)a;                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                 \
            const weft_real v = in[i];                                                        \
            out[i] = value;                                                                   \
        }                                                                                     \
    }                                                                                         \
    static void grad_##name(const weft_real *saved, const weft_real *grad, weft_real *out,    \
                            int64_t count, weft_real a, bool add)                             \
    {                                                                                         \
        (void)a;                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                 \
            const weft_real s = saved[i], dy = grad[i];                                       \
            const weft_real dx = gradient;                                                    \
            out[i] = add ? out[i] + dx : dx;                                                  \
        }                                                                                     \
    }
WEFT_ACTIVATION_LIST(ACTIVATION_DEFINE)

#define VALUE_ENTRY(name, value, gradient, saves, default_a, key) [WEFT_ACT_##name] = value_##name,
#define GRAD_ENTRY(name, value, gradient, saves, default_a, key)  [WEFT_ACT_##name] = grad_##name,
static const value_run value_table[] = {WEFT_ACTIVATION_LIST(VALUE_ENTRY)};
static const grad_run grad_table[] = {WEFT_ACTIVATION_LIST(GRAD_ENTRY)};

WEFT_CPU_OP(activation)
{
    (void)values;
    const value_run run = value_table[op->with.activation.kind];
    const weft_real *const v = weft_cpu_real(&op->in[0]);
    weft_real *const y = weft_cpu_real(&op->out[0]);
    const int64_t count = weft_shape_count(op->in[0].shape);
    WEFT_PARALLEL(threads)
    for (int64_t at = 0; at < count; at += WEFT_CPU_PIECE)
        run(v + at, y + at, weft_cpu_min(count - at, WEFT_CPU_PIECE), REAL(op->with.activation.a));
}

WEFT_CPU_OP(activation_grad)
{
    (void)values;
    const grad_run run = grad_table[op->with.activation.kind];
    const weft_real *const s = weft_cpu_real(&op->in[0]), *const dy = weft_cpu_real(&op->in[1]);
    weft_real *const dx = weft_cpu_real(&op->out[0]);
    const int64_t count = weft_shape_count(op->in[0].shape);
    WEFT_PARALLEL(threads)
    for (int64_t at = 0; at < count; at += WEFT_CPU_PIECE)
        run(s + at, dy + at, dx + at, weft_cpu_min(count - at, WEFT_CPU_PIECE),
            REAL(op->with.activation.a), op->mode[0] == WEFT_OUT_ADD);
}
