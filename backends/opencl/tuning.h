/* The tuning table, cl/tuning.txt. */
#ifndef WEFT_BACKENDS_OPENCL_TUNING_H
#define WEFT_BACKENDS_OPENCL_TUNING_H

#include "backends/opencl/cl.h"

/* The settings to prepare an op with, "NAME=VALUE NAME=VALUE": `choice` when it is given, else what
 * the tuner stored for this op on this device, else NULL. For supports and prepare functions of
 * ops. */
const char *cl_settings(const cl_device *device, const weft_op *op, const char *choice);

/* The number after NAME= in settings; `otherwise` when settings is NULL or does not name it. */
int32_t cl_setting(const char *settings, const char *macro, int32_t otherwise);

/* Does a row with this pattern apply to the device? */
bool cl_row_fits(const char *pattern, const cl_device *device);

/* What the best row for this device says of a kernel's macro; `otherwise` when none does. */
int32_t cl_tuned(const cl_device *device, const char *kernel, const char *macro, int32_t otherwise);

/* The same in a text of the table's form. */
int32_t cl_tuned_in(const char *text, size_t length, const char *device, const char *platform,
                    const char *kernel, const char *macro, int32_t otherwise);

#endif
