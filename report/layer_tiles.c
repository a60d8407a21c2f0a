#include "report/layer_tiles.h"

#include <stdio.h>
#include <stdlib.h>

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for pictures of a layer");
}

/* Room for the tiles, which lie behind each other in values, and their captions. */
static weft_status make_tiles(weft_layer_tiles *t, weft_matrix first, int count)
{
    const size_t step = (size_t)first.width * (size_t)first.height;
    t->tile = calloc((size_t)count, sizeof *t->tile);
    t->caption = calloc((size_t)count, sizeof *t->caption);
    if (!t->tile || !t->caption) return no_memory();
    for (int i = 0; i < count; i++) {
        t->tile[i] = (weft_tile){.heat = first, .caption = t->caption[i]};
        t->tile[i].heat.values = first.values + (size_t)i * step;
    }
    t->tiles =
        (weft_tiles){.title = t->title, .subtitle = t->subtitle, .tile = t->tile, .count = count};
    return WEFT_OK;
}

/* ---- filters ---- */

/* "5", or "5, 2" where a filter has several channels. */
static void name_filter(char text[WEFT_LAYER_NUMBER], int index, int channels)
{
    if (channels == 1)
        (void)snprintf(text, WEFT_LAYER_NUMBER, "%d", index);
    else
        (void)snprintf(text, WEFT_LAYER_NUMBER, "%d, %d", index / channels, index % channels);
}

weft_status weft_filter_tiles(const char *layer, const weft_filters *f, int most,
                              weft_layer_tiles *out)
{
    char shown[48] = "";
    const int64_t all = (int64_t)f->filters * f->channels;
    const int count = all < most ? (int)all : most;
    *out = (weft_layer_tiles){.maps = NULL};
    WEFT_TRY(make_tiles(out, (weft_matrix){f->width, f->height, f->values}, count));
    for (int i = 0; i < count; i++)
        name_filter(out->caption[i], i, f->channels);
    if (count < all) (void)snprintf(shown, sizeof shown, "; the first %d are shown", count);
    (void)snprintf(out->title, sizeof out->title, "Filters of %.100s", layer);
    (void)snprintf(out->subtitle, sizeof out->subtitle, "%d filters of %d x %d over %d channel%s%s",
                   f->filters, f->height, f->width, f->channels,
                   f->channels == 1 ? "" : "s, by filter and channel", shown);
    out->tiles.map = WEFT_MAP_DIVERGING;
    return WEFT_OK;
}

/* ---- feature maps ---- */

/* The first channels, each as a matrix of its own; NULL without memory. */
static float *by_channel(const weft_maps *m, int count)
{
    const size_t pixels = (size_t)m->height * (size_t)m->width;
    float *values = calloc(pixels * (size_t)count, sizeof *values);
    if (!values) return NULL;
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < count; c++)
            values[(size_t)c * pixels + i] = m->values[i * (size_t)m->channels + (size_t)c];
    return values;
}

static weft_colour_map map_of(const weft_tiles *tiles)
{
    weft_scale seen = weft_scale_empty();
    for (int i = 0; i < tiles->count; i++)
        weft_scale_add(&seen, &tiles->tile[i].heat);
    return seen.low < 0 ? WEFT_MAP_DIVERGING : WEFT_MAP_SEQUENTIAL;
}

weft_status weft_map_tiles(const char *layer, const weft_maps *m, int most, weft_layer_tiles *out)
{
    const int count = m->channels < most ? m->channels : most;
    *out = (weft_layer_tiles){.maps = by_channel(m, count)};
    if (!out->maps) return no_memory();
    WEFT_TRY(make_tiles(out, (weft_matrix){m->width, m->height, out->maps}, count));
    char shown[48] = "";
    for (int i = 0; i < count; i++)
        (void)snprintf(out->caption[i], WEFT_LAYER_NUMBER, "%d", i);
    if (count < m->channels) (void)snprintf(shown, sizeof shown, "; the first %d are shown", count);
    (void)snprintf(out->title, sizeof out->title, "Feature maps of %.100s", layer);
    (void)snprintf(out->subtitle, sizeof out->subtitle, "%d channels of %d x %d, by number%s",
                   m->channels, m->height, m->width, shown);
    out->tiles.map = map_of(&out->tiles);
    return WEFT_OK;
}

void weft_layer_tiles_free(weft_layer_tiles *tiles)
{
    free(tiles->tile);
    free(tiles->caption);
    free(tiles->maps);
    *tiles = (weft_layer_tiles){.maps = NULL};
}
