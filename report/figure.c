/* One drawing to SVG and PNG: made in memory, then written as whole files. */
#include "report/figure.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-svg.h>

#include "core/checked.h"
#include "core/posix.h"

enum { PNG_SCALE = 2 };

/* A file that grows in memory. */
typedef struct bytes {
    unsigned char *data;
    size_t count, capacity;
} bytes;

static cairo_status_t append(void *closure, const unsigned char *data, unsigned int count)
{
    bytes *b = closure;
    size_t need;
    if (weft_add_size(b->count, count, &need)) return CAIRO_STATUS_NO_MEMORY;
    if (need > b->capacity) {
        size_t capacity;
        if (weft_mul_size(need, 2, &capacity)) return CAIRO_STATUS_NO_MEMORY;
        unsigned char *grown = realloc(b->data, capacity);
        if (!grown) return CAIRO_STATUS_NO_MEMORY;
        b->data = grown;
        b->capacity = capacity;
    }
    memcpy(b->data + b->count, data, count);
    b->count = need;
    return CAIRO_STATUS_SUCCESS;
}

/* Text must lie alike in both files, whatever the screen of this machine is like. */
static cairo_status_t draw_on(cairo_surface_t *surface, double scale, weft_drawing *draw,
                              const void *data)
{
    cairo_t *cr = cairo_create(surface);
    cairo_font_options_t *font = cairo_font_options_create();
    cairo_font_options_set_antialias(font, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(font, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(font, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, font);
    cairo_font_options_destroy(font);

    cairo_scale(cr, scale, scale);
    weft_colour_set(cr, weft_white);
    cairo_paint(cr);
    draw(cr, data);
    const cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    return status;
}

/* cairo numbers its surfaces through the life of a process and writes that number as a name which
 * nothing refers to. Without it, equal drawings are equal files. */
static void drop_surface_name(bytes *svg)
{
    static const char mark[] = "<g id=\"surface";
    const size_t length = sizeof mark - 1;
    for (size_t i = 0; i + length < svg->count; i++) {
        if (memcmp(svg->data + i, mark, length) != 0) continue;
        const unsigned char *end = memchr(svg->data + i, '>', svg->count - i);
        if (!end) return;
        memmove(svg->data + i + 2, end, (size_t)(svg->data + svg->count - end));
        svg->count -= (size_t)(end - (svg->data + i + 2));
        return;
    }
}

static cairo_status_t make_svg(weft_drawing *draw, const void *data, int width, int height,
                               bytes *out)
{
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(append, out, width, height);
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    cairo_status_t status = draw_on(surface, 1, draw, data);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS) drop_surface_name(out);
    return status;
}

static cairo_status_t make_png(weft_drawing *draw, const void *data, int width, int height,
                               bytes *out)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width * PNG_SCALE, height * PNG_SCALE);
    cairo_status_t status = draw_on(surface, PNG_SCALE, draw, data);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, append, out);
    cairo_surface_destroy(surface);
    return status;
}

static weft_status save(const char *path, cairo_status_t made, const bytes *file)
{
    if (made == CAIRO_STATUS_NO_MEMORY)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: drawing %s", path);
    if (made != CAIRO_STATUS_SUCCESS)
        return weft_fail(WEFT_ERR_IO, "cannot draw %s: %s", path, cairo_status_to_string(made));
    return weft_write_file(path, file->data, file->count);
}

weft_status weft_figure_write(weft_drawing *draw, const void *data, int width, int height,
                              const char *svg_path, const char *png_path)
{
    bytes svg = {0}, png = {0};
    weft_status status = WEFT_OK;
    if (svg_path) status = save(svg_path, make_svg(draw, data, width, height, &svg), &svg);
    if (status == WEFT_OK && png_path)
        status = save(png_path, make_png(draw, data, width, height, &png), &png);
    free(svg.data);
    free(png.data);
    return status;
}
