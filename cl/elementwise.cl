/* Element-wise kernels.
 *
 *   unary    y[i] (+)= VALUE(v = x[i])
 *   binary   y[i] (+)= GRADIENT(s = x0[i], dy = x1[i]),  0 <= i < count
 *
 * VALUE      expression in v and the parameter a (core/activation.h)
 * GRADIENT   expression in s, dy and a
 * ADD        0 or 1
 * A group works on `each` elements.
 */
#include "common.cl"

#ifndef VALUE
#define VALUE v < 0 ? REAL(0) : v
#endif
#ifndef GRADIENT
#define GRADIENT s <= 0 ? REAL(0) : dy
#endif

KERNEL void unary(const long count, const long each, const real a, const __global real *restrict x,
                  const long x_at, __global real *restrict y, const long y_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, count);
    long i = begin + (long)get_local_id(0) * LANES;
    x += x_at;
    y += y_at;
    for (; i + LANES <= end; i += WG * LANES) {
        const wide v = load_wide(x + i, LANES);
        put_wide(VALUE, y + i, LANES);
    }
    if (LANES > 1 && i < end) {
        const wide v = load_wide(x + i, (int)(end - i));
        put_wide(VALUE, y + i, (int)(end - i));
    }
}

KERNEL void binary(const long count, const long each, const real a,
                   const __global real *restrict x0, const long x0_at,
                   const __global real *restrict x1, const long x1_at, __global real *restrict y,
                   const long y_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, count);
    long i = begin + (long)get_local_id(0) * LANES;
    x0 += x0_at;
    x1 += x1_at;
    y += y_at;
    for (; i + LANES <= end; i += WG * LANES) {
        const wide s = load_wide(x0 + i, LANES), dy = load_wide(x1 + i, LANES);
        put_wide(GRADIENT, y + i, LANES);
    }
    if (LANES > 1 && i < end) {
        const int n = (int)(end - i);
        const wide s = load_wide(x0 + i, n), dy = load_wide(x1 + i, n);
        put_wide(GRADIENT, y + i, n);
    }
}
