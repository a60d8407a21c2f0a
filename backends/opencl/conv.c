/* conv2d and its data gradient: one kernel, read forwards or backwards through the window. */
#include "backends/opencl/conv.h"

#include <stdio.h>

#include "backends/opencl/gemm.h"
#include "backends/opencl/tuning.h"
#include "core/checked.h"

/* How this device runs a convolution. */
typedef struct conv_way {
    cl_tile tile;
    int32_t k_padded; /* row length of the weights that the kernel reads */
    bool packed;      /* they are made in scratch first */
    int32_t rows;     /* of a group */
    int32_t head, rest;
} conv_way;

/* Does a tile of `width` pixels from column q on have taps outside of x? */
static bool at_edge(const cl_conv *conv, int32_t q, int32_t width)
{
    const int32_t last = q + width - 1;
    if (conv->transposed) {
        return q + conv->pl < conv->s - 1 || (last + conv->pl) / conv->sw >= conv->w;
    }
    return q * conv->sw < conv->pl || last * conv->sw + conv->s - 1 - conv->pl >= conv->w;
}

/* Tiles head .. rest - 1 are full and touch no border. */
static void find_inner_tiles(const cl_conv *conv, conv_way *way)
{
    const int32_t width = way->tile.count;
    const int32_t full = conv->q / width, tiles = (int32_t)cl_divide_up(conv->q, width);
    way->head = 0;
    while (way->head < full && at_edge(conv, way->head * width, width))
        way->head++;
    way->rest = way->head;
    while (way->rest < full && !at_edge(conv, way->rest * width, width))
        way->rest++;
    if (way->head == full) way->head = way->rest = tiles;
}

/* A group should have some 250,000 operations, about two microseconds of one core. */
static int32_t rows_of_group(const cl_conv *conv, const conv_way *way)
{
    const int64_t skipped = conv->transposed ? (int64_t)conv->sh * conv->sw : 1;
    const int64_t row = (int64_t)32 * conv->q * way->tile.vectors * conv->r * conv->s * conv->c;
    const int64_t rows = cl_divide_up(250000, cl_divide_up(row, skipped));
    const int64_t chunks = cl_divide_up(conv->p, rows);
    return (int32_t)cl_divide_up(conv->p, chunks);
}

static conv_way choose(const cl_device *device, const cl_conv *conv)
{
    conv_way way = {.k_padded = conv->k, .packed = conv->transposed};
    const int32_t step = conv->transposed ? conv->sw : 1;
    if (device->info.family == WEFT_FAMILY_VECTOR) {
        way.tile = cl_tile_choose(device, conv->q, conv->k, step);
        way.k_padded = (int32_t)cl_divide_up(conv->k, 16) * 16;
        way.packed = way.packed || way.k_padded != conv->k;
        way.rows = rows_of_group(conv, &way);
        find_inner_tiles(conv, &way);
    } else {
        const int32_t pixels = cl_tuned(device, "conv_tile", "TX", 4);
        way.tile.count = pixels < step ? step : pixels / step * step;
    }
    return way;
}

static int64_t packed_floats(const cl_conv *conv, const conv_way *way)
{
    return way->packed ? (int64_t)conv->r * conv->s * conv->c * way->k_padded : 0;
}

static weft_status supports(const cl_device *device, const weft_op *op, weft_support *support)
{
    cl_conv conv;
    weft_gemm product;
    bool clblast = false;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_accept(support, "clblast", 0);
    }
    const conv_way way = choose(device, &conv);
    char variant[WEFT_VARIANT_MAX];
    if (device->info.family == WEFT_FAMILY_VECTOR)
        snprintf(variant, sizeof variant, "vector %dx%d", (int)way.tile.count,
                 (int)way.tile.vectors);
    else
        snprintf(variant, sizeof variant, "tile %d", (int)way.tile.count);
    return cl_accept(support, variant, (size_t)packed_floats(&conv, &way) * sizeof(float));
}

