/* How a product is cut into slices, groups and tiles. */
#include <stdio.h>

#include "backends/opencl/tile.h"
#include "backends/opencl/tuning.h"

enum {
    EDGE = 32,    /* rows and columns of a block of the result, by which slices are counted */
    FEW_ROWS = 4, /* gemm_thin */
    SLICE_LEAST = 128,
    HIGH_MOST = 32,
    DEEP_MOST = 1024
};

static bool is_vector(const cl_device *device)
{
    return device->info.family == WEFT_FAMILY_VECTOR;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- slices: by shape and family alone ---- */

/* Slices until there are `wanted` groups, none shorter than `steps` of k. */
static int32_t count_slices(int64_t groups, int64_t wanted, int32_t k, int32_t steps)
{
    return (int32_t)most(least(cl_divide_up(wanted, groups), k / steps), 1);
}

/* Groups of 250,000 operations, about two microseconds of one core, but 64 at most. */
static int64_t wanted_groups(const weft_gemm *g)
{
    const double work = 2.0 * g->m * g->n * g->k / 250000.0;
    return work > 64 ? 64 : work < 1 ? 1 : (int64_t)work;
}

/* 16 groups keep a few processors busy. Where blocks of 32 rows do not give them, k is cut rather
 * than the rows: every group of rows copies its panel once more. */
static int32_t vector_slices(const weft_gemm *g)
{
    enum { GROUPS = 16 };
    const int64_t across = cl_divide_up(g->n, EDGE);
    if (across * cl_divide_up(g->m, EDGE) >= GROUPS) return 1;
    return count_slices(across * cl_divide_up(g->m, (int64_t)2 * EDGE),
                        least(wanted_groups(g), GROUPS), g->k, SLICE_LEAST);
}

/* A group of gemm_thin should read 32 KiB of b. */
static int32_t thin_slices(const weft_gemm *g, int64_t panels)
{
    const int64_t groups = cl_divide_up((int64_t)g->n * g->k, 8192);
    return count_slices(panels, least(groups, 16), g->k, SLICE_LEAST / 2);
}

/* ---- the vector family ---- */

static weft_status bad_settings(const char *settings, const char *why)
{
    return weft_fail(WEFT_ERR_UNSUPPORTED, "gemm: settings \"%s\": %s", settings ? settings : "",
                     why);
}

/* A tile keeps high * vectors sums, a row of the panel and a number of a in registers. */
static bool fits_registers(const cl_device *device, int32_t high, int32_t vectors)
{
    return (high + 1) * vectors < cl_tile_budget(device);
}

/* Where four fifths of the registers stay empty, additions wait for each other. */
static bool fills_registers(const cl_device *device, int32_t high, int32_t vectors)
{
    return 5 * (high + 1) * vectors >= cl_tile_budget(device);
}

/* The prior; never more vectors than the product has columns for. */
static void prior_tile(const cl_device *device, const weft_gemm *g, cl_gemm_way *way)
{
    way->high = cl_tuned(device, "gemm", "TM", 8);
    way->vectors = cl_tuned(device, "gemm", "NV", 2);
    way->deep = cl_tuned(device, "gemm", "KB", 256);
    way->vectors = (int32_t)least(way->vectors, cl_divide_up(g->n, 16));
    if (fits_registers(device, way->high, way->vectors)) return;
    way->vectors = 1;
    way->high = (int32_t)least(way->high, cl_tile_budget(device) - 2);
}

static weft_status set_tile(const cl_device *device, const weft_gemm *g, const char *settings,
                            cl_gemm_way *way)
{
    prior_tile(device, g, way);
    way->high = cl_setting(settings, "TM", way->high);
    way->vectors = cl_setting(settings, "NV", way->vectors);
    way->deep = cl_setting(settings, "KB", way->deep);
    if (way->high < 1 || way->high > HIGH_MOST || way->vectors < 1 ||
        !fits_registers(device, way->high, way->vectors))
        return bad_settings(settings, "TM x NV does not fit the device's registers");
    if (way->deep < 16 || way->deep > DEEP_MOST || way->deep % 16 != 0)
        return bad_settings(settings, "KB is not a multiple of 16 up to 1024");
    return WEFT_OK;
}

/* Rows of a group: as many as make 64 groups, but enough of them to pay for copying a panel, and
 * fewer again where that leaves too few groups. */
static void cut_rows(const weft_gemm *g, cl_gemm_way *way)
{
    enum { FEW_GROUPS = 16 };
    const int64_t beside = way->panels * way->slices;
    int64_t rows = cl_divide_up(g->m, cl_divide_up(wanted_groups(g), beside));
    rows = most(rows, (int64_t)8 * way->high);
    if (cl_divide_up(g->m, rows) * beside < least(FEW_GROUPS, wanted_groups(g)))
        rows = most(cl_divide_up(g->m, cl_divide_up(FEW_GROUPS, beside)), (int64_t)2 * way->high);
    rows = cl_divide_up(rows, way->high) * way->high;
    way->rows = (int32_t)least(rows, g->m);
    way->chunks = cl_divide_up(g->m, way->rows);
}

static weft_status choose_vector(const cl_device *device, const weft_gemm *g, const char *settings,
                                 cl_gemm_way *way)
{
    WEFT_TRY(set_tile(device, g, settings, way));
    way->thin = (int32_t)least(cl_divide_up(g->n, 16), 8);
    way->is_thin = g->m <= FEW_ROWS && !g->trans_a && !g->trans_b;
    if (way->is_thin) {
        way->panels = cl_divide_up(g->n, (int64_t)16 * way->thin);
        way->chunks = 1;
        way->slices = thin_slices(g, way->panels);
        return WEFT_OK;
    }
    way->panels = cl_divide_up(g->n, (int64_t)16 * way->vectors);
    way->slices = vector_slices(g);
    cut_rows(g, way);
    return WEFT_OK;
}

/* Indices of a and b are 32-bit along one axis; a group's last column must be countable. */
weft_status cl_gemm_choose(const cl_device *device, const weft_gemm *g, const char *settings,
                           cl_gemm_way *way)
{
    const int32_t limit = INT32_MAX / 2;
    *way = (cl_gemm_way){0};
    if (g->m > limit || g->n > limit || g->k > limit) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "gemm: %d x %d x %d, at most 2^30 each", (int)g->m,
                         (int)g->n, (int)g->k);
    }
    return is_vector(device) ? choose_vector(device, g, settings, way)
                             : cl_gemm_tile_choose(device, g, settings, way);
}

