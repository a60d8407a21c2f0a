#include "backends/opencl/dropout.h"

#include "core/rng.h"

weft_status cl_dropout_add(cl_step *step, const weft_dropout *with, const weft_tensor *x,
                           const char *gradient, float a, const weft_tensor *saved)
{
    const cl_device *device = cl_step_device(step);
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_define(&defines, "ADD", "%d", step->op.mode[0] == WEFT_OUT_ADD);
    cl_define(&defines, "GRADED", "%d", gradient != NULL);
    if (gradient) cl_define(&defines, "GRADIENT", "(%s)", gradient);

    /* Blocks of a row, as the kernel counts them; drawing is the work. */
    const int64_t block = device->info.family == WEFT_FAMILY_VECTOR ? 64 : 4;
    const int64_t rows = x->shape.dim[0];
    const int64_t columns = weft_shape_count(x->shape) / rows;
    int64_t each;
    const cl_grid grid = cl_cut(device, rows * cl_divide_up(columns, block), block, &each);
    const uint32_t tag = (uint32_t)WEFT_RNG_DROPOUT << 24 | (uint32_t)with->layer;
    const cl_spec spec = {"dropout.cl", "dropout", defines.text};
    return CL_LAUNCH(
        step, &spec, &grid, CL_L(rows), CL_L(columns), CL_L(each), CL_VAL(CL_VALUE_STEP_LOW),
        CL_VAL(CL_VALUE_ROW0), CL_I((int32_t)(uint32_t)with->seed),
        CL_I((int32_t)(uint32_t)(with->seed >> 32)), CL_I((int32_t)tag),
        CL_I((int32_t)weft_rate_threshold(with->rate)), CL_F(1.0f / (1.0f - with->rate)), CL_F(a),
        CL_T(saved), CL_T(x), CL_T(&step->op.out[0]));
}

weft_status cl_supports_dropout(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device, (void)op;
    return cl_accept(support, "philox", 0);
}

weft_status cl_op_dropout(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)device, (void)choice;
    return cl_dropout_add(step, &op->with.dropout, &op->in[0], NULL, 0, NULL);
}
