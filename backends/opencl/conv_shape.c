/* Convolution: extents, tiles, and the launches that sum slices. */
#include "backends/opencl/conv.h"

#include "core/checked.h"

/* Offsets inside one image and inside the weights are 32-bit in the kernels. */
static bool fits(int64_t a, int64_t b, int64_t c, int64_t d)
{
    int64_t product = 0;
    return !weft_mul_i64(a, b, &product) && !weft_mul_i64(product, c, &product) &&
           !weft_mul_i64(product, d, &product) && product <= INT32_MAX;
}

static void set_sides(cl_conv *conv, const weft_shape *x, const weft_shape *y)
{
    conv->n = x->dim[0];
    conv->h = x->dim[1];
    conv->w = x->dim[2];
    conv->c = x->dim[3];
    conv->p = y->dim[1];
    conv->q = y->dim[2];
    conv->k = y->dim[3];
}

const weft_window *cl_conv_window(const weft_op *op)
{
    return op->kind > WEFT_BEFORE_FUSED ? &op->with.fused.window : &op->with.window;
}

/* What the window makes of x; a fused op's output may be pooled. */
static weft_shape result_of(const weft_window *w, const weft_shape *x, const weft_shape *filter)
{
    weft_shape y = {4, {x->dim[0], 0, 0, filter->dim[3]}};
    for (int i = 0; i < 2; i++) {
        const int32_t padded = x->dim[1 + i] + w->pad[i] + w->pad[2 + i];
        y.dim[1 + i] = (padded - w->kernel[i]) / w->stride[i] + 1;
    }
    return y;
}

static void set_extents(cl_conv *conv, const weft_op *op, const weft_window *w)
{
    const weft_shape *first = &op->in[0].shape, *second = &op->in[1].shape;
    if (op->kind == WEFT_OP_conv2d_data_grad) {
        set_sides(conv, first, &op->out[0].shape);
    } else if (op->kind == WEFT_OP_conv2d_weight_grad) {
        set_sides(conv, first, second);
    } else {
        const weft_shape y = result_of(w, first, second);
        set_sides(conv, first, &y);
    }
}

weft_status cl_conv_of(const weft_op *op, cl_conv *out)
{
    const char *name = weft_op_describe(op->kind)->name;
    const weft_window *w = cl_conv_window(op);
    *out = (cl_conv){.r = w->kernel[0],
                     .s = w->kernel[1],
                     .sh = w->stride[0],
                     .sw = w->stride[1],
                     .pt = w->pad[0],
                     .pl = w->pad[1],
                     .transposed = op->kind == WEFT_OP_conv2d_data_grad};
    if (w->dilation[0] > 1 || w->dilation[1] > 1) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: dilation %dx%d, only 1 is supported", name,
                         (int)w->dilation[0], (int)w->dilation[1]);
    }
    if (w->groups > 1) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: %d groups, only 1 is supported", name,
                         (int)w->groups);
    }

    set_extents(out, op, w);
    const int64_t k_padded = (int64_t)out->k + 64;
    if (!fits(out->h, out->w, out->c, 1) || !fits(out->p, out->q, out->k, 1) ||
        !fits(out->r, out->s, out->c, k_padded) || !fits(out->p, out->sh, 2, 1) ||
        !fits(out->q, out->sw, 2, 1)) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: an image or the weights exceed 2^31 elements",
                         name);
    }
    return WEFT_OK;
}

int64_t cl_conv_weight_floats(const cl_conv *conv)
{
    return (int64_t)conv->r * conv->s * conv->c * conv->k;
}

