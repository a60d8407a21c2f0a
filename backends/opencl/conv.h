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

/* The window of a convolution, fused or not. */
const weft_window *cl_conv_window(const weft_op *op);

/* Fill it from an op. WEFT_ERR_UNSUPPORTED: dilation, groups, or extents beyond 32 bits. */
weft_status cl_conv_of(const weft_op *op, cl_conv *out);

/* Floats of its weights, fewer than 2^31. */
int64_t cl_conv_weight_floats(const cl_conv *conv);

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

/* ---- the vector family ---- */

/* How a forward convolution or a data gradient is made. */
typedef struct cl_conv_way {
    bool taps;          /* a vector holds the taps and outputs of a window row: cl/conv_taps.cl */
    cl_tile tile;       /* pixels of a row x vectors of channels */
    int32_t k_padded;   /* row length of the weights that the kernel reads */
    bool packed;        /* they are made in scratch first */
    int32_t rows;       /* of a group */
    bool images_first;  /* order of groups */
    int32_t head, rest; /* tiles from head up to rest touch no border */
} cl_conv_way;

/* By the settings TX, NV and ROWS of prepare's choice, or what the device and the shape suggest.
 * No setting changes a result, or the scratch.
 * WEFT_ERR_UNSUPPORTED: a setting that makes no sense for the shape. */
weft_status cl_conv_choose(const cl_device *device, const weft_op *op, const cl_conv *conv,
                           const char *choice, cl_conv_way *out);

/* Floats of scratch for packed weights, at its start; 0 when none are packed. */
int64_t cl_conv_packed_floats(const cl_conv *conv, const cl_conv_way *way);

/* The weights as the kernel reads them: the op's own, or those that an added launch packs. */
weft_status cl_conv_weights(cl_step *step, const cl_conv *conv, const cl_conv_way *way,
                            weft_tensor *out);

/* Define the macros of cl/conv_rows.cl but ADD and KEPT. */
void cl_conv_define_way(const cl_device *device, cl_defines *defines, const cl_conv *conv,
                        const cl_conv_way *way, bool biased);

/* Groups that make `rows` rows of each image. */
cl_grid cl_conv_grid(const cl_conv *conv, const cl_conv_way *way, int32_t rows);

/* Settings of the weight gradient worth trying; see cl_conv_candidates. */
weft_status cl_conv_grad_candidates(const cl_device *device, const weft_op *op, const cl_conv *conv,
                                    weft_choice *list, int *count);

/* Append a choice unless it is there already or the list is full. */
void cl_choice_append(weft_choice *list, int *count, int room, const char *text);

/* ---- both families ---- */

/* Settings worth trying for an op of a convolution, the prior first; at most *count, which becomes
 * their number. All add up in the same order. */
weft_status cl_conv_candidates(const cl_device *device, const weft_op *op, weft_choice *list,
                               int *count);

/* Add the launch that sums `slices` parts of rows x columns floats, or spreads the bias when there
 * are none. bias may be absent. */
weft_status cl_sum_add(cl_step *step, int64_t rows, int32_t columns, int32_t slices,
                       const weft_tensor *part, const weft_tensor *bias, const weft_tensor *out,
                       bool add);

#endif
