/* The op of a case run on its contents in double: the reference that every backend is held against.
 */
#ifndef WEFT_TESTS_OP_REFERENCE_H
#define WEFT_TESTS_OP_REFERENCE_H

#include "backends/cpu/cpu.h"
#include "core/selftest/op_data.h"

/* Outputs of the op computed in double: f32 tensors as double, others as they are. */
typedef struct op_result {
    void *out[WEFT_MAX_OUT];
} op_result;

/* Run the op through the double build of the CPU backend, on `threads` threads. */
void op_result_new(const op_case *c, const op_data *data, int threads, op_result *out);

/* The same by the definition, which skips padding: NaN appear only where they must. */
void op_result_define(const op_case *c, const op_data *data, op_result *out);
void op_result_free(op_result *result);

/* Run an op whose f32 tensors are doubles in memory; the tensors of `op` have shapes only. Memory
 * of tensors that are absent is NULL. */
void op_run_double(const weft_op *op, const weft_values *values, void *const in[WEFT_MAX_IN],
                   void *const out[WEFT_MAX_OUT], int threads);

/* The same through another build of the CPU ops, whose f32 tensors are floats. */
void op_run_table(const weft_cpu_table *table, const weft_op *op, const weft_values *values,
                  void *const in[WEFT_MAX_IN], void *const out[WEFT_MAX_OUT], int threads);

/* A copy of a tensor's contents in which floats are doubles; the caller frees it. NULL for an
 * absent one. */
void *op_widen(const weft_tensor *tensor, const void *contents);

#endif
