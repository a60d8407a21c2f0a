/* The weights of a convolution as a picture: one tile per filter and input channel, side by side,
 * blue below zero, white at zero, red above; filters of three channels as colours. */
#ifndef WEFT_REPORT_FILTERS_H
#define WEFT_REPORT_FILTERS_H

#include <stddef.h>

#include "core/status.h"

/* filters x channels x height x width numbers, as files hold them. Borrowed. */
typedef struct weft_filters {
    const float *values;
    int filters, channels, height, width;
} weft_filters;

/* Where the tiles stand, in pixels. */
typedef struct weft_filters_layout {
    int tiles, columns, rows; /* at most 1,024 tiles: the first ones */
    int scale;                /* pixels per weight, each way */
    int width, height;        /* of the picture, with a line of one pixel around each tile */
} weft_filters_layout;

/* tiles is 0 where a size is not positive or so large that a tile would not fit a picture. */
weft_filters_layout weft_filters_place(const weft_filters *filters);

/* As a PNG file in memory; free() it. All tiles share one scale, the largest absolute weight. */
weft_status weft_filters_png(const weft_filters *filters, char **png, size_t *count);

#endif
