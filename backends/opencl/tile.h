/* The tile family's products: gemm and the three passes of a convolution, by the kernels that share
 * cl/tile.cl. */
#ifndef WEFT_BACKENDS_OPENCL_TILE_H
#define WEFT_BACKENDS_OPENCL_TILE_H

#include "backends/opencl/conv.h"
#include "backends/opencl/gemm.h"

/* How a group is laid out: im x in work-items, each with tm x tn sums, kt steps in local memory. It
 * changes no result. As settings: "IM=8 IN=8 TM=8 TN=8 KT=8". */
typedef struct cl_tiling {
    int32_t im, in, tm, tn, kt;
} cl_tiling;

/* What a tiling is for. Extents that follow from the batch are not given: programs do not depend
 * on it. */
typedef struct cl_tiling_wish {
    const char *op;     /* for messages */
    const char *kernel; /* of the tuning table */
    const char *settings;
    int32_t rows, columns; /* of the result; rows 0: many, not known */
    bool small;            /* so few tiles that small ones keep the device busier */
} cl_tiling_wish;

/* WEFT_ERR_UNSUPPORTED names the limit of the device that leaves no room, or the setting that makes
 * no sense. */
weft_status cl_tiling_choose(const cl_device *device, const cl_tiling_wish *wish, cl_tiling *out);

/* Define VECTOR and the macros of tile.cl. */
void cl_tiling_define(cl_defines *defines, const cl_tiling *tiling);

/* Tiles that cover a result. */
int64_t cl_tiling_groups(const cl_tiling *tiling, int64_t rows, int64_t columns);

/* The settings worth trying for a product of this many columns, as choices; at most *count, which
 * becomes their number. */
weft_status cl_tiling_candidates(const cl_device *device, const cl_tiling_wish *wish,
                                 weft_choice *list, int *count);

/* Into how many launches work is cut, at most `most`, so that none keeps a GPU that may also draw
 * the screen for much longer than 100 ms. CUT=n in settings says it. */
int32_t cl_cuts(const cl_device *device, const char *settings, int64_t operations, int64_t most);

/* True when vectors of four floats along a dense axis of this extent are whole and aligned. */
static inline bool cl_by_four(const weft_tensor *tensor, int32_t extent)
{
    return extent % 4 == 0 && tensor->offset % 4 == 0;
}

/* conv2d and conv2d_data_grad. bias may be absent. choice is prepare's. */
weft_status cl_conv_tile_supports(const cl_device *device, const weft_op *op, const cl_conv *conv,
                                  weft_support *support);
weft_status cl_conv_tile_add(cl_step *step, const cl_conv *conv, const weft_tensor *bias,
                             const char *choice);

/* conv2d_weight_grad; its scratch is the op's. */
weft_status cl_conv_tile_grad_supports(const cl_device *device, const weft_op *op,
                                       const cl_conv *conv, weft_support *support);
weft_status cl_conv_tile_grad_add(cl_step *step, const cl_conv *conv, const char *choice);

/* The settings worth trying for each of them. */
weft_status cl_conv_tile_candidates(const cl_device *device, const weft_op *op, weft_choice *list,
                                    int *count);

/* The tile family's part of cl_gemm_choose and cl_gemm_candidates. */
weft_status cl_gemm_tile_choose(const cl_device *device, const weft_gemm *gemm,
                                const char *settings, cl_gemm_way *way);
weft_status cl_gemm_tile_candidates(const cl_device *device, const weft_gemm *gemm,
                                    weft_choice *list, int *count);

#endif
