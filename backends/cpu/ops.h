/* What every op file needs: the number type, the names of this build, tensors as pointers, loops.
 *
 * A file that includes this is compiled several times: WEFT_CPU_SUFFIX makes its symbols distinct,
 * WEFT_CPU_DOUBLE makes weft_real double. The letters of the sizes stand in core/op.h. */
#ifndef WEFT_BACKENDS_CPU_OPS_H
#define WEFT_BACKENDS_CPU_OPS_H

#include <string.h>

#include "backends/cpu/cpu.h"

#ifdef WEFT_CPU_DOUBLE
typedef double weft_real;
#else
typedef float weft_real;
#endif
#define REAL(x) ((weft_real)(x))

#define WEFT_CPU_GLUE(name, suffix)   weft_cpu_##name##_##suffix
#define WEFT_CPU_SYMBOL(name, suffix) WEFT_CPU_GLUE(name, suffix)
#define WEFT_CPU_NAME(name)           WEFT_CPU_SYMBOL(name, WEFT_CPU_SUFFIX)
#define WEFT_CPU_DECLARE(name, ins, outs) \
    void WEFT_CPU_NAME(name)(const weft_op *op, const weft_values *values, int threads);
WEFT_OP_LIST(WEFT_CPU_DECLARE)
#undef WEFT_CPU_DECLARE
double WEFT_CPU_NAME(speed_sums)(int threads, int64_t rounds, float *result);
void WEFT_CPU_NAME(speed_copy)(int threads, int64_t count, const float *x, float *y);

/* A function of this build that defines the op `name`. */
#define WEFT_CPU_OP(name) \
    void WEFT_CPU_NAME(name)(const weft_op *op, const weft_values *values, int threads)

/* The loop that follows runs on several threads; its turns must not depend on one another. */
#define WEFT_PRAGMA(text) _Pragma(#text)
#ifdef _OPENMP
#define WEFT_PARALLEL(threads) \
    WEFT_PRAGMA(omp parallel for schedule(static) num_threads(threads))
#define WEFT_PARALLEL_UNEVEN(threads) \
    WEFT_PRAGMA(omp parallel for schedule(dynamic, 1) num_threads(threads))
#else
#define WEFT_PARALLEL(threads)        (void)(threads);
#define WEFT_PARALLEL_UNEVEN(threads) (void)(threads);
#endif

#if defined(__GNUC__)
#define WEFT_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define WEFT_ALWAYS_INLINE static inline
#endif

/* ---- tensors as pointers; NULL where there is none ---- */

static inline unsigned char *weft_cpu_bytes(const weft_tensor *tensor, size_t element)
{
#ifndef WEFT_ANALYSE /* an op's own tensors are there: that was checked when it was prepared */
    if (tensor->shape.rank == 0) return NULL;
#endif
    const weft_cpu_buffer *buffer = (const weft_cpu_buffer *)(const void *)tensor->buffer;
    return buffer->data + (size_t)tensor->offset * element;
}

static inline weft_real *weft_cpu_real(const weft_tensor *tensor)
{
    return (weft_real *)(void *)weft_cpu_bytes(tensor, sizeof(weft_real));
}

static inline int32_t *weft_cpu_i32(const weft_tensor *tensor)
{
    return (int32_t *)(void *)weft_cpu_bytes(tensor, sizeof(int32_t));
}

static inline uint8_t *weft_cpu_u8(const weft_tensor *tensor)
{
    return weft_cpu_bytes(tensor, 1);
}

static inline weft_real *weft_cpu_scratch(const weft_op *op)
{
    return (weft_real *)(void *)weft_cpu_u8(&op->scratch);
}

/* The last extent, and the number of rows in front of it. */
static inline int64_t weft_cpu_columns(const weft_tensor *tensor)
{
    return tensor->shape.dim[tensor->shape.rank - 1];
}

static inline int64_t weft_cpu_rows(const weft_tensor *tensor)
{
    return weft_shape_count(tensor->shape) / weft_cpu_columns(tensor);
}

/* ---- work in pieces of fixed size ---- */

/* Columns that an inner loop over channels takes at once. The function is compiled for this width,
 * which the compiler then keeps in registers, and for any other. */
enum { WEFT_CPU_BLOCK = 32 };
#define WEFT_CPU_BY_WIDTH(function, width, ...)    \
    do {                                           \
        if ((width) == WEFT_CPU_BLOCK)             \
            function(WEFT_CPU_BLOCK, __VA_ARGS__); \
        else                                       \
            function(width, __VA_ARGS__);          \
    } while (0)

enum { WEFT_CPU_PIECE = 16384 }; /* elements of an element-wise piece */

static inline int64_t weft_cpu_pieces(int64_t count, int64_t piece)
{
    return (count + piece - 1) / piece;
}

static inline int64_t weft_cpu_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t weft_cpu_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- vectors: as wide as the build's registers, one element where the compiler has none ---- */

#if defined(__AVX512F__)
#define WEFT_VEC_BYTES 64
#elif defined(__AVX__)
#define WEFT_VEC_BYTES 32
#else
#define WEFT_VEC_BYTES 16
#endif

#if defined(__GNUC__)
typedef weft_real weft_vec __attribute__((vector_size(WEFT_VEC_BYTES)));
#else
typedef weft_real weft_vec;
#endif
enum { WEFT_LANES = sizeof(weft_vec) / sizeof(weft_real) };

static inline weft_vec weft_vec_load(const weft_real *from)
{
    weft_vec vec;
    memcpy(&vec, from, sizeof vec);
    return vec;
}

static inline void weft_vec_store(weft_real *to, weft_vec vec)
{
    memcpy(to, &vec, sizeof vec);
}

#endif
