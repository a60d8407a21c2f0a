/* Batch normalisation; its two reductions go in slices, merged in order. */
#include "backends/opencl/cl.h"

typedef struct sizes {
    int64_t rows;
    int32_t channels, slices;
} sizes;

static sizes sizes_of(const cl_device *device, const weft_op *op)
{
    const weft_shape *shape = &op->in[0].shape;
    const int32_t channels = shape->dim[shape->rank - 1];
    const int64_t rows = weft_shape_count(*shape) / channels;
    return (sizes){rows, channels, cl_slices(device, rows, 32)};
}

static void define(const cl_device *device, const weft_op *op, cl_defines *defines)
{
    cl_define_family(device, defines);
    cl_define(defines, "RUNNING", "%d", op->with.batchnorm.running);
    cl_define(defines, "ADD", "%d", op->mode[0] == WEFT_OUT_ADD);
}

/* Both reductions keep two numbers for each slice and channel. */
static weft_status accept_slices(const cl_device *device, const weft_op *op, weft_support *support)
{
    const sizes s = sizes_of(device, op);
    return cl_accept(support, "slices", 2 * (size_t)s.slices * (size_t)s.channels * sizeof(float));
}

/* Rows on the vector family, numbers on the tile family. */
static cl_grid cut(const cl_device *device, const sizes *s, int64_t *each)
{
    return device->info.family == WEFT_FAMILY_VECTOR
               ? cl_cut(device, s->rows, s->channels, each)
               : cl_cut(device, s->rows * s->channels, 1, each);
}

weft_status cl_supports_batchnorm_stats(const cl_device *device, const weft_op *op,
                                        weft_support *support)
{
    return accept_slices(device, op, support);
}

weft_status cl_op_batchnorm_stats(cl_device *device, const weft_op *op, const char *choice,
                                  cl_step *step)
{
    (void)choice;
    const sizes s = sizes_of(device, op);
    const weft_tensor part = cl_scratch(op, 0, 2 * (int64_t)s.slices * s.channels);
    cl_defines defines = {0};
    define(device, op, &defines);

    const cl_spec slice = {"batchnorm.cl", "stats_slice", defines.text};
    const cl_grid slices = {{s.slices}, {cl_group_size(device)}};
    WEFT_TRY(CL_LAUNCH(step, &slice, &slices, CL_L(s.rows), CL_I(s.slices), CL_I(s.channels),
                       CL_T(&op->in[0]), CL_T(&part)));

    const bool wants_running = op->mode[2] != WEFT_OUT_NONE && op->mode[3] != WEFT_OUT_NONE;
    const cl_spec merge = {"batchnorm.cl", "stats_merge", defines.text};
    const cl_grid columns = cl_column_grid(device, s.channels);
    return CL_LAUNCH(step, &merge, &columns, CL_L(s.rows), CL_I(s.slices), CL_I(s.channels),
                     CL_F(op->with.batchnorm.eps), CL_F(op->with.batchnorm.momentum),
                     CL_I(wants_running), CL_T(&part), CL_T(&op->out[0]), CL_T(&op->out[1]),
                     CL_T(&op->out[2]), CL_T(&op->out[3]));
}

weft_status cl_supports_batchnorm(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    return cl_accept(support, op->with.batchnorm.running ? "running" : "batch", 0);
}

weft_status cl_op_batchnorm(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    const sizes s = sizes_of(device, op);
    cl_defines defines = {0};
    define(device, op, &defines);
    int64_t each;
    const cl_grid grid = cut(device, &s, &each);
    const cl_spec spec = {"batchnorm.cl", "apply", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(s.rows), CL_I(s.channels), CL_L(each),
                     CL_F(op->with.batchnorm.eps), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->in[2]), CL_T(&op->in[3]), CL_T(&op->in[4]), CL_T(&op->out[0]));
}

weft_status cl_supports_batchnorm_sums(const cl_device *device, const weft_op *op,
                                       weft_support *support)
{
    return accept_slices(device, op, support);
}

weft_status cl_op_batchnorm_sums(cl_device *device, const weft_op *op, const char *choice,
                                 cl_step *step)
{
    (void)choice;
    const sizes s = sizes_of(device, op);
    const weft_tensor part = cl_scratch(op, 0, 2 * (int64_t)s.slices * s.channels);
    cl_defines defines = {0};
    define(device, op, &defines);

    const cl_spec slice = {"batchnorm.cl", "sums_slice", defines.text};
    const cl_grid slices = {{s.slices}, {cl_group_size(device)}};
    WEFT_TRY(CL_LAUNCH(step, &slice, &slices, CL_L(s.rows), CL_I(s.slices), CL_I(s.channels),
                       CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(&op->in[3]), CL_T(&part)));

    const int32_t wants =
        (op->mode[0] != WEFT_OUT_NONE ? 1 : 0) | (op->mode[1] != WEFT_OUT_NONE ? 2 : 0);
    const cl_spec merge = {"batchnorm.cl", "sums_merge", defines.text};
    const cl_grid columns = cl_column_grid(device, s.channels);
    return CL_LAUNCH(step, &merge, &columns, CL_I(s.slices), CL_I(s.channels),
                     CL_F(op->with.batchnorm.eps), CL_I(wants), CL_T(&part), CL_T(&op->in[2]),
                     CL_T(&op->out[0]), CL_T(&op->out[1]));
}

weft_status cl_supports_batchnorm_grad(const cl_device *device, const weft_op *op,
                                       weft_support *support)
{
    return cl_supports_batchnorm(device, op, support);
}

weft_status cl_op_batchnorm_grad(cl_device *device, const weft_op *op, const char *choice,
                                 cl_step *step)
{
    (void)choice;
    const sizes s = sizes_of(device, op);
    cl_defines defines = {0};
    define(device, op, &defines);
    int64_t each;
    const cl_grid grid = cut(device, &s, &each);
    const cl_spec spec = {"batchnorm.cl", "gradient", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(s.rows), CL_I(s.channels), CL_L(each),
                     CL_F(op->with.batchnorm.eps), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->in[2]), CL_T(&op->in[3]), CL_T(&op->in[4]), CL_T(&op->in[5]),
                     CL_T(&op->in[6]), CL_T(&op->out[0]));
}
