/* Small IDX files for tests. */
#ifndef WEFT_TESTS_IDX_FILES_H
#define WEFT_TESTS_IDX_FILES_H

#include <stddef.h>
#include <stdint.h>

enum { FILE_MAX = 512, SAMPLES = 5, HEIGHT = 3, WIDTH = 4 };

/* An IDX file in memory. */
typedef struct idx_file {
    uint8_t bytes[FILE_MAX];
    size_t count;
} idx_file;

static inline idx_file idx_header(int rank, const uint32_t *extents)
{
    idx_file f = {.bytes = {0, 0, 8, (uint8_t)rank}, .count = 4};
    for (int i = 0; i < rank; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            f.bytes[f.count++] = (uint8_t)(extents[i] >> shift);
    return f;
}

/* The header and 7, 14, 21, ... */
static inline idx_file idx_images(int rank, const uint32_t *extents)
{
    idx_file f = idx_header(rank, extents);
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= extents[i];
    for (size_t i = 1; i <= count; i++)
        f.bytes[f.count++] = (uint8_t)(i * 7);
    return f;
}

static inline idx_file idx_labels(uint32_t count, const uint8_t *labels)
{
    idx_file f = idx_header(1, &count);
    for (uint32_t i = 0; i < count; i++)
        f.bytes[f.count++] = labels[i];
    return f;
}

static inline idx_file small_images(void)
{
    return idx_images(3, (uint32_t[]){SAMPLES, HEIGHT, WIDTH});
}

#endif
