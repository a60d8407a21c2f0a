/* Tiles in local memory: their extents, by device, settings and shape. */
#include "backends/opencl/tile.h"

#include <stdio.h>

#include "backends/opencl/tuning.h"

enum { LEAST_GROUP = 64, MOST_GROUP = 256, MOST_LOCAL = 32768 };

/* Of an item's 128 registers, where more leave a GPU too few items at a time, so many may have sums
 * and fetched numbers. Addresses and what is being multiplied take the others. */
enum { MOST_REGISTERS = 64 };

static int32_t high(const cl_tiling *t)
{
    return t->im * t->tm;
}

static int32_t wide(const cl_tiling *t)
{
    return t->in * t->tn;
}

/* Both tiles; each step has four floats more than it needs, against bank conflicts. */
static int64_t local_bytes(const cl_tiling *t)
{
    return (int64_t)t->kt * (high(t) + wide(t) + 8) * (int64_t)sizeof(float);
}

/* Those of an item's sums and of its share of both tiles. */
static int32_t registers(const cl_tiling *t)
{
    return t->tm * t->tn + (high(t) + wide(t)) * t->kt / (t->im * t->in);
}

int64_t cl_tiling_groups(const cl_tiling *t, int64_t rows, int64_t columns)
{
    return cl_divide_up(rows, high(t)) * cl_divide_up(columns, wide(t));
}

/* Groups of 64 with 16, 32 or 64 columns: the one that wastes the least, where each group costs as
 * much as 8 columns besides. */
static cl_tiling shape_for(int32_t columns, int32_t most_tn)
{
    static const cl_tiling shapes[] = {{16, 4, 4, 4, 16}, {8, 8, 4, 4, 16}, {8, 8, 4, 8, 16}};
    cl_tiling best = shapes[0];
    for (size_t i = 1; i < sizeof shapes / sizeof *shapes; i++) {
        const cl_tiling *t = &shapes[i];
        const int64_t cost = cl_divide_up(columns, wide(t)) * (wide(t) + 8);
        const int64_t least = cl_divide_up(columns, wide(&best)) * (wide(&best) + 8);
        if (t->tn <= most_tn && cost <= least) best = *t;
    }
    return best;
}

static cl_tiling prior(const cl_device *device, const cl_tiling_wish *wish)
{
    const int32_t most_tm = wish->small ? 4 : cl_tuned(device, wish->kernel, "TM", 8);
    const int32_t most_tn = wish->small ? 4 : cl_tuned(device, wish->kernel, "TN", 8);
    cl_tiling t = shape_for(wish->columns, most_tn);
    if (most_tm > 4 && (wish->rows == 0 || wish->rows > high(&t))) t.tm = 8;
    t.kt = cl_tuned(device, wish->kernel, "KT", 16);
    if (t.kt > 8 && registers(&t) > MOST_REGISTERS) t.kt = 8;
    return t;
}

static bool is_in(int32_t value, int32_t a, int32_t b, int32_t c)
{
    return value == a || value == b || value == c;
}

static weft_status check(const cl_device *device, const cl_tiling_wish *wish, const cl_tiling *t)
{
    const int32_t group = t->im * t->in;
    if (!is_in(t->tm, 4, 8, 8) || !is_in(t->tn, 4, 8, 8) || !is_in(t->kt, 8, 16, 32) || t->im < 1 ||
        t->in < 1 || group < LEAST_GROUP || group > MOST_GROUP) {
        return weft_fail(WEFT_ERR_UNSUPPORTED,
                         "%s: no tile of %dx%d work-items with %dx%d sums and %d steps", wish->op,
                         (int)t->im, (int)t->in, (int)t->tm, (int)t->tn, (int)t->kt);
    }
    if ((size_t)group > device->limits.max_group) {
        return weft_fail(WEFT_ERR_UNSUPPORTED,
                         "%s: the device allows groups of %zu work-items, %d are needed; "
                         "try --family vector",
                         wish->op, device->limits.max_group, (int)group);
    }
    if (local_bytes(t) > MOST_LOCAL || (size_t)local_bytes(t) > device->limits.local_bytes) {
        return weft_fail(WEFT_ERR_UNSUPPORTED,
                         "%s: the device has %zu bytes of local memory for a group, %lld are "
                         "needed; try --family vector",
                         wish->op, device->limits.local_bytes, (long long)local_bytes(t));
    }
    return WEFT_OK;
}

