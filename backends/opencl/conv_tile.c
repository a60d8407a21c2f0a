/* The three passes of a convolution in the tile family, by cl/conv_tile.cl. */
#include <stdio.h>

#include "backends/opencl/tile.h"
#include "backends/opencl/tuning.h"

/* Below this many pixels an image fills so few tiles that smaller ones are better. */
enum { FEW_PIXELS = 64 };

/* Up to this many columns, smaller tiles have fewer rows and are as wide. */
enum { FEW_COLUMNS = 32 };

/* Slices of a weight gradient: so many groups of 64 x 64 sums are wanted, none with fewer pixels
 * than that, and no more floats of partial sums. All of it is part of the result. */
enum { WANTED_GROUPS = 256, LEAST_PIXELS = 256, MOST_PARTS = 16 << 20 };

static const char *name_of(const weft_op *op)
{
    return weft_op_describe(op->kind)->name;
}

static int64_t pixels_of(const cl_conv *conv)
{
    return (int64_t)conv->n * conv->p * conv->q;
}

/* The kernels count pixels and elements of the images that a group meets in 32 bits. */
static weft_status check_images(const weft_op *op, const cl_conv *conv, int64_t images)
{
    const int64_t x = (int64_t)conv->h * conv->w * conv->c;
    const int64_t y = (int64_t)conv->p * conv->q * conv->k;
    if (images <= INT32_MAX / (x > y ? x : y)) return WEFT_OK;
    return weft_fail(WEFT_ERR_UNSUPPORTED,
                     "%s: %lld images of %lld numbers in a group exceed 2^31; try a smaller batch",
                     name_of(op), (long long)images, (long long)(x > y ? x : y));
}

/* Channels that come one by one need a pixel's three registers for each: with few columns, smaller
 * tiles need half of them and fetch no more. */
static bool wants_small(const cl_conv *conv)
{
    return conv->p * conv->q <= FEW_PIXELS || (conv->c % 4 != 0 && conv->k <= FEW_COLUMNS);
}

static cl_tiling_wish wish_of(const cl_device *device, const weft_op *op, const cl_conv *conv,
                              const char *choice)
{
    const bool grad = op->kind == WEFT_OP_conv2d_weight_grad;
    return (cl_tiling_wish){.op = name_of(op),
                            .kernel = grad ? "conv_grad_tile" : "conv_tile",
                            .settings = cl_settings(device, op, choice),
                            .rows = grad ? conv->r * conv->s * conv->c : 0,
                            .columns = conv->k,
                            .small = !grad && wants_small(conv)};
}

static weft_status tiling_of(const cl_device *device, const weft_op *op, const cl_conv *conv,
                             const char *choice, cl_tiling *out)
{
    const cl_tiling_wish wish = wish_of(device, op, conv, choice);
    return cl_tiling_choose(device, &wish, out);
}

weft_status cl_conv_tile_candidates(const cl_device *device, const weft_op *op, weft_choice *list,
                                    int *count)
{
    cl_conv conv;
    WEFT_TRY(cl_conv_of(op, &conv));
    const cl_tiling_wish wish = wish_of(device, op, &conv, NULL);
    return cl_tiling_candidates(device, &wish, list, count);
}

/* What both kernels are told. */
static void define(cl_defines *defines, const cl_conv *conv, const cl_tiling *tiling)
{
    cl_tiling_define(defines, tiling);
    cl_conv_define(defines, conv);
}

static void define_vectors(cl_defines *defines, bool a, bool b, bool y)
{
    cl_define(defines, "A_VEC", "%d", a ? 4 : 1);
    cl_define(defines, "B_VEC", "%d", b ? 4 : 1);
    cl_define(defines, "Y_VEC", "%d", y ? 4 : 1);
}

/* ---- forward and data gradient ---- */

/* Pixels of an image that a group's tile counts through: those of the largest and of the smallest
 * phase. */
static int64_t largest_phase(const cl_conv *conv)
{
    const int32_t down = conv->transposed ? conv->sh : 1, right = conv->transposed ? conv->sw : 1;
    return cl_divide_up(conv->p, down) * cl_divide_up(conv->q, right);
}

static int64_t smallest_phase(const cl_conv *conv)
{
    const int32_t down = conv->transposed ? conv->sh : 1, right = conv->transposed ? conv->sw : 1;
    const int64_t pixels = (int64_t)(conv->p / down) * (conv->q / right);
    return pixels > 0 ? pixels : 1;
}

weft_status cl_conv_tile_supports(const cl_device *device, const weft_op *op, const cl_conv *conv,
                                  weft_support *support)
{
    cl_tiling t;
    WEFT_TRY(tiling_of(device, op, conv, NULL, &t));
    WEFT_TRY(check_images(op, conv, (int64_t)t.im * t.tm / smallest_phase(conv) + 2));
    char variant[WEFT_VARIANT_MAX];
    snprintf(variant, sizeof variant, "tile %dx%d", (int)(t.im * t.tm), (int)(t.in * t.tn));
    return cl_accept(support, variant, 0);
}

/* Images first .. first + count - 1 of a tensor. */
static weft_tensor images_of(const weft_tensor *tensor, int32_t first, int32_t count)
{
    weft_tensor part = *tensor;
    part.offset += (int64_t)first * part.shape.dim[1] * part.shape.dim[2] * part.shape.dim[3];
    part.shape.dim[0] = count;
    return part;
}

