/* One ONNX case on one device: the mappings of onnx_map_*.c turn its node into ops of core/op.h,
 * run them through the backend, and compare. A mapping returns
 *
 *   WEFT_OK                every output is within the bound
 *   WEFT_ERR_UNSUPPORTED   refused: Weft has no such thing; weft_error() says what
 *   anything else          failed
 */
#ifndef WEFT_TESTS_ONNX_TRIAL_H
#define WEFT_TESTS_ONNX_TRIAL_H

#include "core/selftest/op_bench.h"
#include "tests/onnx_case.h"

enum { ONNX_MAX_OWNED = 64 };

typedef struct onnx_trial {
    weft_device *device;
    const onnx_case *c;
    void *owned[ONNX_MAX_OWNED]; /* freed with the trial */
    int owned_count;
} onnx_trial;

typedef weft_status onnx_map(onnx_trial *t);

/* The mapping of a model with these ops (onnx_case.ops), NULL where none belongs to Weft. */
onnx_map *onnx_map_of(const char *ops);

onnx_map onnx_map_conv, onnx_map_conv_transpose, onnx_map_max_pool, onnx_map_global_max_pool;
onnx_map onnx_map_max_unpool, onnx_map_average_pool, onnx_map_global_average_pool;
onnx_map onnx_map_batchnorm, onnx_map_gemm, onnx_map_matmul, onnx_map_activation, onnx_map_softmax;
onnx_map onnx_map_log_softmax, onnx_map_loss, onnx_map_dropout, onnx_map_sum, onnx_map_identity;
onnx_map onnx_map_add_gradient, onnx_map_no_mul, onnx_map_momentum, onnx_map_adam;

void onnx_trial_free(onnx_trial *t);

/* ---- for the mappings ---- */

#define onnx_refuse(...) weft_fail(WEFT_ERR_UNSUPPORTED, __VA_ARGS__)

/* Memory that lives as long as the trial; numbers are zero. */
void *onnx_memory(onnx_trial *t, int64_t count, size_t bytes);
float *onnx_floats(onnx_trial *t, int64_t count);

/* An input of the first node as floats. Refused where it is missing or of another type. */
weft_status onnx_take(onnx_trial *t, int index, const onnx_tensor **tensor, float **values);

/* Run an op once. data has the inputs and gets the outputs. */
weft_status onnx_run(onnx_trial *t, const weft_op *op, const weft_values *values, op_data *data);

/* Compare what ONNX expects of an output with ours, in ONNX's order. */
weft_status onnx_check(const onnx_trial *t, int output, const float *ours, int64_t count);

/* Turn each of `outer` blocks of rows x columns into columns x rows: channels first and last. */
float *onnx_turn(onnx_trial *t, const float *from, int64_t outer, int64_t rows, int64_t columns);

/* Product of the extents first, first + 1, .. end - 1. */
int64_t onnx_extent(const onnx_tensor *tensor, int first, int end);

/* A float tensor by its extents, which end at the first 0. */
weft_tensor onnx_f32(int64_t a, int64_t b, int64_t c, int64_t d);

#endif
