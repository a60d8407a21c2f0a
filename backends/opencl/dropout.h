/* Dropout as a launch, alone or with the gradient of an activation. */
#ifndef WEFT_BACKENDS_OPENCL_DROPOUT_H
#define WEFT_BACKENDS_OPENCL_DROPOUT_H

#include "backends/opencl/cl.h"

/* Add the launch of out[0] (=, or += by its mode) dropout of x; with a gradient (text of
 * core/activation.h, NULL: none) that gradient of it, in `saved` and the parameter a. */
weft_status cl_dropout_add(cl_step *step, const weft_dropout *with, const weft_tensor *x,
                           const char *gradient, float a, const weft_tensor *saved);

#endif
