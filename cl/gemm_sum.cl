/* Adds up the slices of a split sum, in index order.
 *
 *   out[i][j] (+)= bias[j] + sum over z of part[z][i][j],  0 <= i < m, 0 <= j < n
 *
 * With no slice at all it spreads the bias over the rows. A group makes up to CHUNK values of a
 * row.
 *
 * BIAS ADD        0 or 1
 * CHUNK           values of a group, a multiple of 16
 */
#include "common.cl"

#ifndef CHUNK
#define CHUNK 1024
#define BIAS 0
#endif

KERNEL void gemm_sum(const int n, const int slices, const long stride,
                     __global const float *restrict part, const long part_at,
                     __global const float *restrict bias, const long bias_at,
                     __global float *restrict out, const long out_at)
{
    const int j0 = get_group_id(0) * CHUNK, j1 = min(j0 + CHUNK, n);
    const long row = (long)get_group_id(1) * n;
    part += part_at + row;
    bias += bias_at;
    out += out_at + row;

    for (int j = j0 + (int)get_local_id(0) * LANES; j < j1; j += WG * LANES) {
        wide sum = 0.0f;
        for (int z = 0; z < slices; z++)
            sum += load_wide(part + z * stride + j, n - j);
        if (BIAS) sum += load_wide(bias + j, n - j);
        put_wide(sum, out + j, n - j);
    }
}
