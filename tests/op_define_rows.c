#include <math.h>

#include "core/rng.h"
#include "tests/op_define.h"

/* Products, sums, element-wise functions, normalisation; M rows, C channels. */

static int64_t channels_of(const weft_tensor *t)
{
    return t->shape.dim[t->shape.rank - 1];
}

static int64_t count_of(const weft_tensor *t)
{
    return weft_shape_count(t->shape);
}

void op_define_gemm(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                    void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const weft_gemm g = op->with.gemm;
    const double *a = in[0], *b = in[1], *bias = in[2];
    double *c = out[0];
    for (int64_t i = 0; i < g.m; i++)
        for (int64_t j = 0; j < g.n; j++) {
            double sum = bias ? bias[j] : 0;
            for (int64_t k = 0; k < g.k; k++)
                sum += a[g.trans_a ? k * g.m + i : i * g.k + k] *
                       b[g.trans_b ? j * g.k + k : k * g.n + j];
            c[i * g.n + j] = sum;
        }
}

void op_define_sum_rows(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                        void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const int64_t channels = channels_of(&op->in[0]);
    const double *x = in[0];
    double *s = out[0];
    for (int64_t c = 0; c < channels; c++)
        s[c] = 0;
    for (int64_t i = 0; i < count_of(&op->in[0]); i++)
        s[i % channels] += x[i];
}

static double phi(double v)
{
    return 0.5 * erfc(-v / sqrt(2));
}

static double density(double v)
{
    return exp(-v * v / 2) / sqrt(2 * acos(-1));
}

static double logistic(double v)
{
    return 1 / (1 + exp(-v));
}

static double value(weft_act act, double v)
{
    const double a = act.a;
    switch (act.kind) {
    case WEFT_ACT_relu:
        return v < 0 ? 0 : v;
    case WEFT_ACT_leaky_relu:
        return v < 0 ? a * v : v;
    case WEFT_ACT_elu:
        return v < 0 ? a * (exp(v) - 1) : v;
    case WEFT_ACT_gelu:
        return v * phi(v);
    case WEFT_ACT_silu:
        return v * logistic(v);
    case WEFT_ACT_sigmoid:
        return logistic(v);
    case WEFT_ACT_tanh:
        return tanh(v);
    default:
        return NAN;
    }
}

/* s is the input of leaky_relu, gelu and silu, and the output of the others. */
static double slope(weft_act act, double s)
{
    const double a = act.a;
    switch (act.kind) {
    case WEFT_ACT_relu:
        return s <= 0 ? 0 : 1;
    case WEFT_ACT_leaky_relu:
        return s > 0 ? 1 : a;
    case WEFT_ACT_elu:
        return s > 0 ? 1 : s + a;
    case WEFT_ACT_gelu:
        return phi(s) + s * density(s);
    case WEFT_ACT_silu:
        return logistic(s) * (1 + s * (1 - logistic(s)));
    case WEFT_ACT_sigmoid:
        return s * (1 - s);
    case WEFT_ACT_tanh:
        return 1 - s * s;
    default:
        return NAN;
    }
}

void op_define_activation(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                          void *const out[WEFT_MAX_OUT])
{
    (void)v;
    for (int64_t i = 0; i < count_of(&op->in[0]); i++)
        ((double *)out[0])[i] = value(op->with.activation, ((const double *)in[0])[i]);
}

void op_define_activation_grad(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                               void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const double *s = in[0], *dy = in[1];
    for (int64_t i = 0; i < count_of(&op->in[0]); i++)
        ((double *)out[0])[i] = dy[i] * slope(op->with.activation, s[i]);
}

void op_define_batchnorm_stats(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                               void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const weft_batchnorm with = op->with.batchnorm;
    const int64_t channels = channels_of(&op->in[0]), rows = count_of(&op->in[0]) / channels;
    const double *x = in[0], momentum = with.momentum;
    double *mean = out[0], *inv_std = out[1], *running_mean = out[2], *running_var = out[3];
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0, square = 0;
        for (int64_t r = 0; r < rows; r++)
            sum += x[r * channels + c];
        mean[c] = sum / (double)rows;
        for (int64_t r = 0; r < rows; r++)
            square += pow(x[r * channels + c] - mean[c], 2);
        inv_std[c] = 1 / sqrt(square / (double)rows + (double)with.eps);
        const double unbiased = square / (double)(rows > 1 ? rows - 1 : 1);
        running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean[c];
        running_var[c] = (1 - momentum) * running_var[c] + momentum * unbiased;
    }
}

