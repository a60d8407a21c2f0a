/* softmax_xent, mse: results of the rows in scratch, then their sum. */
#include "backends/opencl/cl.h"

typedef struct sizes {
    int32_t rows, count; /* samples, and numbers of each */
} sizes;

static sizes sizes_of(const weft_op *op)
{
    const int32_t rows = op->in[0].shape.dim[0];
    return (sizes){rows, (int32_t)(weft_shape_count(op->in[0].shape) / rows)};
}

static weft_status accept_rows(const weft_op *op, weft_support *support)
{
    return cl_accept(support, "rows", 2 * (size_t)op->in[0].shape.dim[0] * sizeof(float));
}

/* Exponentials make a row much dearer than its numbers. */
static cl_grid cut(const cl_device *device, const sizes *s, int64_t *each)
{
    enum { DEARER = 32 };
    return cl_cut(device, s->rows, (int64_t)s->count * DEARER, each);
}

static weft_status add_results(cl_device *device, const weft_op *op, const char *defines,
                               const weft_tensor *results, cl_step *step)
{
    const cl_spec spec = {"loss.cl", "add_results", defines};
    const cl_grid one = {{1}, {cl_group_size(device)}};
    return CL_LAUNCH(step, &spec, &one, CL_I(op->in[0].shape.dim[0]), CL_VAL(CL_VALUE_SLOT),
                     CL_T(results), CL_T(&op->out[1]));
}

weft_status cl_supports_softmax_xent(const cl_device *device, const weft_op *op,
                                     weft_support *support)
{
    (void)device;
    return accept_rows(op, support);
}

weft_status cl_op_softmax_xent(cl_device *device, const weft_op *op, const char *choice,
                               cl_step *step)
{
    (void)choice;
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const sizes s = sizes_of(op);
    const weft_tensor results = cl_scratch(op, 0, 2 * (int64_t)s.rows);
    int64_t each;
    const cl_grid grid = cut(device, &s, &each);
    const cl_spec spec = {"loss.cl", "softmax_xent", defines.text};
    WEFT_TRY(CL_LAUNCH(step, &spec, &grid, CL_I(s.rows), CL_I(s.count), CL_L(each),
                       CL_F(op->with.loss.label_smoothing), CL_VAL(CL_VALUE_LOSS_SCALE),
                       CL_I(op->mode[0] != WEFT_OUT_NONE), CL_T(&op->in[0]), CL_T(&op->in[1]),
                       CL_T(&op->out[0]), CL_T(&results)));
    return add_results(device, op, defines.text, &results, step);
}

weft_status cl_supports_mse(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    return accept_rows(op, support);
}

weft_status cl_op_mse(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const sizes s = sizes_of(op);
    const weft_tensor results = cl_scratch(op, 0, 2 * (int64_t)s.rows);
    int64_t each;
    const cl_grid grid = cut(device, &s, &each);
    const cl_spec spec = {"loss.cl", "mse", defines.text};
    WEFT_TRY(CL_LAUNCH(step, &spec, &grid, CL_I(s.rows), CL_I(s.count), CL_L(each),
                       CL_VAL(CL_VALUE_LOSS_SCALE), CL_I(op->mode[0] != WEFT_OUT_NONE),
                       CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(&op->out[0]), CL_T(&results)));
    return add_results(device, op, defines.text, &results, step);
}
