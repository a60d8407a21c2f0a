/* Two equal loops of independent multiply-adds, one through fma(), one as written: timed once per
 * device to choose MAC. The factors are arguments, so that nothing can be computed beforehand.
 */
#include "common.cl"

#define CHAINS 12

#define PROBE(name, STEP)                                                     \
    KERNEL void name(const int rounds, const real a, const real b, __global real *y) \
    {                                                                         \
        wide sum[CHAINS];                                                     \
        _Pragma("unroll") for (int i = 0; i < CHAINS; i++) sum[i] = (wide)(i); \
        for (int r = 0; r < rounds; r++) {                                    \
            _Pragma("unroll") for (int i = 0; i < CHAINS; i++)                \
            {                                                                 \
                const wide c = sum[i];                                        \
                sum[i] = STEP;                                                \
            }                                                                 \
        }                                                                     \
        wide all = (wide)(0.0f);                                              \
        _Pragma("unroll") for (int i = 0; i < CHAINS; i++) all += sum[i];     \
        if (get_local_id(0) == 0) y[0] = sum_lanes(all, LANES);               \
    }

PROBE(probe_fma, fma(c, (wide)(a), (wide)(b)))
PROBE(probe_plain, c * a + b)
