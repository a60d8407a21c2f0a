/* Does fma() run at the speed of a * b + c? A driver need not define FP_FAST_FMAF although fma() is
 * one instruction, and where it is emulated it is hundreds of times slower. So it is timed once and
 * the answer stored with the device. */
#include "backends/opencl/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/posix.h"

enum { FEWEST_ROUNDS = 64, MOST_ROUNDS = 65536, TRIES = 3, ANSWER_MAX = 64 };

static const double long_enough = 5e-4; /* seconds: well above the cost of a launch */

static weft_status run_once(cl_device *device, cl_kernel kernel, cl_int rounds, double *seconds)
{
    const size_t local = (size_t)cl_group_size(device);
    const double start = weft_clock();
    CL_TRY(clSetKernelArg, (kernel, 0, sizeof rounds, &rounds));
    CL_TRY(clEnqueueNDRangeKernel, (device->queue, kernel, 1, NULL, &local, &local, 0, NULL, NULL));
    CL_TRY(clFinish, (device->queue));
    *seconds = weft_clock() - start;
    return WEFT_OK;
}

/* The shortest of some runs. With *rounds 0, the number of rounds is found first: an interpreter
 * takes a second for what a processor does in a millisecond. */
static weft_status run(cl_device *device, cl_kernel kernel, cl_int *rounds, double *seconds)
{
    const cl_float a = 0.5f, b = 0.25f;
    CL_TRY(clSetKernelArg, (kernel, 1, sizeof a, &a));
    CL_TRY(clSetKernelArg, (kernel, 2, sizeof b, &b));
    CL_TRY(clSetKernelArg, (kernel, 3, sizeof device->nothing, &device->nothing));
    /* The first run compiles on some drivers. */
    WEFT_TRY(run_once(device, kernel, FEWEST_ROUNDS, seconds));
    for (cl_int r = FEWEST_ROUNDS; *rounds == 0; r *= 4) {
        WEFT_TRY(run_once(device, kernel, r, seconds));
        if (*seconds >= long_enough || r >= MOST_ROUNDS) *rounds = r;
    }
    *seconds = 1e30;
    for (int i = 0; i < TRIES; i++) {
        double taken = 0;
        WEFT_TRY(run_once(device, kernel, *rounds, &taken));
        if (taken < *seconds) *seconds = taken;
    }
    return WEFT_OK;
}

static weft_status time_kernel(cl_device *device, const char *entry, cl_int *rounds,
                               double *seconds)
{
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const cl_spec spec = {"probe.cl", entry, defines.text};
    cl_kernel kernel = NULL;
    cl_entry *cached = NULL;
    WEFT_TRY(cl_program_get(device, &spec, &kernel, &cached));
    const weft_status status = run(device, kernel, rounds, seconds);
    if (status == WEFT_OK) cl_entry_launched(cached);
    clReleaseKernel(kernel);
    return status;
}

static char *answer_path(const cl_device *device)
{
    char name[64];
    if (!device->cache_dir) return NULL;
    snprintf(name, sizeof name, "device-%s.txt", cl_cache_identity(device->cache));
    return weft_path_join(device->cache_dir, name);
}

static bool read_answer(const char *path, bool *fast)
{
    char *text = NULL;
    size_t count = 0;
    if (!weft_path_exists(path)) return false;
    if (weft_read_file(path, ANSWER_MAX, &text, &count) != WEFT_OK) return false;
    *fast = strcmp(text, "fma fast\n") == 0;
    const bool known = *fast || strcmp(text, "fma slow\n") == 0;
    free(text);
    return known;
}

/* A cache that cannot be written only means that the next start asks again. */
static void write_answer(const cl_device *device, const char *path, bool fast)
{
    const char *text = fast ? "fma fast\n" : "fma slow\n";
    if (weft_make_folders(device->cache_dir) == WEFT_OK) {
        (void)weft_write_file(path, text, strlen(text));
    }
}

weft_status cl_probe(cl_device *device)
{
    char *path = answer_path(device);
    bool fast = false;
    if (path && read_answer(path, &fast)) {
        device->limits.fast_fma = fast;
        free(path);
        return WEFT_OK;
    }

    cl_int rounds = 0;
    double with_fma = 0, without = 0;
    weft_status status = time_kernel(device, "probe_plain", &rounds, &without);
    if (status == WEFT_OK) status = time_kernel(device, "probe_fma", &rounds, &with_fma);
    if (status == WEFT_OK) {
        device->limits.fast_fma = with_fma < 1.5 * without;
        if (path) write_answer(device, path, device->limits.fast_fma);
    }
    free(path);
    return status;
}
