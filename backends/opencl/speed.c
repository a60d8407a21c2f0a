/* What the device reaches at best, measured with the kernels of cl/speed.cl. The best of several
 * launches counts: other work on the machine only ever makes them longer. */
#include <stdlib.h>

#include "backends/opencl/internal.h"
#include "core/posix.h"

enum {
    CHAINS = 12, /* as in speed.cl */
    FEWEST_ROUNDS = 64,
    MOST_ROUNDS = 1 << 20,
    GROUPS_EACH = 8, /* per compute unit of the vector family: they end together */
    TILE_GROUPS_EACH = 64,
    LEAST_TRIES = 3,
    COPY_PIECE = 1 << 16, /* numbers that a group copies */
};

static const double launch_seconds = 5e-3; /* well above the cost of a launch */
static const double budget = 0.1;          /* seconds for each kernel, once it is warm */
static const size_t copy_bytes = (size_t)64 << 20;

typedef struct race {
    cl_device *device;
    cl_kernel kernel;
    cl_entry *entry;
    size_t groups;
} race;

static weft_status run_once(const race *r, double *seconds)
{
    const size_t local = (size_t)cl_group_size(r->device), global = r->groups * local;
    cl_command_queue queue = r->device->queue;
    const double start = weft_clock();
    CL_TRY(clEnqueueNDRangeKernel, (queue, r->kernel, 1, NULL, &global, &local, 0, NULL, NULL));
    CL_TRY(clFinish, (queue));
    *seconds = weft_clock() - start;
    cl_entry_launched(r->entry);
    return WEFT_OK;
}

/* The shortest launch within the budget. */
static weft_status best_of(const race *r, double *best)
{
    const double end = weft_clock() + budget;
    *best = 1e30;
    for (int i = 0; i < LEAST_TRIES || weft_clock() < end; i++) {
        double seconds = 0;
        WEFT_TRY(run_once(r, &seconds));
        if (seconds < *best) *best = seconds;
        if (r->device->info.emulated) break;
    }
    return WEFT_OK;
}

static weft_status race_open(cl_device *device, const char *entry, race *r)
{
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const cl_spec spec = {"speed.cl", entry, defines.text};
    r->device = device;
    return cl_program_get(device, &spec, &r->kernel, &r->entry);
}

static void race_close(race *r)
{
    if (r->kernel) clReleaseKernel(r->kernel);
}

/* ---- multiply-adds ---- */

static weft_status set_rounds(const race *r, cl_int rounds)
{
    CL_TRY(clSetKernelArg, (r->kernel, 0, sizeof rounds, &rounds));
    return WEFT_OK;
}

/* So many rounds that a launch takes long enough; the first launch compiles on some drivers. */
static weft_status find_rounds(const race *r, cl_int *rounds)
{
    double taken = 0;
    WEFT_TRY(set_rounds(r, FEWEST_ROUNDS));
    WEFT_TRY(run_once(r, &taken));
    for (*rounds = FEWEST_ROUNDS; *rounds < MOST_ROUNDS; *rounds *= 2) {
        WEFT_TRY(set_rounds(r, *rounds));
        WEFT_TRY(run_once(r, &taken));
        if (taken >= launch_seconds) break;
    }
    return WEFT_OK;
}

static weft_status set_factors(const race *r, cl_mem y)
{
    const cl_float a = 0.5f, b = 0.25f;
    CL_TRY(clSetKernelArg, (r->kernel, 1, sizeof a, &a));
    CL_TRY(clSetKernelArg, (r->kernel, 2, sizeof b, &b));
    CL_TRY(clSetKernelArg, (r->kernel, 3, sizeof y, &y));
    return WEFT_OK;
}

/* lanes: numbers in a sum. */
static weft_status race_sums(race *r, const char *entry, int lanes, cl_mem y, double *gflops)
{
    cl_int rounds = 0;
    double seconds = 0;
    WEFT_TRY(race_open(r->device, entry, r));
    WEFT_TRY(set_factors(r, y));
    WEFT_TRY(find_rounds(r, &rounds));
    WEFT_TRY(best_of(r, &seconds));
    const double items = (double)r->groups * cl_group_size(r->device);
    const double reached = 2.0 * CHAINS * lanes * items * rounds / seconds * 1e-9;
    if (reached > *gflops) *gflops = reached;
    return WEFT_OK;
}

