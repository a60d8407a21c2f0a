/* Loops of independent multiply-adds, timed once per device: fma() and as written, to choose
 * MAC; and with more and more sums, to learn how many of them stay in registers. The factors are
 * arguments, so that nothing can be computed beforehand.
 *
 * REGISTERS   1: the loops for registers, 0: those for fma()
 */
#include "common.cl"

#ifndef REGISTERS
#define REGISTERS 0
#endif

#define PROBE(name, count, STEP)                                              \
    KERNEL void name(const int rounds, const real a, const real b, __global real *y) \
    {                                                                         \
        wide sum[count];                                                      \
        _Pragma("unroll") for (int i = 0; i < count; i++) sum[i] = (wide)(i); \
        for (int r = 0; r < rounds; r++) {                                    \
            _Pragma("unroll") for (int i = 0; i < count; i++)                 \
            {                                                                 \
                const wide c = sum[i];                                        \
                sum[i] = STEP;                                                \
            }                                                                 \
        }                                                                     \
        wide all = (wide)(0.0f);                                              \
        _Pragma("unroll") for (int i = 0; i < count; i++) all += sum[i];      \
        if (get_local_id(0) == 0) y[0] = sum_lanes(all, LANES);               \
    }

#if REGISTERS
PROBE(probe_24, 24, MAC(c, (wide)(a), (wide)(b)))
PROBE(probe_6, 6, MAC(c, (wide)(a), (wide)(b)))
#else
PROBE(probe_fma, 12, fma(c, (wide)(a), (wide)(b)))
PROBE(probe_plain, 12, c * a + b)
#endif
