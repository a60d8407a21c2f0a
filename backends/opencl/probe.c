/* Does fma() run at the speed of a * b + c? A driver need not define FP_FAST_FMAF although fma() is
 * one instruction, and where it is emulated it is hundreds of times slower. So it is timed once and
 * the answer stored with the device. */
#include "backends/opencl/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/posix.h"

enum { FEWEST_ROUNDS = 64, MOST_ROUNDS = 65536, TRIES = 5, ANSWER_MAX = 64 };

static const double long_enough = 5e-4; /* seconds: well above the cost of a launch */

/* Emulation costs a factor of hundreds and half rate one of two: between them, so that a machine
 * busy with other work does not change the answer, and with it every program. */
static const double slow_ratio = 3.0;

typedef struct probe {
    cl_kernel kernel;
    cl_entry *entry;
    double best; /* seconds */
} probe;

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

static weft_status probe_open(cl_device *device, const char *entry, probe *p)
{
    const cl_float a = 0.5f, b = 0.25f;
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const cl_spec spec = {"probe.cl", entry, defines.text};
    WEFT_TRY(cl_program_get(device, &spec, &p->kernel, &p->entry));
    CL_TRY(clSetKernelArg, (p->kernel, 1, sizeof a, &a));
    CL_TRY(clSetKernelArg, (p->kernel, 2, sizeof b, &b));
    CL_TRY(clSetKernelArg, (p->kernel, 3, sizeof device->nothing, &device->nothing));
    /* The first run compiles on some drivers. */
    WEFT_TRY(run_once(device, p->kernel, FEWEST_ROUNDS, &p->best));
    cl_entry_launched(p->entry);
    return WEFT_OK;
}

/* An interpreter takes a second for what a processor does in a millisecond. */
static weft_status find_rounds(cl_device *device, const probe *p, cl_int *rounds)
{
    double taken = 0;
    for (*rounds = FEWEST_ROUNDS; *rounds < MOST_ROUNDS; *rounds *= 4) {
        WEFT_TRY(run_once(device, p->kernel, *rounds, &taken));
        if (taken >= long_enough) break;
    }
    return WEFT_OK;
}

/* The shortest of some runs of each, by turns: other load on the machine meets both. */
static weft_status race(cl_device *device, probe *plain, probe *with_fma)
{
    cl_int rounds = 0;
    WEFT_TRY(find_rounds(device, plain, &rounds));
    plain->best = with_fma->best = 1e30;
    for (int i = 0; i < TRIES; i++) {
        probe *both[] = {plain, with_fma};
        for (int k = 0; k < 2; k++) {
            double taken = 0;
            WEFT_TRY(run_once(device, both[k]->kernel, rounds, &taken));
            if (taken < both[k]->best) both[k]->best = taken;
        }
    }
    return WEFT_OK;
}

static weft_status time_fma(cl_device *device, bool *fast)
{
    probe plain = {0}, with_fma = {0};
    weft_status status = probe_open(device, "probe_plain", &plain);
    if (status == WEFT_OK) status = probe_open(device, "probe_fma", &with_fma);
    if (status == WEFT_OK) status = race(device, &plain, &with_fma);
    if (status == WEFT_OK) *fast = with_fma.best < slow_ratio * plain.best;
    if (plain.kernel) clReleaseKernel(plain.kernel);
    if (with_fma.kernel) clReleaseKernel(with_fma.kernel);
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
    bool *fast = &device->limits.fast_fma;
    weft_status status = WEFT_OK;
    if (!path || !read_answer(path, fast)) {
        status = time_fma(device, fast);
        if (status == WEFT_OK && path) write_answer(device, path, *fast);
    }
    free(path);
    return status;
}
