/* maxpool, avgpool and their gradients. */
#include "backends/opencl/cl.h"

enum { MAX_TAPS = 256 }; /* the place of a maximum is one byte */

/* What a pooling's launch is made of: x and y are the large and the small image, out the one that
 * is written. */
typedef struct pooling {
    const weft_shape *x, *y, *out;
    const char *entry;
} pooling;

static void define(const cl_device *device, const weft_op *op, cl_defines *defines)
{
    const weft_window *window = &op->with.window;
    cl_define_family(device, defines);
    cl_define(defines, "ADD", "%d", op->mode[0] == WEFT_OUT_ADD);
    cl_define(defines, "R", "%d", (int)window->kernel[0]);
    cl_define(defines, "S", "%d", (int)window->kernel[1]);
    cl_define(defines, "SH", "%d", (int)window->stride[0]);
    cl_define(defines, "SW", "%d", (int)window->stride[1]);
    cl_define(defines, "PT", "%d", (int)window->pad[0]);
    cl_define(defines, "PL", "%d", (int)window->pad[1]);
}

/* The vector family counts rows of pixels, the tile family numbers. */
static cl_grid cut(const cl_device *device, const weft_shape *out, int64_t *each)
{
    const int64_t row = (int64_t)out->dim[2] * out->dim[3];
    const int64_t rows = (int64_t)out->dim[0] * out->dim[1];
    return device->info.family == WEFT_FAMILY_VECTOR ? cl_cut(device, rows, row, each)
                                                     : cl_cut(device, rows * row, 1, each);
}

/* The sizes every pooling kernel begins with. */
#define SIZES(p, each)                                                                      \
    CL_I((p)->x->dim[0]), CL_I((p)->x->dim[1]), CL_I((p)->x->dim[2]), CL_I((p)->y->dim[1]), \
        CL_I((p)->y->dim[2]), CL_I((p)->x->dim[3]), CL_L(each)

weft_status cl_supports_maxpool(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    const weft_window *window = &op->with.window;
    if ((int64_t)window->kernel[0] * window->kernel[1] > MAX_TAPS) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "maxpool: a window of %d x %d, at most %d in all",
                         (int)window->kernel[0], (int)window->kernel[1], MAX_TAPS);
    }
    return cl_accept(support, "direct", 0);
}

weft_status cl_op_maxpool(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    cl_defines defines = {0};
    define(device, op, &defines);
    const pooling p = {&op->in[0].shape, &op->out[0].shape, &op->out[0].shape, "maxpool"};
    int64_t each;
    const cl_grid grid = cut(device, p.out, &each);
    const cl_spec spec = {"pool.cl", p.entry, defines.text};
    return CL_LAUNCH(step, &spec, &grid, SIZES(&p, each), CL_I(op->mode[1] != WEFT_OUT_NONE),
                     CL_T(&op->in[0]), CL_T(&op->out[0]), CL_T(&op->out[1]));
}

weft_status cl_supports_maxpool_grad(const cl_device *device, const weft_op *op,
                                     weft_support *support)
{
    return cl_supports_maxpool(device, op, support);
}

weft_status cl_op_maxpool_grad(cl_device *device, const weft_op *op, const char *choice,
                               cl_step *step)
{
    (void)choice;
    cl_defines defines = {0};
    define(device, op, &defines);
    const pooling p = {&op->out[0].shape, &op->in[0].shape, &op->out[0].shape, "maxpool_grad"};
    int64_t each;
    const cl_grid grid = cut(device, p.out, &each);
    const cl_spec spec = {"pool.cl", p.entry, defines.text};
    return CL_LAUNCH(step, &spec, &grid, SIZES(&p, each), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->out[0]));
}

/* avgpool and its gradient take one input and give one output. */
static weft_status launch_average(cl_device *device, const weft_op *op, const pooling *p,
                                  cl_step *step)
{
    cl_defines defines = {0};
    define(device, op, &defines);
    int64_t each;
    const cl_grid grid = cut(device, p->out, &each);
    const cl_spec spec = {"pool.cl", p->entry, defines.text};
    return CL_LAUNCH(step, &spec, &grid, SIZES(p, each), CL_T(&op->in[0]), CL_T(&op->out[0]));
}

weft_status cl_supports_avgpool(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    (void)op;
    return cl_accept(support, "direct", 0);
}

weft_status cl_op_avgpool(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    const pooling p = {&op->in[0].shape, &op->out[0].shape, &op->out[0].shape, "avgpool"};
    return launch_average(device, op, &p, step);
}

weft_status cl_supports_avgpool_grad(const cl_device *device, const weft_op *op,
                                     weft_support *support)
{
    return cl_supports_avgpool(device, op, support);
}

weft_status cl_op_avgpool_grad(cl_device *device, const weft_op *op, const char *choice,
                               cl_step *step)
{
    (void)choice;
    const pooling p = {&op->out[0].shape, &op->in[0].shape, &op->out[0].shape, "avgpool_grad"};
    return launch_average(device, op, &p, step);
}
