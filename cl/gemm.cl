/* Matrix product for CPUs: register tiles of TM rows x NV vectors of 16 columns.
 *
 *   c[i][j] (+)= bias[j] + sum over l of op(a)[i][l] * op(b)[l][j],  0 <= i < m, 0 <= j < n
 *
 * a is m x k, or k x m when TRANS_A; b is k x n, or n x k when TRANS_B.
 *
 * A group makes `rows` rows of one panel of NV * 16 columns for slice z of k. It copies up to KB
 * steps of the panel into private memory, where they are contiguous, padded with zeros and never
 * transposed, and multiplies its rows with them.
 *
 * With several slices c is a buffer of slices x m x n (m + 1 rows with SUMS), and gemm_sum adds
 * them up and does what else there is to do.
 *
 * TRANS_A TRANS_B BIAS ADD   0 or 1
 * SUMS                       1: also makes sums[j] = sum over l of op(b)[l][j]
 * AFTER VALUE SAVED DROPPED  see dense_after.cl
 * TM NV KB                   tile, and steps of k in a panel (a multiple of 16)
 * THIN                       see gemm_thin.cl, whose kernel is here too: which of the two runs
 *                            follows from m, and no program does
 */
#include "common.cl"
#include "dense_after.cl"

#ifndef TM
#define TM 8
#define NV 2
#define KB 256
#endif
#ifndef TRANS_A
#define TRANS_A 0
#define TRANS_B 0
#define BIAS 0
#endif
#ifndef SUMS
#define SUMS 1
#endif

#if !TRANS_A && !TRANS_B
#include "gemm_thin.cl"
#endif

#if TRANS_B
#include "transpose.cl"

/* Steps l0 to l0 + 15 of vector v of a panel. */
INLINE void pack_block(float16 (*panel)[NV], const int v, const int steps, const int columns,
                       const int k, __global const float *b)
{
    float16 t[16];
    load_exchanged(t, steps, columns, k, b);
#pragma unroll
    for (int i = 0; i < 16; i++)
        panel[i][v] = t[i];
}
#endif

/* panel[l][v] = op(b)[l0 + l][j0 + 16 v ..]; columns from n on and, when transposing, steps from
 * `steps` on to the next multiple of 16 are zero. */
INLINE void pack(float16 panel[KB][NV], const int n, const int k, const int l0, const int steps,
                 const int j0, __global const float *b)
{
    for (int v = 0; v < NV; v++) {
        const int j = j0 + 16 * v;
#if TRANS_B
        __global const float *from = b + (long)j * k + l0;
        for (int l = 0; l < steps; l += 16) {
            if (steps - l >= 16 && n - j >= 16)
                pack_block(panel + l, v, 16, 16, k, from + l);
            else
                pack_block(panel + l, v, steps - l, n - j, k, from + l);
        }
#else
        for (int l = 0; l < steps; l++)
            panel[l][v] = load_wide(b + (long)(l0 + l) * n + j, n - j);
#endif
    }
}

/* Where the sums of a tile start: at numbers of memory, whose rows are `row` apart, or at 0. */
typedef struct start {
    __global const float *from;
    int row, there;
} start;

/* `height` rows of c from row i on, times the panel. Rows that do not exist repeat the last one and
 * are not stored. The sums stay in registers because every loop over them is unrolled; the loops
 * over edge, for tiles that stand over a border, are not, which keeps the program small. */
