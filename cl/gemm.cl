/* Matrix product for CPUs: register tiles of TM rows x NV vectors of 16 columns.
 *
 *   c[i][j] (+)= bias[j] + sum over l of op(a)[i][l] * op(b)[l][j],  0 <= i < m, 0 <= j < n
 *
 * a is m x k, or k x m when TRANS_A; b is k x n, or n x k when TRANS_B. A group makes `rows` rows
 * of one panel of NV * 16 columns for slice z of k. It copies up to KB steps of the panel into
 * private memory, where they are contiguous, padded with zeros and never transposed, and multiplies
 * every row of the group with them. With several slices c is a buffer of slices x m x n, added up
 * by gemm_sum.
 *
 * TRANS_A TRANS_B BIAS ADD   0 or 1
 * TM NV KB                   tile, and steps of k in a panel (a multiple of 16)
 */
#include "common.cl"

#ifndef TM
#define TM 8
#define NV 2
#define KB 128
#define TRANS_A 0
#define TRANS_B 0
#define BIAS 0
#endif

/* The tile function has constant arguments: it must end up in the kernel. */
#define INLINE static inline __attribute__((always_inline))

#if TRANS_B
#define ZIP_LOW(a, b)                                                                              \
    (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6, b.s6,  \
              a.s7, b.s7)
#define ZIP_HIGH(a, b)                                                                             \
    (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se, b.se,  \
              a.sf, b.sf)

/* Four perfect shuffles of sixteen rows exchange rows and columns. */
INLINE void transpose(float16 in[16], float16 (*out)[NV], const int v)
{
    float16 t[16], u[16];
#pragma unroll
    for (int i = 0; i < 16; i++)
        t[i] = in[i];
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
#pragma unroll
    for (int i = 0; i < 16; i++)
        out[i][v] = t[i];
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
        for (int l = 0; l < steps; l += 16) {
            float16 t[16];
            for (int i = 0; i < 16; i++)
                t[i] = j + i < n ? load_wide(b + (long)(j + i) * k + l0 + l, steps - l) : 0.0f;
            transpose(t, panel + l, v);
        }
#else
        for (int l = 0; l < steps; l++)
            panel[l][v] = load_wide(b + (long)(l0 + l) * n + j, n - j);
#endif
    }
}

/* `height` rows of c from row i on, times the panel; first: nothing is in c yet. Rows that do not
 * exist repeat the last one and are not stored. The sums stay in registers because every loop over
 * them is unrolled; the loops over edge are not, which keeps the program small. */
INLINE void tile(float16 panel[KB][NV], const int height, const int m, const int n, const int k,
                 const int i, const int j0, const int l0, const int steps, const int first,
                 __global const float *a, __global const float *bias,
                 __global float *c)
{
    float16 edge[TM][NV], sum[TM][NV];
    long at[TM];
    for (int t = 0; t < TM; t++) {
        const int row = i + min(t, height - 1);
        for (int v = 0; v < NV; v++) {
            const int j = j0 + 16 * v;
            edge[t][v] = 0.0f;
            if (ADD || !first)
                edge[t][v] = load_wide(c + (long)row * n + j, n - j);
            else if (BIAS)
                edge[t][v] = load_wide(bias + j, n - j);
        }
    }
#pragma unroll
    for (int t = 0; t < TM; t++) {
        const int row = i + min(t, height - 1);
        at[t] = TRANS_A ? row : (long)row * k;
#pragma unroll
        for (int v = 0; v < NV; v++)
            sum[t][v] = edge[t][v];
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

KERNEL void gemm(const int m, const int n, const int k, const int rows, const int slices,
                 __global const float *restrict a, const long a_at,
                 __global const float *restrict b, const long b_at,
                 __global const float *restrict bias, const long bias_at,
                 __global float *restrict c, const long c_at)
{
    float16 panel[KB][NV];
    const int j0 = get_group_id(0) * (NV * 16);
    const int i0 = get_group_id(1) * rows, i1 = min(i0 + rows, m);
    const int z = get_group_id(2);
    const int start = (long)k * z / slices, end = (long)k * (z + 1) / slices;
    const int blocks = (end - start + KB - 1) / KB;
    const int even = ((end - start + blocks - 1) / blocks + 15) & ~15;
    a += a_at;
    b += b_at;
    bias += bias_at;
    c += c_at + (long)z * m * n;

    for (int l0 = start; l0 < end; l0 += even) {
        const int steps = min(even, end - l0);
        pack(panel, n, k, l0, steps, j0, b);
        for (int i = i0; i < i1; i += TM)
            tile(panel, min(TM, i1 - i), m, n, k, i, j0, l0, steps, l0 == start, a, bias, c);
    }
}
