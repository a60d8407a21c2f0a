/* softmax_xent, mse: results of the rows in scratch, then their sum; in one launch when small. */
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

/* A second launch costs more than a few microseconds of one group. */
static bool is_small(const sizes *s)
{
    enum { ROW = 32, SMALL = 1 << 14 };
    return (int64_t)s->rows * ((int64_t)s->count + ROW) <= SMALL;
}

static weft_status add_results(cl_step *step, const char *defines, const sizes *s,
                               const weft_tensor *results)
{
    const cl_spec spec = {"loss.cl", "add_results", defines};
    const cl_grid one = {{1}, {cl_group_size(cl_step_device(step))}};
    return CL_LAUNCH(step, &spec, &one, CL_I(s->rows), CL_VAL(CL_VALUE_SLOT), CL_T(results),
                     CL_T(&step->op.out[1]));
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
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    const sizes s = sizes_of(op);
    const weft_tensor results = cl_scratch(op, 0, 2 * (int64_t)s.rows);
    const cl_arg smoothing = CL_F(op->with.loss.label_smoothing);
    const cl_arg wants = CL_I(op->mode[0] != WEFT_OUT_NONE);
    if (is_small(&s)) {
        const cl_spec spec = {"loss.cl", "softmax_xent_alone", defines.text};
        const cl_grid one = {{1}, {cl_group_size(device)}};
        return CL_LAUNCH(step, &spec, &one, CL_I(s.rows), CL_I(s.count), CL_VAL(CL_VALUE_SLOT),
                         smoothing, CL_VAL(CL_VALUE_LOSS_SCALE), wants, CL_T(&op->in[0]),
                         CL_T(&op->in[1]), CL_T(&op->out[0]), CL_T(&results), CL_T(&op->out[1]));
    }
    int64_t each;
    const cl_grid grid = cut(device, &s, &each);
    const cl_spec spec = {"loss.cl", "softmax_xent", defines.text};
    WEFT_TRY(CL_LAUNCH(step, &spec, &grid, CL_I(s.rows), CL_I(s.count), CL_L(each), smoothing,
                       CL_VAL(CL_VALUE_LOSS_SCALE), wants, CL_T(&op->in[0]), CL_T(&op->in[1]),
                       CL_T(&op->out[0]), CL_T(&results)));
    return add_results(step, defines.text, &s, &results);
}

weft_status cl_supports_mse(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    return accept_rows(op, support);
}

weft_status cl_op_mse(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    const sizes s = sizes_of(op);
    const weft_tensor results = cl_scratch(op, 0, 2 * (int64_t)s.rows);
    const cl_arg wants = CL_I(op->mode[0] != WEFT_OUT_NONE);
    if (is_small(&s)) {
        const cl_spec spec = {"loss.cl", "mse_alone", defines.text};
        const cl_grid one = {{1}, {cl_group_size(device)}};
        return CL_LAUNCH(step, &spec, &one, CL_I(s.rows), CL_I(s.count), CL_VAL(CL_VALUE_SLOT),
                         CL_VAL(CL_VALUE_LOSS_SCALE), wants, CL_T(&op->in[0]), CL_T(&op->in[1]),
                         CL_T(&op->out[0]), CL_T(&results), CL_T(&op->out[1]));
    }
    int64_t each;
    const cl_grid grid = cut(device, &s, &each);
    const cl_spec spec = {"loss.cl", "mse", defines.text};
    WEFT_TRY(CL_LAUNCH(step, &spec, &grid, CL_I(s.rows), CL_I(s.count), CL_L(each),
                       CL_VAL(CL_VALUE_LOSS_SCALE), wants, CL_T(&op->in[0]), CL_T(&op->in[1]),
                       CL_T(&op->out[0]), CL_T(&results)));
    return add_results(step, defines.text, &s, &results);
}
