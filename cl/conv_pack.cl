/* Weights as the convolution kernels want them.
 *
 *   packed[tap][c][k] = w[tap][c][k], or w[tap][k][c] when TRANSPOSED, and 0 for K <= k < KP
 *
 * A group makes one row of KP values.
 *
 * C K KP          extents of the result, and its row stride
 * TRANSPOSED      0 or 1
 * WG              work-items of a group
 */
#include "common.cl"

#ifndef KP
#define C 32
#define K 64
#define KP 64
#define TRANSPOSED 0
#endif

KERNEL void conv_pack(__global const float *restrict w, const long w_at,
                      __global float *restrict packed, const long packed_at)
{
    const int c = get_group_id(0);
    const int tap = get_group_id(1);
    w += w_at + tap * (C * K);
    packed += packed_at + (tap * C + c) * KP;
    for (int k = get_local_id(0); k < KP; k += WG)
        packed[k] = k < K ? w[TRANSPOSED ? k * C + c : c * K + k] : 0.0f;
}
