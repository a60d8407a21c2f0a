/* What a driver does not tell, or tells wrongly, is timed once and the answers stored with the
 * device:
 *
 * Does fma() run at the speed of a * b + c? A driver need not define FP_FAST_FMAF although fma() is
 * one instruction, and where it is emulated it is hundreds of times slower.
 *
 * How many sums stay in registers? Intel's runtime tells the same native width whatever instruction
 * set it compiles for.
 */
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

/* A sum that does not stay in a register costs two or three times as much. */
static const double spill_ratio = 1.5;

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

static weft_status probe_open(cl_device *device, const char *entry, bool registers, probe *p)
{
    const cl_float a = 0.5f, b = 0.25f;
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    cl_define(&defines, "REGISTERS", "%d", registers);
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
static weft_status race(cl_device *device, probe list[2])
{
    cl_int rounds = 0;
    WEFT_TRY(find_rounds(device, &list[0], &rounds));
    for (int i = 0; i < 2 * TRIES; i++) {
        probe *p = &list[i % 2];
        double taken = 0;
        WEFT_TRY(run_once(device, p->kernel, rounds, &taken));
        if (i < 2 || taken < p->best) p->best = taken;
    }
    return WEFT_OK;
}

/* Seconds for equally many rounds of both kernels. */
static weft_status time_kernels(cl_device *device, const char *const entries[2], bool registers,
                                double seconds[2])
{
    probe list[2] = {{0}};
    weft_status status = WEFT_OK;
    for (int i = 0; i < 2 && status == WEFT_OK; i++)
        status = probe_open(device, entries[i], registers, &list[i]);
    if (status == WEFT_OK) status = race(device, list);
    for (int i = 0; i < 2; i++) {
        seconds[i] = list[i].best;
        if (list[i].kernel) clReleaseKernel(list[i].kernel);
    }
    return status;
}

static weft_status time_fma(cl_device *device)
{
    static const char *const entries[] = {"probe_plain", "probe_fma"};
    double seconds[2];
    WEFT_TRY(time_kernels(device, entries, false, seconds));
    device->limits.fast_fma = seconds[1] < slow_ratio * seconds[0];
    return WEFT_OK;
}

/* Do 24 sums stay in registers as 6 do? Instruction sets without fma() have the narrowest ones. */
static weft_status time_registers(cl_device *device)
{
    static const char *const entries[] = {"probe_24", "probe_6"};
    cl_limits *limits = &device->limits;
    double seconds[2];
    if (device->info.type != WEFT_DEVICE_CPU || !strstr(device->info.platform, "Intel"))
        return WEFT_OK;
    WEFT_TRY(time_kernels(device, entries, true, seconds));
    const bool many = limits->fast_fma && seconds[0] / 24 < spill_ratio * seconds[1] / 6;
    limits->registers = many ? 32 : 16;
    limits->native_floats = many ? 16 : limits->fast_fma ? 8 : 4;
    return WEFT_OK;
}

static char *answer_path(const cl_device *device)
{
    char name[64];
    if (!device->cache_dir) return NULL;
    snprintf(name, sizeof name, "device-%s.txt", cl_cache_identity(device->cache));
    return weft_path_join(device->cache_dir, name);
}

static bool read_answers(const char *path, cl_limits *limits)
{
    char *text = NULL, fma[8] = "";
    size_t count = 0;
    int registers = 0, floats = 0;
    if (!weft_path_exists(path)) return false;
    if (weft_read_file(path, ANSWER_MAX, &text, &count) != WEFT_OK) return false;
    const int read = sscanf(text, "fma %4s registers %2d x %2d", fma, &registers, &floats);
    free(text);
    limits->fast_fma = strcmp(fma, "fast") == 0;
    if (read != 3 || registers < 1 || floats < 1) return false;
    limits->registers = registers;
    limits->native_floats = floats;
    return limits->fast_fma || strcmp(fma, "slow") == 0;
}

/* A cache that cannot be written only means that the next start asks again. */
static void write_answers(const cl_device *device, const char *path)
{
    const cl_limits *limits = &device->limits;
    char text[ANSWER_MAX];
    snprintf(text, sizeof text, "fma %s registers %d x %d\n", limits->fast_fma ? "fast" : "slow",
             (int)limits->registers, (int)limits->native_floats);
    if (weft_make_folders(device->cache_dir) == WEFT_OK) {
        (void)weft_write_file(path, text, strlen(text));
    }
}

weft_status cl_probe(cl_device *device)
{
    char *path = answer_path(device);
    weft_status status = WEFT_OK;
    if (!path || !read_answers(path, &device->limits)) {
        status = time_fma(device);
        if (status == WEFT_OK) status = time_registers(device);
        if (status == WEFT_OK && path) write_answers(device, path);
    }
    device->answered = path && weft_path_exists(path);
    free(path);
    return status;
}

bool cl_probe_is_gone(const cl_device *device)
{
    char *path = answer_path(device);
    const bool gone = device->answered && path && !weft_path_exists(path);
    free(path);
    return gone;
}
