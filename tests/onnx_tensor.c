#include "tests/onnx_tensor.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

/* TensorProto: numbers lie in raw_data, or packed in the field of their type. */
enum { DIMS = 1, TYPE = 2, FLOATS = 4, INT32S = 5, INT64S = 7, NAME = 8, RAW = 9, DOUBLES = 10 };
enum { MOST_NUMBERS = 1 << 24 };

static weft_status bad(const onnx_tensor *t, const char *what)
{
    return weft_fail(WEFT_ERR_FORMAT, "tensor %s: %s", t->name, what);
}

static size_t bytes_of(int64_t type)
{
    switch (type) {
    case ONNX_FLOAT:
    case ONNX_INT32:
        return 4;
    case ONNX_INT64:
    case ONNX_DOUBLE:
        return 8;
    case ONNX_UINT8:
    case ONNX_BOOL:
        return 1;
    default:
        return 0;
    }
}

static weft_status add_dim(onnx_tensor *t, uint64_t extent)
{
    if (t->rank == ONNX_MAX_RANK) return bad(t, "too many axes");
    if (extent > MOST_NUMBERS) return bad(t, "an axis is too long");
    t->dim[t->rank++] = (int64_t)extent;
    return WEFT_OK;
}

static weft_status add_dims(onnx_tensor *t, onnx_field *field)
{
    if (field->wire == ONNX_VARINT) return add_dim(t, field->value);
    for (uint64_t extent = 0; onnx_next_varint(&field->bytes, &extent);)
        WEFT_TRY(add_dim(t, extent));
    return field->bytes.at ? WEFT_OK : bad(t, "damaged extents");
}

static double number(int64_t type, uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float f = 0;
    double d = 0;
    memcpy(&f, &low, sizeof f);
    memcpy(&d, &bits, sizeof d);
    if (type == ONNX_FLOAT) return (double)f;
    if (type == ONNX_DOUBLE) return d;
    return type == ONNX_INT32 ? (double)(int32_t)low : (double)(int64_t)bits;
}

/* The list that holds the numbers. */
typedef struct source {
    onnx_bytes list;
    bool varints; /* else of fixed width */
} source;

static weft_status fill(onnx_tensor *t, source *from)
{
    const size_t width = bytes_of(t->type);
    if (!from->varints && from->list.count != (size_t)t->count * width)
        return bad(t, "numbers and extents do not agree");
    for (int64_t i = 0; i < t->count; i++) {
        uint64_t bits = 0;
        if (!from->varints)
            bits = onnx_little(from->list.at + (size_t)i * width, width);
        else if (!onnx_next_varint(&from->list, &bits))
            return bad(t, "numbers are missing");
        t->value[i] = number(t->type, bits);
    }
    return WEFT_OK;
}

static weft_status allocate(onnx_tensor *t)
{
    t->count = 1;
    for (int i = 0; i < t->rank; i++)
        if (weft_mul_i64(t->count, t->dim[i], &t->count) || t->count > MOST_NUMBERS)
            return bad(t, "too many numbers");
    if (bytes_of(t->type) == 0) return bad(t, "numbers of a type that is not read here");
    t->value = calloc((size_t)t->count + 1, sizeof *t->value);
    return t->value ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "no memory for a test");
}

weft_status onnx_tensor_read(onnx_bytes message, onnx_tensor *out)
{
    source from = {{NULL, 0}, false};
    *out = (onnx_tensor){.rank = 0};
    for (onnx_field field; onnx_next(&message, &field);) {
        if (field.number == DIMS) WEFT_TRY(add_dims(out, &field));
        if (field.number == TYPE) out->type = (int64_t)field.value;
        if (field.number == NAME) onnx_text_of(&field, out->name, sizeof out->name);
        const bool fixed = field.number == RAW || field.number == FLOATS || field.number == DOUBLES;
        if (fixed || field.number == INT32S || field.number == INT64S)
            from = (source){field.bytes, !fixed};
    }
    if (!message.at) return bad(out, "damaged");
    WEFT_TRY(allocate(out));
    return fill(out, &from);
}
