/* Products of matrices by tiles, for GPUs: what the convolution and matrix kernels share.
 *
 * A group of IM x IN work-items makes BM x BN sums, each item TM x TN of them in registers. For KT
 * steps of the sum at a time, an item fetches its share of both tiles into registers while the
 * group still multiplies the tiles before them in local memory. One pair of tiles in local memory
 * is enough for that; a second pair would save a barrier and halve the groups of a processor.
 *
 * Items have four neighbouring rows and columns at a time, so that they read local memory and
 * write the result by vectors of four.
 *
 * IM IN            work-items along rows and columns; WG is their product
 * TM TN            sums of an item along rows and columns, multiples of 4
 * KT               steps of the sum in a tile, a multiple of 4
 * A_ALONG B_ALONG  1: neighbours in memory are steps of the sum; 0: rows of a, columns of b
 * A_VEC B_VEC      4: they are fetched by four, aligned, and none of the four is outside; 1: one
 * Y_VEC            4: the result is written by four
 */
#include "common.cl"

#ifndef IM
#define IM 8
#define IN 8
#define TM 8
#define TN 8
#define KT 8
#endif
#ifndef A_ALONG
#define A_ALONG 1
#define B_ALONG 0
#endif
#ifndef A_VEC
#define A_VEC 4
#define B_VEC 4
#define Y_VEC 4
#endif

#define ITEMS (IM * IN)
#define BM    (IM * TM)
#define BN    (IN * TN)

/* Row strides in local memory: aligned for vectors, and each step in other banks. */
#define A_ROW (BM + 4)
#define B_ROW (BN + 4)

/* Fetches of an item, and the floats they bring. */
#define A_TIMES ((BM * KT / A_VEC + ITEMS - 1) / ITEMS)
#define B_TIMES ((BN * KT / B_VEC + ITEMS - 1) / ITEMS)
#define A_SHARE (A_TIMES * A_VEC)
#define B_SHARE (B_TIMES * B_VEC)

#define TILE_KERNEL __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))

/* Functions with constant arguments and arrays that become registers: they must be unfolded. */
#define UNFOLD static inline __attribute__((always_inline))

/* The step, and the row or column, of fetch t of an item in a tile that is `edge` wide. */
UNFOLD int step_of(const int t, const int edge, const int along, const int vec)
{
    const int e = t * ITEMS + (int)get_local_id(0);
    return along ? e % (KT / vec) * vec : e / (edge / vec);
}

UNFOLD int place_of(const int t, const int edge, const int along, const int vec)
{
    const int e = t * ITEMS + (int)get_local_id(0);
    return along ? e / (KT / vec) : e % (edge / vec) * vec;
}

/* Where the tile is not a multiple of the group, the last fetch has too many items. */
UNFOLD int is_in_tile(const int t, const int edge, const int vec)
{
    return edge * KT / vec % ITEMS == 0 ||
           t * ITEMS + (int)get_local_id(0) < edge * KT / vec;
}

#define A_STEP(t) step_of(t, BM, A_ALONG, A_VEC)
#define A_AT(t)   place_of(t, BM, A_ALONG, A_VEC)
#define B_STEP(t) step_of(t, BN, B_ALONG, B_VEC)
#define B_AT(t)   place_of(t, BN, B_ALONG, B_VEC)

/* Fetch vec numbers, or zeros. */
UNFOLD void fetch(float *to, __global const float *from, const int vec, const int there)
{
    if (vec == 4) {
        const float4 v = there ? *(__global const float4 *)from : (float4)(0.0f);
        to[0] = v.s0;
        to[1] = v.s1;
        to[2] = v.s2;
        to[3] = v.s3;
    } else {
        to[0] = there ? *from : 0.0f;
    }
}

/* What fetch t brought, into a tile of rows of `row` floats, of which `edge` are used. */
UNFOLD void keep(__local float *tile, const int row, const int edge, const int along,
                 const int vec, const int t, const float *from)
{
    if (!is_in_tile(t, edge, vec)) return;
    __local float *to = tile + step_of(t, edge, along, vec) * row + place_of(t, edge, along, vec);
    if (vec == 1) {
        to[0] = from[0];
    } else if (along) {
        to[0] = from[0];
        to[row] = from[1];
        to[2 * row] = from[2];
        to[3 * row] = from[3];
    } else {
        *(__local float4 *)to = (float4)(from[0], from[1], from[2], from[3]);
    }
}

