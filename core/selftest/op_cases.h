/* What a row of the op table is made of; private to op_table.c and op_cases_*.c.
 *
 * A builder gets a shape and the number of a variant and fills the op, its fills and its values;
 * kind, bound, phase and name are filled in by op_case_at. */
#ifndef WEFT_CORE_SELFTEST_OP_CASES_H
#define WEFT_CORE_SELFTEST_OP_CASES_H

#include "core/selftest/op_table.h"

/* The letters of core/op.h; each builder reads those it knows. */
typedef struct op_shape {
    op_level level;
    int32_t n, h, w, c, k;
    int32_t kernel[2], stride[2], pad[4];
} op_shape;

typedef void op_builder(const op_shape *shape, int variant, op_case *out);

op_builder op_build_conv2d, op_build_conv2d_data_grad, op_build_conv2d_weight_grad;
op_builder op_build_maxpool, op_build_maxpool_grad, op_build_avgpool, op_build_avgpool_grad;
op_builder op_build_gemm, op_build_sum_rows, op_build_activation, op_build_activation_grad;
op_builder op_build_batchnorm_stats, op_build_batchnorm, op_build_batchnorm_sums;
op_builder op_build_batchnorm_grad, op_build_dropout, op_build_copy;
op_builder op_build_gather, op_build_gather_rows, op_build_softmax_xent, op_build_mse;
op_builder op_build_sgd, op_build_adam, op_build_inspect;

/* Tensors by their extents, outermost first; extents end at the first 0. */
weft_tensor op_tensor(weft_dtype dtype, int32_t a, int32_t b, int32_t c, int32_t d);
#define OP_F32(a, b, c, d) op_tensor(WEFT_F32, a, b, c, d)

/* N x H x W x C, or N x C where the shape has no h. */
weft_tensor op_image(const op_shape *shape);

/* Output 0 is set, or added to when add is not 0. */
void op_set_out(op_case *out, weft_tensor tensor, int add);

#endif
