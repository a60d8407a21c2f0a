/* Convolution: what the op functions of its three passes share. */
#ifndef WEFT_BACKENDS_OPENCL_CONV_H
#define WEFT_BACKENDS_OPENCL_CONV_H

#include "backends/opencl/cl.h"

/* Extents as the kernels name them: x (n x h x w x c) is read through the window, y (n x p x q x k)
 * has a value per window. For the data gradient, x is dy and y is dx, and transposed is set. */
typedef struct cl_conv {
    int32_t n, h, w, c, p, q, k;
    int32_t r, s, sh, sw, pt, pl;
    bool transposed;
} cl_conv;

/* Fill it from an op. WEFT_ERR_UNSUPPORTED: dilation, groups, or extents beyond 32 bits. */
weft_status cl_conv_of(const weft_op *op, cl_conv *out);

/* Define everything in it but the batch. */
void cl_conv_define(cl_defines *defines, const cl_conv *conv);

/* True when the op is a product of matrices: 1 x 1, stride 1, no padding. Fills the product that
 * gives the same result from the op's inputs in their order. */
bool cl_conv_is_product(const weft_op *op, const cl_conv *conv, weft_gemm *out);

/* A register tile: count pixels, channels or rows, times `vectors` vectors of 16 floats. */
typedef struct cl_tile {
    int32_t count, vectors;
} cl_tile;

/* The tile that covers `count` x `outputs` with the least work and keeps its sums in registers.
 * vectors divides the number of vectors that outputs fill; count is a multiple of step unless it is
 * all. */
cl_tile cl_tile_choose(const cl_device *device, int32_t count, int32_t outputs, int32_t step);

/* Vectors of 16 floats that a tile may fill. */
int32_t cl_tile_budget(const cl_device *device);

/* Add the launch that sums `slices` parts of rows x columns floats, or spreads the bias when there
 * are none. bias may be absent. */
weft_status cl_sum_add(cl_step *step, int64_t rows, int32_t columns, int32_t slices,
                       const weft_tensor *part, const weft_tensor *bias, const weft_tensor *out,
                       bool add);

#endif
