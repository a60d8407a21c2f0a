/* conv2d_weight_grad: partial sums over slices of the batch, then their sum. */
#include "backends/opencl/conv.h"

#include <stdio.h>

#include "backends/opencl/gemm.h"
#include "backends/opencl/tile.h"
#include "backends/opencl/tuning.h"

enum { FEW_CHANNELS = 8, MOST_SUMS = 64, SLICE_FLOATS = 1 << 18 };

typedef struct grad_way {
    bool taps;         /* the kernel for few channels: a whole window row in registers */
    cl_tile tile;      /* channels (or values of a window row) x vectors */
    int64_t groups[2]; /* of one slice */
    int32_t slices;
} grad_way;

/* Slices so short that the images of one, 1 MiB at most, stay in the caches while its groups read
 * them by turns. */
static int64_t slices_in_cache(const cl_conv *conv)
{
    const int64_t image =
        (int64_t)conv->h * conv->w * conv->c + conv->p * (int64_t)conv->q * conv->k;
    const int64_t images = SLICE_FLOATS / image;
    return cl_divide_up(conv->n, images > 0 ? images : 1);
}

/* The number of slices is part of the result: it follows from shape and family alone. Enough for
 * `wanted` groups of 8 channels, or a window row, beside 32 outputs, and for the caches; no slice
 * shorter than an image, at most 64 MiB of partial sums. */
static int32_t count_slices(const cl_conv *conv, int64_t wanted)
{
    const int64_t most = ((int64_t)16 << 20) / cl_conv_weight_floats(conv);
    const int64_t beside = conv->c < FEW_CHANNELS ? 1 : conv->s * cl_divide_up(conv->c, 8);
    int64_t slices = cl_divide_up(wanted, conv->r * beside * cl_divide_up(conv->k, 32));
    const int64_t least = slices_in_cache(conv);
    if (slices < least) slices = least;
    if (slices > conv->n) slices = conv->n;
    if (slices > most) slices = most;
    return slices < 1 ? 1 : (int32_t)slices;
}

