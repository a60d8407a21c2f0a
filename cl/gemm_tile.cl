/* Matrix product for GPUs, by the tiles of tile.cl.
 *
 *   c[i][j] (+)= bias[j] + sum over l of op(a)[i][l] * op(b)[l][j],  0 <= i < m, 0 <= j < n
 *
 * a is m x k, or k x m when TRANS_A; b is k x n, or n x k when TRANS_B. With several slices of k, c
 * is a buffer of slices x m x n, added up by gemm_sum; a slice begins at a multiple of 16. So it is
 * when something follows (AFTER), which is left to gemm_sum.
 *
 * TRANS_A TRANS_B BIAS ADD   0 or 1
 * AFTER         0 or 1
 * IM IN TM TN KT A_VEC B_VEC Y_VEC   see tile.cl
 */
#ifndef TRANS_A
#define TRANS_A 0
#define TRANS_B 0
#define BIAS    0
#endif
#ifndef AFTER
#define AFTER 0
#endif
#define A_ALONG (!TRANS_A)
#define B_ALONG TRANS_B

#include "tile.cl"

/* Element (outer, inner) of a matrix whose rows have `width` numbers. */
UNFOLD long at(const int outer, const int inner, const int width)
{
    return (long)outer * width + inner;
}

UNFOLD void fetch_a(float *to, __global const float *a, const int m, const int k, const int i0,
                    const int l0, const int end)
{
#pragma unroll
    for (int t = 0; t < A_TIMES; t++) {
        const int i = i0 + A_AT(t), l = l0 + A_STEP(t);
        fetch(to + t * A_VEC, a + (TRANS_A ? at(l, i, m) : at(i, l, k)), A_VEC,
              i < m && l < end && is_in_tile(t, BM, A_VEC));
    }
}

UNFOLD void fetch_b(float *to, __global const float *b, const int n, const int k, const int j0,
                    const int l0, const int end)
{
#pragma unroll
    for (int t = 0; t < B_TIMES; t++) {
        const int j = j0 + B_AT(t), l = l0 + B_STEP(t);
        fetch(to + t * B_VEC, b + (TRANS_B ? at(j, l, k) : at(l, j, n)), B_VEC,
              j < n && l < end && is_in_tile(t, BN, B_VEC));
    }
}

TILE_KERNEL void gemm_tile(const int m, const int n, const int k, const int slices,
                           __global const float *restrict a, const long a_at,
                           __global const float *restrict b, const long b_at,
                           __global const float *restrict bias, const long bias_at,
                           __global float *restrict c, const long c_at)
{
    __local float a_tile[KT * A_ROW] __attribute__((aligned(16)));
    __local float b_tile[KT * B_ROW] __attribute__((aligned(16)));
    const int across = (n - 1) / BN + 1;
    const int j0 = get_group_id(0) % across * BN, i0 = get_group_id(0) / across * BM;
    const int z = get_group_id(1);
    const long units = (k + 15) / 16;
    const int start = (int)(units * z / slices) * 16;
    const int end = min((int)(units * (z + 1) / slices) * 16, k);
    float sum[TM][TN], a_next[A_SHARE], b_next[B_SHARE];
    a += a_at;
    b += b_at;

    clear(sum);
    fetch_a(a_next, a, m, k, i0, start, end);
    fetch_b(b_next, b, n, k, j0, start, end);
    for (int l0 = start; l0 < end; l0 += KT) {
        keep_a(a_tile, a_next);
        keep_b(b_tile, b_next);
        barrier(CLK_LOCAL_MEM_FENCE);
        fetch_a(a_next, a, m, k, i0, l0 + KT, end);
        fetch_b(b_next, b, n, k, j0, l0 + KT, end);
        multiply(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    const int alone = AFTER ? 0 : slices == 1;
    c += c_at + (long)z * m * n + j0;
#pragma unroll
    for (int u = 0; u < TM; u++) {
        const int i = i0 + row_of(u);
        if (i < m)
            put_row(sum[u], c + (long)i * n, n - j0, bias + bias_at + j0, alone ? BIAS : 0,
                    alone ? ADD : 0);
    }
}
