/* Why OpenCL does not offer a GPU, and the command that cures it. Private to the help for GPUs. */
#ifndef WEFT_CLI_GPU_CAUSES_H
#define WEFT_CLI_GPU_CAUSES_H

#include "cli/gpus.h"

enum { CLI_AMD = 0x1002, CLI_INTEL = 0x8086, CLI_NVIDIA = 0x10de };

/* Print one line. some: other GPUs of this vendor are offered. devices: the folder /dev. */
void cli_gpu_explain(FILE *file, const cli_gpu *gpu, bool some, const char *devices);

#endif
