/* Matrix product of a few rows for CPUs, where reading b once from memory is the work.
 *
 *   c[i][j] (+)= bias[j] + sum over l of a[i][l] * b[l][j],  0 <= i < m, 0 <= j < n
 *
 * A group makes THIN vectors of 16 columns of all rows for slice z of k. With several slices c is a
 * buffer of slices x m x n, and gemm_sum adds them up and does what else there is to do.
 *
 * BIAS ADD                   0 or 1
 * AFTER VALUE SAVED DROPPED  see dense_after.cl
 * THIN                       vectors of a group
 */
#ifndef AFTER_ARGUMENTS
#include "dense_after.cl"
#endif

#ifndef THIN
#define THIN 8
#endif
#ifndef BIAS
#define BIAS 0
#endif

/* One row of THIN vectors of columns from j on, over the steps of a slice; from: what the sums
 * start from, 0 for nothing. */
INLINE void thin_row(const int n, const int steps, const int j, __global const float *from,
                     __global const float *a, __global const float *b, __global float *c)
{
    float16 sum[THIN];
    if (j + 16 * THIN <= n) {
#pragma unroll
        for (int v = 0; v < THIN; v++)
            sum[v] = from ? vload16(0, from + j + 16 * v) : 0.0f;
        for (int l = 0; l < steps; l++) {
            const float16 al = a[l];
#pragma unroll
            for (int v = 0; v < THIN; v++)
                sum[v] = MAC(al, vload16(0, b + (long)l * n + j + 16 * v), sum[v]);
        }
#pragma unroll
        for (int v = 0; v < THIN; v++)
            vstore16(sum[v], 0, c + j + 16 * v);
        return;
    }
    for (int i = j; i < n; i += 16) {
        float16 one = from ? load_wide(from + i, n - i) : 0.0f;
        for (int l = 0; l < steps; l++)
            one = MAC((float16)(a[l]), load_wide(b + (long)l * n + i, n - i), one);
        store_wide(one, c + i, n - i);
    }
}

#if AFTER
/* What follows the product, over columns j0 to j1 - 1 of a row. */
INLINE void end_row(const after s, const int row, const int j0, const int j1, const int n,
                    __global float *c)
{
    const uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int j = j0; j < j1; j += 64) {
        float16 v[4];
        long at[4];
        int count[4];
        for (int q = 0; q < 4; q++) {
            at[q] = (long)row * n + j + 16 * q;
            count[q] = j1 - j - 16 * q;
            if (count[q] > 0) v[q] = load_wide(c + at[q], count[q]);
        }
        end_four(s, v, (uint)(j / 4) + lane, (uint)row, at, count, c);
    }
}
#endif

KERNEL void gemm_thin(const int m, const int n, const int k, const int slices,
                      __global const float *restrict a, const long a_at,
                      __global const float *restrict b, const long b_at,
                      __global const float *restrict bias, const long bias_at,
                      __global float *restrict c, const long c_at AFTER_ARGUMENTS)
{
    const int j0 = get_group_id(0) * (THIN * 16);
    const int z = get_group_id(1);
    const int begin = (long)k * z / slices, end = (long)k * (z + 1) / slices;
    a += a_at + begin;
    b += b_at + (long)begin * n;
    c += c_at + (long)z * m * n;

    for (int i = 0; i < m; i++) {
        __global const float *from = ADD && slices == 1 ? c + (long)i * n : 0;
        if (BIAS && slices == 1) from = bias + bias_at;
        thin_row(n, end - begin, j0, from, a + (long)i * k, b, c + (long)i * n);
    }
#if AFTER
    const after f = AFTER_VALUES;
    for (int i = 0; i < m && slices == 1; i++)
        end_row(f, i, j0, min(j0 + THIN * 16, n), n, c);
#endif
}
