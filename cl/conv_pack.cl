/* Weights as the convolution kernels of the vector family want them.
 *
 *   packed[tap][c][k] = w[tap][c][k], or w[tap][k][c] when TRANSPOSED, and 0 for K <= k < KP
 *
 * A group makes 16 columns of a tap.
 *
 * C K KP          extents of the result, and its row stride, a multiple of 16
 * TRANSPOSED      0 or 1
 */
#include "common.cl"

#ifndef KP
#define C 32
#define K 64
#define KP 64
#define TRANSPOSED 1
#endif

#if TRANSPOSED
/* The first eight of two vectors, or the last eight, by turns. */
#define ZIP_LOW(a, b)                                                                              \
    (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6, b.s6,  \
              a.s7, b.s7)
#define ZIP_HIGH(a, b)                                                                             \
    (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se, b.se,  \
              a.sf, b.sf)

/* Four perfect shuffles of sixteen rows exchange rows and columns. */
INLINE void exchange(float16 t[16])
{
    float16 u[16];
#pragma unroll
    for (int pass = 0; pass < 4; pass++) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            u[2 * i] = ZIP_LOW(t[i], t[i + 8]);
            u[2 * i + 1] = ZIP_HIGH(t[i], t[i + 8]);
        }
#pragma unroll
        for (int i = 0; i < 16; i++)
            t[i] = u[i];
    }
}

/* A block of 16 x 16; the whole ones go without checks. */
INLINE void block(const int rows, const int columns, __global const float *w,
                  __global float *packed)
{
    float16 t[16];
    for (int i = 0; i < 16; i++)
        t[i] = i < columns ? load_wide(w + i * C, rows) : 0.0f;
    exchange(t);
    for (int i = 0; i < rows; i++)
        vstore16(t[i], 0, packed + i * KP);
}
#endif

KERNEL void conv_pack(__global const float *restrict w, const long w_at,
                      __global float *restrict packed, const long packed_at)
{
    const int k = get_group_id(0) * 16, columns = min(K - k, 16);
    const int tap = get_group_id(1);
    w += w_at + tap * (C * K);
    packed += packed_at + tap * (C * KP) + k;
#if TRANSPOSED
    for (int c = 0; c < C; c += 16) {
        if (columns == 16 && C - c >= 16)
            block(16, 16, w + k * C + c, packed + c * KP);
        else
            block(min(C - c, 16), columns, w + k * C + c, packed + c * KP);
    }
#else
    for (int c = 0; c < C; c++)
        vstore16(load_wide(w + c * K + k, columns), 0, packed + c * KP);
#endif
}