/* As many groups as have 250,000 operations each, but 512 at most. */
static int64_t wanted_groups(const cl_conv *conv)
{
    const int64_t work = (int64_t)2 * conv->p * conv->q * conv->n;
    const int64_t groups = (int64_t)((double)work * (double)cl_conv_weight_floats(conv) / 250000.0);
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

static grad_way prior_of(const cl_device *device, const cl_conv *conv)
{
    const int32_t beside = conv->c < FEW_CHANNELS ? vectors_beside(device, conv) : 0;
    if (beside > 0) return (grad_way){.taps = true, .tile = {conv->s * conv->c, beside}};
    return (grad_way){.tile = cl_tile_choose(device, conv->c, conv->k, 1)};
}

/* A whole window row has only one width. */
static bool possible(const cl_conv *conv, const grad_way *way)
{
    const int64_t most = way->taps ? (int64_t)conv->s * conv->c : conv->c;
    const int64_t count = way->tile.count, vectors = way->tile.vectors;
    const int64_t all = cl_divide_up(conv->k, 16);
    return count > 0 && count <= most && (!way->taps || count == most) && vectors > 0 &&
           vectors <= all && all % vectors == 0 && count * vectors <= MOST_SUMS;
}

/* By the settings TC and NV; neither changes a result. */
static weft_status choose(const cl_device *device, const weft_op *op, const cl_conv *conv,
                          const char *choice, grad_way *out)
{
    const char *settings = cl_settings(device, op, choice);
    grad_way way = prior_of(device, conv);
    way.tile.count = cl_setting(settings, "TC", way.tile.count);
    way.tile.vectors = cl_setting(settings, "NV", way.tile.vectors);
    if (!possible(conv, &way)) {
        return weft_fail(WEFT_ERR_UNSUPPORTED,
                         "conv2d_weight_grad: TC=%d NV=%d do not fit its shape",
                         (int)way.tile.count, (int)way.tile.vectors);
    }
    way.groups[0] = cl_divide_up(conv->k, (int64_t)16 * way.tile.vectors);
    way.groups[1] =
        way.taps ? conv->r : (int64_t)conv->r * conv->s * cl_divide_up(conv->c, way.tile.count);
    way.slices = count_slices(conv, wanted_groups(conv));
    *out = way;
    return WEFT_OK;
}

static void append(const grad_way *way, const cl_conv *conv, weft_choice *list, int *count,
                   int room)
{
    char text[WEFT_CHOICE_MAX];
    snprintf(text, sizeof text, "TC=%d NV=%d", (int)way->tile.count, (int)way->tile.vectors);
    if (possible(conv, way)) cl_choice_append(list, count, room, text);
}

/* For each number of vectors, the channels in 1, 2, 3 .. equal tiles from the largest that the
 * registers hold: three. */
weft_status cl_conv_grad_candidates(const cl_device *device, const weft_op *op, const cl_conv *conv,
                                    weft_choice *list, int *count)
{
    const int32_t budget = cl_tile_budget(device);
    const int room = *count;
    grad_way way;
    WEFT_TRY(choose(device, op, conv, "", &way));
    *count = 0;
    append(&way, conv, list, count, room);
    for (int32_t vectors = 1; vectors <= 4; vectors++) {
        int taken = 0;
        way.tile.vectors = vectors;
        for (int32_t tiles = 1; tiles <= conv->c && taken < 3; tiles++) {
            if (!way.taps) way.tile.count = (int32_t)cl_divide_up(conv->c, tiles);
            if ((way.tile.count + 1) * vectors > budget) continue;
            append(&way, conv, list, count, room);
            taken++;
        }
    }
    return WEFT_OK;
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
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        return cl_conv_tile_grad_supports(device, op, &conv, support);
    }
    grad_way way;
    WEFT_TRY(choose(device, op, &conv, NULL, &way));
    char variant[WEFT_VARIANT_MAX];
    snprintf(variant, sizeof variant, "vector%s %dx%d, %d slices", way.taps ? " taps" : "",
             (int)way.tile.count, (int)way.tile.vectors, (int)way.slices);
    const int64_t floats = way.slices > 1 ? way.slices * cl_conv_weight_floats(&conv) : 0;
    return cl_accept(support, variant, (size_t)floats * sizeof(float));
}

static weft_status add_parts(cl_step *step, const cl_conv *conv, const grad_way *way,
                             const weft_tensor *part)
{
    const cl_device *device = cl_step_device(step);
    const weft_op *op = &step->op;
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_conv_define(&defines, conv);
    cl_define(&defines, "TC", "%d", (int)way->tile.count);
    cl_define(&defines, "NV", "%d", (int)way->tile.vectors);
    cl_define(&defines, "TAPS", "%d", way->taps);

    const char *entry = way->taps ? "conv_grad_taps" : "conv_grad";
    const cl_spec spec = {"conv_grad.cl", entry, defines.text};
    const cl_grid grid = {{way->groups[0], way->groups[1], way->slices}, {1}};
    return CL_LAUNCH(step, &spec, &grid, CL_I(conv->n), CL_I(way->slices), CL_T(&op->in[0]),
                     CL_T(&op->in[1]), CL_T(part));
}

weft_status cl_op_conv2d_weight_grad(cl_device *device, const weft_op *op, const char *choice,
                                     cl_step *step)
{
    cl_conv conv;
    weft_gemm product;
    bool clblast = false;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_clblast_add(step, &product, &op->in[0], &op->in[1], NULL, &op->out[0], false);
    }

    if (device->info.family != WEFT_FAMILY_VECTOR) {
        return cl_conv_tile_grad_add(step, &conv, choice);
    }
    grad_way way;
    WEFT_TRY(choose(device, op, &conv, choice, &way));
    const int64_t floats = cl_conv_weight_floats(&conv);
    if (way.slices == 1) return add_parts(step, &conv, &way, &op->out[0]);

    const weft_tensor part = cl_scratch(op, 0, way.slices * floats);
    WEFT_TRY(add_parts(step, &conv, &way, &part));
    return cl_sum_add(step, 1, (int32_t)floats, way.slices, &part, NULL, &op->out[0], false);
}
