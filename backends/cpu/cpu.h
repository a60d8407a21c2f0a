/* The CPU backend, seen from its own files and from the op tests.
 *
 * Every op is one function that reads an op with placed tensors and computes at once. The op files
 * are compiled once for each instruction set (and once in double, for the tests); each build has a
 * table of functions, generated from WEFT_OP_LIST, so that an op without a definition does not
 * link. */
#ifndef WEFT_BACKENDS_CPU_CPU_H
#define WEFT_BACKENDS_CPU_CPU_H

#include <stddef.h>

#include "core/backend.h"
#include "core/op.h"

/* A buffer of the CPU backend: memory. A tensor's data starts at data + offset * bytes of its
 * dtype; in the double build the elements of f32 tensors are doubles, offsets counting them. */
typedef struct weft_cpu_buffer {
    weft_buffer base;
    unsigned char *data;
    bool shared; /* data is somebody else's, and only read */
} weft_cpu_buffer;

/* Run an op on `threads` threads. The result does not depend on their number. */
typedef void (*weft_cpu_run)(const weft_op *op, const weft_values *values, int threads);

typedef struct weft_cpu_table {
    const char *name;                /* instruction set: "x86-64-v4" */
    weft_cpu_run run[WEFT_OP_COUNT]; /* by kind */

    /* speed_sums.c: so many rounds of multiply-adds on each thread, and how many operations that
     * was; *result keeps the compiler from leaving them out. A copy of count floats. */
    double (*speed_sums)(int threads, int64_t rounds, float *result);
    void (*speed_copy)(int threads, int64_t count, const float *x, float *y);
} weft_cpu_table;

/* The table for this machine, chosen from those that were built. */
const weft_cpu_table *weft_cpu_table_best(void);

/* The one of this name where the machine runs it, else the best. */
const weft_cpu_table *weft_cpu_table_named(const char *name);

/* The table of the double build, in the library weft_cpu_double; only tests link it. */
const weft_cpu_table *weft_cpu_table_double(void);

/* What the backend's supports() answers, without a device: refusal with the op's name and the
 * offending value, or the scratch bytes of the float build (the double build wants twice as many).
 */
weft_status weft_cpu_supports(const weft_op *op, size_t *scratch_bytes);

/* View plain memory, owned by the caller, as a buffer and as a tensor of it: how tests call ops
 * without a device. */
static inline weft_cpu_buffer weft_cpu_wrap(void *data, size_t bytes)
{
    return (weft_cpu_buffer){.base = {.device = NULL, .bytes = bytes}, .data = data};
}

static inline weft_tensor weft_cpu_view(weft_cpu_buffer *buffer, weft_shape shape, weft_dtype dtype)
{
    return (weft_tensor){.buffer = &buffer->base, .offset = 0, .shape = shape, .dtype = dtype};
}

#endif
