/* Convolution and pooling of ONNX: channels come first there and last in Weft, and an image of one
 * axis is one of height 1.
 *
 *   Conv               conv2d
 *   ConvTranspose      conv2d_data_grad: y is the gradient of a convolution's input
 *   MaxPool            maxpool, its Indices from the positions that maxpool keeps
 *   GlobalMaxPool      maxpool with a window of the image
 *   MaxUnpool          maxpool_grad: the opposite way from Indices to positions
 *   AveragePool        avgpool, where padding counts or there is none
 *   GlobalAveragePool  avgpool with a window of the image
 */
#include <string.h>

#include "tests/onnx_trial.h"

/* N x C x H x W, H = 1 for images of one axis. */
typedef struct image {
    int64_t n, c, h, w;
} image;

static weft_status image_of(const onnx_tensor *tensor, image *out)
{
    if (tensor->rank == 5) return onnx_refuse("images of three axes");
    if (tensor->rank != 3 && tensor->rank != 4) return onnx_refuse("an image without axes");
    const int64_t *dim = tensor->dim;
    const bool line = tensor->rank == 3;
    *out = (image){dim[0], dim[1], line ? 1 : dim[2], dim[tensor->rank - 1]};
    return WEFT_OK;
}

static int64_t count_of(const image *x)
{
    return x->n * x->c * x->h * x->w;
}

static weft_tensor tensor_of(const image *x)
{
    return onnx_f32(x->n, x->h, x->w, x->c);
}

static float *to_last(onnx_trial *t, const image *x, const float *values)
{
    return onnx_turn(t, values, x->n, x->c, x->h * x->w);
}

static float *to_first(onnx_trial *t, const image *x, const float *values)
{
    return onnx_turn(t, values, x->n, x->h * x->w, x->c);
}

/* Check an output image that lies channels last. */
static weft_status check_image(onnx_trial *t, int output, const image *y, const float *values)
{
    return onnx_check(t, output, to_first(t, y, values), count_of(y));
}

/* ---- the window ---- */

/* An attribute of one number for each axis; the height of a line is `otherwise`. */
static void pair(const onnx_case *c, const char *name, int32_t otherwise, int32_t out[2])
{
    int64_t list[ONNX_MAX_INTS];
    const int count = onnx_case_ints(c, name, list);
    out[0] = count == 2 ? (int32_t)list[0] : otherwise;
    out[1] = count > 0 ? (int32_t)list[count - 1] : otherwise;
}

static void explicit_pads(const onnx_case *c, weft_window *w)
{
    int64_t list[ONNX_MAX_INTS];
    const int count = onnx_case_ints(c, "pads", list);
    for (int i = 0; i < count && count == 4; i++)
        w->pad[i] = (int32_t)list[i];
    for (int i = 0; i < 2 && count == 2; i++)
        w->pad[2 * i + 1] = (int32_t)list[i];
}

static void set_pads(weft_window *w, int axis, int64_t both, bool more_at_end)
{
    const int32_t sum = both > 0 ? (int32_t)both : 0;
    w->pad[axis] = more_at_end ? sum / 2 : sum - sum / 2;
    w->pad[axis + 2] = sum - w->pad[axis];
}

static bool same_upper(const onnx_case *c)
{
    return strcmp(onnx_case_text(c, "auto_pad", ""), "SAME_UPPER") == 0;
}

static bool same(const onnx_case *c)
{
    return same_upper(c) || strcmp(onnx_case_text(c, "auto_pad", ""), "SAME_LOWER") == 0;
}

static int64_t reach(const weft_window *w, int axis)
{
    return (int64_t)(w->kernel[axis] - 1) * w->dilation[axis] + 1;
}

/* The window without padding; the kernel may follow from the weights. */
static weft_window window_of(const onnx_case *c, const image *weight)
{
    weft_window w = {.groups = (int32_t)onnx_case_int(c, "group", 1)};
    pair(c, "strides", 1, w.stride);
    pair(c, "dilations", 1, w.dilation);
    pair(c, "kernel_shape", 1, w.kernel);
    if (weight) w.kernel[0] = (int32_t)weight->h;
    if (weight) w.kernel[1] = (int32_t)weight->w;
    return w;
}

/* The extent of y along an axis. The last window of ceil_mode gets the padding that it lacks. */
static int64_t extent(const onnx_case *c, weft_window *w, int axis, int64_t in)
{
    const int64_t stride = w->stride[axis];
    if (same(c)) {
        const int64_t out = (in + stride - 1) / stride;
        set_pads(w, axis, (out - 1) * stride + reach(w, axis) - in, same_upper(c));
        return out;
    }
    const int64_t free = in + w->pad[axis] + w->pad[axis + 2] - reach(w, axis);
    if (onnx_case_int(c, "ceil_mode", 0) == 0) return free / stride + 1;
    const int64_t lacking = (stride - free % stride) % stride;
    w->pad[axis + 2] += (int32_t)lacking;
    return (free + lacking) / stride + 1;
}

