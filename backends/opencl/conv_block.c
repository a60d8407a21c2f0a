/* Convolutions with what follows them, on the vector family. */
#include <stdio.h>

#include "backends/opencl/conv.h"
#include "backends/opencl/gemm.h"

enum { MOST_KEPT = 64 << 10 }; /* bytes of rows that a group keeps in private memory */

#define EXPRESSION(name, value, gradient, saves, default_a, key) #value,
static const char *const activations[] = {WEFT_ACTIVATION_LIST(EXPRESSION)};

/* What both fused ops begin with. Another family, or another route, runs the ops one by one. */
static weft_status choose(const cl_device *device, const weft_op *op, const char *choice,
                          cl_conv *conv, cl_conv_way *way)
{
    const char *name = weft_op_describe(op->kind)->name;
    weft_gemm product;
    bool clblast = false;
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: only the vector family has it", name);
    }
    WEFT_TRY(cl_conv_of(op, conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, conv, &product)) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: CLBlast multiplies", name);
    }
    return cl_conv_choose(device, op, conv, choice, way);
}

static weft_status accept(const cl_conv_way *way, int64_t floats, weft_support *support)
{
    char variant[WEFT_VARIANT_MAX];
    snprintf(variant, sizeof variant, "vector %dx%d", (int)way->tile.count, (int)way->tile.vectors);
    return cl_accept(support, variant, (size_t)floats * sizeof(float));
}

/* ---- conv2d_stats ---- */

/* Rows of a part of the statistics: part of the result, so by the shape alone. The fewest that are
 * worth a group and divide P, which makes all parts equally large. */
static int32_t rows_of_part(const cl_conv *conv)
{
    const int64_t row = (int64_t)64 * conv->q * conv->r * conv->s * conv->c;
    int32_t rows = 1;
    while (rows < conv->p && (conv->p % rows != 0 || rows * row < 1000000))
        rows++;
    return rows;
}

static weft_status choose_stats(const cl_device *device, const weft_op *op, const char *choice,
                                cl_conv *conv, cl_conv_way *way, int32_t *parts)
{
    WEFT_TRY(choose(device, op, choice, conv, way));
    way->rows = rows_of_part(conv);
    const int64_t count = (int64_t)conv->n * (conv->p / way->rows);
    if (count > INT32_MAX / 2 / conv->k) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "conv2d_stats: a batch of %d is too large",
                         (int)conv->n);
    }
    *parts = (int32_t)count;
    return WEFT_OK;
}

weft_status cl_supports_conv2d_stats(const cl_device *device, const weft_op *op,
                                     weft_support *support)
{
    cl_conv conv;
    cl_conv_way way;
    int32_t parts;
    WEFT_TRY(choose_stats(device, op, NULL, &conv, &way, &parts));
    const int64_t floats = (int64_t)2 * parts * conv.k;
    return accept(&way, cl_conv_packed_floats(&conv, &way) + floats, support);
}

static weft_status add_merge(cl_step *step, const cl_conv *conv, int32_t parts,
                             const weft_tensor *part)
{
    const weft_op *op = &step->op;
    const cl_device *device = cl_step_device(step);
    const weft_batchnorm *with = &op->with.fused.batchnorm;
    const bool wants_running = op->mode[3] != WEFT_OUT_NONE && op->mode[4] != WEFT_OUT_NONE;
    const int64_t rows = (int64_t)conv->n * conv->p * conv->q;
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_define(&defines, "RUNNING", "0");
    cl_define(&defines, "ADD", "0");
    const cl_spec spec = {"batchnorm.cl", "stats_merge", defines.text};
    const cl_grid grid = cl_column_grid(device, conv->k);
    return CL_LAUNCH(step, &spec, &grid, CL_L(rows), CL_I(parts), CL_I(conv->k), CL_F(with->eps),
                     CL_F(with->momentum), CL_I(wants_running), CL_T(part), CL_T(&op->out[1]),
                     CL_T(&op->out[2]), CL_T(&op->out[3]), CL_T(&op->out[4]));
}

