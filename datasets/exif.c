#include "datasets/image.h"

#include <stdbool.h>
#include <string.h>

enum { ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };

/* TIFF data in either byte order; reads outside give 0. */
typedef struct tiff {
    const uint8_t *bytes;
    size_t length;
    bool big;
} tiff;

static uint32_t number(const tiff *t, size_t at, size_t bytes)
{
    uint32_t value = 0;
    if (at > t->length || t->length - at < bytes) return 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | t->bytes[at + (t->big ? i : bytes - 1 - i)];
    return value;
}

int weft_exif_orientation(const uint8_t *bytes, size_t length)
{
    if (length < 8) return 1;
    const tiff t = {bytes, length, bytes[0] == 'M'};
    if (memcmp(bytes, t.big ? "MM" : "II", 2) != 0 || number(&t, 2, 2) != 42) return 1;

    const size_t folder = number(&t, 4, 4);
    const uint32_t entries = number(&t, folder, 2);
    for (uint32_t i = 0; i < entries; i++) {
        const size_t at = folder + 2 + (size_t)i * ENTRY_BYTES;
        if (at >= length) return 1;
        if (number(&t, at, 2) != ORIENTATION || number(&t, at + 2, 2) != TYPE_SHORT) continue;
        const uint32_t value = number(&t, at + 8, 2);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