weft_status cl_conv_tile_add(cl_step *step, const cl_conv *conv, const weft_tensor *bias,
                             const char *choice)
{
    const cl_device *device = cl_step_device(step);
    const weft_op *op = &step->op;
    const weft_tensor *x = &op->in[0], *w = &op->in[1], *y = &op->out[0];
    const bool biased = bias->shape.rank > 0;
    cl_tiling t;
    WEFT_TRY(tiling_of(device, op, conv, choice, &t));

    cl_defines defines = {.used = 0};
    define(&defines, conv, &t);
    define_vectors(&defines, cl_by_four(x, conv->c),
                   cl_by_four(w, conv->transposed ? conv->c : conv->k),
                   cl_by_four(y, conv->k) && (!biased || cl_by_four(bias, conv->k)));
    cl_define(&defines, "GRAD", "0");
    cl_define(&defines, "FEW", "%d", !conv->transposed && conv->c < t.kt);
    cl_define(&defines, "BIAS", "%d", biased);
    cl_define(&defines, "ADD", "%d", op->mode[0] == WEFT_OUT_ADD);
    const cl_spec spec = {"conv_tile.cl", "conv_tile", defines.text};

    const int64_t phases = conv->transposed ? (int64_t)conv->sh * conv->sw : 1;
    const int32_t most = conv->n < CL_MAX_LAUNCHES ? conv->n : CL_MAX_LAUNCHES;
    const int32_t cuts =
        cl_cuts(device, cl_settings(device, op, choice), weft_op_operations(op), most);
    for (int32_t i = 0; i < cuts; i++) {
        const int32_t first = (int32_t)((int64_t)conv->n * i / cuts);
        const int32_t count = (int32_t)((int64_t)conv->n * (i + 1) / cuts) - first;
        const weft_tensor xs = images_of(x, first, count), ys = images_of(y, first, count);
        const cl_grid grid = {{cl_tiling_groups(&t, largest_phase(conv) * count, conv->k), phases},
                              {t.im * t.in}};
        WEFT_TRY(
            CL_LAUNCH(step, &spec, &grid, CL_I(count), CL_T(&xs), CL_T(w), CL_T(bias), CL_T(&ys)));
    }
    return WEFT_OK;
}

/* ---- weight gradient ---- */

static int32_t count_slices(const cl_conv *conv)
{
    const int64_t groups =
        cl_divide_up((int64_t)conv->r * conv->s * conv->c, 64) * cl_divide_up(conv->k, 64);
    const int64_t most = MOST_PARTS / cl_conv_weight_floats(conv);
    int64_t slices = cl_divide_up(WANTED_GROUPS, groups);
    if (slices > pixels_of(conv) / LEAST_PIXELS) slices = pixels_of(conv) / LEAST_PIXELS;
    if (slices > most) slices = most;
    return slices < 1 ? 1 : (int32_t)slices;
}

weft_status cl_conv_tile_grad_supports(const cl_device *device, const weft_op *op,
                                       const cl_conv *conv, weft_support *support)
{
    cl_tiling t;
    const int32_t slices = count_slices(conv);
    WEFT_TRY(tiling_of(device, op, conv, NULL, &t));
    WEFT_TRY(check_images(op, conv, conv->n / slices + 2));
    char variant[WEFT_VARIANT_MAX];
    snprintf(variant, sizeof variant, "tile %dx%d, %d slices", (int)(t.im * t.tm),
             (int)(t.in * t.tn), (int)slices);
    const int64_t floats = slices > 1 ? slices * cl_conv_weight_floats(conv) : 0;
    return cl_accept(support, variant, (size_t)floats * sizeof(float));
}

static weft_status add_slices(cl_step *step, const cl_conv *conv, const char *choice,
                              int32_t slices, const weft_tensor *part)
{
    const cl_device *device = cl_step_device(step);
    const weft_op *op = &step->op;
    cl_tiling t;
    WEFT_TRY(tiling_of(device, op, conv, choice, &t));

    cl_defines defines = {.used = 0};
    define(&defines, conv, &t);
    define_vectors(&defines, cl_by_four(&op->in[0], conv->c), cl_by_four(&op->in[1], conv->k),
                   cl_by_four(part, conv->k));
    cl_define(&defines, "GRAD", "1");
    const cl_spec spec = {"conv_tile.cl", "conv_grad_tile", defines.text};

    const int64_t groups = cl_tiling_groups(&t, (int64_t)conv->r * conv->s * conv->c, conv->k);
    const int32_t most = slices < CL_MAX_LAUNCHES - 1 ? slices : CL_MAX_LAUNCHES - 1;
    const int32_t cuts =
        cl_cuts(device, cl_settings(device, op, choice), weft_op_operations(op), most);
    for (int32_t i = 0; i < cuts; i++) {
        const int32_t first = (int32_t)((int64_t)slices * i / cuts);
        const cl_grid grid = {{groups, (int64_t)slices * (i + 1) / cuts - first}, {t.im * t.in}};
        WEFT_TRY(CL_LAUNCH(step, &spec, &grid, CL_L(pixels_of(conv)), CL_I(slices), CL_I(first),
                           CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(part)));
    }
    return WEFT_OK;
}

weft_status cl_conv_tile_grad_add(cl_step *step, const cl_conv *conv, const char *choice)
{
    const weft_op *op = &step->op;
    const int32_t slices = count_slices(conv);
    const int64_t floats = cl_conv_weight_floats(conv);
    if (slices == 1) return add_slices(step, conv, choice, 1, &op->out[0]);

    const weft_tensor part = cl_scratch(op, 0, slices * floats);
    WEFT_TRY(add_slices(step, conv, choice, slices, &part));
    return cl_sum_add(step, 1, (int32_t)floats, slices, &part, NULL, &op->out[0], false);
}
