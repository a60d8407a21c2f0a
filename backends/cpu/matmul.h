/* The one place where numbers are multiplied in bulk: matrix products and convolutions.
 *
 * The left matrix A is not stored as such; a function packs blocks of it. For a convolution its
 * rows are output pixels and its columns the pixels and channels under the window. */
#ifndef WEFT_BACKENDS_CPU_MATMUL_H
#define WEFT_BACKENDS_CPU_MATMUL_H

#include "backends/cpu/ops.h"

/* Rows of packed blocks of A start this many elements apart; at most WEFT_PACK_DEPTH are filled.
 * Not a power of two, so that rows do not fall into the same lines of the cache. */
enum { WEFT_PACK_DEPTH = 512, WEFT_PACK_STEP = WEFT_PACK_DEPTH + 16 };

/* Write A[row + i][from .. to) to out + i * WEFT_PACK_STEP, for 0 <= i < count. */
typedef void (*weft_pack)(const void *source, int64_t row, int64_t count, int64_t from, int64_t to,
                          weft_real *out);

typedef struct weft_matmul {
    int64_t rows, depth; /* of A */
    int64_t columns;     /* of B and C */
    weft_pack pack;
    const void *source; /* for pack */
    const weft_real *b;
    int64_t b_row, b_column; /* B[i][j] is b[i * b_row + j * b_column] */
    weft_real *c;            /* row-major, dense */
    const weft_real *bias;   /* a number for each column, or NULL */
    bool add;                /* C += instead of C = */
    weft_real *scratch;
} weft_matmul;

/* C (rows x columns) = A B. B comes in panels that pack_b made in scratch, b is not read. */
void WEFT_CPU_NAME(multiply)(const weft_matmul *job, int threads);

/* Copy rows [from, to) of B into the panels in scratch; b stands for row `from`. */
void WEFT_CPU_NAME(pack_panels)(const weft_matmul *job, int64_t from, int64_t to, int threads);

/* C (depth x columns) = transposed A times B (rows x columns), summed over slices of the rows. */
void WEFT_CPU_NAME(multiply_transposed)(const weft_matmul *job, int64_t slices, int threads);

#define weft_cpu_multiply            WEFT_CPU_NAME(multiply)
#define weft_cpu_pack_panels         WEFT_CPU_NAME(pack_panels)
#define weft_cpu_multiply_transposed WEFT_CPU_NAME(multiply_transposed)

#endif
