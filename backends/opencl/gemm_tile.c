/* Matrix products in the tile family: slices and tiles for cl/gemm_tile.cl. */
#include "backends/opencl/gemm.h"
#include "backends/opencl/tile.h"

/* Slices of the sum: so many groups of 32 x 32 sums are wanted, none with fewer steps than that. It
 * is part of the result. */
enum { WANTED_GROUPS = 256, LEAST_STEPS = 128 };

/* A result with fewer tiles of 64 x 64, or as few columns, is better cut into small ones. */
enum { FEW_TILES = 64, FEW_COLUMNS = 256 };

static int32_t count_slices(const weft_gemm *g)
{
    const int64_t groups = cl_divide_up(g->m, 32) * cl_divide_up(g->n, 32);
    int64_t slices = cl_divide_up(WANTED_GROUPS, groups);
    if (slices > g->k / LEAST_STEPS) slices = g->k / LEAST_STEPS;
    return slices < 1 ? 1 : (int32_t)slices;
}

/* Only with a transposed a do the rows not follow from the batch. */
static cl_tiling_wish wish_of(const weft_gemm *g, const char *settings)
{
    const int64_t tiles = cl_divide_up(g->m, 64) * cl_divide_up(g->n, 64);
    return (cl_tiling_wish){.op = "gemm",
                            .kernel = "gemm_tile",
                            .settings = settings,
                            .rows = g->trans_a ? g->m : 0,
                            .columns = g->n,
                            .small = g->trans_a ? tiles < FEW_TILES : g->n <= FEW_COLUMNS};
}

static int32_t vector_of(int32_t extent)
{
    return extent % 4 == 0 ? 4 : 1;
}

weft_status cl_gemm_tile_choose(const cl_device *device, const weft_gemm *g, const char *settings,
                                cl_gemm_way *way)
{
    cl_tiling t;
    const cl_tiling_wish wish = wish_of(g, settings);
    WEFT_TRY(cl_tiling_choose(device, &wish, &t));
    *way = (cl_gemm_way){.items = {t.im, t.in},
                         .each = {t.tm, t.tn},
                         .deep = t.kt,
                         .vec_a = vector_of(g->trans_a ? g->m : g->k),
                         .vec_b = vector_of(g->trans_b ? g->k : g->n),
                         .vec_c = vector_of(g->n),
                         .panels = cl_divide_up(g->n, (int64_t)t.in * t.tn),
                         .chunks = cl_divide_up(g->m, (int64_t)t.im * t.tm),
                         .slices = count_slices(g)};
    return WEFT_OK;
}

weft_status cl_gemm_tile_candidates(const cl_device *device, const weft_gemm *g, weft_choice *list,
                                    int *count)
{
    const cl_tiling_wish wish = wish_of(g, NULL);
    return cl_tiling_candidates(device, &wish, list, count);
}