weft_status cl_tiling_choose(const cl_device *device, const cl_tiling_wish *wish, cl_tiling *out)
{
    const cl_tiling t = prior(device, wish);
    *out = (cl_tiling){.im = cl_setting(wish->settings, "IM", t.im),
                       .in = cl_setting(wish->settings, "IN", t.in),
                       .tm = cl_setting(wish->settings, "TM", t.tm),
                       .tn = cl_setting(wish->settings, "TN", t.tn),
                       .kt = cl_setting(wish->settings, "KT", t.kt)};
    return check(device, wish, out);
}

void cl_tiling_define(cl_defines *defines, const cl_tiling *t)
{
    cl_define(defines, "VECTOR", "0");
    cl_define(defines, "IM", "%d", (int)t->im);
    cl_define(defines, "IN", "%d", (int)t->in);
    cl_define(defines, "TM", "%d", (int)t->tm);
    cl_define(defines, "TN", "%d", (int)t->tn);
    cl_define(defines, "KT", "%d", (int)t->kt);
}

weft_status cl_tiling_candidates(const cl_device *device, const cl_tiling_wish *wish,
                                 weft_choice *list, int *count)
{
    static const cl_tiling shapes[] = {{8, 8, 4, 4, 16},   {8, 8, 8, 8, 8},   {8, 8, 8, 4, 16},
                                       {8, 8, 4, 8, 16},   {16, 4, 4, 4, 16}, {16, 4, 8, 4, 16},
                                       {16, 16, 4, 4, 16}, {16, 16, 8, 4, 8}, {16, 16, 8, 8, 8},
                                       {16, 8, 8, 8, 8},   {8, 8, 4, 4, 32},  {4, 16, 4, 4, 16},
                                       {4, 16, 4, 8, 16}};
    const int room = *count;
    const cl_tiling first = prior(device, wish);
    *count = 0;
    for (size_t i = 0; i <= sizeof shapes / sizeof *shapes && *count < room; i++) {
        const cl_tiling *t = i == 0 ? &first : &shapes[i - 1];
        const bool again = i > 0 && t->im == first.im && t->in == first.in && t->tm == first.tm &&
                           t->tn == first.tn && t->kt == first.kt;
        if (again || (i > 0 && check(device, wish, t) != WEFT_OK)) continue;
        weft_choice *choice = &list[(*count)++];
        *choice = (weft_choice){.scratch_bytes = 0};
        snprintf(choice->text, sizeof choice->text, "IM=%d IN=%d TM=%d TN=%d KT=%d", (int)t->im,
                 (int)t->in, (int)t->tm, (int)t->tn, (int)t->kt);
    }
    return WEFT_OK;
}

/* Four operations per compute unit and cycle: a quarter of what the narrowest units of integrated
 * GPUs do at best. */
int32_t cl_cuts(const cl_device *device, const char *settings, int64_t operations, int64_t most)
{
    const bool shared = device->info.host_memory && device->info.type == WEFT_DEVICE_GPU;
    const double rate = 4e6 * device->info.compute_units * device->info.clock_mhz;
    const double wanted = shared && rate > 0 ? (double)operations / (rate * 0.1) : 0;
    int64_t cuts = wanted < (double)most ? (int64_t)wanted + 1 : most;
    cuts = cl_setting(settings, "CUT", (int32_t)(cuts < INT32_MAX ? cuts : INT32_MAX));
    return (int32_t)(cuts < 1 ? 1 : cuts > most ? most : cuts);
}
