/* Convolution for CPUs with what follows it, row by row while the row is in the nearest cache.
 *
 *   y = maximum over windows of POOL_R x POOL_S pixels of VALUE(v = conv * scale + shift)
 *   scale = gamma / sqrt(variance + eps), shift = beta - mean * scale, when NORMED
 *
 * For the macros of the convolution see conv_rows.cl; ROWS counts rows of the pooled result.
 *
 * NORMED          0 or 1
 * VALUE           expression in v and the parameter a (core/activation.h)
 * POOL_R POOL_S   window, which is the stride too; 1 x 1: no pooling
 */
#define KEPT 1
#include "conv_rows.cl"

#ifndef POOL_R
#define POOL_R 2
#define POOL_S 2
#endif
#ifndef NORMED
#define NORMED 1
#endif
#ifndef VALUE
#define VALUE v < 0 ? REAL(0) : v
#endif

INLINE float16 finish(const float16 x, const float16 scale, const float16 shift, const float a)
{
    const float16 v = NORMED ? MAC(x, scale, shift) : x;
    return VALUE;
}

/* The larger of two; a NaN counts as larger than everything. */
INLINE float16 larger(const float16 m, const float16 v)
{
    return (v > m) || (v != v) ? v : m;
}

/* One pooled row of vector v, from POOL_R rows of the convolution. */
INLINE void pool_row(const float16 row[POOL_R][Q * NV], const int v, const float16 scale,
                     const float16 shift, const float a, __global float *y, const int n)
{
    for (int j = 0; j < Q / POOL_S; j++) {
        const int q = j * POOL_S;
        float16 most = finish(row[0][q * NV + v], scale, shift, a);
        for (int i = 1; i < POOL_R * POOL_S; i++) {
            const int at = (q + i % POOL_S) * NV + v;
            most = larger(most, finish(row[i / POOL_S][at], scale, shift, a));
        }
        store_wide(most, y + j * K, n);
    }
}

KERNEL void conv_block(const float eps, const float a,
                       __global const float *restrict x, const long x_at,
                       __global const float *restrict w, const long w_at,
                       __global const float *restrict bias, const long bias_at,
                       __global const float *restrict mean, const long mean_at,
                       __global const float *restrict variance, const long variance_at,
                       __global const float *restrict gamma, const long gamma_at,
                       __global const float *restrict beta, const long beta_at,
                       __global float *restrict y, const long y_at)
{
    const int rows = P / POOL_R, columns = Q / POOL_S;
    const int k0 = GROUP_K;
    const int p0 = GROUP_P;
    const long n = GROUP_N;
    x += x_at + n * (H * W * C);
    y += y_at + n * (rows * columns * K);

    float16 scale[NV], shift[NV];
    for (int v = 0; v < NV; v++) {
        const int k = k0 + 16 * v;
        scale[v] = 1.0f;
        shift[v] = 0.0f;
        if (!NORMED) continue;
        scale[v] = load_wide(gamma + gamma_at + k, K - k) /
                   sqrt(load_wide(variance + variance_at + k, K - k) + eps);
        shift[v] = load_wide(beta + beta_at + k, K - k) -
                   load_wide(mean + mean_at + k, K - k) * scale[v];
    }

    float16 row[POOL_R][Q * NV];
    for (int p = p0; p < min(p0 + ROWS, rows); p++) {
        for (int r = 0; r < POOL_R; r++)
            conv_row(p * POOL_R + r, k0, x, w + w_at, bias + bias_at, row[r]);
        for (int v = 0; v < NV; v++) {
            const int k = k0 + 16 * v;
            __global float *yp = y + p * (columns * K) + k;
            if (K % 16 == 0 || K - k >= 16)
                pool_row(row, v, scale[v], shift[v], a, yp, 16);
            else
                pool_row(row, v, scale[v], shift[v], a, yp, K - k);
        }
    }
}
