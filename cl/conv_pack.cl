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
#include "transpose.cl"

/* A block of 16 x 16; the whole ones go without checks. */
INLINE void block(const int rows, const int columns, __global const float *w,
                  __global float *packed)
{
    float16 t[16];
    load_exchanged(t, rows, columns, C, w);
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