static weft_status measure_sums(cl_device *device, size_t groups, cl_mem y, double *gflops)
{
    static const struct {
        const char *entry;
        int lanes;
    } vector[] = {{"speed_16", 16}, {"speed_8", 8}, {"speed_4", 4}}, tile[] = {{"speed_1", 1}};
    const bool wide = device->info.family == WEFT_FAMILY_VECTOR;
    for (int i = 0; i < (wide ? 3 : 1); i++) {
        race r = {.device = device, .groups = groups};
        const weft_status status = race_sums(&r, wide ? vector[i].entry : tile[i].entry,
                                             wide ? vector[i].lanes : tile[i].lanes, y, gflops);
        race_close(&r);
        WEFT_TRY(status);
    }
    return WEFT_OK;
}

/* One group will do for an interpreter, which takes minutes for more. */
static size_t group_count(const cl_device *device)
{
    const bool wide = device->info.family == WEFT_FAMILY_VECTOR;
    const int32_t units = device->info.compute_units > 0 ? device->info.compute_units : 1;
    if (device->info.emulated) return 1;
    return (size_t)units * (wide ? GROUPS_EACH : TILE_GROUPS_EACH);
}

static weft_status speed_of_sums(cl_device *device, double *gflops)
{
    const size_t groups = group_count(device);
    weft_buffer *y = NULL;
    WEFT_TRY(cl_buffer_new(&device->base, groups * sizeof(cl_float), &y));
    const weft_status status = measure_sums(device, groups, ((cl_buffer *)y)->mem, gflops);
    cl_buffer_free(y);
    return status;
}

/* ---- memory ---- */

/* Bytes of each of the two arrays: whole pieces, a small part of a small device. */
static size_t array_bytes(const cl_device *device)
{
    const weft_device_info *info = &device->info;
    const size_t piece = (size_t)COPY_PIECE * sizeof(cl_float);
    size_t bytes = info->emulated ? piece : copy_bytes;
    if (info->max_alloc_bytes / 4 < bytes) bytes = (size_t)(info->max_alloc_bytes / 4);
    if (info->memory_bytes / 16 < bytes) bytes = (size_t)(info->memory_bytes / 16);
    return bytes < piece ? piece : bytes / piece * piece;
}

/* Both arrays are written first: memory that nobody has touched is not there yet. */
static weft_status race_copy(race *r, weft_buffer *x, weft_buffer *y, double *gbytes)
{
    const cl_long each = COPY_PIECE;
    double seconds = 0;
    WEFT_TRY(race_open(r->device, "speed_copy", r));
    CL_TRY(clSetKernelArg, (r->kernel, 0, sizeof each, &each));
    CL_TRY(clSetKernelArg, (r->kernel, 1, sizeof(cl_mem), &((cl_buffer *)x)->mem));
    CL_TRY(clSetKernelArg, (r->kernel, 2, sizeof(cl_mem), &((cl_buffer *)y)->mem));
    WEFT_TRY(cl_fill(x, 0, x->bytes, 0));
    WEFT_TRY(cl_fill(y, 0, y->bytes, 0));
    WEFT_TRY(run_once(r, &seconds));
    WEFT_TRY(best_of(r, &seconds));
    *gbytes = 2.0 * (double)x->bytes / seconds * 1e-9;
    return WEFT_OK;
}

static weft_status speed_of_memory(cl_device *device, double *gbytes)
{
    const size_t bytes = array_bytes(device);
    race r = {.device = device, .groups = bytes / (COPY_PIECE * sizeof(cl_float))};
    weft_buffer *x = NULL, *y = NULL;
    weft_status status = cl_buffer_new(&device->base, bytes, &x);
    if (status == WEFT_OK) status = cl_buffer_new(&device->base, bytes, &y);
    if (status == WEFT_OK) status = race_copy(&r, x, y, gbytes);
    race_close(&r);
    if (x) cl_buffer_free(x);
    if (y) cl_buffer_free(y);
    return status;
}

weft_status cl_speed(weft_device *device, weft_speed *out)
{
    cl_device *own = (cl_device *)device;
    *out = (weft_speed){0};
    WEFT_TRY(cl_stick(own, WEFT_OK));
    weft_status status = speed_of_sums(own, &out->gflops);
    if (status == WEFT_OK) status = speed_of_memory(own, &out->gbytes);
    return status == WEFT_OK ? WEFT_OK : cl_stick(own, weft_fail_in(status, "measuring the speed"));
}
