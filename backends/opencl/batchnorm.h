/* What batch normalisation's ops share: sums in slices, kept as two numbers for each slice and
 * channel. */
#ifndef WEFT_BACKENDS_OPENCL_BATCHNORM_H
#define WEFT_BACKENDS_OPENCL_BATCHNORM_H

#include "backends/opencl/cl.h"

typedef struct cl_batchnorm_sizes {
    int64_t rows;
    int32_t channels, slices;
} cl_batchnorm_sizes;

/* Of the rows of a tensor, which are all but its last axis. */
cl_batchnorm_sizes cl_batchnorm_sizes_of(const cl_device *device, const weft_tensor *x);
size_t cl_batchnorm_scratch(const cl_batchnorm_sizes *sizes);

/* The scratch as floats, and a work-group for each slice. */
weft_tensor cl_batchnorm_part(const weft_op *op, const cl_batchnorm_sizes *sizes);
cl_grid cl_batchnorm_grid(const cl_device *device, const cl_batchnorm_sizes *sizes);

/* Add the launch that makes dgamma and dbeta, the first two outputs, of the sums in `part`. */
weft_status cl_batchnorm_merge_sums(cl_step *step, const weft_op *op, const weft_batchnorm *with,
                                    const cl_batchnorm_sizes *sizes, const weft_tensor *part,
                                    const weft_tensor *spread);

#endif
