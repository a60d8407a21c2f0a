/* Convolution for CPUs: a register tile of TX pixels x NV vectors of 16 channels per step.
 *
 *   forward      y[n][p][q][k] = bias[k] +
 *                sum over r, s, c of x[n][p * SH + r - PT][q * SW + s - PL][c] * w[r][s][c][k]
 *   TRANSPOSED   y[n][p][q][k] (+)= sum over r, s, c, where divisible, of
 *                x[n][(p + PT - r) / SH][(q + PL - s) / SW][c] * w[r][s][c][k]
 *
 * The second is the data gradient: x = dy, y = dx, and w with its last two axes exchanged. A group
 * makes ROWS rows of y for one block of NV vectors. Taps that fall outside of x are not multiplied:
 * tiles near a border are unrolled, so that the pixels that a tap meets are known to the compiler.
 *
 * H W C P Q K R S SH SW PT PL TRANSPOSED   see conv_window.cl
 * KP            row stride of w: K rounded up to whole blocks of NV * 16; the padding is zero
 * TX NV         tile; TX is a multiple of SW, or the whole row
 * ROWS          rows of a group
 * HEAD REST     tiles from HEAD up to REST touch no border on the left or right
 * BIAS ADD      0 or 1
 */
#include "common.cl"
#include "conv_window.cl"

#ifndef TX
#define TX 14
#define NV 2
#define KP 64
#define ROWS 1
#define HEAD 1
#define REST 1
#define BIAS 0
#endif

#define TILES ((Q + TX - 1) / TX)

/* Wider windows check their taps while running: right, but slower at the borders. */
#define MAX_UNROLL 11

/* The sums of a tile to and from memory. With whole vectors only, they go straight; else through a
 * copy that may be indexed, in loops that are not unrolled, which keeps the program small. */
INLINE void load_tile(float16 sum[TX][NV], const int width, const int k0,
                      __global const float *bias, __global const float *y)
{
    float16 edge[TX][NV];
    for (int t = 0; t < width; t++) {
        for (int v = 0; v < NV; v++) {
            const int k = k0 + 16 * v;
            edge[t][v] = load_wide(BIAS ? bias + k : y + t * K + k, K - k);
        }
    }
#pragma unroll
    for (int t = 0; t < TX; t++) {
        if (t >= width) continue;
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = edge[t][v];
    }
}

INLINE void store_tile(float16 sum[TX][NV], const int width, const int k0, __global float *y)
{
#if K % 16 != 0
    float16 edge[TX][NV];
#endif
#pragma unroll
    for (int t = 0; t < TX; t++) {
        if (t >= width) continue;
#pragma unroll
        for (int v = 0; v < NV; v++) {
#if K % 16 == 0
            vstore16(sum[t][v], v, y + t * K + k0);
#else
            edge[t][v] = sum[t][v];
#endif
        }
    }
#if K % 16 != 0
    for (int t = 0; t < width; t++) {
        for (int v = 0; v < NV; v++)
            store_wide(edge[t][v], y + t * K + k0 + 16 * v, K - k0 - 16 * v);
    }
#endif
}

/* The first `width` pixels of row p from column q on; edge: taps may fall outside. */
INLINE void tile(const int p, const int q, const int width, const int edge, const int k0,
                 __global const float *x, __global const float *w,
                 __global const float *bias, __global float *y)
{
    float16 sum[TX][NV];
#pragma unroll
    for (int t = 0; t < TX; t++) {
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = 0.0f;
    }
    if (BIAS || ADD) load_tile(sum, width, k0, bias, y + q * K);

    for (int r = 0; r < R; r++) {
        if (!ROW_MEETS(p, r) || ROW(p, r) < 0 || ROW(p, r) >= H) continue;
        __global const float *xr = x + ROW(p, r) * (W * C);
#if S <= MAX_UNROLL
#pragma unroll
#endif
        for (int s = 0; s < S; s++) {
            __global const float *ws = w + (r * S + s) * (C * KP) + k0;
            for (int c = 0; c < C; c++) {
                float16 wv[NV];
#pragma unroll
                for (int v = 0; v < NV; v++)
                    wv[v] = vload16(v, ws + c * KP);
#pragma unroll
                for (int t = 0; t < TX; t++) {
                    if (t >= width) continue;
                    if (!COLUMN_MEETS(t, s)) continue;
                    if (edge && (COLUMN(q, t, s) < 0 || COLUMN(q, t, s) >= W)) continue;
                    const float16 xv = xr[COLUMN(q, t, s) * C + c];
#pragma unroll
                    for (int v = 0; v < NV; v++)
                        sum[t][v] = MAC(xv, wv[v], sum[t][v]);
                }
            }
        }
    }

    store_tile(sum, width, k0, y + q * K);
}

KERNEL void conv(__global const float *restrict x, const long x_at,
                 __global const float *restrict w, const long w_at,
                 __global const float *restrict bias, const long bias_at,
                 __global float *restrict y, const long y_at)
{
    const int k0 = get_group_id(0) * (NV * 16);
    const int p0 = get_group_id(1) * ROWS;
    const long n = get_group_id(2);
    x += x_at + n * (H * W * C);
    w += w_at;
    bias += bias_at;
    y += y_at + n * (P * Q * K);

    for (int p = p0; p < min(p0 + ROWS, P); p++) {
        __global float *yp = y + p * (Q * K);
#pragma unroll
        for (int i = 0; i < HEAD; i++)
            tile(p, i * TX, min(TX, Q - i * TX), 1, k0, x, w, bias, yp);
        for (int i = HEAD; i < REST; i++)
            tile(p, i * TX, TX, 0, k0, x, w, bias, yp);
#pragma unroll
        for (int i = REST; i < TILES; i++)
            tile(p, i * TX, min(TX, Q - i * TX), 1, k0, x, w, bias, yp);
    }
}
