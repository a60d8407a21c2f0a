/* The wire format of protocol buffers, as far as ONNX files use it: fields of a message one after
 * the other. Every length is held against what is left; nothing recurses. */
#ifndef WEFT_TESTS_ONNX_WIRE_H
#define WEFT_TESTS_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stretch of somebody's memory that is read from the front; at is NULL once it made no sense. */
typedef struct onnx_bytes {
    const unsigned char *at;
    size_t count;
} onnx_bytes;

typedef enum onnx_wire {
    ONNX_VARINT = 0,
    ONNX_FIXED64 = 1,
    ONNX_LENGTH = 2,
    ONNX_FIXED32 = 5
} onnx_wire;

typedef struct onnx_field {
    uint64_t number;
    onnx_wire wire;
    uint64_t value;   /* of a varint or a fixed number */
    onnx_bytes bytes; /* of a field with a length: text, a message, packed numbers */
} onnx_field;

/* The next field; false at the end, and where the rest makes no sense (at is NULL then). */
bool onnx_next(onnx_bytes *message, onnx_field *out);

/* The next number of a packed list of varints; false as above. */
bool onnx_next_varint(onnx_bytes *list, uint64_t *out);

/* Little-endian number of 1 to 8 bytes. */
uint64_t onnx_little(const unsigned char *at, size_t bytes);

/* Copy a field's bytes as text that ends, cut to the room. */
void onnx_text_of(const onnx_field *field, char *text, size_t room);

#endif
