/* sum_rows: one launch where the rows are few, else sums in slices, then the slices in order. */
#include "backends/opencl/rows.h"

/* The number of slices follows from shape and family, never from the device. */
static int32_t slices_of(const cl_device *device, int64_t rows)
{
    return cl_slices(device, rows, 256);
}

int64_t cl_rows_scratch(const cl_device *device, int64_t rows, int32_t columns)
{
    const int32_t slices = slices_of(device, rows);
    return slices > 1 ? (int64_t)slices * columns : 0;
}

weft_status cl_rows_add(cl_step *step, int64_t rows, int32_t columns, const weft_tensor *x,
                        int64_t at, const weft_tensor *sums)
{
    const cl_device *device = cl_step_device(step);
    const int32_t slices = slices_of(device, rows);
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    const weft_tensor part =
        slices > 1 ? cl_scratch(&step->op, at, (int64_t)slices * columns) : *sums;

    const cl_spec slice = {"rows.cl", "sum_slice", defines.text};
    const cl_grid grid = {{slices}, {cl_group_size(device)}};
    WEFT_TRY(CL_LAUNCH(step, &slice, &grid, CL_L(rows), CL_I(slices), CL_I(columns), CL_T(x),
                       CL_T(&part)));
    if (slices == 1) return WEFT_OK;

    const cl_spec add = {"rows.cl", "add_slices", defines.text};
    const cl_grid across = cl_column_grid(device, columns);
    return CL_LAUNCH(step, &add, &across, CL_I(slices), CL_I(columns), CL_T(&part), CL_T(sums));
}

static int32_t columns_of(const weft_op *op)
{
    return op->in[0].shape.dim[op->in[0].shape.rank - 1];
}

static int64_t rows_of(const weft_op *op)
{
    return weft_shape_count(op->in[0].shape) / columns_of(op);
}

weft_status cl_supports_sum_rows(const cl_device *device, const weft_op *op, weft_support *support)
{
    const int64_t floats = cl_rows_scratch(device, rows_of(op), columns_of(op));
    return cl_accept(support, floats > 0 ? "slices" : "one", (size_t)floats * sizeof(float));
}

weft_status cl_op_sum_rows(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)device, (void)choice;
    return cl_rows_add(step, rows_of(op), columns_of(op), &op->in[0], 0, &op->out[0]);
}
