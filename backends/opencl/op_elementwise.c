/* activation, activation_grad, copy: one expression over all elements. */
#include "backends/opencl/cl.h"

typedef struct expression {
    const char *name, *value, *gradient;
} expression;

#define EXPRESSION(name, value, gradient, saves, default_a, key) {#name, #value, #gradient},
static const expression activations[] = {WEFT_ACTIVATION_LIST(EXPRESSION)};

/* A program per expression serves both directions. */
static void define(const cl_device *device, const weft_op *op, const expression *e,
                   cl_defines *defines)
{
    cl_define_family(device, defines);
    cl_define(defines, "ADD", "%d", op->mode[0] == WEFT_OUT_ADD);
    cl_define(defines, "VALUE", "(%s)", e->value);
    cl_define(defines, "GRADIENT", "(%s)", e->gradient);
}

static weft_status launch_unary(cl_device *device, const weft_op *op, const expression *e, float a,
                                cl_step *step)
{
    cl_defines defines = {0};
    define(device, op, e, &defines);
    const int64_t count = weft_shape_count(op->out[0].shape);
    int64_t each;
    const cl_grid grid = cl_cut(device, count, 1, &each);
    const cl_spec spec = {"elementwise.cl", "unary", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(count), CL_L(each), CL_F(a), CL_T(&op->in[0]),
                     CL_T(&op->out[0]));
}

weft_status cl_supports_activation(const cl_device *device, const weft_op *op,
                                   weft_support *support)
{
    (void)device;
    return cl_accept(support, activations[op->with.activation.kind].name, 0);
}

weft_status cl_op_activation(cl_device *device, const weft_op *op, const char *choice,
                             cl_step *step)
{
    (void)choice;
    return launch_unary(device, op, &activations[op->with.activation.kind], op->with.activation.a,
                        step);
}

weft_status cl_supports_activation_grad(const cl_device *device, const weft_op *op,
                                        weft_support *support)
{
    return cl_supports_activation(device, op, support);
}

weft_status cl_op_activation_grad(cl_device *device, const weft_op *op, const char *choice,
                                  cl_step *step)
{
    (void)choice;
    cl_defines defines = {0};
    define(device, op, &activations[op->with.activation.kind], &defines);
    const int64_t count = weft_shape_count(op->out[0].shape);
    int64_t each;
    const cl_grid grid = cl_cut(device, count, 1, &each);
    const cl_spec spec = {"elementwise.cl", "binary", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(count), CL_L(each), CL_F(op->with.activation.a),
                     CL_T(&op->in[0]), CL_T(&op->in[1]), CL_T(&op->out[0]));
}

weft_status cl_supports_copy(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    if (op->in[0].dtype != WEFT_F32) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "copy: only of float32");
    }
    return cl_accept(support, "copy", 0);
}

weft_status cl_op_copy(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    static const expression copy = {"copy", "v", "dy"};
    (void)choice;
    return launch_unary(device, op, &copy, 0, step);
}