weft_status cl_op_conv2d_stats(cl_device *device, const weft_op *op, const char *choice,
                               cl_step *step)
{
    cl_conv conv;
    cl_conv_way way;
    weft_tensor w;
    int32_t parts;
    WEFT_TRY(choose_stats(device, op, choice, &conv, &way, &parts));
    WEFT_TRY(cl_conv_weights(step, &conv, &way, &w));
    const weft_tensor part =
        cl_scratch(op, cl_conv_packed_floats(&conv, &way), (int64_t)2 * parts * conv.k);
    cl_defines defines = {.used = 0};
    cl_conv_define_way(device, &defines, &conv, &way, op->in[2].shape.rank > 0);
    const cl_spec spec = {"conv_stats.cl", "conv_stats", defines.text};
    const cl_grid grid = cl_conv_grid(&conv, &way, conv.p);
    WEFT_TRY(CL_LAUNCH(step, &spec, &grid, CL_T(&op->in[0]), CL_T(&w), CL_T(&op->in[2]),
                       CL_T(&op->out[0]), CL_T(&part)));
    return add_merge(step, &conv, parts, &part);
}

/* ---- conv2d_block ---- */

/* The pool's window, 1 x 1 where there is none. */
static weft_status pool_of(const weft_op *op, const cl_conv *conv, int32_t size[2])
{
    const weft_window *pool = &op->with.fused.pool;
    size[0] = size[1] = 1;
    if (!op->with.fused.pooled) return WEFT_OK;
    for (int i = 0; i < 2; i++) {
        size[i] = pool->kernel[i];
        if (pool->stride[i] != size[i] || pool->pad[i] != 0 || pool->pad[2 + i] != 0 ||
            pool->dilation[i] > 1) {
            return weft_fail(WEFT_ERR_UNSUPPORTED,
                             "conv2d_block: pooling with padding, dilation, or another stride "
                             "than its size");
        }
    }
    if (size[0] > conv->p || size[1] > conv->q) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "conv2d_block: the window exceeds the image");
    }
    return WEFT_OK;
}

/* The rows of the way are those of the pooled result. */
static weft_status choose_block(const cl_device *device, const weft_op *op, const char *choice,
                                cl_conv *conv, cl_conv_way *way, int32_t pool[2])
{
    WEFT_TRY(choose(device, op, choice, conv, way));
    WEFT_TRY(pool_of(op, conv, pool));
    const int64_t pixel = (int64_t)way->tile.vectors * 16 * (int64_t)sizeof(float);
    if (pixel * conv->q > MOST_KEPT / pool[0]) {
        return weft_fail(WEFT_ERR_UNSUPPORTED,
                         "conv2d_block: %d rows of %d pixels exceed %d bytes of private memory",
                         (int)pool[0], (int)conv->q, MOST_KEPT);
    }
    way->rows = way->rows > pool[0] ? way->rows / pool[0] : 1;
    return WEFT_OK;
}

weft_status cl_supports_conv2d_block(const cl_device *device, const weft_op *op,
                                     weft_support *support)
{
    cl_conv conv;
    cl_conv_way way;
    int32_t pool[2];
    WEFT_TRY(choose_block(device, op, NULL, &conv, &way, pool));
    return accept(&way, cl_conv_packed_floats(&conv, &way), support);
}

weft_status cl_op_conv2d_block(cl_device *device, const weft_op *op, const char *choice,
                               cl_step *step)
{
    const weft_fused *with = &op->with.fused;
    cl_conv conv;
    cl_conv_way way;
    int32_t pool[2];
    weft_tensor w;
    WEFT_TRY(choose_block(device, op, choice, &conv, &way, pool));
    WEFT_TRY(cl_conv_weights(step, &conv, &way, &w));
    cl_defines defines = {.used = 0};
    cl_conv_define_way(device, &defines, &conv, &way, op->in[2].shape.rank > 0);
    cl_define(&defines, "NORMED", "%d", with->normed);
    cl_define(&defines, "VALUE", "(%s)",
              with->activated ? activations[with->activation.kind] : "v");
    cl_define(&defines, "POOL_R", "%d", (int)pool[0]);
    cl_define(&defines, "POOL_S", "%d", (int)pool[1]);
    const cl_spec spec = {"conv_block.cl", "conv_block", defines.text};
    const cl_grid grid = cl_conv_grid(&conv, &way, conv.p / pool[0]);
    return CL_LAUNCH(step, &spec, &grid, CL_F(with->batchnorm.eps), CL_F(with->activation.a),
                     CL_T(&op->in[0]), CL_T(&w), CL_T(&op->in[2]), CL_T(&op->in[3]),
                     CL_T(&op->in[4]), CL_T(&op->in[5]), CL_T(&op->in[6]), CL_T(&op->out[0]));
}
