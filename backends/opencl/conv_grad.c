/* conv2d_weight_grad: partial sums over slices of the batch, then their sum. */
#include "backends/opencl/conv.h"

#include <stdio.h>

#include "backends/opencl/gemm.h"
#include "backends/opencl/tuning.h"

enum { FEW_CHANNELS = 8 };

typedef struct grad_way {
    bool taps;         /* the kernel for few channels: a whole window row in registers */
    cl_tile tile;      /* channels (or values of a window row) x vectors */
    int64_t groups[2]; /* of one slice; in the tile family work-items, as groups[0] */
    int32_t slices;
} grad_way;

static int64_t weight_floats(const cl_conv *conv)
{
    return (int64_t)conv->r * conv->s * conv->c * conv->k;
}

/* The number of slices is part of the result: it follows from shape and family alone. Enough for
 * `wanted` groups, no slice shorter than an image, at most 64 MiB of partial sums. */
static int32_t count_slices(const cl_conv *conv, int64_t groups, int64_t wanted)
{
    const int64_t most = ((int64_t)16 << 20) / weight_floats(conv);
    int64_t slices = cl_divide_up(wanted, groups);
    if (slices > conv->n) slices = conv->n;
    if (slices > most) slices = most;
    return slices < 1 ? 1 : (int32_t)slices;
}

/* As many groups as have 250,000 operations each, but 512 at most. */
static int64_t wanted_groups(const cl_conv *conv)
{
    const int64_t work = 2 * conv->p * (int64_t)conv->q * conv->n;
    const int64_t groups = (int64_t)((double)work * (double)weight_floats(conv) / 250000.0);
    return groups > 512 ? 512 : groups < 1 ? 1 : groups;
}

/* Vectors of outputs beside a whole window row; 0 when it does not fit into registers. */
static int32_t vectors_beside(const cl_device *device, const cl_conv *conv)
{
    const int32_t all = (int32_t)cl_divide_up(conv->k, 16);
    const int64_t row = (int64_t)conv->s * conv->c;
    int32_t best = 0;
    for (int32_t v = 1; v <= 4 && v <= all; v++) {
        if (all % v == 0 && (row + 1) * v < cl_tile_budget(device)) best = v;
    }
    return best;
}

static grad_way choose(const cl_device *device, const cl_conv *conv)
{
    grad_way way = {.taps = false};
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        way.tile.count = cl_tuned(device, "conv_tile", "TC", 4);
        const int64_t items =
            (int64_t)conv->r * conv->s * cl_divide_up(conv->c, way.tile.count) * conv->k;
        way.groups[0] = cl_divide_up(items, cl_group_size(device));
        way.groups[1] = 1;
        way.slices = count_slices(conv, way.groups[0], 1024);
        return way;
    }

    const int32_t beside = conv->c < FEW_CHANNELS ? vectors_beside(device, conv) : 0;
    way.taps = beside > 0;
    way.tile = way.taps ? (cl_tile){conv->s * conv->c, beside}
                        : cl_tile_choose(device, conv->c, conv->k, 1);
    way.groups[0] = cl_divide_up(conv->k, 16 * way.tile.vectors);
    way.groups[1] =
        way.taps ? conv->r : (int64_t)conv->r * conv->s * cl_divide_up(conv->c, way.tile.count);
    way.slices = count_slices(conv, way.groups[0] * way.groups[1], wanted_groups(conv));
    return way;
}

weft_status cl_supports_conv2d_weight_grad(const cl_device *device, const weft_op *op,
                                           weft_support *support)
{
    cl_conv conv;
    weft_gemm product;
    bool clblast = false;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_accept(support, "clblast", 0);
    }
    const grad_way way = choose(device, &conv);
    char variant[WEFT_VARIANT_MAX];
    if (device->info.family == WEFT_FAMILY_VECTOR)
        snprintf(variant, sizeof variant, "vector%s %dx%d, %d slices", way.taps ? " taps" : "",
                 (int)way.tile.count, (int)way.tile.vectors, (int)way.slices);
    else
        snprintf(variant, sizeof variant, "tile %d, %d slices", (int)way.tile.count,
                 (int)way.slices);
    const int64_t floats = way.slices > 1 ? way.slices * weight_floats(&conv) : 0;
    return cl_accept(support, variant, (size_t)floats * sizeof(float));
}

static weft_status add_parts(cl_step *step, const cl_conv *conv, const grad_way *way,
                             const weft_tensor *part)
{
    const cl_device *device = cl_step_device(step);
    const weft_op *op = &step->op;
    const bool vector = device->info.family == WEFT_FAMILY_VECTOR;
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_conv_define(&defines, conv);
    cl_define(&defines, "TC", "%d", (int)way->tile.count);
    if (vector) cl_define(&defines, "NV", "%d", (int)way->tile.vectors);

    cl_spec spec = {"conv_tile.cl", "conv_grad_tile", defines.text};
    cl_grid grid = {{way->groups[0], way->slices}, {cl_group_size(device)}};
    if (vector) {
        spec.source = "conv_grad.cl";
        spec.entry = way->taps ? "conv_grad_taps" : "conv_grad";
        grid = (cl_grid){{way->groups[0], way->groups[1], way->slices}, {1}};
    }
    return CL_LAUNCH(step, &spec, &grid, CL_I(conv->n), CL_I(way->slices), CL_T(&op->in[0]),
                     CL_T(&op->in[1]), CL_T(part));
}

weft_status cl_op_conv2d_weight_grad(cl_device *device, const weft_op *op, const char *choice,
                                     cl_step *step)
{
    (void)choice;
    cl_conv conv;
    weft_gemm product;
    bool clblast = false;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_clblast_add(step, &product, &op->in[0], &op->in[1], NULL, &op->out[0], false);
    }

    const grad_way way = choose(device, &conv);
    const int64_t floats = weight_floats(&conv);
    if (way.slices == 1) return add_parts(step, &conv, &way, &op->out[0]);

    const weft_tensor part = cl_scratch(op, 0, way.slices * floats);
    WEFT_TRY(add_parts(step, &conv, &way, &part));
    return cl_sum_add(step, 1, (int32_t)floats, way.slices, &part, NULL, &op->out[0], false);
}
