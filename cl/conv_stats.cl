/* Convolution for CPUs that takes statistics of its result, row by row while the row is in the
 * nearest cache.
 *
 *   y = conv, and part[n][i] = mean and M2 (sum of squared distances from it) of the ROWS rows that
 *   group i of image n makes; stats_merge of batchnorm.cl merges the parts
 *
 * For the macros see conv_rows.cl. P is a multiple of ROWS.
 */
#include "conv_rows.cl"

/* Over a row, in four sums: of its values, or of their squared distances from a number. */
INLINE float16 add_row(__global const float *y, const int n, const int squared,
                       const float16 middle)
{
    float16 sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int q = 0; q < Q; q += 4) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            if (q + i >= Q) continue;
            const float16 v = load_wide(y + (q + i) * K, n);
            sum[i] = squared ? MAC(v - middle, v - middle, sum[i]) : sum[i] + v;
        }
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* count, mean and M2 of the rows so far, merged with those of one more row of Q pixels by the
 * formula of Chan, Golub, LeVeque (1979). */
INLINE void merge_row(const float count, float16 *mean, float16 *m2, __global const float *y,
                      const int n)
{
    const float16 middle = add_row(y, n, 0, 0.0f) / (float)Q;
    const float16 squares = add_row(y, n, 1, middle);
    const float share = (float)Q / (count + (float)Q);
    const float16 delta = middle - *mean;
    *mean += delta * share;
    *m2 += squares + delta * delta * (count * share);
}

KERNEL void conv_stats(__global const float *restrict x, const long x_at,
                       __global const float *restrict w, const long w_at,
                       __global const float *restrict bias, const long bias_at,
                       __global float *restrict y, const long y_at,
                       __global float *restrict part, const long part_at)
{
    const int k0 = GROUP_K;
    const int p0 = GROUP_P;
    const long n = GROUP_N;
    x += x_at + n * (H * W * C);
    y += y_at + n * (P * Q * K);
    part += part_at + (n * (P / ROWS) + p0 / ROWS) * (2 * K);

    float16 mean[NV], m2[NV];
    for (int v = 0; v < NV; v++)
        mean[v] = m2[v] = 0.0f;
    for (int p = p0; p < p0 + ROWS; p++) {
        __global float *yp = y + p * (Q * K);
        conv_row(p, k0, x, w + w_at, bias + bias_at, yp);
        for (int v = 0; v < NV; v++) {
            const int k = k0 + 16 * v;
            const float count = (p - p0) * Q;
            if (K % 16 == 0 || K - k >= 16)
                merge_row(count, mean + v, m2 + v, yp + k, 16);
            else
                merge_row(count, mean + v, m2 + v, yp + k, K - k);
        }
    }
    for (int v = 0; v < NV; v++) {
        const int k = k0 + 16 * v;
        store_wide(mean[v], part + k, K - k);
        store_wide(m2[v], part + K + k, K - k);
    }
}
