/* Grids of what a layer has learnt: the filters of a convolution, a tile for each channel of each,
 * and of what it makes of a sample: a tile for each feature map. */
#ifndef WEFT_REPORT_LAYER_TILES_H
#define WEFT_REPORT_LAYER_TILES_H

#include "core/status.h"
#include "report/tiles.h"

/* filters x channels x height x width numbers, as files hold them. Borrowed. */
typedef struct weft_filters {
    const float *values;
    int filters, channels, height, width;
} weft_filters;

/* height x width x channels numbers, as layers have them. Borrowed. */
typedef struct weft_maps {
    const float *values;
    int height, width, channels;
} weft_maps;

enum { WEFT_LAYER_TEXT = 160, WEFT_LAYER_NUMBER = 32 };

/* A grid and what its pointers point at: it stays where it was made. The subtitle says how many
 * there are of what, and how many of them are shown. */
typedef struct weft_layer_tiles {
    weft_tiles tiles;
    char title[WEFT_LAYER_TEXT], subtitle[WEFT_LAYER_TEXT];
    weft_tile *tile;
    char (*caption)[WEFT_LAYER_NUMBER];
    float *maps; /* one behind the other */
} weft_layer_tiles;

/* At most `most` tiles: the first ones. A map that has zero in the middle is taken for filters, and
 * for feature maps when any number shown is below zero. Free them whatever is returned; the values
 * of filters are to live as long. */
weft_status weft_filter_tiles(const char *layer, const weft_filters *filters, int most,
                              weft_layer_tiles *out);
weft_status weft_map_tiles(const char *layer, const weft_maps *maps, int most,
                           weft_layer_tiles *out);
void weft_layer_tiles_free(weft_layer_tiles *tiles);

#endif
