#include "core/selftest/op_cases.h"

/* Convolution and pooling: letters of core/op.h. */

static int32_t extent(int32_t in, int32_t kernel, int32_t stride, int32_t before, int32_t after)
{
    return (in + before + after - kernel) / stride + 1;
}

static weft_window window_of(const op_shape *s)
{
    weft_window window = {.dilation = {1, 1}, .groups = 1};
    for (int i = 0; i < 2; i++) {
        window.kernel[i] = s->kernel[i];
        window.stride[i] = s->stride[i];
    }
    for (int i = 0; i < 4; i++)
        window.pad[i] = s->pad[i];
    return window;
}

static weft_tensor output_of(const op_shape *s, weft_dtype dtype, int32_t channels)
{
    const int32_t p = extent(s->h, s->kernel[0], s->stride[0], s->pad[0], s->pad[2]);
    const int32_t q = extent(s->w, s->kernel[1], s->stride[1], s->pad[1], s->pad[3]);
    return op_tensor(dtype, s->n, p, q, channels);
}

static weft_tensor filter_of(const op_shape *s)
{
    return OP_F32(s->kernel[0], s->kernel[1], s->c, s->k);
}

/* Variants: without and with bias. */
void op_build_conv2d(const op_shape *s, int variant, op_case *out)
{
    out->op.with.window = window_of(s);
    out->op.in[0] = op_image(s);
    out->op.in[1] = filter_of(s);
    if (variant == 1) out->op.in[2] = OP_F32(s->k, 0, 0, 0);
    op_set_out(out, output_of(s, WEFT_F32, s->k), 0);
    out->exact = true;
    out->terms = (int64_t)s->kernel[0] * s->kernel[1] * s->c;
    out->padded = 2;
}

/* Input pixels that no window covers get a gradient of zero. */
static double uncovered(const op_shape *s)
{
    const bool gaps = s->stride[0] > s->kernel[0] || s->stride[1] > s->kernel[1];
    return gaps ? 0.95 : 0.5;
}

void op_build_conv2d_data_grad(const op_shape *s, int variant, op_case *out)
{
    out->op.with.window = window_of(s);
    out->op.in[0] = output_of(s, WEFT_F32, s->k);
    out->op.in[1] = filter_of(s);
    op_set_out(out, op_image(s), variant);
    out->exact = true;
    out->zeros = uncovered(s);
    out->terms = (int64_t)s->kernel[0] * s->kernel[1] * s->k;
    out->padded = 2;
}

void op_build_conv2d_weight_grad(const op_shape *s, int variant, op_case *out)
{
    (void)variant;
    out->op.with.window = window_of(s);
    out->op.in[0] = op_image(s);
    out->op.in[1] = output_of(s, WEFT_F32, s->k);
    op_set_out(out, filter_of(s), 0);
    out->exact = true;
    out->terms = op_count(&out->op.in[1]) / s->k;
    out->padded = 2;
}

/* Variants: with and without the positions. */
void op_build_maxpool(const op_shape *s, int variant, op_case *out)
{
    out->op.with.window = window_of(s);
    out->op.in[0] = op_image(s);
    op_set_out(out, output_of(s, WEFT_F32, s->c), 0);
    if (variant == 0) {
        out->op.out[1] = output_of(s, WEFT_U8, s->c);
        out->op.mode[1] = WEFT_OUT_SET;
    }
    out->exact = true;
    out->zeros = 1; /* positions of small windows are mostly 0 */
}

void op_build_maxpool_grad(const op_shape *s, int variant, op_case *out)
{
    out->op.with.window = window_of(s);
    out->op.in[0] = output_of(s, WEFT_F32, s->c);
    out->op.in[1] = output_of(s, WEFT_U8, s->c);
    out->in[1] = OP_FILL_WHERE;
    op_set_out(out, op_image(s), variant);
    out->exact = true;
    out->zeros = 0.985; /* one of each window is chosen */
}

/* Dividing by a power of two is exact. */
static bool halves(const op_shape *s)
{
    const int32_t area = s->kernel[0] * s->kernel[1];
    return (area & (area - 1)) == 0;
}

void op_build_avgpool(const op_shape *s, int variant, op_case *out)
{
    (void)variant;
    out->op.with.window = window_of(s);
    out->op.in[0] = op_image(s);
    op_set_out(out, output_of(s, WEFT_F32, s->c), 0);
    out->exact = halves(s);
    out->terms = (int64_t)s->kernel[0] * s->kernel[1];
}

/* How many windows cover an element at most. */
static int64_t windows_over(const op_shape *s)
{
    return (int64_t)((s->kernel[0] + s->stride[0] - 1) / s->stride[0]) *
           ((s->kernel[1] + s->stride[1] - 1) / s->stride[1]);
}

void op_build_avgpool_grad(const op_shape *s, int variant, op_case *out)
{
    out->op.with.window = window_of(s);
    out->op.in[0] = output_of(s, WEFT_F32, s->c);
    op_set_out(out, op_image(s), variant);
    out->exact = halves(s);
    out->zeros = uncovered(s);
    out->terms = windows_over(s);
}
