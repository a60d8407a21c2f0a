#include "report/png_half.h"

#include <stdlib.h>
#include <string.h>

#include "report/bytes.h"
#include "report/raster.h"

/* A file that is read from memory. */
typedef struct source {
    const char *bytes;
    size_t left;
} source;

static cairo_status_t take(void *closure, unsigned char *data, unsigned int count)
{
    source *from = closure;
    if (count > from->left) return CAIRO_STATUS_READ_ERROR;
    memcpy(data, from->bytes, count);
    from->bytes += count;
    from->left -= count;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_status_t append(void *closure, const unsigned char *data, unsigned int count)
{
    return weft_bytes_add(closure, data, count) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

/* cairo hands a failure on from surface to drawing to file. */
static cairo_status_t write_half(cairo_surface_t *whole, weft_bytes *out)
{
    const int width = cairo_image_surface_get_width(whole),
              height = cairo_image_surface_get_height(whole);
    cairo_surface_t *half = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width / 2, height / 2);
    cairo_t *cr = cairo_create(half);
    weft_surface_draw(cr, whole, width, height,
                      (weft_box){0, 0, (double)width / 2, (double)height / 2});
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(half, append, out);
    cairo_surface_destroy(half);
    return status;
}

weft_status weft_png_half(const char *png, size_t count, char **out, size_t *out_count)
{
    source from = {png, count};
    weft_bytes bytes = {0};
    cairo_surface_t *whole = cairo_image_surface_create_from_png_stream(take, &from);
    cairo_status_t made = cairo_surface_status(whole);
    if (made == CAIRO_STATUS_SUCCESS) made = write_half(whole, &bytes);
    cairo_surface_destroy(whole);
    *out = made == CAIRO_STATUS_SUCCESS ? bytes.data : NULL;
    *out_count = *out ? bytes.count : 0;
    if (*out) return WEFT_OK;
    free(bytes.data);
    if (made == CAIRO_STATUS_NO_MEMORY)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: making a picture smaller");
    return weft_fail(WEFT_ERR_IO, "cannot make a picture smaller: %s",
                     cairo_status_to_string(made));
}
