/* inspect: one launch, a group for every row of the result. */
#include "backends/opencl/cl.h"

weft_status cl_supports_inspect(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device, (void)op;
    return cl_accept(support, "slices", 0);
}

weft_status cl_op_inspect(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    const int32_t slices = op->out[0].shape.dim[0];
    const cl_spec spec = {"inspect.cl", "inspect", defines.text};
    const cl_grid grid = {{slices}, {cl_group_size(device)}};
    return CL_LAUNCH(step, &spec, &grid, CL_L(weft_shape_count(op->in[0].shape)), CL_I(slices),
                     CL_T(&op->in[0]), CL_T(&op->out[0]));
}
