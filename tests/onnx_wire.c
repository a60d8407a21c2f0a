#include "tests/onnx_wire.h"

#include <string.h>

static bool damaged(onnx_bytes *bytes)
{
    *bytes = (onnx_bytes){NULL, 0};
    return false;
}

bool onnx_next_varint(onnx_bytes *list, uint64_t *out)
{
    enum { BITS = 7, LONGEST = 10 };
    *out = 0;
    for (size_t i = 0; i < list->count && i < LONGEST; i++) {
        *out |= (uint64_t)(list->at[i] & 0x7f) << (BITS * i);
        if (list->at[i] & 0x80) continue;
        list->at += i + 1;
        list->count -= i + 1;
        return true;
    }
    return list->count == 0 ? false : damaged(list);
}

uint64_t onnx_little(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* The next `count` bytes go to `out`. */
static bool take(onnx_bytes *message, uint64_t count, onnx_bytes *out)
{
    if (count > message->count) return damaged(message);
    *out = (onnx_bytes){message->at, (size_t)count};
    message->at += count;
    message->count -= (size_t)count;
    return true;
}

static bool take_fixed(onnx_bytes *message, size_t bytes, onnx_field *out)
{
    if (!take(message, bytes, &out->bytes)) return false;
    out->value = onnx_little(out->bytes.at, bytes);
    return true;
}

bool onnx_next(onnx_bytes *message, onnx_field *out)
{
    uint64_t key = 0, length = 0;
    if (!onnx_next_varint(message, &key)) return false;
    *out = (onnx_field){.number = key >> 3, .wire = (onnx_wire)(key & 7)};
    switch (out->wire) {
    case ONNX_VARINT:
        return onnx_next_varint(message, &out->value) || damaged(message);
    case ONNX_FIXED64:
        return take_fixed(message, 8, out);
    case ONNX_FIXED32:
        return take_fixed(message, 4, out);
    case ONNX_LENGTH:
        if (!onnx_next_varint(message, &length)) return damaged(message);
        return take(message, length, &out->bytes);
    default:
        return damaged(message);
    }
}

void onnx_text_of(const onnx_field *field, char *text, size_t room)
{
    const size_t count = field->bytes.count < room - 1 ? field->bytes.count : room - 1;
    if (count > 0) memcpy(text, field->bytes.at, count);
    text[count] = '\0';
}