/* All that an item fetched. Compilers unroll the loops of a function before it is inlined: with a
 * count that is an argument they do it in part, and the array stays in private memory. */
UNFOLD void keep_a(__local float *tile, const float from[A_SHARE])
{
#pragma unroll
    for (int t = 0; t < A_TIMES; t++)
        keep(tile, A_ROW, BM, A_ALONG, A_VEC, t, from + t * A_VEC);
}

UNFOLD void keep_b(__local float *tile, const float from[B_SHARE])
{
#pragma unroll
    for (int t = 0; t < B_TIMES; t++)
        keep(tile, B_ROW, BN, B_ALONG, B_VEC, t, from + t * B_VEC);
}

/* Row u of TM and column v of TN of this item, in the group's tile. */
UNFOLD int row_of(const int u)
{
    return u / 4 * (4 * IM) + (int)get_local_id(0) / IN * 4 + u % 4;
}

UNFOLD int column_of(const int v)
{
    return v / 4 * (4 * IN) + (int)get_local_id(0) % IN * 4 + v % 4;
}

UNFOLD void clear(float sum[TM][TN])
{
#pragma unroll
    for (int u = 0; u < TM; u++) {
#pragma unroll
        for (int v = 0; v < TN; v++)
            sum[u][v] = 0.0f;
    }
}

/* sum += a b over the KT steps of the tiles in local memory. */
UNFOLD void multiply(float sum[TM][TN], __local const float *a, __local const float *b)
{
    a += row_of(0);
    b += column_of(0);
#pragma unroll 4
    for (int l = 0; l < KT; l++) {
        float av[TM], bv[TN];
#pragma unroll
        for (int u = 0; u < TM; u += 4) {
            const float4 four = *(__local const float4 *)(a + l * A_ROW + u * IM);
            av[u] = four.s0;
            av[u + 1] = four.s1;
            av[u + 2] = four.s2;
            av[u + 3] = four.s3;
        }
#pragma unroll
        for (int v = 0; v < TN; v += 4) {
            const float4 four = *(__local const float4 *)(b + l * B_ROW + v * IN);
            bv[v] = four.s0;
            bv[v + 1] = four.s1;
            bv[v + 2] = four.s2;
            bv[v + 3] = four.s3;
        }
#pragma unroll
        for (int u = 0; u < TM; u++) {
#pragma unroll
            for (int v = 0; v < TN; v++)
                sum[u][v] = MAC(av[u], bv[v], sum[u][v]);
        }
    }
}

UNFOLD void put_one(const float sum, __global float *y, __global const float *bias,
                    const int there, const int biased, const int added)
{
    if (!there) return;
    const float all = biased ? sum + *bias : sum;
    *y = added ? *y + all : all;
}

/* Write row u: y is where column 0 of the tile goes, `count` columns of it are there. bias is read
 * at the same columns when biased. */
UNFOLD void put_row(const float sum[TN], __global float *y, const int count,
                    __global const float *bias, const int biased, const int added)
{
#pragma unroll
    for (int v = 0; v < TN; v += 4) {
        const int j = column_of(v);
#if Y_VEC == 4
        if (j >= count) continue;
        float4 four = (float4)(sum[v], sum[v + 1], sum[v + 2], sum[v + 3]);
        if (biased) four += *(__global const float4 *)(bias + j);
        if (added) four += *(__global const float4 *)(y + j);
        *(__global float4 *)(y + j) = four;
#else
        put_one(sum[v], y + j, bias + j, j < count, biased, added);
        put_one(sum[v + 1], y + j + 1, bias + j + 1, j + 1 < count, biased, added);
        put_one(sum[v + 2], y + j + 2, bias + j + 2, j + 2 < count, biased, added);
        put_one(sum[v + 3], y + j + 3, bias + j + 3, j + 3 < count, biased, added);
#endif
    }
}
