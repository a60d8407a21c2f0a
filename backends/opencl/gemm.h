/* Matrix products: our own kernels with what may follow in the same launch, and the route that
 * leads to CLBlast. */
#ifndef WEFT_BACKENDS_OPENCL_GEMM_H
#define WEFT_BACKENDS_OPENCL_GEMM_H

#include "backends/opencl/cl.h"

/* Does this device multiply matrices with CLBlast? A wish for it in a build without it is
 * WEFT_ERR_UNSUPPORTED. */
weft_status cl_route_clblast(const cl_device *device, bool *use);

/* c (=, or += when add) op(a) op(b) + bias through CLBlast, as launches of a step. */
weft_status cl_clblast_add(cl_step *step, const weft_gemm *gemm, const weft_tensor *a,
                           const weft_tensor *b, const weft_tensor *bias, const weft_tensor *c,
                           bool add);

/* c (=, or += when add) op(a) op(b) + bias, and what an op wants beside it. Tensors are borrowed;
 * those that are absent are NULL or have rank 0. */
typedef struct cl_product {
    weft_gemm gemm;
    const weft_tensor *a, *b, *bias, *c;
    bool add;
    const weft_tensor *sums;  /* the sum over the rows of b, when b is not transposed */
    const weft_fused *after;  /* activation and dropout, where its flags say so; then not add */
    const weft_tensor *saved; /* with after: what the activation's gradient reads */
} cl_product;

/* How a device runs a product. Only slices and what is thin are part of the result; they follow
 * from shape and family. */
typedef struct cl_gemm_way {
    int32_t high, vectors, deep; /* vector family: register tile, steps of k in a panel */
    int32_t thin;                /* vectors of gemm_thin; used when is_thin */
    int32_t items[2], each[2];   /* tile family: work-items of a group, sums of an item */
    int32_t vec_a, vec_b, vec_c; /* tile family: numbers read and written at once */
    int32_t rows;                /* of a group */
    int64_t panels, chunks;      /* groups of one slice */
    int32_t slices;
    bool is_thin;
} cl_gemm_way;

/* gemm_way.c: choose by the settings (NULL: the prior). WEFT_ERR_UNSUPPORTED names the limit that
 * the product or the settings do not meet. */
weft_status cl_gemm_choose(const cl_device *device, const weft_gemm *gemm, const char *settings,
                           cl_gemm_way *way);

/* Settings worth trying for gemm, dense_block and dense_weight_grad, the prior first; all add up in
 * the same order. *count is the room in list on entry; 0 on return: there is nothing to choose. */
weft_status cl_gemm_candidates(const cl_device *device, const weft_op *op, weft_choice *list,
                               int *count);

/* gemm.c: the answer of supports() for an op that is this product, by our own kernels. */
weft_status cl_product_supports(const cl_device *device, const weft_op *op,
                                const cl_product *product, weft_support *support);

/* Add its launches to the step of the op. */
weft_status cl_product_add(cl_step *step, const cl_product *product, const char *choice);

#endif
