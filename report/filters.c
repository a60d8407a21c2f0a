#include "report/filters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cairo.h>

#include "report/colour_map.h"

enum { TILES_MAX = 1024, SIDE_MAX = 256, TILE_PIXELS = 32, COLOURS = 3, LINE = 0xb0b0b0 };

static bool in_colour(const weft_filters *f)
{
    return f->channels == COLOURS;
}

static int at_least_one(int value)
{
    return value > 1 ? value : 1;
}

weft_filters_layout weft_filters_place(const weft_filters *f)
{
    weft_filters_layout l = {0};
    const int larger = f->height > f->width ? f->height : f->width;
    if (f->filters < 1 || f->channels < 1 || f->height < 1 || f->width < 1 || larger > SIDE_MAX)
        return l;
    const int64_t all = (int64_t)f->filters * (in_colour(f) ? 1 : f->channels);
    l.tiles = all < TILES_MAX ? (int)all : TILES_MAX;
    l.columns = (int)ceil(sqrt((double)l.tiles));
    l.rows = (l.tiles + l.columns - 1) / l.columns;
    l.scale = at_least_one(TILE_PIXELS / larger);
    l.width = l.columns * (f->width * l.scale + 1) + 1;
    l.height = l.rows * (f->height * l.scale + 1) + 1;
    return l;
}

/* The largest absolute weight, 1 where all are zero. */
static double reach_of(const weft_filters *f)
{
    double reach = 0;
    const int64_t count = (int64_t)f->filters * f->channels * f->height * f->width;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(f->values[i]) && fabs((double)f->values[i]) > reach)
            reach = fabs((double)f->values[i]);
    return reach > 0 ? reach : 1;
}

/* 0 to 1, zero in the middle. */
static double share_of(const weft_filters *f, int64_t index, double reach)
{
    const double value = (double)f->values[index];
    return isfinite(value) ? value / reach / 2 + 0.5 : 0.5;
}

static uint32_t byte_of(double share)
{
    return (uint32_t)(share * 255 + 0.5);
}

/* The pixel of a tile's weight at row y and column x, as cairo stores it: 0x00RRGGBB. */
static uint32_t colour_of(const weft_filters *f, int tile, int y, int x, double reach)
{
    const int64_t plane = (int64_t)f->height * f->width, at = (int64_t)y * f->width + x;
    if (!in_colour(f)) {
        const double share = share_of(f, tile * plane + at, reach);
        const weft_rgb c = weft_colour_map_at(WEFT_MAP_DIVERGING, share);
        return (uint32_t)c.red << 16 | (uint32_t)c.green << 8 | c.blue;
    }
    uint32_t pixel = 0;
    for (int c = 0; c < COLOURS; c++)
        pixel = pixel << 8 | byte_of(share_of(f, (tile * COLOURS + c) * plane + at, reach));
    return pixel;
}

static uint32_t *pixel_at(cairo_surface_t *surface, int x, int y)
{
    unsigned char *bytes = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    return (uint32_t *)(void *)(bytes + (size_t)y * (size_t)stride) + x;
}

static void fill(cairo_surface_t *surface, int left, int top, int side, uint32_t colour)
{
    for (int y = top; y < top + side; y++)
        for (int x = left; x < left + side; x++)
            *pixel_at(surface, x, y) = colour;
}

static void draw_tile(cairo_surface_t *surface, const weft_filters *f, const weft_filters_layout *l,
                      int tile, double reach)
{
    const int left = tile % l->columns * (f->width * l->scale + 1) + 1;
    const int top = tile / l->columns * (f->height * l->scale + 1) + 1;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++)
            fill(surface, left + x * l->scale, top + y * l->scale, l->scale,
                 colour_of(f, tile, y, x, reach));
}

static void draw(cairo_surface_t *surface, const weft_filters *f, const weft_filters_layout *l)
{
    const double reach = reach_of(f);
    cairo_surface_flush(surface);
    for (int y = 0; y < l->height; y++)
        for (int x = 0; x < l->width; x++)
            *pixel_at(surface, x, y) = LINE;
    for (int tile = 0; tile < l->tiles; tile++)
        draw_tile(surface, f, l, tile, reach);
    cairo_surface_mark_dirty(surface);
}

typedef struct sink {
    char *bytes;
    size_t count;
} sink;

static cairo_status_t take(void *user, const unsigned char *bytes, unsigned int count)
{
    sink *s = user;
    char *larger = realloc(s->bytes, s->count + count + 1);
    if (!larger) return CAIRO_STATUS_NO_MEMORY;
    memcpy(larger + s->count, bytes, count);
    s->bytes = larger;
    s->count += count;
    return CAIRO_STATUS_SUCCESS;
}

weft_status weft_filters_png(const weft_filters *f, char **png, size_t *count)
{
    sink s = {0};
    const weft_filters_layout l = weft_filters_place(f);
    *png = NULL;
    *count = 0;
    if (l.tiles == 0) return weft_fail(WEFT_ERR_SHAPE, "filters of this size make no picture");
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, l.width, l.height);
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        draw(surface, f, &l);
        status = cairo_surface_write_to_png_stream(surface, take, &s);
    }
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        *png = s.bytes;
        *count = s.count;
        return WEFT_OK;
    }
    free(s.bytes);
    return weft_fail(WEFT_ERR_MEMORY, "no memory for a picture of filters");
}
