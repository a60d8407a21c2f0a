/* Protocol buffers' wire format (https://protobuf.dev/programming-guides/encoding): messages are
 * written field by field into a buffer that grows. Private to report. */
#ifndef WEFT_REPORT_WIRE_H
#define WEFT_REPORT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. Once memory has failed, nothing more is taken in. */
typedef struct weft_wire {
    uint8_t *bytes;
    size_t count, room;
    bool failed;
} weft_wire;

void weft_wire_free(weft_wire *wire);
void weft_wire_clear(weft_wire *wire);

/* Fixed-width numbers are little-endian, whatever the host is. */
void weft_wire_raw(weft_wire *wire, const void *bytes, size_t count);
void weft_wire_fixed32(weft_wire *wire, uint32_t value);
void weft_wire_fixed64(weft_wire *wire, uint64_t value);
void weft_wire_varint(weft_wire *wire, uint64_t value);

/* Fields of a message. */
void weft_wire_put_varint(weft_wire *wire, uint32_t field, uint64_t value);
void weft_wire_put_double(weft_wire *wire, uint32_t field, double value);
void weft_wire_put_float(weft_wire *wire, uint32_t field, float value);
void weft_wire_put_bytes(weft_wire *wire, uint32_t field, const void *bytes, size_t count);
void weft_wire_put_text(weft_wire *wire, uint32_t field, const char *text);
void weft_wire_put_doubles(weft_wire *wire, uint32_t field, const double *values, size_t count);

/* A message within a message; what failed in it has failed here. */
void weft_wire_put_message(weft_wire *wire, uint32_t field, const weft_wire *message);

/* One varint at *at, which moves behind it; false when it ends before its last byte or has more
 * than ten. */
bool weft_wire_read_varint(const uint8_t *bytes, size_t count, size_t *at, uint64_t *value);

#endif