/* The padding and y of a window over x. */
static image slide(const onnx_case *c, weft_window *w, const image *x, int64_t channels)
{
    explicit_pads(c, w);
    const int64_t h = extent(c, w, 0, x->h);
    return (image){x->n, channels, h, extent(c, w, 1, x->w)};
}

/* ---- convolution ---- */

/* K x C x R x S -> R x S x C x K */
static float *weights(onnx_trial *t, const image *w, const float *from)
{
    float *to = onnx_floats(t, count_of(w));
    int64_t i = 0;
    for (int64_t k = 0; k < w->n; k++)
        for (int64_t c = 0; c < w->c; c++)
            for (int64_t at = 0; at < w->h * w->w; at++)
                to[(at * w->c + c) * w->n + k] = from[i++];
    return to;
}

typedef struct conv {
    image x, w; /* x: the first input; w: n x c are ONNX's first two axes of the weights */
    float *x_values, *w_values;
    weft_window window;
} conv;

static weft_status conv_of(onnx_trial *t, conv *out)
{
    const onnx_tensor *x = NULL, *w = NULL;
    WEFT_TRY(onnx_take(t, 0, &x, &out->x_values));
    WEFT_TRY(onnx_take(t, 1, &w, &out->w_values));
    WEFT_TRY(image_of(x, &out->x));
    WEFT_TRY(image_of(w, &out->w));
    out->window = window_of(t->c, &out->w);
    return WEFT_OK;
}

weft_status onnx_map_conv(onnx_trial *t)
{
    conv v;
    WEFT_TRY(conv_of(t, &v));
    const image y = slide(t->c, &v.window, &v.x, v.w.n);
    weft_op op = {.kind = WEFT_OP_conv2d, .with.window = v.window, .mode = {WEFT_OUT_SET}};
    op.in[0] = tensor_of(&v.x);
    op.in[1] = onnx_f32(v.w.h, v.w.w, v.w.c, v.w.n);
    op.out[0] = tensor_of(&y);
    op_data data = {.in = {to_last(t, &v.x, v.x_values), weights(t, &v.w, v.w_values)}};
    if (onnx_case_in(t->c, 2)) {
        const onnx_tensor *bias = NULL;
        float *values = NULL;
        WEFT_TRY(onnx_take(t, 2, &bias, &values));
        op.in[2] = onnx_f32(bias->count, 0, 0, 0);
        data.in[2] = values;
    }
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return check_image(t, 0, &y, data.out[0]);
}

/* The padding that makes y as large as it is to be; what is too small for it stays without. */
static void transposed_pads(const onnx_case *c, weft_window *w, const image *x, const image *y)
{
    int32_t extra[2], wanted[2];
    pair(c, "output_padding", 0, extra);
    pair(c, "output_shape", 0, wanted);
    explicit_pads(c, w);
    if (wanted[1] == 0 && !same(c)) return;
    const int64_t in[2] = {x->h, x->w}, out[2] = {y->h, y->w};
    for (int axis = 0; axis < 2; axis++) {
        const int64_t full = w->stride[axis] * (in[axis] - 1) + extra[axis] + reach(w, axis);
        set_pads(w, axis, full - out[axis], same_upper(c));
    }
}

weft_status onnx_map_conv_transpose(onnx_trial *t)
{
    conv v;
    image y;
    WEFT_TRY(conv_of(t, &v));
    WEFT_TRY(image_of(&t->c->out[0], &y));
    if (onnx_case_in(t->c, 2)) return onnx_refuse("a bias of the gradient of an image");
    transposed_pads(t->c, &v.window, &v.x, &y);
    weft_op op = {
        .kind = WEFT_OP_conv2d_data_grad, .with.window = v.window, .mode = {WEFT_OUT_SET}};
    op.in[0] = tensor_of(&v.x);
    op.in[1] = onnx_f32(v.w.h, v.w.w, v.w.c, v.w.n);
    op.out[0] = tensor_of(&y);
    op_data data = {.in = {to_last(t, &v.x, v.x_values), weights(t, &v.w, v.w_values)}};
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return check_image(t, 0, &y, data.out[0]);
}

/* ---- pooling ---- */

typedef struct pool {
    image x, y;
    weft_window window;
    op_data data; /* x, then y and the positions */
} pool;

static weft_status run_pool(onnx_trial *t, weft_op_kind kind, pool *p)
{
    weft_op op = {.kind = kind, .with.window = p->window, .mode = {WEFT_OUT_SET}};
    op.in[0] = tensor_of(&p->x);
    op.out[0] = tensor_of(&p->y);
    if (kind == WEFT_OP_maxpool) {
        op.out[1] = tensor_of(&p->y);
        op.out[1].dtype = WEFT_U8;
        op.mode[1] = WEFT_OUT_SET;
    }
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &p->data));
    return check_image(t, 0, &p->y, p->data.out[0]);
}

