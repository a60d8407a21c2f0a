#include "report/tfrecord.h"

enum { RECORD_MAX = 1 << 28, HEAD = 12, CHUNK = 65536 };

/* What four bits add: the polynomial 0x1EDC6F41 with its bits reversed, divided by half a byte. */
static const uint32_t HALF[16] = {0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u,
                                  0x417b1dbcu, 0x5125dad3u, 0x61c69362u, 0x7198540du,
                                  0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
                                  0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u};

uint32_t weft_crc32c(const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; i++) {
        crc = crc >> 4 ^ HALF[(crc ^ at[i]) & 15];
        crc = crc >> 4 ^ HALF[(crc ^ at[i] >> 4) & 15];
    }
    return ~crc;
}

uint32_t weft_crc32c_masked(const void *bytes, size_t count)
{
    const uint32_t crc = weft_crc32c(bytes, count);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

void weft_tfrecord_put(weft_wire *out, const weft_wire *data)
{
    const size_t at = out->count;
    weft_wire_fixed64(out, data->count);
    if (!out->failed) weft_wire_fixed32(out, weft_crc32c_masked(out->bytes + at, 8));
    weft_wire_raw(out, data->bytes, data->count);
    weft_wire_fixed32(out, weft_crc32c_masked(data->bytes, data->count));
    out->failed = out->failed || data->failed;
}

static uint64_t number(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = count; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

/* In pieces, so that a length which lies takes no more memory than the file has bytes. */
static bool read_bytes(FILE *file, weft_wire *data, uint64_t length)
{
    uint8_t piece[CHUNK];
    while (length > 0) {
        const size_t want = length < CHUNK ? (size_t)length : CHUNK;
        if (fread(piece, 1, want, file) != want) return false;
        weft_wire_raw(data, piece, want);
        if (data->failed) return false;
        length -= want;
    }
    return true;
}

bool weft_tfrecord_get(FILE *file, weft_wire *data)
{
    uint8_t head[HEAD], tail[4];
    weft_wire_clear(data);
    if (fread(head, 1, HEAD, file) != HEAD) return false;
    const uint64_t length = number(head, 8);
    if (number(head + 8, 4) != weft_crc32c_masked(head, 8) || length > RECORD_MAX) return false;
    if (!read_bytes(file, data, length)) return false;
    if (fread(tail, 1, 4, file) != 4) return false;
    return number(tail, 4) == weft_crc32c_masked(data->bytes, data->count);
}