/* Weights with their last axis padded, and exchanged with the one before it for the gradient. */
static weft_status add_pack(cl_step *step, const cl_conv *conv, const conv_way *way,
                            const weft_tensor *w, const weft_tensor *packed)
{
    const cl_device *device = cl_step_device(step);
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_define(&defines, "C", "%d", (int)conv->c);
    cl_define(&defines, "K", "%d", (int)conv->k);
    cl_define(&defines, "KP", "%d", (int)way->k_padded);
    cl_define(&defines, "TRANSPOSED", "%d", conv->transposed);
    const cl_spec spec = {"conv_pack.cl", "conv_pack", defines.text};
    const cl_grid grid = {{conv->c, (int64_t)conv->r * conv->s}, {cl_group_size(device)}};
    return CL_LAUNCH(step, &spec, &grid, CL_T(w), CL_T(packed));
}

static weft_status add_vector(cl_step *step, const cl_conv *conv, const conv_way *way,
                              cl_defines *defines, const weft_tensor *w, const weft_tensor *bias)
{
    const weft_op *op = &step->op;
    cl_define(defines, "NV", "%d", (int)way->tile.vectors);
    cl_define(defines, "KP", "%d", (int)way->k_padded);
    cl_define(defines, "ROWS", "%d", (int)way->rows);
    cl_define(defines, "HEAD", "%d", (int)way->head);
    cl_define(defines, "REST", "%d", (int)way->rest);
    const cl_spec spec = {"conv.cl", "conv", defines->text};
    const cl_grid grid = {
        {way->k_padded / (16 * way->tile.vectors), cl_divide_up(conv->p, way->rows), conv->n}, {1}};
    return CL_LAUNCH(step, &spec, &grid, CL_T(&op->in[0]), CL_T(w), CL_T(bias), CL_T(&op->out[0]));
}

static weft_status add_tile(cl_step *step, const cl_conv *conv, const conv_way *way,
                            const cl_defines *defines, const weft_tensor *w,
                            const weft_tensor *bias)
{
    const weft_op *op = &step->op;
    const int32_t group = cl_group_size(cl_step_device(step));
    const int64_t row = cl_divide_up(conv->q, way->tile.count) * conv->k;
    const cl_spec spec = {"conv_tile.cl", "conv_tile", defines->text};
    const cl_grid grid = {{cl_divide_up(row * conv->p * conv->n, group)}, {group}};
    return CL_LAUNCH(step, &spec, &grid, CL_I(conv->n), CL_T(&op->in[0]), CL_T(w), CL_T(bias),
                     CL_T(&op->out[0]));
}

static weft_status prepare(cl_device *device, const weft_op *op, cl_step *step)
{
    cl_conv conv;
    weft_gemm product;
    bool clblast = false;
    const bool forward = op->kind == WEFT_OP_conv2d;
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    const weft_tensor none = {.shape = {0}}, *bias = forward ? &op->in[2] : &none;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_clblast_add(step, &product, &op->in[0], &op->in[1], bias, &op->out[0], add);
    }

    const conv_way way = choose(device, &conv);
    weft_tensor w = op->in[1];
    if (way.packed) {
        w = cl_scratch(op, 0, packed_floats(&conv, &way));
        WEFT_TRY(add_pack(step, &conv, &way, &op->in[1], &w));
    }
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_conv_define(&defines, &conv);
    cl_define(&defines, "TX", "%d", (int)way.tile.count);
    cl_define(&defines, "BIAS", "%d", bias->shape.rank > 0);
    cl_define(&defines, "ADD", "%d", add);
    return device->info.family == WEFT_FAMILY_VECTOR
               ? add_vector(step, &conv, &way, &defines, &w, bias)
               : add_tile(step, &conv, &way, &defines, &w, bias);
}

weft_status cl_supports_conv2d(const cl_device *device, const weft_op *op, weft_support *support)
{
    return supports(device, op, support);
}

weft_status cl_op_conv2d(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    return prepare(device, op, step);
}

weft_status cl_supports_conv2d_data_grad(const cl_device *device, const weft_op *op,
                                         weft_support *support)
{
    return supports(device, op, support);
}

weft_status cl_op_conv2d_data_grad(cl_device *device, const weft_op *op, const char *choice,
                                   cl_step *step)
{
    (void)choice;
    return prepare(device, op, step);
}
