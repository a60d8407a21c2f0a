/* Adds up the slices of a split sum, in index order.
 *
 *   out[i][j] (+)= bias[j] + sum over z of part[z][i][j],  0 <= i < m, 0 <= j < n
 *
 * With no slice at all it spreads the bias over the rows. A group makes up to CHUNK values of a
 * row.
 *
 * BIAS ADD                   0 or 1
 * SUMS                       1: the last row, which is one more, goes to sums[j]
 * AFTER VALUE SAVED DROPPED  see dense_after.cl; then out is not added to
 * CHUNK                      values of a group, a multiple of 64
 */
#include "common.cl"
#ifndef CHUNK
#define CHUNK 1024
#endif
#ifndef BIAS
#define BIAS 0
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef AFTER
#define AFTER 0
#endif
#include "dense_after.cl"

#if SUMS
#define SUMS_ARGUMENTS , __global real *restrict sums, const long sums_at
#else
#define SUMS_ARGUMENTS
#endif

/* The slices' values at n places, with the bias. */
wide add_parts(const int slices, const long stride, const __global real *part,
               const __global real *bias, const int n)
{
    wide sum = 0.0f;
    for (int z = 0; z < slices; z++)
        sum += load_wide(part + z * stride, n);
    return BIAS ? sum + load_wide(bias, n) : sum;
}

KERNEL void gemm_sum(const int n, const int slices, const long stride,
                     __global const float *restrict part, const long part_at,
                     __global const float *restrict bias, const long bias_at,
                     __global float *restrict out,
                     const long out_at SUMS_ARGUMENTS AFTER_ARGUMENTS)
{
    const int j0 = get_group_id(0) * CHUNK, j1 = min(j0 + CHUNK, n);
    const long row = (long)get_group_id(1) * n;
    part += part_at + row;
    bias += bias_at;
    out += out_at;

#if AFTER && VECTOR
    const after s = AFTER_VALUES;
    const uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int j = j0; j < j1; j += 64) {
        wide v[4];
        long at[4];
        int count[4];
        for (int q = 0; q < 4; q++) {
            const int i = j + 16 * q;
            at[q] = row + i;
            count[q] = n - i;
            if (n > i) v[q] = add_parts(slices, stride, part + i, bias + i, n - i);
        }
        end_four(s, v, (uint)(j / 4) + lane, (uint)get_group_id(1), at, count, out);
    }
#elif AFTER
    const after s = AFTER_VALUES;
    for (int j = j0 + (int)get_local_id(0); j < j1; j += WG)
        end_one(s, add_parts(slices, stride, part + j, bias + j, 1), (uint)get_group_id(1),
                (uint)j, row + j, out);
#else
    for (int j = j0 + (int)get_local_id(0) * LANES; j < j1; j += WG * LANES) {
        const wide sum = add_parts(slices, stride, part + j, bias + j, n - j);
#if SUMS
        if (get_group_id(1) == get_num_groups(1) - 1)
            store_wide(sum, sums + sums_at + j, n - j);
        else
#endif
            put_wide(sum, out + row + j, n - j);
    }
#endif
}
