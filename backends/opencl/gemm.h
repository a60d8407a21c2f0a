/* Matrix products, and the route that leads to CLBlast. */
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

#endif
