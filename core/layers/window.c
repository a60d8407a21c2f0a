#include "core/layers/window.h"

static int32_t stride_of(const weft_window_config *config, int axis)
{
    return config->stride[axis] ? config->stride[axis] : config->kernel[axis];
}

static int32_t pad_both(const weft_window_config *config, int32_t in, int axis)
{
    if (config->padding != WEFT_PAD_SAME) return 2 * config->padding;
    const int32_t stride = stride_of(config, axis);
    const int32_t out = in / stride + (in % stride != 0);
    const int32_t wanted = (out - 1) * stride + config->kernel[axis] - in;
    return wanted > 0 ? wanted : 0;
}

weft_window weft_window_of(const weft_window_config *config, weft_shape in)
{
    weft_window window = {.dilation = {1, 1}, .groups = 1};
    for (int axis = 0; axis < 2; axis++) {
        const int32_t both = pad_both(config, in.dim[axis], axis);
        window.kernel[axis] = config->kernel[axis];
        window.stride[axis] = stride_of(config, axis);
        window.pad[axis] = both / 2;
        window.pad[axis + 2] = both - both / 2;
    }
    return window;
}

weft_status weft_window_plan(const weft_window_config *config, weft_shape in, const char *what,
                             weft_window *window, int32_t out[2])
{
    char text[WEFT_SHAPE_TEXT];
    if (in.rank != 3) {
        return weft_fail(WEFT_ERR_SHAPE, "%s wants height x width x channels, its input is %s",
                         what, weft_shape_print(in, text));
    }
    *window = weft_window_of(config, in);
    for (int axis = 0; axis < 2; axis++) {
        const int32_t padded = in.dim[axis] + window->pad[axis] + window->pad[axis + 2];
        if (padded < window->kernel[axis]) {
            return weft_fail(WEFT_ERR_SHAPE,
                             "%s: a kernel of %dx%d does not fit into its input of %s", what,
                             window->kernel[0], window->kernel[1], weft_shape_print(in, text));
        }
        if (window->pad[axis] >= window->kernel[axis]) {
            return weft_fail(WEFT_ERR_SHAPE,
                             "%s: padding %d must be smaller than the kernel of %dx%d", what,
                             window->pad[axis], window->kernel[0], window->kernel[1]);
        }
        out[axis] = (padded - window->kernel[axis]) / window->stride[axis] + 1;
    }
    return WEFT_OK;
}
