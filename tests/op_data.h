/* The contents of a case's tensors in host memory, and the op run on them in double: the reference
 * that every backend is held against. */
#ifndef WEFT_TESTS_OP_DATA_H
#define WEFT_TESTS_OP_DATA_H

#include "backends/cpu/cpu.h"
#include "tests/op_table.h"

/* Contents as a device holds them: f32, u8 or i32. Absent tensors are NULL; everything is owned. */
typedef struct op_data {
    void *in[WEFT_MAX_IN];
    void *out[WEFT_MAX_OUT]; /* before the op where it is added to or updated */
} op_data;

typedef enum op_numbers {
    OP_FLOATS,
    OP_INTEGERS /* floats that are small whole numbers: sums of them are exact */
} op_numbers;

/* Draw the contents. Outputs that are set start as NaN, so that what is not written shows. */
void op_data_new(const op_case *c, op_numbers numbers, uint64_t seed, op_data *out);
void op_data_free(op_data *data);

size_t op_bytes(const weft_tensor *tensor);

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

/* How an output of a device compares with the reference. */
typedef struct op_match {
    double error;     /* normalised mean square error over elements that are not NaN */
    int64_t worst;    /* element of the largest difference */
    int64_t nan_lost; /* elements that are NaN in the reference only */
    int64_t nan_more; /* elements that are NaN on the device only */
    int64_t differs;  /* elements that are not equal (after rounding the reference) */
    int64_t zeros;    /* zeros of the reference */
    int64_t nans;     /* NaN of the reference */
} op_match;
op_match op_compare(const weft_tensor *tensor, const void *device, const void *reference);

/* A deterministic number below `limit`, from a seed and an index. */
uint32_t op_random(uint64_t seed, int64_t index, uint32_t limit);

/* The same in [0, 1). */
double op_uniform(uint64_t seed, int64_t index);

#endif