static weft_status pool_of(onnx_trial *t, pool *out)
{
    const onnx_tensor *x = NULL;
    float *values = NULL;
    *out = (pool){.window = window_of(t->c, NULL)};
    WEFT_TRY(onnx_take(t, 0, &x, &values));
    WEFT_TRY(image_of(x, &out->x));
    out->data.in[0] = to_last(t, &out->x, values);
    out->y = slide(t->c, &out->window, &out->x, out->x.c);
    return WEFT_OK;
}

/* One window over the whole image. */
static weft_status global_of(onnx_trial *t, pool *out)
{
    WEFT_TRY(pool_of(t, out));
    out->window.kernel[0] = (int32_t)out->x.h;
    out->window.kernel[1] = (int32_t)out->x.w;
    out->y.h = out->y.w = 1;
    return WEFT_OK;
}

/* ONNX counts the place of a maximum through the whole of x, rows or columns first. */
static weft_status check_indices(onnx_trial *t, const pool *p)
{
    const image *x = &p->x, *y = &p->y;
    const bool by_column = onnx_case_int(t->c, "storage_order", 0) != 0;
    const uint8_t *where = p->data.out[1];
    float *index = onnx_floats(t, count_of(y));
    for (int64_t i = 0; i < count_of(y); i++) {
        const int64_t c = i % y->c, q = i / y->c % y->w, row = i / y->c / y->w;
        const int64_t tap_h = where[i] / p->window.kernel[1],
                      tap_w = where[i] % p->window.kernel[1];
        const int64_t h = row % y->h * p->window.stride[0] - p->window.pad[0] + tap_h;
        const int64_t w = q * p->window.stride[1] - p->window.pad[1] + tap_w;
        const int64_t plane = (row / y->h * x->c + c) * x->h * x->w;
        index[i] = (float)(plane + (by_column ? w * x->h + h : h * x->w + w));
    }
    return check_image(t, 1, y, index);
}

weft_status onnx_map_max_pool(onnx_trial *t)
{
    pool p;
    WEFT_TRY(pool_of(t, &p));
    WEFT_TRY(run_pool(t, WEFT_OP_maxpool, &p));
    return t->c->out_count > 1 ? check_indices(t, &p) : WEFT_OK;
}

weft_status onnx_map_global_max_pool(onnx_trial *t)
{
    pool p;
    WEFT_TRY(global_of(t, &p));
    return run_pool(t, WEFT_OP_maxpool, &p);
}

static bool padded(const weft_window *w)
{
    return w->pad[0] || w->pad[1] || w->pad[2] || w->pad[3];
}

weft_status onnx_map_average_pool(onnx_trial *t)
{
    pool p;
    WEFT_TRY(pool_of(t, &p));
    if (padded(&p.window) && onnx_case_int(t->c, "count_include_pad", 0) == 0)
        return onnx_refuse("a mean that leaves padding out");
    return run_pool(t, WEFT_OP_avgpool, &p);
}

weft_status onnx_map_global_average_pool(onnx_trial *t)
{
    pool p;
    WEFT_TRY(global_of(t, &p));
    return run_pool(t, WEFT_OP_avgpool, &p);
}

/* The opposite of check_indices, in the image that the windows cover. */
static weft_status positions(onnx_trial *t, const image *y, const weft_window *w, uint8_t **out)
{
    const onnx_tensor *index = onnx_case_in(t->c, 1);
    if (!index || index->count != count_of(y)) return weft_fail(WEFT_ERR_SHAPE, "no Indices");
    const int64_t height = (y->h - 1) * w->stride[0] + w->kernel[0];
    const int64_t width = (y->w - 1) * w->stride[1] + w->kernel[1];
    *out = onnx_memory(t, count_of(y), 1);
    for (int64_t i = 0; i < count_of(y); i++) {
        const int64_t q = i % y->w, p = i / y->w % y->h, plane = i / y->w / y->h;
        const int64_t at = (int64_t)index->value[i] % (height * width);
        const int64_t r = at / width - p * w->stride[0], s = at % width - q * w->stride[1];
        const int64_t last = ((plane / y->c * y->h + p) * y->w + q) * y->c + plane % y->c;
        (*out)[last] = (uint8_t)(r * w->kernel[1] + s);
    }
    return WEFT_OK;
}

weft_status onnx_map_max_unpool(onnx_trial *t)
{
    const onnx_tensor *dy = NULL;
    float *values = NULL;
    uint8_t *where = NULL;
    image x, y;
    WEFT_TRY(onnx_take(t, 0, &dy, &values));
    WEFT_TRY(image_of(dy, &y));
    WEFT_TRY(image_of(&t->c->out[0], &x));
    weft_op op = {.kind = WEFT_OP_maxpool_grad, .mode = {WEFT_OUT_SET}};
    op.with.window = window_of(t->c, NULL);
    WEFT_TRY(positions(t, &y, &op.with.window, &where));
    op.in[0] = op.in[1] = tensor_of(&y);
    op.in[1].dtype = WEFT_U8;
    op.out[0] = tensor_of(&x);
    op_data data = {.in = {to_last(t, &y, values), where}};
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return check_image(t, 0, &x, data.out[0]);
}
