/* What convolution and pooling share: a window that moves over an image. */
#ifndef WEFT_CORE_LAYERS_WINDOW_H
#define WEFT_CORE_LAYERS_WINDOW_H

#include "core/layer.h"

typedef struct weft_window_config {
    int32_t kernel[2];
    int32_t stride[2]; /* 0: as the kernel */
    weft_padding padding;
} weft_window_config;

/* Window and output height and width over an H x W x C input; `what` names the layer in messages.
 * padding=same gives ceil(input / stride) with the odd pixel at the end (ONNX SAME_UPPER). */
weft_status weft_window_plan(const weft_window_config *config, weft_shape in, const char *what,
                             weft_window *window, int32_t out[2]);

/* The window alone, for a layer that was planned before. */
weft_window weft_window_of(const weft_window_config *config, weft_shape in);

/* N x shape. */
static inline weft_shape weft_batched(int32_t batch, weft_shape shape)
{
    weft_shape out = {shape.rank + 1, {batch}};
    for (int i = 0; i < shape.rank && i + 1 < WEFT_MAX_RANK; i++)
        out.dim[i + 1] = shape.dim[i];
    return out;
}

#endif
