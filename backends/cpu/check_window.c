/* Which convolutions and pools the CPU backend takes. */
#include "backends/cpu/check.h"

/* The windows of x that give y stay inside the padded x. */
static weft_status check_window(const weft_op *op, const weft_tensor *x, const weft_tensor *y)
{
    const weft_window *const with = &op->with.window;
    if (x->shape.rank != 4) return weft_cpu_refuse(op, "the image's rank", x->shape.rank, "4");
    if (y->shape.rank != 4) return weft_cpu_refuse(op, "the result's rank", y->shape.rank, "4");
    if (with->groups != 1) return weft_cpu_refuse(op, "groups", with->groups, "1");
    if (x->shape.dim[0] != y->shape.dim[0])
        return weft_cpu_mismatch(op, "batches", x->shape, y->shape);
    for (int axis = 0; axis < 2; axis++) {
        const int64_t before = with->pad[axis], after = with->pad[axis + 2];
        const int64_t kernel = with->kernel[axis], stride = with->stride[axis];
        if (with->dilation[axis] != 1)
            return weft_cpu_refuse(op, "dilation", with->dilation[axis], "1");
        if (kernel < 1) return weft_cpu_refuse(op, "the kernel", kernel, "1 or more");
        if (stride < 1) return weft_cpu_refuse(op, "the stride", stride, "1 or more");
        if (before < 0) return weft_cpu_refuse(op, "the padding", before, "0 or more");
        if (after < 0) return weft_cpu_refuse(op, "the padding", after, "0 or more");
        const int64_t last = (y->shape.dim[axis + 1] - 1) * stride + kernel;
        if (last > x->shape.dim[axis + 1] + before + after)
            return weft_cpu_mismatch(op, "image and result", x->shape, y->shape);
    }
    return WEFT_OK;
}

static weft_status check_conv(const weft_op *op, const weft_tensor *x, const weft_tensor *w,
                              const weft_tensor *y)
{
    WEFT_TRY(check_window(op, x, y));
    if (w->shape.rank != 4) return weft_cpu_refuse(op, "the weight's rank", w->shape.rank, "4");
    const int32_t *const dim = w->shape.dim;
    if (dim[0] != op->with.window.kernel[0] || dim[1] != op->with.window.kernel[1])
        return weft_cpu_refuse(op, "the weight's height", dim[0], "weights of the kernel's size");
    if (dim[2] != columns_of(x))
        return weft_cpu_mismatch(op, "image and weight", x->shape, w->shape);
    if (dim[3] != columns_of(y))
        return weft_cpu_mismatch(op, "weight and result", w->shape, y->shape);
    return WEFT_OK;
}

weft_status weft_cpu_check_conv2d(const weft_op *op, int64_t *elements)
{
    const weft_tensor *const w = &op->in[1];
    WEFT_TRY(check_conv(op, &op->in[0], w, &op->out[0]));
    *elements = weft_panels_count(rows_of(w), columns_of(w));
    return per_channel(op, &op->out[0], &op->in[2]);
}

weft_status weft_cpu_check_conv2d_data_grad(const weft_op *op, int64_t *elements)
{
    const weft_tensor *const w = &op->in[1];
    WEFT_TRY(check_conv(op, &op->out[0], w, &op->in[0]));
    *elements = weft_panels_count(count_of(w) / w->shape.dim[2], w->shape.dim[2]);
    return WEFT_OK;
}

weft_status weft_cpu_check_conv2d_weight_grad(const weft_op *op, int64_t *elements)
{
    WEFT_TRY(check_conv(op, &op->in[0], &op->out[0], &op->in[1]));
    *elements = slices_count(rows_of(&op->in[1]), count_of(&op->out[0]));
    return WEFT_OK;
}

static weft_status check_pool(const weft_op *op, const weft_tensor *x, const weft_tensor *y)
{
    WEFT_TRY(check_window(op, x, y));
    if (columns_of(x) != columns_of(y))
        return weft_cpu_mismatch(op, "channels", x->shape, y->shape);
    for (int axis = 0; axis < 2; axis++) {
        const int32_t kernel = op->with.window.kernel[axis], pad = op->with.window.pad[axis];
        const int64_t last =
            (int64_t)(y->shape.dim[axis + 1] - 1) * op->with.window.stride[axis] - pad;
        if (pad >= kernel) return weft_cpu_refuse(op, "the padding", pad, "less than the kernel");
        if (last >= x->shape.dim[axis + 1])
            return weft_cpu_refuse(op, "the padding", op->with.window.pad[axis + 2],
                                   "windows that reach the image");
    }
    return WEFT_OK;
}

static weft_status check_positions(const weft_op *op, const weft_tensor *where,
                                   const weft_tensor *y)
{
    enum { POSITIONS_MAX = 256 }; /* a place is one byte */
    const int64_t size = (int64_t)op->with.window.kernel[0] * op->with.window.kernel[1];
    if (size > POSITIONS_MAX)
        return weft_cpu_refuse(op, "the window's size", size, "up to 256 positions");
    return present(where) ? same_count(op, where, y) : WEFT_OK;
}

weft_status weft_cpu_check_maxpool(const weft_op *op, int64_t *elements)
{
    (void)elements;
    WEFT_TRY(check_pool(op, &op->in[0], &op->out[0]));
    return check_positions(op, &op->out[1], &op->out[0]);
}

weft_status weft_cpu_check_maxpool_grad(const weft_op *op, int64_t *elements)
{
    (void)elements;
    WEFT_TRY(check_pool(op, &op->out[0], &op->in[0]));
    return check_positions(op, &op->in[1], &op->in[0]);
}

weft_status weft_cpu_check_avgpool(const weft_op *op, int64_t *elements)
{
    (void)elements;
    return check_pool(op, &op->in[0], &op->out[0]);
}

weft_status weft_cpu_check_avgpool_grad(const weft_op *op, int64_t *elements)
{
    (void)elements;
    return check_pool(op, &op->out[0], &op->in[0]);
}