/* ---- candidates ---- */

typedef struct choices {
    weft_choice *list;
    int count, room;
} choices;

static void propose_vector(choices *c, const cl_gemm_way *way)
{
    if (c->count == c->room) return;
    weft_choice *to = &c->list[c->count++];
    *to = (weft_choice){.text = ""};
    snprintf(to->text, sizeof to->text, "TM=%d NV=%d KB=%d", (int)way->high, (int)way->vectors,
             (int)way->deep);
}

static void list_vector(const cl_device *device, const weft_gemm *g, const cl_gemm_way *prior,
                        choices *c)
{
    static const int32_t tiles[][2] = {{8, 2}, {14, 2}, {10, 2}, {12, 2}, {6, 4}, {4, 4},
                                       {8, 1}, {14, 1}, {4, 2},  {6, 2},  {6, 1}, {4, 3},
                                       {5, 1}, {4, 1},  {2, 2},  {3, 1},  {2, 1}, {1, 1}};
    static const int32_t deeps[] = {256, 128, 512};
    propose_vector(c, prior);
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        const int32_t high = tiles[i][0], vectors = tiles[i][1];
        if (!fits_registers(device, high, vectors) || !fills_registers(device, high, vectors) ||
            vectors > cl_divide_up(g->n, 16))
            continue;
        for (size_t d = 0; d < sizeof deeps / sizeof *deeps && c->count < 16; d++) {
            const cl_gemm_way way = {.high = high, .vectors = vectors, .deep = deeps[d]};
            const bool same =
                way.high == prior->high && way.vectors == prior->vectors && way.deep == prior->deep;
            if (!same && (d == 0 || g->k > deeps[1])) propose_vector(c, &way);
        }
    }
}

weft_status cl_gemm_candidates(const cl_device *device, const weft_op *op, weft_choice *list,
                               int *count)
{
    const weft_gemm *g = op->kind == WEFT_OP_gemm ? &op->with.gemm : &op->with.fused.gemm;
    choices c = {list, 0, *count};
    cl_gemm_way prior;
    bool clblast = false;
    *count = 0;
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast) return WEFT_OK;
    if (!is_vector(device)) {
        *count = c.room;
        return cl_gemm_tile_candidates(device, g, list, count);
    }
    WEFT_TRY(cl_gemm_choose(device, g, NULL, &prior));
    if (prior.is_thin) return WEFT_OK;

    list_vector(device, g, &prior, &c);
    *count = c.count;
    return WEFT_OK;
}
