/* A picture as `weft predict` reads it, for a small and a wide network. */
#ifndef WEFT_TESTS_FUZZ_FUZZ_PICTURE_H
#define WEFT_TESTS_FUZZ_FUZZ_PICTURE_H

#include "datasets/datasets.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_picture(const uint8_t *bytes, size_t count)
{
    static const weft_shape shapes[] = {{3, {28, 28, 1}}, {3, {5, 40, 3}}};
    uint8_t pixels[28 * 28];
    const char *path = fuzz_file(bytes, count);
    for (int i = 0; i < 2; i++)
        (void)weft_picture_read(path, shapes[i], WEFT_INVERT_AUTO, true, pixels, NULL);
}

#endif
