/* Batch normalisation, activation and pooling in one pass; the letters are those of cl/block.cl. */
#include <stdio.h>

#include "backends/opencl/batchnorm.h"

enum {
    RUN = 16,       /* pixels of a line when nothing is pooled; cl/block.cl says the same */
    MAX_TAPS = 256, /* the place of a maximum is one byte */
    MOST_BLOCKS = 4 /* whose constants and sums still fit the registers */
};

typedef struct expression {
    const char *name, *value, *gradient, *saved;
} expression;

#define SAVED_in  "v"
#define SAVED_out "VALUE"
#define EXPRESSION(name, value, gradient, saves, default_a, key) \
    {#name, #value, #gradient, SAVED_##saves},
static const expression activations[] = {WEFT_ACTIVATION_LIST(EXPRESSION)};

static const expression *expression_of(const weft_fused *with)
{
    static const expression none = {"linear", "v", "dy", "v"};
    return with->activated ? &activations[with->activation.kind] : &none;
}

static int32_t channels_of(const weft_shape *shape)
{
    return shape->dim[shape->rank - 1];
}

/* Blocks of 16 channels worked on side by side: as many as leave no block over. */
static int32_t blocks_of(const cl_device *device, int32_t channels)
{
    if (device->info.family != WEFT_FAMILY_VECTOR) return 1;
    const int32_t all = channels / 16;
    int32_t blocks = all < MOST_BLOCKS ? all : MOST_BLOCKS;
    while (blocks > 1 && all % blocks != 0)
        blocks--;
    return blocks > 1 ? blocks : 1;
}

/* One program serves the block's three kernels. The last axis is the channels of every tensor. */
static void define(const cl_device *device, const weft_op *op, cl_defines *defines)
{
    const weft_fused *with = &op->with.fused;
    const expression *e = expression_of(with);
    cl_define_family(device, defines);
    cl_define(defines, "ADD", "%d", op->mode[0] == WEFT_OUT_ADD);
    cl_define(defines, "RUNNING", "%d", with->batchnorm.running);
    cl_define(defines, "POOLED", "%d", with->pooled);
    cl_define(defines, "R", "%d", with->pooled ? (int)with->pool.kernel[0] : 1);
    cl_define(defines, "S", "%d", with->pooled ? (int)with->pool.kernel[1] : 1);
    cl_define(defines, "VALUE", "(%s)", e->value);
    cl_define(defines, "GRADIENT", "(%s)", e->gradient);
    cl_define(defines, "SAVED", "%s", e->saved);
    const int32_t channels = channels_of(&op->in[0].shape);
    cl_define(defines, "BLOCKS", "%d", blocks_of(device, channels));
    cl_define(defines, "TAIL", "%d", channels % 16 != 0);
}

/* Windows lie side by side, and a place fits a byte. */
static weft_status check_pool(const weft_op *op, const weft_shape *x)
{
    const char *name = weft_op_describe(op->kind)->name;
    const weft_window *pool = &op->with.fused.pool;
    for (int i = 0; i < 4; i++) {
        if (pool->pad[i] != 0 || pool->stride[i % 2] != pool->kernel[i % 2] ||
            pool->dilation[i % 2] > 1) {
            return weft_fail(WEFT_ERR_UNSUPPORTED,
                             "%s: pooling windows that overlap or have gaps, "
                             "padding or dilation",
                             name);
        }
    }
    if (x->rank == 4 && (int64_t)pool->kernel[0] * pool->kernel[1] <= MAX_TAPS) return WEFT_OK;
    return weft_fail(WEFT_ERR_UNSUPPORTED,
                     "%s: a window of %d x %d on rank %d, at most %d in all "
                     "on rank 4",
                     name, (int)pool->kernel[0], (int)pool->kernel[1], x->rank, MAX_TAPS);
}

/* "relu max2x2" */
static weft_status accept(const weft_op *op, const weft_shape *x, size_t scratch,
                          weft_support *support)
{
    const weft_fused *with = &op->with.fused;
    char variant[WEFT_VARIANT_MAX], pool[WEFT_VARIANT_MAX / 2] = "";
    if (with->pooled) {
        WEFT_TRY(check_pool(op, x));
        snprintf(pool, sizeof pool, " max%dx%d", (int)with->pool.kernel[0],
                 (int)with->pool.kernel[1]);
    }
    snprintf(variant, sizeof variant, "%s%s", expression_of(with)->name, pool);
    return cl_accept(support, variant, scratch);
}

/* How the work of forward and gradient is cut; see `extents` in cl/block.cl. */
typedef struct extents {
    int64_t pixels;
    int32_t h, w, p, q, channels, lines, windows;
    int64_t count, each;
    cl_grid grid;
} extents;

/* The vector family counts lines, the tile family numbers. */
static void cut(const cl_device *device, int64_t lines, int64_t numbers, int64_t weight, extents *e)
{
    const bool vector = device->info.family == WEFT_FAMILY_VECTOR;
    e->count = vector ? lines : numbers;
    e->grid = cl_cut(device, e->count, vector ? weight : 1, &e->each);
}

/* over_x: lines and windows cover x, not only y. */
static extents extents_of(const cl_device *device, const weft_fused *with, const weft_shape *x,
                          const weft_shape *y, bool over_x)
{
    extents e = {.channels = channels_of(x), .windows = RUN};
    e.pixels = weft_shape_count(*x) / e.channels;
    if (!with->pooled) {
        cut(device, cl_divide_up(e.pixels, RUN), e.pixels * e.channels, (int64_t)RUN * e.channels,
            &e);
        return e;
    }
    const int32_t r = with->pool.kernel[0], s = with->pool.kernel[1];
    e.h = x->dim[1];
    e.w = x->dim[2];
    e.p = y->dim[1];
    e.q = y->dim[2];
    e.lines = over_x ? (int32_t)cl_divide_up(e.h, r) : e.p;
    e.windows = over_x ? (int32_t)cl_divide_up(e.w, s) : e.q;
    const int64_t lines = (int64_t)x->dim[0] * e.lines;
    cut(device, lines, lines * e.windows * e.channels, (int64_t)r * e.w * e.channels, &e);
    return e;
}

#define SIZES(e)                                                                      \
    CL_L((e)->count), CL_L((e)->each), CL_L((e)->pixels), CL_I((e)->h), CL_I((e)->w), \
        CL_I((e)->p), CL_I((e)->q), CL_I((e)->channels), CL_I((e)->lines), CL_I((e)->windows)

weft_status cl_supports_batchnorm_block(const cl_device *device, const weft_op *op,
                                        weft_support *support)
{
    (void)device;
    return accept(op, &op->in[0].shape, 0, support);
}

weft_status cl_op_batchnorm_block(cl_device *device, const weft_op *op, const char *choice,
                                  cl_step *step)
{
    (void)choice;
    const weft_fused *with = &op->with.fused;
    const int32_t wants =
        (op->mode[1] != WEFT_OUT_NONE ? 1 : 0) | (op->mode[2] != WEFT_OUT_NONE ? 2 : 0);
    cl_defines defines = {0};
    define(device, op, &defines);
    const extents e = extents_of(device, with, &op->in[0].shape, &op->out[0].shape, false);
    const cl_spec spec = {"block.cl", "forward", defines.text};
    return CL_LAUNCH(step, &spec, &e.grid, SIZES(&e), CL_F(with->batchnorm.eps),
                     CL_F(with->activation.a), CL_I(wants), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->in[2]), CL_T(&op->in[3]), CL_T(&op->in[4]), CL_T(&op->out[0]),
                     CL_T(&op->out[1]), CL_T(&op->out[2]));
}

