/* PNG files: the input as it is, and with the checksum of every chunk put right, behind which a
 * fuzzer that only guesses would not come. */
#include <zlib.h>

#include "tests/fuzz/fuzz_picture.h"

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Signature, then chunks of: length, name, data, checksum of name and data. */
static void repair(uint8_t *bytes, size_t count)
{
    for (size_t at = 8; at + 12 <= count;) {
        const size_t length = big_endian(bytes + at);
        if (length > count - at - 12) return;
        uint8_t *end = bytes + at + 8 + length;
        const uLong crc = crc32(0, bytes + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            end[i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    fuzz_picture(bytes, count);
    uint8_t *copy = malloc(count + 1);
    FUZZ_CHECK(copy);
    memcpy(copy, bytes, count);
    repair(copy, count);
    fuzz_picture(copy, count);
    free(copy);
    return 0;
}
