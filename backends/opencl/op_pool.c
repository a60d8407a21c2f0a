/* maxpool, avgpool and their gradients. */
#include "backends/opencl/cl.h"

enum { MAX_TAPS = 256 }; /* the place of a maximum is one byte */

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

/* A pooling's launch: x and y are the large and the small image, spec borrows the defines. */
typedef struct pooling {
    const weft_shape *x, *y;
    int64_t each;
    cl_grid grid;
    cl_defines defines;
    cl_spec spec;
} pooling;

/* grad: the small image is read and the large one is written. */
static void pooling_of(const cl_device *device, const weft_op *op, const char *entry, bool grad,
                       pooling *p)
{
    const weft_shape *in = &op->in[0].shape, *out = &op->out[0].shape;
    *p = (pooling){.x = grad ? out : in, .y = grad ? in : out};
    define(device, op, &p->defines);
    p->grid = cut(device, out, &p->each);
    p->spec = (cl_spec){"pool.cl", entry, p->defines.text};
}

/* The sizes every pooling kernel begins with. */
#define SIZES(p)                                                                            \
    CL_I((p)->x->dim[0]), CL_I((p)->x->dim[1]), CL_I((p)->x->dim[2]), CL_I((p)->y->dim[1]), \
        CL_I((p)->y->dim[2]), CL_I((p)->x->dim[3]), CL_L((p)->each)

static weft_status refuse_dilation(const weft_op *op)
{
    const int32_t *dilation = op->with.window.dilation;
    if (dilation[0] <= 1 && dilation[1] <= 1) return WEFT_OK;
    return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: dilation %dx%d, only 1 is supported",
                     weft_op_describe(op->kind)->name, (int)dilation[0], (int)dilation[1]);
}

weft_status cl_supports_maxpool(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    const weft_window *window = &op->with.window;
    WEFT_TRY(refuse_dilation(op));
    if ((int64_t)window->kernel[0] * window->kernel[1] > MAX_TAPS) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "maxpool: a window of %d x %d, at most %d in all",
                         (int)window->kernel[0], (int)window->kernel[1], MAX_TAPS);
    }
    return cl_accept(support, "direct", 0);
}

weft_status cl_op_maxpool(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    pooling p;
    pooling_of(device, op, "maxpool", false, &p);
    return CL_LAUNCH(step, &p.spec, &p.grid, SIZES(&p), CL_I(op->mode[1] != WEFT_OUT_NONE),
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
    pooling p;
    pooling_of(device, op, "maxpool_grad", true, &p);
    return CL_LAUNCH(step, &p.spec, &p.grid, SIZES(&p), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->out[0]));
}

weft_status cl_supports_avgpool(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    WEFT_TRY(refuse_dilation(op));
    return cl_accept(support, "direct", 0);
}

weft_status cl_op_avgpool(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    pooling p;
    pooling_of(device, op, "avgpool", false, &p);
    return CL_LAUNCH(step, &p.spec, &p.grid, SIZES(&p), CL_T(&op->in[0]), CL_T(&op->out[0]));
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
    pooling p;
    pooling_of(device, op, "avgpool_grad", true, &p);
    return CL_LAUNCH(step, &p.spec, &p.grid, SIZES(&p), CL_T(&op->in[0]), CL_T(&op->out[0]));
}
