/* Convolution for GPUs: one work-item makes TX pixels of a row for one channel.
 *
 *   y as in conv.cl, with the same meaning of TRANSPOSED; part as in conv_grad.cl
 *
 * Neighbouring items have neighbouring channels k: they read w, dy and write y next to each other,
 * and share their values of x.
 *
 * H W C P Q K R S SH SW PT PL TRANSPOSED   see conv_window.cl
 * TX            pixels of an item of conv_tile; a multiple of SW when TRANSPOSED
 * TC            channels of an item of conv_grad_tile
 * WG            work-items of a group
 * BIAS ADD      0 or 1
 */
#include "common.cl"
#include "conv_window.cl"

#ifndef TX
#define TX 4
#endif
#ifndef TC
#define TC 4
#endif
#ifndef BIAS
#define BIAS 0
#endif

#define TILES    ((Q + TX - 1) / TX)
#define CHANNELS ((C + TC - 1) / TC)

KERNEL void conv_tile(const int batch,
                      __global const float *restrict x, const long x_at,
                      __global const float *restrict w, const long w_at,
                      __global const float *restrict bias, const long bias_at,
                      __global float *restrict y, const long y_at)
{
    long n = (long)get_group_id(0) * WG + get_local_id(0);
    const int k = take(&n, K), q = take(&n, TILES) * TX, p = take(&n, P);
    if (n >= batch) return;
    x += x_at + n * (H * W * C);
    w += w_at + k;
    y += y_at + n * (P * Q * K) + (p * Q + q) * K + k;

    float sum[TX];
#pragma unroll
    for (int t = 0; t < TX; t++) {
        sum[t] = BIAS ? bias[bias_at + k] : 0.0f;
        if (ADD && q + t < Q) sum[t] = y[t * K];
    }
    for (int r = 0; r < R; r++) {
        if (!ROW_MEETS(p, r) || ROW(p, r) < 0 || ROW(p, r) >= H) continue;
        __global const float *xr = x + ROW(p, r) * (W * C);
        for (int s = 0; s < S; s++) {
            __global const float *ws = w + (r * S + s) * (C * K);
            for (int c = 0; c < C; c++) {
                const float wv = ws[c * K];
#pragma unroll
                for (int t = 0; t < TX; t++) {
                    const int column = COLUMN(q, t, s);
                    if (COLUMN_MEETS(t, s) && q + t < Q && column >= 0 && column < W)
                        sum[t] = MAC(xr[column * C + c], wv, sum[t]);
                }
            }
        }
    }
#pragma unroll
    for (int t = 0; t < TX; t++) {
        if (q + t < Q) y[t * K] = sum[t];
    }
}

/* One work-item sums TC channels of one tap for one output over a slice of the batch. */
KERNEL void conv_grad_tile(const int batch, const int slices,
                           __global const float *restrict x, const long x_at,
                           __global const float *restrict dy, const long dy_at,
                           __global float *restrict part, const long part_at)
{
    long item = (long)get_group_id(0) * WG + get_local_id(0);
    const int k = take(&item, K), c0 = take(&item, CHANNELS) * TC, s = take(&item, S);
    const int r = item;
    const int z = get_group_id(1);
    const int n0 = (long)batch * z / slices, n1 = (long)batch * (z + 1) / slices;
    if (r >= R) return;

    float sum[TC];
#pragma unroll
    for (int t = 0; t < TC; t++)
        sum[t] = 0.0f;
    for (int n = n0; n < n1; n++) {
        for (int p = 0; p < P; p++) {
            const int row = p * SH + r - PT;
            if (row < 0 || row >= H) continue;
            __global const float *xp = x + x_at + ((long)n * H + row) * (W * C);
            __global const float *dp = dy + dy_at + ((long)n * P + p) * (Q * K) + k;
            for (int q = 0; q < Q; q++) {
                const int column = q * SW + s - PL;
                if (column < 0 || column >= W) continue;
                const float dv = dp[q * K];
#pragma unroll
                for (int t = 0; t < TC; t++)
                    sum[t] = MAC(xp[column * C + min(c0 + t, C - 1)], dv, sum[t]);
            }
        }
    }
    part += part_at + ((long)z * (R * S) + r * S + s) * (C * K) + k;
#pragma unroll
    for (int t = 0; t < TC; t++) {
        if (c0 + t < C) part[(c0 + t) * K] = sum[t];
    }
}
