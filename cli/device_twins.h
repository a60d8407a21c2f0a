/* One piece of hardware that two OpenCL platforms offer. */
#ifndef WEFT_CLI_DEVICE_TWINS_H
#define WEFT_CLI_DEVICE_TWINS_H

#include "core/backend.h"

/* Index of an earlier device that is the same hardware through another platform, or -1. Two CPU
 * devices are the same CPU; GPUs are when their names agree without decoration, or when the kernel
 * shows one GPU of that maker only. */
int cli_device_twin(const weft_registry *registry, int index);

#endif
