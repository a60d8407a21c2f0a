/* What a device reaches at best: multiply-adds that never leave the registers, and a copy that
 * never stays in a cache.
 *
 * CHAINS sums per work-item do not wait for one another, and with the two factors they fit sixteen
 * registers. A device with narrower registers than 16 floats is fastest with narrower sums, so the
 * vector family has three widths and the fastest one counts.
 */
#include "common.cl"

#define CHAINS 12

/* y has a number for every group. The factors are arguments: nothing can be computed beforehand. */
#define SPEED(name, type, SUM)                                                        \
    KERNEL void name(const int rounds, const real a, const real b, __global real *y)  \
    {                                                                                 \
        const type factor = (type)(a), term = (type)(b);                              \
        type sum[CHAINS];                                                             \
        _Pragma("unroll") for (int i = 0; i < CHAINS; i++)                            \
            sum[i] = (type)((real)(i + (int)get_local_id(0)));                        \
        for (int r = 0; r < rounds; r++) {                                            \
            _Pragma("unroll") for (int i = 0; i < CHAINS; i++)                        \
                sum[i] = MAC(sum[i], factor, term);                                   \
        }                                                                             \
        type all = (type)(0.0f);                                                      \
        _Pragma("unroll") for (int i = 0; i < CHAINS; i++) all += sum[i];             \
        if (get_local_id(0) == 0) y[get_group_id(0)] = SUM;                           \
    }

#if VECTOR
SPEED(speed_16, float16, all.s0 + all.sf)
SPEED(speed_8, float8, all.s0 + all.s7)
SPEED(speed_4, float4, all.s0 + all.s3)
#else
SPEED(speed_1, float, all)
#endif

/* y = x; a group copies `each` numbers, a multiple of WG * LANES. */
KERNEL void speed_copy(const long each, const __global real *x, __global real *y)
{
    const long from = (long)get_group_id(0) * each;
    for (long i = (long)get_local_id(0) * LANES; i < each; i += WG * LANES) {
#if VECTOR
        vstore16(vload16(0, x + from + i), 0, y + from + i);
#else
        y[from + i] = x[from + i];
#endif
    }
}
