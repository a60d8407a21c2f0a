/* Data gradient of a convolution for CPUs, where a pixel has too few channels to fill a vector: a
 * vector holds the taps and channels of a window row instead.
 *
 *   y[n][p][q][k] (+)= sum over r, s, c, where divisible, of
 *                      x[n][(p + PT - r) / SH][(q + PL - s) / SW][c] * w[r][s][k][c]
 *
 * The products of one pixel of x, which are the sums over r and c, are S * K values that lie next
 * to each other in a row of y; those of the next pixel begin SW * K further. A register tile holds
 * TX pixels x NV vectors of them. They are added up in a row in private memory, pixel by pixel. A
 * group makes ROWS rows of y.
 *
 * H W C P Q K R S SH SW PT PL   see conv_window.cl; TRANSPOSED is 1
 * TX NV       tile; NV vectors hold S * K values
 * ROWS        rows of a group
 * ADD         0 or 1
 * w is packed[r][c][s][k], its last two axes padded with zeros to NV * 16 values.
 */
#ifndef TRANSPOSED
#define TRANSPOSED 1
#endif
#include "common.cl"
#include "conv_window.cl"

#ifndef TX
#define TX 4
#define NV (S * K / 16)
#define ROWS 1
#endif

/* Values of a row, with those that fall beyond its ends. */
#define ENDS   ((W - 1) * SW + S > PL + Q ? (W - 1) * SW + S : PL + Q)
#define LENGTH (ENDS * K + 16 * NV)

/* Without the lanes of vector v that hold no value: a NaN times their zero weights is a NaN. */
INLINE float16 values_of(const float16 sum, const int v)
{
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return lane < S * K - 16 * v ? sum : (float16)(0.0f);
}

/* Pixels j to j + TX - 1 of x; those that are not there repeat the last one and are not added. */
INLINE void tile(const int p, const int j, __global const float *x, __global const float *w,
                 float *row)
{
    float16 sum[TX][NV];
    int at[TX];
#pragma unroll
    for (int t = 0; t < TX; t++) {
        at[t] = min(j + t, W - 1) * C;
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = 0.0f;
    }
    for (int r = 0; r < R; r++) {
        if (!ROW_MEETS(p, r) || ROW(p, r) < 0 || ROW(p, r) >= H) continue;
        __global const float *xr = x + ROW(p, r) * (W * C);
        __global const float *wr = w + r * (C * NV * 16);
        for (int c = 0; c < C; c++) {
            float16 wv[NV];
#pragma unroll
            for (int v = 0; v < NV; v++)
                wv[v] = vload16(c * NV + v, wr);
#pragma unroll
            for (int t = 0; t < TX; t++) {
                const float16 xv = xr[at[t] + c];
#pragma unroll
                for (int v = 0; v < NV; v++)
                    sum[t][v] = MAC(xv, wv[v], sum[t][v]);
            }
        }
    }
#pragma unroll
    for (int t = 0; t < TX; t++) {
        if (j + t >= W) continue;
        float *to = row + (j + t) * (SW * K);
#pragma unroll
        for (int v = 0; v < NV; v++)
            vstore16(vload16(v, to) + values_of(sum[t][v], v), v, to);
    }
}

KERNEL void conv_taps(__global const float *restrict x, const long x_at,
                      __global const float *restrict w, const long w_at,
                      __global float *restrict y, const long y_at)
{
    const int p0 = get_group_id(1) * ROWS;
    const long n = get_group_id(2);
    x += x_at + n * (H * W * C);
    w += w_at;
    y += y_at + n * (P * Q * K);

    float row[LENGTH];
    for (int p = p0; p < min(p0 + ROWS, P); p++) {
        for (int i = 0; i < LENGTH; i++)
            row[i] = 0.0f;
        for (int j = 0; j < W; j += TX)
            tile(p, j, x, w, row);
        for (int i = 0; i < Q * K; i += 16)
            put_wide(vload16(0, row + PL * K + i), y + p * (Q * K) + i, Q * K - i);
    }
}