static double inverse(const weft_op *op, double spread)
{
    return op->with.batchnorm.running ? 1 / sqrt(spread + (double)op->with.batchnorm.eps) : spread;
}

void op_define_batchnorm(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                         void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const int64_t channels = channels_of(&op->in[0]);
    const double *x = in[0], *mean = in[1], *spread = in[2], *gamma = in[3], *beta = in[4];
    for (int64_t i = 0; i < count_of(&op->in[0]); i++) {
        const int64_t c = i % channels;
        ((double *)out[0])[i] = gamma[c] * (x[i] - mean[c]) * inverse(op, spread[c]) + beta[c];
    }
}

void op_define_batchnorm_sums(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                              void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const int64_t channels = channels_of(&op->in[0]);
    const double *x = in[0], *mean = in[1], *spread = in[2], *dy = in[3];
    double *dgamma = out[0], *dbeta = out[1];
    for (int64_t c = 0; c < channels; c++)
        dgamma[c] = dbeta[c] = 0;
    for (int64_t i = 0; i < count_of(&op->in[0]); i++) {
        const int64_t c = i % channels;
        dgamma[c] += dy[i] * (x[i] - mean[c]) * inverse(op, spread[c]);
        dbeta[c] += dy[i];
    }
}

void op_define_batchnorm_grad(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                              void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const int64_t channels = channels_of(&op->in[0]), count = count_of(&op->in[0]);
    const double rows = (double)(count / channels);
    const double *dy = in[0], *spread = in[1], *gamma = in[2];
    const double *x = in[3], *mean = in[4], *dgamma = in[5], *dbeta = in[6];
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = i % channels;
        double d = dy[i];
        if (!op->with.batchnorm.running)
            d -= dbeta[c] / rows + (x[i] - mean[c]) * spread[c] * dgamma[c] / rows;
        ((double *)out[0])[i] = gamma[c] * inverse(op, spread[c]) * d;
    }
}

void op_define_dropout(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                       void *const out[WEFT_MAX_OUT])
{
    const weft_dropout with = op->with.dropout;
    const int64_t width = count_of(&op->in[0]) / op->in[0].shape.dim[0];
    for (int64_t i = 0; i < count_of(&op->in[0]); i++) {
        const uint32_t row = v->row0 + (uint32_t)(i / width), element = (uint32_t)(i % width);
        const uint32_t draw = weft_draw(with.seed, WEFT_RNG_DROPOUT, (uint32_t)with.layer,
                                        (uint32_t)v->step, row, element);
        const bool dropped = draw < weft_rate_threshold(with.rate);
        const double kept = ((const double *)in[0])[i] / (1 - (double)with.rate);
        ((double *)out[0])[i] = dropped ? 0 : kept;
    }
}

void op_define_copy(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                    void *const out[WEFT_MAX_OUT])
{
    (void)v;
    for (int64_t i = 0; i < count_of(&op->in[0]); i++)
        ((double *)out[0])[i] = ((const double *)in[0])[i];
}

void op_define_inspect(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                       void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const int64_t count = count_of(&op->in[0]), rows = op->out[0].shape.dim[0];
    for (int64_t s = 0; s < rows; s++) {
        const int64_t first = s * count / rows, end = (s + 1) * count / rows;
        double *row = (double *)out[0] + 5 * s, low = INFINITY, high = -INFINITY;
        row[0] = row[1] = row[4] = 0;
        for (int64_t i = first; i < end; i++) {
            const double x = ((const double *)in[0])[i];
            row[0] += isnan(x) ? 1 : 0;
            row[1] += fabs(x) == (double)INFINITY ? 1 : 0;
            if (!(fabs(x) < (double)INFINITY)) continue;
            low = fmin(low, x);
            high = fmax(high, x);
            row[4] += x / (double)(end - first);
        }
        row[2] = low > high ? 0 : low;
        row[3] = low > high ? 0 : high;
    }
}
