/* Weight gradient of a convolution for CPUs: partial sums over a slice of the batch.
 *
 *   part[z][r][s][c][k] = sum over n in slice z, and p, q, of
 *                         x[n][p * SH + r - PT][q * SW + s - PL][c] * dy[n][p][q][k]
 *
 * A group keeps a register tile over the pixels of its slice. conv_grad has TC channels x NV
 * vectors of 16 outputs of one tap (r, s); only pixels whose tap is inside are visited.
 * conv_grad_taps, for few channels, has all S * C values of window row r: they are contiguous in x,
 * and only the pixels near the left and right border need a check.
 *
 * H W C P Q K R S SH SW PT PL   see conv_window.cl
 * TC NV           tile; for conv_grad_taps TC is S * C
 * TAPS            1: conv_grad_taps, 0: conv_grad
 */
#include "common.cl"
#include "conv_window.cl"

#ifndef TC
#define TC 8
#define NV 2
#endif
#ifndef TAPS
#define TAPS 0
#endif

#define TILES ((C + TC - 1) / TC)

/* Vector v of a pixel's outputs; the check costs time in the inner loop. */
#if K % 16 == 0
#define LOAD_DY(p, v, k) vload16(v, p)
#else
#define LOAD_DY(p, v, k) load_wide((p) + 16 * (v), K - (k)-16 * (v))
#endif

/* First position whose tap is inside, and one past the last, where inside means
 * 0 <= at * stride + tap - pad < size. */
INLINE int first_at(const int tap, const int stride, const int pad)
{
    return max(pad - tap + stride - 1, 0) / stride;
}

INLINE int last_at(const int tap, const int stride, const int pad, const int size, const int count)
{
    const int room = size - 1 + pad - tap;
    return room < 0 ? 0 : min(room / stride + 1, count);
}

/* The first `count` rows of sums, to rows of K in part; through a copy that may be indexed, which
 * keeps the program small. */
INLINE void store_sums(float16 sum[TC][NV], const int count, const int k0,
                       __global float *part)
{
    float16 edge[TC][NV];
#pragma unroll
    for (int t = 0; t < TC; t++) {
#pragma unroll
        for (int v = 0; v < NV; v++)
            edge[t][v] = sum[t][v];
    }
    for (int t = 0; t < count; t++) {
        for (int v = 0; v < NV; v++)
            store_wide(edge[t][v], part + t * K + 16 * v, K - k0 - 16 * v);
    }
}

#if !TAPS
/* width channels from c0 on of tap (r, s), images n0 .. n1 - 1. */
INLINE void channels_tile(const int r, const int s, const int n0, const int n1, const int width,
                          const int k0, __global const float *x,
                          __global const float *dy, __global float *part)
{
    const int p0 = first_at(r, SH, PT), p1 = last_at(r, SH, PT, H, P);
    const int q0 = first_at(s, SW, PL), q1 = last_at(s, SW, PL, W, Q);
    float16 sum[TC][NV];
#pragma unroll
    for (int t = 0; t < TC; t++) {
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = 0.0f;
    }

    for (int n = n0; n < n1; n++) {
        for (int p = p0; p < p1; p++) {
            __global const float *xp =
                x + (long)n * (H * W * C) + (p * SH + r - PT) * (W * C) + (s - PL) * C;
            __global const float *dp = dy + (long)n * (P * Q * K) + p * (Q * K);
            for (int q = q0; q < q1; q++) {
                float16 dv[NV];
#pragma unroll
                for (int v = 0; v < NV; v++)
                    dv[v] = LOAD_DY(dp + q * K, v, k0);
#pragma unroll
                for (int t = 0; t < TC; t++) {
                    if (t >= width) continue;
                    const float16 xv = xp[q * (SW * C) + t];
#pragma unroll
                    for (int v = 0; v < NV; v++)
                        sum[t][v] = MAC(xv, dv[v], sum[t][v]);
                }
            }
        }
    }
    store_sums(sum, width, k0, part);
}

KERNEL void conv_grad(const int batch, const int slices,
                      __global const float *restrict x, const long x_at,
                      __global const float *restrict dy, const long dy_at,
                      __global float *restrict part, const long part_at)
{
    const int k0 = get_group_id(0) * (NV * 16);
    long tap = get_group_id(1);
    const int c0 = take(&tap, TILES) * TC;
    const int z = get_group_id(2);
    const int n0 = (long)batch * z / slices, n1 = (long)batch * (z + 1) / slices;
    x += x_at + c0;
    dy += dy_at + k0;
    part += part_at + ((long)z * (R * S) + tap) * (C * K) + c0 * K + k0;
    const int s = take(&tap, S), r = tap;

    if (C % TC != 0 && c0 + TC > C)
        channels_tile(r, s, n0, n1, C % TC, k0, x, dy, part);
    else
        channels_tile(r, s, n0, n1, TC, k0, x, dy, part);
}

#else

/* One pixel of dy against the window row whose first value is x[first]; check: some of its columns,
 * from column on, may be outside. */
INLINE void row_pixel(float16 sum[TC][NV], const int check, const int column, const int k0,
                      __global const float *x, const int first, __global const float *dy)
{
    float16 dv[NV];
#pragma unroll
    for (int v = 0; v < NV; v++)
        dv[v] = LOAD_DY(dy, v, k0);
#pragma unroll
    for (int j = 0; j < TC; j++) {
        if (check && (column + j / C < 0 || column + j / C >= W)) continue;
        const float16 xv = x[first + j];
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[j][v] = MAC(xv, dv[v], sum[j][v]);
    }
}

KERNEL void conv_grad_taps(const int batch, const int slices,
                           __global const float *restrict x, const long x_at,
                           __global const float *restrict dy, const long dy_at,
                           __global float *restrict part, const long part_at)
{
    const int k0 = get_group_id(0) * (NV * 16);
    const int r = get_group_id(1);
    const int z = get_group_id(2);
    const int n0 = (long)batch * z / slices, n1 = (long)batch * (z + 1) / slices;
    const int p0 = first_at(r, SH, PT), p1 = last_at(r, SH, PT, H, P);
    const int q0 = first_at(0, SW, PL), q1 = last_at(S - 1, SW, PL, W, Q);
    float16 sum[TC][NV];
#pragma unroll
    for (int j = 0; j < TC; j++) {
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[j][v] = 0.0f;
    }

    for (int n = n0; n < n1; n++) {
        __global const float *xn = x + x_at + (long)n * (H * W * C);
        for (int p = p0; p < p1; p++) {
            const int row = (p * SH + r - PT) * W;
            __global const float *dp = dy + dy_at + (long)n * (P * Q * K) + p * (Q * K) + k0;
            for (int q = 0; q < Q; q++) {
                const int column = q * SW - PL;
                if (q >= q0 && q < q1)
                    row_pixel(sum, 0, column, k0, xn, (row + column) * C, dp + q * K);
                else
                    row_pixel(sum, 1, column, k0, xn, (row + column) * C, dp + q * K);
            }
        }
    }

    part += part_at + ((long)z * R + r) * (TC * K) + k0;
    store_sums(sum, TC, k0, part);
}
#endif
