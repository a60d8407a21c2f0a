/* Shapes, data types, and tensors as views into buffers. Everything here is a plain value. */
#ifndef WEFT_CORE_TENSOR_H
#define WEFT_CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
    WEFT_MAX_RANK = 4,
    WEFT_ALIGN = 64 /* elements: every tensor of an arena starts at a multiple of this */
};

/* Data types that exist today. float16 and bfloat16 will be further lines. */
typedef enum weft_dtype { WEFT_F32, WEFT_U8, WEFT_I32 } weft_dtype;

/* Extents, outermost first; rank 0 means "no tensor". Images are N x H x W x C (channels last). */
typedef struct weft_shape {
    int32_t rank;
    int32_t dim[WEFT_MAX_RANK];
} weft_shape;

typedef struct weft_buffer weft_buffer;

/* A view: it borrows the buffer and never frees it. The offset counts elements of dtype. */
typedef struct weft_tensor {
    weft_buffer *buffer;
    int64_t offset;
    weft_shape shape;
    weft_dtype dtype;
} weft_tensor;

/* Bytes of one element: 4, 1, 4. */
WEFT_API size_t weft_dtype_bytes(weft_dtype dtype);

/* Number of elements. WEFT_ERR_SHAPE when an extent is below 1 or the product exceeds 2^40. */
WEFT_API weft_status weft_shape_check(weft_shape shape, int64_t *count);

/* Number of elements of a shape that was checked before; 0 for rank 0. */
WEFT_API int64_t weft_shape_count(weft_shape shape);

WEFT_API bool weft_shape_equal(weft_shape a, weft_shape b);

/* Write "28x28x1" into text. */
enum { WEFT_SHAPE_TEXT = 56 };
WEFT_API const char *weft_shape_print(weft_shape shape, char text[WEFT_SHAPE_TEXT]);

#endif
