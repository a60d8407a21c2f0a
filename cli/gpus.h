/* GPUs that the kernel shows and no OpenCL platform offers: why, and what to do. */
#ifndef WEFT_CLI_GPUS_H
#define WEFT_CLI_GPUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/backend.h"

enum { CLI_GPUS_MAX = 64 };

/* A graphics card as /sys/class/drm shows it. */
typedef struct cli_gpu {
    char card[32];   /* "card0" */
    uint32_t vendor; /* PCI vendor; 0 for GPUs of a system on a chip */
    uint32_t device;
    char driver[32]; /* kernel driver; "" when none is bound */
    char node[32];   /* "renderD128"; "" when there is none */
} cli_gpu;

/* Read class/drm under `sysfs`; cards that only show pictures (servers, virtual machines) are left
 * out. Returns how many were written. */
int cli_gpus_read(const char *sysfs, cli_gpu gpus[CLI_GPUS_MAX]);

/* Print one line for every GPU without an OpenCL device: cause, and the command that cures it.
 * Returns how many. Reads /sys, /dev and the folder of OpenCL's ICD files; WEFT_SYSFS and WEFT_DEV
 * put others in place of the first two, for tests. */
int cli_gpus_help(FILE *file, const weft_registry *registry);

/* How many GPUs of a PCI vendor the kernel shows; -1 when it shows none of any vendor. */
int cli_gpus_count(uint32_t vendor);

/* The PCI vendor of an offered device, also where only its name tells; 0 when nothing does. */
uint32_t cli_gpu_vendor(const weft_device_info *info);

#endif
