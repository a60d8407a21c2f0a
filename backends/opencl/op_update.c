/* sgd, adam: all ranges of the parameter arena in one launch. */
#include "backends/opencl/cl.h"

/* From the first element of any range to the end of the last. */
static int64_t span_of(const weft_update *update, int64_t *start)
{
    const weft_range *last = &update->range[update->range_count - 1];
    *start = update->range[0].first;
    return last->first + last->count - *start;
}

/* Groups begin at multiples of a line of the cache, so each is a multiple of 16 elements. */
static cl_grid cut(const cl_device *device, int64_t span, int64_t *each)
{
    const int64_t line = 16;
    const cl_grid grid = cl_cut(device, cl_divide_up(span, line), line, each);
    *each *= line;
    return grid;
}

#define RANGE(u, i)                                                                  \
    CL_L((u)->range[i].first), CL_L((u)->range[i].count), CL_F((u)->range[i].decay), \
        CL_F((u)->range[i].lr_scale)
#define RANGES(u) RANGE(u, 0), RANGE(u, 1), RANGE(u, 2), RANGE(u, 3)

/* A copy whose unused ranges have no elements. */
static weft_update clean(const weft_op *op)
{
    weft_update update = op->with.update;
    for (int i = update.range_count; i < WEFT_MAX_RANGES; i++) {
        update.range[i] = (weft_range){0};
    }
    return update;
}

static weft_status accept_update(const weft_op *op, const char *variant, weft_support *support)
{
    if (op->with.update.range_count < 1) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: no range to update", variant);
    }
    return cl_accept(support, variant, 0);
}

weft_status cl_supports_sgd(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    return accept_update(op, "sgd", support);
}

weft_status cl_op_sgd(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    const weft_update u = clean(op);
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    cl_define(&defines, "MOMENTUM", "%d", op->mode[1] != WEFT_OUT_NONE);
    cl_define(&defines, "NESTEROV", "%d", u.nesterov);

    int64_t start, each;
    const cl_grid grid = cut(device, span_of(&u, &start), &each);
    const cl_spec spec = {"update.cl", "sgd", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(start), CL_L(each), RANGES(&u), CL_VAL(CL_VALUE_LR),
                     CL_VAL(CL_VALUE_GRAD_SCALE), CL_F(u.momentum), CL_T(&op->in[0]),
                     CL_T(&op->out[0]), CL_T(&op->out[1]));
}

weft_status cl_supports_adam(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    return accept_update(op, op->with.update.decoupled ? "adamw" : "adam", support);
}

weft_status cl_op_adam(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    const weft_update u = clean(op);
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    cl_define(&defines, "DECOUPLED", "%d", u.decoupled);

    int64_t start, each;
    const cl_grid grid = cut(device, span_of(&u, &start), &each);
    const cl_spec spec = {"update.cl", "adam", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(start), CL_L(each), RANGES(&u), CL_VAL(CL_VALUE_LR),
                     CL_VAL(CL_VALUE_GRAD_SCALE), CL_VAL(CL_VALUE_CORRECTION1),
                     CL_VAL(CL_VALUE_CORRECTION2), CL_F(u.beta1), CL_F(u.beta2), CL_F(u.eps),
                     CL_T(&op->in[0]), CL_T(&op->out[0]), CL_T(&op->out[1]), CL_T(&op->out[2]));
}
