/* Matrix product for GPUs: a group makes 32 x 32 values of c from tiles in local memory, 4 x 4 of
 * them per work-item.
 *
 *   c[i][j] (+)= bias[j] + sum over l of op(a)[i][l] * op(b)[l][j],  0 <= i < m, 0 <= j < n
 *
 * a is m x k, or k x m when TRANS_A; b is k x n, or n x k when TRANS_B. With several slices of k, c
 * is a buffer of slices x m x n, added up by gemm_sum.
 *
 * TRANS_A TRANS_B BIAS ADD   0 or 1
 * KT                         steps of k in a tile
 */
#include "common.cl"

#ifndef TRANS_A
#define TRANS_A 0
#define TRANS_B 0
#define BIAS 0
#endif
#ifndef KT
#define KT 16
#endif

#define EDGE  32
#define ITEMS 8
#define EACH  4

__kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void gemm_tile(const int m, const int n, const int k, const int slices,
               __global const float *restrict a, const long a_at,
               __global const float *restrict b, const long b_at,
               __global const float *restrict bias, const long bias_at,
               __global float *restrict c, const long c_at)
{
    __local float at[KT][EDGE + 1], bt[KT][EDGE + 1];
    const uint id = get_local_id(0);
    const int x = id % ITEMS, y = id / ITEMS;
    const int j0 = get_group_id(0) * EDGE, i0 = get_group_id(1) * EDGE;
    const int z = get_group_id(2);
    const int start = (long)k * z / slices, end = (long)k * (z + 1) / slices;
    a += a_at;
    b += b_at;
    c += c_at + (long)z * m * n;

    float sum[EACH][EACH];
#pragma unroll
    for (int u = 0; u < EACH; u++) {
#pragma unroll
        for (int v = 0; v < EACH; v++) {
            const int i = i0 + y + u * ITEMS, j = j0 + x + v * ITEMS;
            sum[u][v] = BIAS && j < n ? bias[bias_at + j] : 0.0f;
            if (ADD && i < m && j < n) sum[u][v] = c[(long)i * n + j];
        }
    }

    for (int l0 = start; l0 < end; l0 += KT) {
        for (uint e = id; e < KT * EDGE; e += ITEMS * ITEMS) {
            const int al = TRANS_A ? e / EDGE : e % KT, ai = TRANS_A ? e % EDGE : e / KT;
            const int bl = TRANS_B ? e % KT : e / EDGE, bj = TRANS_B ? e / KT : e % EDGE;
            const long i = i0 + ai, j = j0 + bj;
            at[al][ai] = i < m && l0 + al < end
                             ? a[TRANS_A ? (long)(l0 + al) * m + i : i * k + l0 + al]
                             : 0.0f;
            bt[bl][bj] = j < n && l0 + bl < end
                             ? b[TRANS_B ? j * k + l0 + bl : (long)(l0 + bl) * n + j]
                             : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int l = 0; l < KT; l++) {
#pragma unroll
            for (int u = 0; u < EACH; u++) {
#pragma unroll
                for (int v = 0; v < EACH; v++)
                    sum[u][v] = MAC(at[l][y + u * ITEMS], bt[l][x + v * ITEMS], sum[u][v]);
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#pragma unroll
    for (int u = 0; u < EACH; u++) {
#pragma unroll
        for (int v = 0; v < EACH; v++) {
            const int i = i0 + y + u * ITEMS, j = j0 + x + v * ITEMS;
            if (i < m && j < n) c[(long)i * n + j] = sum[u][v];
        }
    }
}