void cl_conv_define(cl_defines *defines, const cl_conv *conv)
{
    const struct {
        const char *name;
        int32_t value;
    } list[] = {{"H", conv->h},   {"W", conv->w},   {"C", conv->c},   {"P", conv->p},
                {"Q", conv->q},   {"K", conv->k},   {"R", conv->r},   {"S", conv->s},
                {"SH", conv->sh}, {"SW", conv->sw}, {"PT", conv->pt}, {"PL", conv->pl}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        cl_define(defines, list[i].name, "%d", (int)list[i].value);
    cl_define(defines, "TRANSPOSED", "%d", conv->transposed);
}

bool cl_conv_is_product(const weft_op *op, const cl_conv *conv, weft_gemm *out)
{
    const weft_window *w = cl_conv_window(op);
    if (conv->r != 1 || conv->s != 1 || conv->sh != 1 || conv->sw != 1) return false;
    if (w->pad[0] || w->pad[1] || w->pad[2] || w->pad[3]) return false;

    int64_t rows = (int64_t)conv->n * conv->h;
    if (weft_mul_i64(rows, conv->w, &rows) || rows > INT32_MAX) return false;
    const int32_t m = (int32_t)rows;
    if (op->kind == WEFT_OP_conv2d_weight_grad)
        *out = (weft_gemm){.m = conv->c, .n = conv->k, .k = m, .trans_a = true};
    else
        *out = (weft_gemm){.m = m, .n = conv->k, .k = conv->c, .trans_b = conv->transposed};
    return true;
}

int32_t cl_tile_budget(const cl_device *device)
{
    const int32_t budget = device->limits.registers * device->limits.native_floats / 16;
    return budget < 4 ? 4 : budget > 32 ? 32 : budget;
}

/* Work of one step of a tile: multiply-adds, of which fewer than eight wait for each other, and the
 * loads beside them. Only ratios matter. */
static int64_t step_cost(int32_t count, int32_t vectors)
{
    const int32_t sums = count * vectors;
    return 4 * (sums < 8 ? 8 : sums) + count + 2 * vectors;
}

static int64_t tile_cost(cl_tile tile, int32_t count, int32_t outputs)
{
    const int32_t tail = count % tile.count;
    const int64_t row = count / tile.count * step_cost(tile.count, tile.vectors) +
                        (tail > 0 ? step_cost(tail, tile.vectors) : 0);
    return row * (outputs / tile.vectors);
}

cl_tile cl_tile_choose(const cl_device *device, int32_t count, int32_t outputs, int32_t step)
{
    const int32_t room = cl_tile_budget(device) - 1;
    const int32_t all = (int32_t)cl_divide_up(outputs, 16);
    cl_tile best = {step < count ? step : count, 1};
    for (int32_t vectors = 1; vectors <= 4 && vectors <= all; vectors++) {
        if (all % vectors != 0) continue;
        for (int32_t i = 1; i <= count; i++) {
            if (i % step != 0 && i != count) continue;
            if (i * vectors + vectors > room) break;
            const cl_tile tile = {i, vectors};
            if (tile_cost(tile, count, all) < tile_cost(best, count, all)) best = tile;
        }
    }
    return best;
}

weft_status cl_sum_add(cl_step *step, int64_t rows, int32_t columns, int32_t slices,
                       const weft_tensor *part, const weft_tensor *bias, const weft_tensor *out,
                       bool add)
{
    const cl_device *device = cl_step_device(step);
    const bool biased = bias && bias->shape.rank > 0;
    const int32_t group = cl_group_size(device);
    const int32_t chunk = device->info.family == WEFT_FAMILY_VECTOR ? 1024 : group;
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_define(&defines, "CHUNK", "%d", (int)chunk);
    cl_define(&defines, "BIAS", "%d", biased);
    cl_define(&defines, "ADD", "%d", add);

    const cl_spec spec = {"gemm_sum.cl", "gemm_sum", defines.text};
    const cl_grid grid = {{cl_divide_up(columns, chunk), rows}, {group}};
    return CL_LAUNCH(step, &spec, &grid, CL_I(columns), CL_I(slices), CL_L(rows * columns),
                     CL_T(part), CL_T(bias), CL_T(out));
}
