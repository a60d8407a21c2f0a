/* gemm: register tiles for CPUs, local-memory tiles for GPUs, or CLBlast. */
#include "backends/opencl/gemm.h"

#include <stdio.h>

#include "backends/opencl/conv.h"
#include "backends/opencl/tuning.h"

enum { TILE_EDGE = 32, TILE_GROUP = 64 };

/* How this device runs a product. */
typedef struct gemm_way {
    int32_t high, vectors, deep; /* register tile; steps of k that a panel holds */
    int32_t rows;                /* of a group */
    int64_t panels, chunks;      /* groups of one slice */
    int32_t slices;              /* of k: part of the result, follows from shape and family */
} gemm_way;

/* More slices until there are `wanted` groups, none shorter than 128 steps. */
static int32_t count_slices(int64_t groups, int64_t wanted, int32_t k)
{
    int64_t slices = cl_divide_up(wanted, groups);
    if (slices > k / 128) slices = k / 128;
    return slices < 1 ? 1 : (int32_t)slices;
}

/* Groups of 250,000 operations, at most 64; long enough that copying a panel pays. */
static void cut_vector(const weft_gemm *g, gemm_way *way)
{
    const double work = 2.0 * g->m * g->n * g->k / 250000.0;
    const int64_t groups = work > 64 ? 64 : work < 1 ? 1 : (int64_t)work;
    way->panels = cl_divide_up(g->n, 16 * way->vectors);
    const int64_t least = 4 * way->high;
    int64_t rows = cl_divide_up(g->m, cl_divide_up(groups, way->panels));
    rows = cl_divide_up(rows < least ? least : rows, way->high) * way->high;
    way->rows = rows > g->m ? g->m : (int32_t)rows;
    way->chunks = cl_divide_up(g->m, way->rows);
    way->slices = 1;
    if (way->panels * way->chunks < 16) {
        const int64_t wanted = groups < 32 ? groups : 32;
        way->slices = count_slices(way->panels * way->chunks, wanted, g->k);
    }
}

static gemm_way choose(const cl_device *device, const weft_gemm *g)
{
    gemm_way way = {.rows = TILE_EDGE};
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        way.deep = cl_tuned(device, "gemm_tile", "KT", 16);
        way.panels = cl_divide_up(g->n, TILE_EDGE);
        way.chunks = cl_divide_up(g->m, TILE_EDGE);
        way.slices = count_slices(way.panels * way.chunks, 256, g->k);
        return way;
    }
    way.high = cl_tuned(device, "gemm", "TM", 8);
    way.vectors = cl_tuned(device, "gemm", "NV", 2);
    way.deep = cl_tuned(device, "gemm", "KB", 128);
    if ((way.high + 1) * way.vectors >= cl_tile_budget(device)) {
        way.vectors = 1;
        way.high = cl_tile_budget(device) - 2;
    }
    cut_vector(g, &way);
    return way;
}

/* Indices of a and b are 32-bit along one axis; a group's last column must be countable. */
static weft_status check(const cl_device *device, const weft_gemm *g)
{
    const int32_t most = INT32_MAX / 2;
    if (g->m > most || g->n > most || g->k > most) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "gemm: %d x %d x %d, at most 2^30 each", (int)g->m,
                         (int)g->n, (int)g->k);
    }
    if (device->info.family != WEFT_FAMILY_VECTOR && cl_group_size(device) < TILE_GROUP) {
        return weft_fail(WEFT_ERR_UNSUPPORTED,
                         "gemm: the device allows groups of %d work-items, %d are needed; "
                         "try --family vector",
                         (int)cl_group_size(device), (int)TILE_GROUP);
    }
    return WEFT_OK;
}

weft_status cl_supports_gemm(const cl_device *device, const weft_op *op, weft_support *support)
{
    const weft_gemm *g = &op->with.gemm;
    bool clblast = false;
    WEFT_TRY(check(device, g));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast) return cl_accept(support, "clblast", 0);

    const gemm_way way = choose(device, g);
    char variant[WEFT_VARIANT_MAX];
    if (device->info.family == WEFT_FAMILY_VECTOR)
        snprintf(variant, sizeof variant, "vector %dx%d, %d slices", (int)way.high,
                 (int)way.vectors, (int)way.slices);
    else
        snprintf(variant, sizeof variant, "tile, %d slices", (int)way.slices);
    const int64_t floats = way.slices > 1 ? (int64_t)g->m * g->n * way.slices : 0;
    return cl_accept(support, variant, (size_t)floats * sizeof(float));
}

static weft_status add_product(cl_step *step, const gemm_way *way, const weft_tensor *bias,
                               const weft_tensor *out, bool add)
{
    const cl_device *device = cl_step_device(step);
    const weft_op *op = &step->op;
    const weft_gemm *g = &op->with.gemm;
    const bool vector = device->info.family == WEFT_FAMILY_VECTOR;
    const cl_grid grid = {{way->panels, way->chunks, way->slices}, {cl_group_size(device)}};
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_define(&defines, "TRANS_A", "%d", g->trans_a);
    cl_define(&defines, "TRANS_B", "%d", g->trans_b);
    cl_define(&defines, "BIAS", "%d", bias && bias->shape.rank > 0);
    cl_define(&defines, "ADD", "%d", add);
    if (!vector) {
        cl_define(&defines, "KT", "%d", (int)way->deep);
        const cl_spec spec = {"gemm_tile.cl", "gemm_tile", defines.text};
        return CL_LAUNCH(step, &spec, &grid, CL_I(g->m), CL_I(g->n), CL_I(g->k), CL_I(way->slices),
                         CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(bias), CL_T(out));
    }
    cl_define(&defines, "TM", "%d", (int)way->high);
    cl_define(&defines, "NV", "%d", (int)way->vectors);
    cl_define(&defines, "KB", "%d", (int)way->deep);
    const cl_spec spec = {"gemm.cl", "gemm", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_I(g->m), CL_I(g->n), CL_I(g->k), CL_I(way->rows),
                     CL_I(way->slices), CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(bias), CL_T(out));
}

weft_status cl_op_gemm(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    const weft_gemm *g = &op->with.gemm;
    const weft_tensor *bias = &op->in[2], *out = &op->out[0];
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    bool clblast = false;
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast) return cl_clblast_add(step, g, &op->in[0], &op->in[1], bias, out, add);

    const gemm_way way = choose(device, g);
    if (way.slices == 1) return add_product(step, &way, bias, out, add);

    const weft_tensor part = cl_scratch(op, 0, (int64_t)g->m * g->n * way.slices);
    WEFT_TRY(add_product(step, &way, NULL, &part, false));
    return cl_sum_add(step, g->m, g->n, way.slices, &part, bias, out, add);
}
