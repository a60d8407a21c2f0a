/* A block of 16 x 16 numbers in registers, its rows and columns exchanged. */
#ifndef LANES
#include "common.cl"
#endif

/* The first eight of two vectors, or the last eight, by turns. */
#define ZIP_LOW(a, b)                                                                              \
    (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6, b.s6,  \
              a.s7, b.s7)
#define ZIP_HIGH(a, b)                                                                             \
    (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se, b.se,  \
              a.sf, b.sf)

/* Four perfect shuffles of sixteen rows. */
INLINE void exchange(float16 t[16])
{
    float16 u[16];
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
}

/* Read `columns` rows of up to `rows` numbers, `stride` apart, and exchange; the rest is 0. Called
 * with constants for whole blocks, which then go without checks. */
INLINE void load_exchanged(float16 t[16], const int rows, const int columns, const long stride,
                           __global const float *from)
{
    for (int i = 0; i < 16; i++)
        t[i] = i < columns ? load_wide(from + i * stride, rows) : 0.0f;
    exchange(t);
}