weft_status cl_supports_batchnorm_block_sums(const cl_device *device, const weft_op *op,
                                             weft_support *support)
{
    const cl_batchnorm_sizes s = cl_batchnorm_sizes_of(device, &op->in[0]);
    return accept(op, &op->in[0].shape, cl_batchnorm_scratch(&s), support);
}

weft_status cl_op_batchnorm_block_sums(cl_device *device, const weft_op *op, const char *choice,
                                       cl_step *step)
{
    (void)choice;
    const weft_fused *with = &op->with.fused;
    const cl_batchnorm_sizes s = cl_batchnorm_sizes_of(device, &op->in[0]);
    const weft_tensor part = cl_batchnorm_part(op, &s);
    cl_defines defines = {0};
    define(device, op, &defines);

    const cl_spec spec = {"block.cl", "sums_slice", defines.text};
    const cl_grid groups = cl_batchnorm_grid(device, &s);
    WEFT_TRY(CL_LAUNCH(step, &spec, &groups, CL_L(s.rows), CL_I(s.slices), CL_I(s.channels),
                       CL_F(with->batchnorm.eps), CL_F(with->activation.a), CL_T(&op->in[0]),
                       CL_T(&op->in[1]), CL_T(&op->in[2]), CL_T(&op->in[3]), CL_T(&op->in[4]),
                       CL_T(&op->in[5]), CL_T(&part)));
    return cl_batchnorm_merge_sums(step, op, &with->batchnorm, &s, &part, &op->in[2]);
}

weft_status cl_supports_batchnorm_block_grad(const cl_device *device, const weft_op *op,
                                             weft_support *support)
{
    (void)device;
    return accept(op, &op->in[1].shape, 0, support);
}

weft_status cl_op_batchnorm_block_grad(cl_device *device, const weft_op *op, const char *choice,
                                       cl_step *step)
{
    (void)choice;
    const weft_fused *with = &op->with.fused;
    cl_defines defines = {0};
    define(device, op, &defines);
    const extents e = extents_of(device, with, &op->in[1].shape, &op->in[0].shape, true);
    const cl_spec spec = {"block.cl", "gradient", defines.text};
    return CL_LAUNCH(step, &spec, &e.grid, SIZES(&e), CL_F(with->batchnorm.eps),
                     CL_F(with->activation.a), CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(&op->in[2]),
                     CL_T(&op->in[3]), CL_T(&op->in[4]), CL_T(&op->in[5]), CL_T(&op->in[6]),
                     CL_T(&op->in[7]), CL_T(&op->in[8]), CL_T(&op->out[0]));
}
