/* The tuning table, cl/tuning.txt. */
#ifndef WEFT_BACKENDS_OPENCL_TUNING_H
#define WEFT_BACKENDS_OPENCL_TUNING_H

#include "backends/opencl/cl.h"

/* What the best row for this device says of a kernel's macro; `otherwise` when none does. */
int32_t cl_tuned(const cl_device *device, const char *kernel, const char *macro, int32_t otherwise);

/* The same in a text of the table's form. */
int32_t cl_tuned_in(const char *text, size_t length, const char *device, const char *platform,
                    const char *kernel, const char *macro, int32_t otherwise);

#endif
