/* Rows of a convolution on CPUs: register tiles of TX pixels x NV vectors of 16 channels.
 *
 * Taps that fall outside of x are not multiplied: tiles near a border are unrolled, so that the
 * pixels that a tap meets are known to the compiler.
 *
 * H W C P Q K R S SH SW PT PL TRANSPOSED   see conv_window.cl
 * KP            row stride of w: K rounded up to a multiple of 16; the padding is zero
 * TX NV         tile; TX is a multiple of SW, or the whole row
 * ROWS          rows of a group
 * HEAD REST     tiles from HEAD up to REST touch no border on the left or right
 * BIAS ADD      0 or 1
 * IMAGES_FIRST  1: groups go through the images of the batch first, which reads weights beyond a
 *               cache once for many images; 0: through the blocks of channels
 * KEPT          1: a row goes to private memory, as NV whole vectors for each pixel; 0: to y
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
#define IMAGES_FIRST 0
#endif
#ifndef KEPT
#define KEPT 0
#endif

#define TILES ((Q + TX - 1) / TX)

/* A group's first channel, first row, and image. */
#define GROUP_K (get_group_id(IMAGES_FIRST ? 1 : 0) * (NV * 16))
#define GROUP_P (get_group_id(IMAGES_FIRST ? 2 : 1) * ROWS)
#define GROUP_N get_group_id(IMAGES_FIRST ? 0 : 2)

/* Wider windows check their taps while running: right, but slower at the borders. */
#define MAX_UNROLL 11

#if KEPT
typedef float16 *row_at;
#else
typedef __global float *row_at;
#endif

/* The sums of a tile to and from memory. With whole vectors only, they go straight; else through a
 * copy that may be indexed, in loops that are not unrolled, which keeps the program small. */
INLINE void load_tile(float16 sum[TX][NV], const int q, const int width, const int k0,
                      __global const float *bias, row_at y)
{
    float16 edge[TX][NV];
    for (int t = 0; t < width; t++) {
        for (int v = 0; v < NV; v++) {
            const int k = k0 + 16 * v;
#if ADD
            edge[t][v] = load_wide(y + (q + t) * K + k, K - k);
#else
            edge[t][v] = load_wide(bias + k, K - k);
#endif
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

INLINE void store_tile(float16 sum[TX][NV], const int q, const int width, const int k0, row_at y)
{
#if !KEPT && K % 16 != 0
    float16 edge[TX][NV];
#endif
#pragma unroll
    for (int t = 0; t < TX; t++) {
        if (t >= width) continue;
#pragma unroll
        for (int v = 0; v < NV; v++) {
#if KEPT
            y[(q + t) * NV + v] = sum[t][v];
#elif K % 16 == 0
            vstore16(sum[t][v], v, y + (q + t) * K + k0);
#else
            edge[t][v] = sum[t][v];
#endif
        }
    }
#if !KEPT && K % 16 != 0
    for (int t = 0; t < width; t++) {
        for (int v = 0; v < NV; v++)
            store_wide(edge[t][v], y + (q + t) * K + k0 + 16 * v, K - k0 - 16 * v);
    }
#endif
}

/* The first `width` pixels of row p from column q on; edge: taps may fall outside. */
INLINE void tile(const int p, const int q, const int width, const int edge, const int k0,
                 __global const float *x, __global const float *w, __global const float *bias,
                 row_at y)
{
    float16 sum[TX][NV];
#pragma unroll
    for (int t = 0; t < TX; t++) {
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = 0.0f;
    }
    if (BIAS || ADD) load_tile(sum, q, width, k0, bias, y);

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

    store_tile(sum, q, width, k0, y);
}

/* Row p of one image, for the NV vectors of channels from k0 on. */
INLINE void conv_row(const int p, const int k0, __global const float *x, __global const float *w,
                     __global const float *bias, row_at y)
{
#pragma unroll
    for (int i = 0; i < HEAD; i++)
        tile(p, i * TX, min(TX, Q - i * TX), 1, k0, x, w, bias, y);
    for (int i = HEAD; i < REST; i++)
        tile(p, i * TX, TX, 0, k0, x, w, bias, y);
#pragma unroll
    for (int i = REST; i < TILES; i++)
        tile(p, i * TX, min(TX, Q - i * TX), 1, k0, x, w, bias, y);
}
