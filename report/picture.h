/* Images as data: bytes to be shown as they are, and numbers to be shown in colours. */
#ifndef WEFT_REPORT_PICTURE_H
#define WEFT_REPORT_PICTURE_H

#include <stdint.h>

/* height x width x channels bytes, row by row; channels is 1 (grey) or 3 (RGB). Borrowed. */
typedef struct weft_picture {
    int width, height, channels;
    const uint8_t *pixels; /* NULL: there is none */
} weft_picture;

/* height x width numbers, row by row. Borrowed. NaN and infinities count as missing. */
typedef struct weft_matrix {
    int width, height;
    const float *values; /* NULL: there is none */
} weft_matrix;

#endif
