#include <stdlib.h>

#include "core/selftest/op_cases.h"

/* Ops over rows: products, sums, element-wise functions, normalisation. */

/* Variants: both transpositions, each alone, with a bias, and added. */
void op_build_gemm(const op_shape *s, int variant, op_case *out)
{
    const weft_gemm gemm = {s->n, s->c, s->k, (variant & 1) != 0, (variant & 2) != 0};
    const int extra = variant / 4;
    out->op.with.gemm = gemm;
    out->op.in[0] = gemm.trans_a ? OP_F32(gemm.k, gemm.m, 0, 0) : OP_F32(gemm.m, gemm.k, 0, 0);
    out->op.in[1] = gemm.trans_b ? OP_F32(gemm.n, gemm.k, 0, 0) : OP_F32(gemm.k, gemm.n, 0, 0);
    if (extra == 1) out->op.in[2] = OP_F32(gemm.n, 0, 0, 0);
    op_set_out(out, OP_F32(gemm.m, gemm.n, 0, 0), extra == 2);
    out->exact = true;
    out->terms = gemm.k;
}

void op_build_sum_rows(const op_shape *s, int variant, op_case *out)
{
    (void)variant;
    out->op.in[0] = op_image(s);
    op_set_out(out, OP_F32(s->c, 0, 0, 0), 0);
    out->exact = true;
    out->terms = op_count(&out->op.in[0]) / s->c;
}

static const char *const default_a[] = {
#define OP_DEFAULT_A(name, value, gradient, saves, a, key) a,
    WEFT_ACTIVATION_LIST(OP_DEFAULT_A)
#undef OP_DEFAULT_A
};

static weft_act act_of(int variant)
{
    const weft_activation kind = (weft_activation)(variant % WEFT_ACTIVATION_COUNT);
    return (weft_act){kind, strtof(default_a[kind], NULL)};
}

/* Variants: one for each function. */
void op_build_activation(const op_shape *s, int variant, op_case *out)
{
    out->op.with.activation = act_of(variant);
    out->op.in[0] = op_image(s);
    op_set_out(out, op_image(s), 0);
    out->exact = variant == WEFT_ACT_relu;
    out->zeros = variant == WEFT_ACT_relu ? 0.9 : 0.5;
}

/* Variants: one for each function, set, then added. */
void op_build_activation_grad(const op_shape *s, int variant, op_case *out)
{
    const weft_act act = act_of(variant);
    out->op.with.activation = act;
    out->op.in[0] = op_image(s);
    out->op.in[1] = op_image(s);
    op_set_out(out, op_image(s), variant / WEFT_ACTIVATION_COUNT);
    out->exact = act.kind == WEFT_ACT_relu;
    out->zeros = act.kind == WEFT_ACT_relu ? 0.9 : 0.5;
    if (act.kind == WEFT_ACT_relu) out->deaf = 3; /* nothing passes where the output was 0 */
    if (act.kind == WEFT_ACT_leaky_relu) out->deaf = 1;
}

static weft_tensor channels(const op_shape *s)
{
    return OP_F32(s->c, 0, 0, 0);
}

void op_build_batchnorm_stats(const op_shape *s, int variant, op_case *out)
{
    (void)variant;
    out->op.with.batchnorm = (weft_batchnorm){.eps = 1e-3f, .momentum = 0.3f};
    out->op.in[0] = op_image(s);
    for (int i = 0; i < 4; i++) {
        out->op.out[i] = channels(s);
        out->op.mode[i] = i < 2 ? WEFT_OUT_SET : WEFT_OUT_INOUT;
    }
    out->out[3] = OP_FILL_POSITIVE;
}

/* Variants: statistics of the batch, or running ones. */
void op_build_batchnorm(const op_shape *s, int variant, op_case *out)
{
    out->op.with.batchnorm = (weft_batchnorm){1e-3f, 0.3f, variant == 1};
    out->op.in[0] = op_image(s);
    for (int i = 1; i < 5; i++)
        out->op.in[i] = channels(s);
    out->in[2] = OP_FILL_POSITIVE;
    op_set_out(out, op_image(s), 0);
}

void op_build_batchnorm_sums(const op_shape *s, int variant, op_case *out)
{
    out->op.with.batchnorm = (weft_batchnorm){1e-3f, 0.3f, variant == 1};
    out->op.in[0] = op_image(s);
    out->op.in[1] = channels(s);
    out->op.in[2] = channels(s);
    out->in[2] = OP_FILL_POSITIVE;
    out->op.in[3] = op_image(s);
    for (int i = 0; i < 2; i++) {
        out->op.out[i] = channels(s);
        out->op.mode[i] = WEFT_OUT_SET;
    }
}

/* Variants: running or not, then the same added. The running form reads the first three inputs. */
void op_build_batchnorm_grad(const op_shape *s, int variant, op_case *out)
{
    const bool running = variant % 2 == 1;
    out->op.with.batchnorm = (weft_batchnorm){1e-3f, 0.3f, running};
    out->op.in[0] = op_image(s);
    out->op.in[1] = channels(s);
    out->in[1] = OP_FILL_POSITIVE;
    out->op.in[2] = channels(s);
    if (!running) {
        out->op.in[3] = op_image(s);
        for (int i = 4; i < 7; i++)
            out->op.in[i] = channels(s);
    }
    op_set_out(out, op_image(s), variant / 2);
}

/* Variants: three rates, set, then added. */
void op_build_dropout(const op_shape *s, int variant, op_case *out)
{
    static const float rates[] = {0.0f, 0.3f, 0.5f};
    out->op.with.dropout = (weft_dropout){rates[variant % 3], 0x123456789abcdefULL, 5};
    out->op.in[0] = op_image(s);
    op_set_out(out, op_image(s), variant / 3);
    out->exact = variant % 3 != 1;
    out->deaf = 1; /* all of a small tensor may be dropped */
    out->zeros = 1;
}

void op_build_copy(const op_shape *s, int variant, op_case *out)
{
    out->op.in[0] = op_image(s);
    op_set_out(out, op_image(s), variant);
    out->exact = true;
}
