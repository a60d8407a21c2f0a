/* conv2d and its data gradient: one kernel, read forwards or backwards through the window. */
#include "backends/opencl/conv.h"

#include <stdio.h>

#include "backends/opencl/gemm.h"
#include "backends/opencl/tile.h"

static weft_status supports(const cl_device *device, const weft_op *op, weft_support *support)
{
    cl_conv conv;
    cl_conv_way way;
    weft_gemm product;
    bool clblast = false;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_accept(support, "clblast", 0);
    }
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        return cl_conv_tile_supports(device, op, &conv, support);
    }
    WEFT_TRY(cl_conv_choose(device, op, &conv, NULL, &way));
    char variant[WEFT_VARIANT_MAX];
    snprintf(variant, sizeof variant, "vector%s %dx%d", way.taps ? " taps" : "",
             (int)way.tile.count, (int)way.tile.vectors);
    return cl_accept(support, variant, (size_t)cl_conv_packed_floats(&conv, &way) * sizeof(float));
}

static weft_status add_vector(cl_step *step, const cl_conv *conv, const weft_tensor *bias,
                              const char *choice)
{
    const cl_device *device = cl_step_device(step);
    const weft_op *op = &step->op;
    cl_conv_way way;
    weft_tensor w;
    WEFT_TRY(cl_conv_choose(device, op, conv, choice, &way));
    WEFT_TRY(cl_conv_weights(step, conv, &way, &w));
    cl_defines defines = {.used = 0};
    cl_conv_define_way(device, &defines, conv, &way, bias->shape.rank > 0);
    cl_define(&defines, "ADD", "%d", op->mode[0] == WEFT_OUT_ADD);
    const cl_grid grid = cl_conv_grid(conv, &way, conv->p);
    if (way.taps) {
        const cl_spec taps = {"conv_taps.cl", "conv_taps", defines.text};
        return CL_LAUNCH(step, &taps, &grid, CL_T(&op->in[0]), CL_T(&w), CL_T(&op->out[0]));
    }
    const cl_spec spec = {"conv.cl", "conv", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_T(&op->in[0]), CL_T(&w), CL_T(bias), CL_T(&op->out[0]));
}

static weft_status prepare(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    cl_conv conv;
    weft_gemm product;
    bool clblast = false;
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    const weft_tensor none = {.shape = {0}};
    const weft_tensor *bias = op->kind == WEFT_OP_conv2d ? &op->in[2] : &none;
    WEFT_TRY(cl_conv_of(op, &conv));
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast && cl_conv_is_product(op, &conv, &product)) {
        return cl_clblast_add(step, &product, &op->in[0], &op->in[1], bias, &op->out[0], add);
    }
    return device->info.family == WEFT_FAMILY_VECTOR ? add_vector(step, &conv, bias, choice)
                                                     : cl_conv_tile_add(step, &conv, bias, choice);
}

weft_status cl_supports_conv2d(const cl_device *device, const weft_op *op, weft_support *support)
{
    return supports(device, op, support);
}

weft_status cl_op_conv2d(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    return prepare(device, op, choice, step);
}

weft_status cl_supports_conv2d_data_grad(const cl_device *device, const weft_op *op,
                                         weft_support *support)
{
    return supports(device, op, support);
}

weft_status cl_op_conv2d_data_grad(cl_device *device, const weft_op *op, const char *choice,
                                   cl_step *step)
{
    return prepare(device, op, choice, step);
}
