/* A case's op prepared on a device, with guards of a pattern around each of its tensors. */
#ifndef WEFT_CORE_SELFTEST_OP_BENCH_H
#define WEFT_CORE_SELFTEST_OP_BENCH_H

#include "core/backend.h"
#include "core/selftest/op_data.h"

/* Bytes of pattern before and after each tensor: 64 floats, of which all are NaN. The tensor itself
 * starts on a multiple of WEFT_ALIGN elements and no more. */
enum { OP_GUARD_BYTES = 256 };

/* A tensor in a buffer of its own. */
typedef struct op_cell {
    weft_buffer *buffer;
    size_t before, bytes; /* of pattern, of contents */
} op_cell;

typedef struct op_bench {
    const op_case *c;
    const weft_backend *backend;
    weft_device *device;
    weft_op op;
    weft_step *step;
    weft_support support;
    op_cell in[WEFT_MAX_IN], out[WEFT_MAX_OUT], scratch;
} op_bench;

/* Allocate the tensors and prepare the op. The caller frees the bench, after a failure too. */
weft_status op_bench_open(weft_device *device, const op_case *c, op_bench *bench);
void op_bench_close(op_bench *bench);

/* Write the contents, run the op once, and read the outputs into `outputs` (drawn like data).
 * WEFT_ERR_DEVICE names a guard or an input that the op has written to. */
weft_status op_bench_run(op_bench *bench, const op_data *data, op_data *outputs);

#endif
