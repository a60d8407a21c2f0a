/* sum_rows: sums in slices, then the slices in order. */
#include "backends/opencl/cl.h"

typedef struct sizes {
    int64_t rows;
    int32_t columns, slices;
} sizes;

/* The number of slices follows from shape and family, never from the device. */
static sizes sizes_of(const cl_device *device, const weft_op *op)
{
    const weft_shape *shape = &op->in[0].shape;
    const int32_t columns = shape->dim[shape->rank - 1];
    const int64_t rows = weft_shape_count(*shape) / columns;
    return (sizes){rows, columns, cl_slices(device, rows, 256)};
}

weft_status cl_supports_sum_rows(const cl_device *device, const weft_op *op, weft_support *support)
{
    const sizes s = sizes_of(device, op);
    const size_t bytes = (size_t)s.slices * (size_t)s.columns * sizeof(float);
    return s.slices == 1 ? cl_accept(support, "one", 0) : cl_accept(support, "slices", bytes);
}

weft_status cl_op_sum_rows(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const sizes s = sizes_of(device, op);
    const int32_t group = cl_group_size(device);
    const weft_tensor part =
        s.slices == 1 ? op->out[0] : cl_scratch(op, 0, (int64_t)s.slices * s.columns);

    const cl_spec slice = {"rows.cl", "sum_slice", defines.text};
    const cl_grid slices = {{s.slices}, {group}};
    WEFT_TRY(CL_LAUNCH(step, &slice, &slices, CL_L(s.rows), CL_I(s.slices), CL_I(s.columns),
                       CL_T(&op->in[0]), CL_T(&part)));
    if (s.slices == 1) return WEFT_OK;

    const cl_spec add = {"rows.cl", "add_slices", defines.text};
    const cl_grid columns = cl_column_grid(device, s.columns);
    return CL_LAUNCH(step, &add, &columns, CL_I(s.slices), CL_I(s.columns), CL_T(&part),
                     CL_T(&op->out[0]));
}
