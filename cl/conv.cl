/* Convolution for CPUs.
 *
 *   forward      y[n][p][q][k] = bias[k] +
 *                sum over r, s, c of x[n][p * SH + r - PT][q * SW + s - PL][c] * w[r][s][c][k]
 *   TRANSPOSED   y[n][p][q][k] (+)= sum over r, s, c, where divisible, of
 *                x[n][(p + PT - r) / SH][(q + PL - s) / SW][c] * w[r][s][c][k]
 *
 * The second is the data gradient: x = dy, y = dx, and w with its last two axes exchanged. A group
 * makes ROWS rows of y for one block of NV vectors. For the macros see conv_rows.cl.
 */
#include "conv_rows.cl"

KERNEL void conv(__global const float *restrict x, const long x_at,
                 __global const float *restrict w, const long w_at,
                 __global const float *restrict bias, const long bias_at,
                 __global float *restrict y, const long y_at)
{
    const int k0 = GROUP_K;
    const int p0 = GROUP_P;
    const long n = GROUP_N;
    x += x_at + n * (H * W * C);
    w += w_at;
    bias += bias_at;
    y += y_at + n * (P * Q * K);

    for (int p = p0; p < min(p0 + ROWS, P); p++)
        conv_row(p, k0, x, w, bias, y + p * (Q * K));
}