INLINE void tile(float16 panel[KB][NV], const int height, const int m, const int n, const int k,
                 const int i, const int j0, const int l0, const int steps, const start s,
                 __global const float *a, __global float *c)
{
    const int whole = height == TM && j0 + 16 * NV <= n;
    float16 edge[TM][NV], sum[TM][NV];
    long at[TM];
#pragma unroll
    for (int t = 0; t < TM; t++) {
        const int row = i + min(t, height - 1);
        at[t] = TRANS_A ? row : (long)row * k;
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = 0.0f;
    }
    if (s.there && whole) {
#pragma unroll
        for (int t = 0; t < TM; t++) {
#pragma unroll
            for (int v = 0; v < NV; v++)
                sum[t][v] = vload16(0, s.from + (long)(i + t) * s.row + j0 + 16 * v);
        }
    } else if (s.there) {
        for (int t = 0; t < TM; t++) {
            for (int v = 0; v < NV; v++) {
                const int row = i + min(t, height - 1), j = j0 + 16 * v;
                edge[t][v] = load_wide(s.from + (long)row * s.row + j, n - j);
            }
        }
#pragma unroll
        for (int t = 0; t < TM; t++) {
#pragma unroll
            for (int v = 0; v < NV; v++)
                sum[t][v] = edge[t][v];
        }
    }

    for (int l = 0; l < steps; l++) {
        __global const float *al = a + (TRANS_A ? (long)(l0 + l) * m : l0 + l);
#pragma unroll
        for (int t = 0; t < TM; t++) {
            const float16 av = al[at[t]];
#pragma unroll
            for (int v = 0; v < NV; v++)
                sum[t][v] = MAC(av, panel[l][v], sum[t][v]);
        }
    }

    if (whole) {
#pragma unroll
        for (int t = 0; t < TM; t++) {
#pragma unroll
            for (int v = 0; v < NV; v++)
                vstore16(sum[t][v], 0, c + (long)(i + t) * n + j0 + 16 * v);
        }
        return;
    }
#pragma unroll
    for (int t = 0; t < TM; t++) {
#pragma unroll
        for (int v = 0; v < NV; v++)
            edge[t][v] = sum[t][v];
    }
    for (int t = 0; t < height; t++) {
        for (int v = 0; v < NV; v++) {
            const int j = j0 + 16 * v;
            store_wide(edge[t][v], c + (long)(i + t) * n + j, n - j);
        }
    }
}

/* total += the steps of a panel, one after the other. */
INLINE void add_steps(float16 panel[KB][NV], const int steps, float16 total[NV])
{
    for (int l = 0; l < steps; l++) {
        for (int v = 0; v < NV; v++)
            total[v] += panel[l][v];
    }
}

#if AFTER
/* What follows the product, over the panel's part of rows i0 to i1 - 1 of c. */
INLINE void end_panel(const after s, const int i0, const int i1, const int j0, const int n,
                      __global float *c)
{
    const uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int f0 = 0; f0 < (i1 - i0) * NV; f0 += 4) {
        float16 v[4];
        long at[4];
        int count[4];
        for (int q = 0; q < 4; q++) {
            const int row = i0 + (f0 + q) / NV, j = j0 + 16 * ((f0 + q) % NV);
            at[q] = (long)row * n + j;
            count[q] = row < i1 ? n - j : 0;
            if (count[q] > 0) v[q] = load_wide(c + at[q], count[q]);
        }
        const uint16 f = (uint)f0 + lane / 4;
        end_four(s, v, (uint)(j0 / 4) + f % NV * 4 + lane % 4, (uint)i0 + f / NV, at, count, c);
    }
}
#endif

KERNEL void gemm(const int m, const int n, const int k, const int rows, const int slices,
                 __global const float *restrict a, const long a_at,
                 __global const float *restrict b, const long b_at,
                 __global const float *restrict bias, const long bias_at,
                 __global float *restrict c, const long c_at,
                 __global float *restrict sums, const long sums_at AFTER_ARGUMENTS)
{
    float16 panel[KB][NV], total[NV];
    const int j0 = get_group_id(0) * (NV * 16);
    const int i0 = get_group_id(1) * rows, i1 = min(i0 + rows, m);
    const int z = get_group_id(2);
    const int begin = (long)k * z / slices, end = (long)k * (z + 1) / slices;
    const int blocks = (end - begin + KB - 1) / KB;
    const int even = ((end - begin + blocks - 1) / blocks + 15) & ~15;
    const long part = (long)z * (m + SUMS) * n;
    a += a_at;
    b += b_at;
    c += c_at + part;

    for (int v = 0; v < NV; v++)
        total[v] = 0.0f;
    start s = {c, n, ADD && slices == 1};
    if (BIAS && slices == 1) s = (start){bias + bias_at, 0, 1};
    for (int l0 = begin; l0 < end; l0 += even) {
        const int steps = min(even, end - l0);
        pack(panel, n, k, l0, steps, j0, b);
        if (SUMS == 1 && i0 == 0) add_steps(panel, steps, total);
        for (int i = i0; i < i1; i += TM)
            tile(panel, min(TM, i1 - i), m, n, k, i, j0, l0, steps, s, a, c);
        s = (start){c, n, 1};
    }
    if (SUMS == 1 && i0 == 0) {
        for (int v = 0; v < NV && j0 + 16 * v < n; v++)
            store_wide(total[v], sums + sums_at + part + j0 + 16 * v, n - j0 - 16 * v);
    }
#if AFTER
    const after f = AFTER_VALUES;
    if (slices == 1) end_panel(f, i0, i1, j0, n, c);
#endif
}
