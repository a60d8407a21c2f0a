#include "report/wire.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5, FIRST_ROOM = 256 };

void weft_wire_free(weft_wire *wire)
{
    free(wire->bytes);
    *wire = (weft_wire){0};
}

void weft_wire_clear(weft_wire *wire)
{
    wire->count = 0;
    wire->failed = false;
}

static bool reserve(weft_wire *wire, size_t more)
{
    size_t wanted, room = wire->room > 0 ? wire->room : FIRST_ROOM;
    if (wire->failed || weft_add_size(wire->count, more, &wanted)) return false;
    if (wire->bytes && wanted <= wire->room) return true;
    while (room < wanted)
        if (weft_mul_size(room, 2, &room)) return false;
    uint8_t *larger = realloc(wire->bytes, room);
    if (!larger) return false;
    wire->bytes = larger;
    wire->room = room;
    return true;
}

void weft_wire_raw(weft_wire *wire, const void *bytes, size_t count)
{
    if (!reserve(wire, count)) {
        wire->failed = true;
        return;
    }
    if (count > 0) memcpy(wire->bytes + wire->count, bytes, count);
    wire->count += count;
}

static void fixed(weft_wire *wire, uint64_t value, int bytes)
{
    uint8_t text[8];
    for (int i = 0; i < bytes; i++)
        text[i] = (uint8_t)(value >> 8 * i);
    weft_wire_raw(wire, text, (size_t)bytes);
}

void weft_wire_fixed32(weft_wire *wire, uint32_t value)
{
    fixed(wire, value, 4);
}

void weft_wire_fixed64(weft_wire *wire, uint64_t value)
{
    fixed(wire, value, 8);
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
void weft_wire_varint(weft_wire *wire, uint64_t value)
{
    uint8_t text[10];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7)
        text[count++] = (uint8_t)(value | 0x80);
    text[count++] = (uint8_t)value;
    weft_wire_raw(wire, text, count);
}

static void tag(weft_wire *wire, uint32_t field, uint32_t type)
{
    weft_wire_varint(wire, (uint64_t)field << 3 | type);
}

void weft_wire_put_varint(weft_wire *wire, uint32_t field, uint64_t value)
{
    tag(wire, field, VARINT);
    weft_wire_varint(wire, value);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void weft_wire_put_double(weft_wire *wire, uint32_t field, double value)
{
    tag(wire, field, FIXED64);
    weft_wire_fixed64(wire, bits_of(value));
}

void weft_wire_put_float(weft_wire *wire, uint32_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    tag(wire, field, FIXED32);
    weft_wire_fixed32(wire, bits);
}

void weft_wire_put_bytes(weft_wire *wire, uint32_t field, const void *bytes, size_t count)
{
    tag(wire, field, BYTES);
    weft_wire_varint(wire, count);
    weft_wire_raw(wire, bytes, count);
}

void weft_wire_put_text(weft_wire *wire, uint32_t field, const char *text)
{
    weft_wire_put_bytes(wire, field, text, strlen(text));
}

void weft_wire_put_doubles(weft_wire *wire, uint32_t field, const double *values, size_t count)
{
    tag(wire, field, BYTES);
    weft_wire_varint(wire, count * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++)
        weft_wire_fixed64(wire, bits_of(values[i]));
}

void weft_wire_put_message(weft_wire *wire, uint32_t field, const weft_wire *message)
{
    weft_wire_put_bytes(wire, field, message->bytes, message->count);
    wire->failed = wire->failed || message->failed;
}

bool weft_wire_read_varint(const uint8_t *bytes, size_t count, size_t *at, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 70 && *at < count; shift += 7) {
        const uint8_t byte = bytes[(*at)++];
        if (shift < 64) *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}
