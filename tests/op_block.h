/* batchnorm_block and its gradients: the cases that op_bench runs, and the sequence of ops that
 * each stands for, computed in double by the CPU backend's ops. */
#ifndef WEFT_TESTS_OP_BLOCK_H
#define WEFT_TESTS_OP_BLOCK_H

#include "tests/op_devices.h"
#include "tests/op_reference.h"

typedef struct block_shape {
    op_level level;
    int32_t n, h, w, c; /* h 0: rows of channels, which are never pooled */
    int32_t pool[2];    /* 0: none */
} block_shape;

typedef struct block_trial {
    const op_device *device;
    const block_shape *shape;
    weft_fused with;
    bool add;
    char text[WEFT_NAME_MAX + OP_NAME_MAX];
} block_trial;

/* The op's input, and its output: pooled when the trial pools. */
weft_tensor block_full(const block_trial *t);
weft_tensor block_small(const block_trial *t, weft_dtype dtype);

/* Cases of the three ops; forward saves the places of the maxima or does not. */
op_case block_forward_case(const block_trial *t, bool saves);
op_case block_sums_case(const block_trial *t);
op_case block_grad_case(const block_trial *t);

/* The outputs of a case, in double; op_result_free frees them. */
void block_reference(const block_trial *t, const op_case *c, const op_data *data, op_result *out);

/* A copy of dy, laid out over the input; the caller frees it. */
double *block_unpool(const block_trial *t, double *dy, uint8_t *where);

/* The sums over any pixels: those of the peak, or all. dy is changed. */
void block_sums_over(const block_trial *t, const weft_tensor *x, double *data, double *const of[4],
                     double *dy, op_result *out);

#endif
