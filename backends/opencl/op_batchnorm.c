/* Batch normalisation; its two reductions go in slices, merged in order. */
#include "backends/opencl/batchnorm.h"

enum { LEAST_ROWS = 32 }; /* of a slice */

cl_batchnorm_sizes cl_batchnorm_sizes_of(const cl_device *device, const weft_tensor *x)
{
    const weft_shape *shape = &x->shape;
    const int32_t channels = shape->dim[shape->rank - 1];
    const int64_t rows = weft_shape_count(*shape) / channels;
    return (cl_batchnorm_sizes){rows, channels, cl_slices(device, rows, LEAST_ROWS)};
}

size_t cl_batchnorm_scratch(const cl_batchnorm_sizes *s)
{
    return 2 * (size_t)s->slices * (size_t)s->channels * sizeof(float);
}

weft_tensor cl_batchnorm_part(const weft_op *op, const cl_batchnorm_sizes *s)
{
    return cl_scratch(op, 0, 2 * (int64_t)s->slices * s->channels);
}

cl_grid cl_batchnorm_grid(const cl_device *device, const cl_batchnorm_sizes *s)
{
    return (cl_grid){{s->slices}, {cl_group_size(device)}};
}

static void define(const cl_device *device, const weft_batchnorm *with, bool add,
                   cl_defines *defines)
{
    cl_define_family(device, defines);
    cl_define(defines, "RUNNING", "%d", with->running);
    cl_define(defines, "ADD", "%d", add);
}

static weft_status accept_slices(const cl_device *device, const weft_op *op, weft_support *support)
{
    const cl_batchnorm_sizes s = cl_batchnorm_sizes_of(device, &op->in[0]);
    return cl_accept(support, "slices", cl_batchnorm_scratch(&s));
}

/* Rows on the vector family, numbers on the tile family. */
static cl_grid cut(const cl_device *device, const cl_batchnorm_sizes *s, int64_t *each)
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
    const cl_batchnorm_sizes s = cl_batchnorm_sizes_of(device, &op->in[0]);
    const weft_tensor part = cl_batchnorm_part(op, &s);
    cl_defines defines = {0};
    define(device, &op->with.batchnorm, op->mode[0] == WEFT_OUT_ADD, &defines);

    const cl_spec slice = {"batchnorm.cl", "stats_slice", defines.text};
    const cl_grid slices = cl_batchnorm_grid(device, &s);
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

/* What the launches of forward and gradient begin with. */
typedef struct pass {
    cl_batchnorm_sizes sizes;
    cl_grid grid;
    int64_t each;
    cl_defines defines;
} pass;

static void pass_of(const cl_device *device, const weft_op *op, pass *p)
{
    *p = (pass){.sizes = cl_batchnorm_sizes_of(device, &op->in[0])};
    p->grid = cut(device, &p->sizes, &p->each);
    define(device, &op->with.batchnorm, op->mode[0] == WEFT_OUT_ADD, &p->defines);
}

#define SIZES(p) \
    CL_L((p)->sizes.rows), CL_I((p)->sizes.channels), CL_L((p)->each), CL_F(op->with.batchnorm.eps)

weft_status cl_op_batchnorm(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    pass p;
    pass_of(device, op, &p);
    const cl_spec spec = {"batchnorm.cl", "apply", p.defines.text};
    return CL_LAUNCH(step, &spec, &p.grid, SIZES(&p), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->in[2]), CL_T(&op->in[3]), CL_T(&op->in[4]), CL_T(&op->out[0]));
}

weft_status cl_batchnorm_merge_sums(cl_step *step, const weft_op *op, const weft_batchnorm *with,
                                    const cl_batchnorm_sizes *s, const weft_tensor *part,
                                    const weft_tensor *spread)
{
    const cl_device *device = cl_step_device(step);
    const int32_t wants =
        (op->mode[0] != WEFT_OUT_NONE ? 1 : 0) | (op->mode[1] != WEFT_OUT_NONE ? 2 : 0);
    cl_defines defines = {0};
    define(device, with, false, &defines);
    const cl_spec merge = {"batchnorm.cl", "sums_merge", defines.text};
    const cl_grid columns = cl_column_grid(device, s->channels);
    return CL_LAUNCH(step, &merge, &columns, CL_I(s->slices), CL_I(s->channels), CL_F(with->eps),
                     CL_I(wants), CL_T(part), CL_T(spread), CL_T(&op->out[0]), CL_T(&op->out[1]));
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
    const cl_batchnorm_sizes s = cl_batchnorm_sizes_of(device, &op->in[0]);
    const weft_tensor part = cl_batchnorm_part(op, &s);
    cl_defines defines = {0};
    define(device, &op->with.batchnorm, op->mode[0] == WEFT_OUT_ADD, &defines);

    const cl_spec slice = {"batchnorm.cl", "sums_slice", defines.text};
    const cl_grid slices = cl_batchnorm_grid(device, &s);
    WEFT_TRY(CL_LAUNCH(step, &slice, &slices, CL_L(s.rows), CL_I(s.slices), CL_I(s.channels),
                       CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(&op->in[3]), CL_T(&part)));

    return cl_batchnorm_merge_sums(step, op, &op->with.batchnorm, &s, &part, &op->in[2]);
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
    pass p;
    pass_of(device, op, &p);
    const cl_spec spec = {"batchnorm.cl", "gradient", p.defines.text};
    return CL_LAUNCH(step, &spec, &p.grid, SIZES(&p), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->in[2]), CL_T(&op->in[3]), CL_T(&op->in[4]), CL_T(&op->in[5]),
                     CL_T(&op->in[6]), CL_T(&op->out[0]));
}
