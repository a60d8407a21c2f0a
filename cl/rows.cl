/* Rows of a matrix.
 *
 *   gather_rows   y[r][t] = table[order[first + r]][t], numbers of 4 bytes of any kind; `missing`
 *                 where the list or the table has no such row
 *   sum_slice     part[s][c] = sum over the rows r of slice s of x[r][c]
 *   add_slices    y[c] = sum over s of part[s][c], in that order
 *
 * Slice s of `slices` has the rows s * rows / slices to (s + 1) * rows / slices.
 */
#include "common.cl"

KERNEL void gather_rows(const long count, const long each, const int columns, const int listed,
                        const int samples, const int missing, const int first,
                        const __global uint *restrict table, const long table_at,
                        const __global int *restrict order, const long order_at,
                        __global uint *restrict y, const long y_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, count);
    for (long i = begin + get_local_id(0); i < end; i += WG) {
        const long r = i / columns, at = first + r;
        const long row = at >= 0 && at < listed ? order[order_at + at] : -1;
        const bool known = row >= 0 && row < samples;
        y[y_at + i] = known ? table[table_at + row * columns + rest(i, r, columns)] : (uint)missing;
    }
}

wide sum_column(const __global real *x, const long rows, const int columns, const int n)
{
    wide even = (wide)(0.0f), odd = (wide)(0.0f);
    long r = 0;
    for (; r + 1 < rows; r += 2) {
        even += load_wide(x + r * columns, n);
        odd += load_wide(x + (r + 1) * columns, n);
    }
    if (r < rows) even += load_wide(x + r * columns, n);
    return even + odd;
}

KERNEL void sum_slice(const long rows, const int slices, const int columns,
                      const __global real *restrict x, const long x_at,
                      __global real *restrict part, const long part_at)
{
    const long s = get_group_id(0);
    const long begin = s * rows / slices, end = (s + 1) * rows / slices;
    x += x_at + begin * columns;
    part += part_at + s * columns;
    for (int c = get_local_id(0) * LANES; c < columns; c += WG * LANES) {
        const int n = min(LANES, columns - c);
        const wide sum = n == LANES ? sum_column(x + c, end - begin, columns, LANES)
                                    : sum_column(x + c, end - begin, columns, n);
        store_wide(sum, part + c, n);
    }
}

KERNEL void add_slices(const int slices, const int columns, const __global real *restrict part,
                       const long part_at, __global real *restrict y, const long y_at)
{
    const int c = (int)(get_group_id(0) * WG + get_local_id(0)) * LANES;
    const int n = min(LANES, columns - c);
    if (n <= 0) return;
    wide sum = (wide)(0.0f);
    for (int s = 0; s < slices; s++) {
        sum += load_wide(part + part_at + (long)s * columns + c, n);
    }
    store_wide(sum, y + y_at + c, n);
}
