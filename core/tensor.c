#include "core/tensor.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/checked.h"

#define COUNT_MAX ((int64_t)1 << 40)

size_t weft_dtype_bytes(weft_dtype dtype)
{
    static const size_t bytes[] = {[WEFT_F32] = 4, [WEFT_U8] = 1, [WEFT_I32] = 4};
    return bytes[dtype];
}

static weft_status bad_shape(weft_shape shape, const char *why)
{
    char text[WEFT_SHAPE_TEXT];
    return weft_fail(WEFT_ERR_SHAPE, "shape %s: %s", weft_shape_print(shape, text), why);
}

weft_status weft_shape_check(weft_shape shape, int64_t *count)
{
    int64_t product = 1;
    *count = 0;
    if (shape.rank < 1 || shape.rank > WEFT_MAX_RANK) {
        return weft_fail(WEFT_ERR_SHAPE, "rank %" PRId32 ": a tensor has 1 to %d axes", shape.rank,
                         WEFT_MAX_RANK);
    }
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] < 1) return bad_shape(shape, "every extent must be at least 1");
        if (weft_mul_i64(product, shape.dim[i], &product) || product > COUNT_MAX) {
            return bad_shape(shape, "more than 2^40 elements");
        }
    }
    *count = product;
    return WEFT_OK;
}

int64_t weft_shape_count(weft_shape shape)
{
    int64_t count = shape.rank > 0;
    for (int i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    return count;
}

bool weft_shape_equal(weft_shape a, weft_shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++) {
        if (a.dim[i] != b.dim[i]) return false;
    }
    return true;
}

const char *weft_shape_print(weft_shape shape, char text[WEFT_SHAPE_TEXT])
{
    size_t at = 0;
    snprintf(text, WEFT_SHAPE_TEXT, "none");
    for (int i = 0; i < shape.rank && i < WEFT_MAX_RANK; i++) {
        const char *times = i > 0 ? "x" : "";
        const int wrote =
            snprintf(text + at, WEFT_SHAPE_TEXT - at, "%s%" PRId32, times, shape.dim[i]);
        at += (size_t)wrote;
    }
    return text;
}
