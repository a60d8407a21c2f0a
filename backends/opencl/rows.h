/* Sums over the rows of a matrix. */
#ifndef WEFT_BACKENDS_OPENCL_ROWS_H
#define WEFT_BACKENDS_OPENCL_ROWS_H

#include "backends/opencl/cl.h"

/* Floats of scratch that cl_rows_add needs. */
int64_t cl_rows_scratch(const cl_device *device, int64_t rows, int32_t columns);

/* Add the launches of sums[c] = sum over r of x[r][c]; scratch starts at float `at` of the op's. */
weft_status cl_rows_add(cl_step *step, int64_t rows, int32_t columns, const weft_tensor *x,
                        int64_t at, const weft_tensor *sums);

#endif
