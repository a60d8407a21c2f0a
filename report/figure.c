/* One drawing to SVG and PNG: made in memory, then written as whole files. */
#include "report/figure.h"

#include <stdlib.h>

#include <cairo-svg.h>

#include "core/posix.h"
#include "report/bytes.h"
#include "report/svg_names.h"
#include "report/svg_short.h"

enum { PNG_SCALE = 2 };

static cairo_status_t append(void *closure, const unsigned char *data, unsigned int count)
{
    return weft_bytes_add(closure, data, count) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

static cairo_status_t draw_on(cairo_surface_t *surface, double scale, const weft_figure *figure,
                              weft_theme theme)
{
    const weft_canvas canvas = {cairo_create(surface), weft_palette_of(theme)};
    cairo_t *cr = canvas.cr;
    weft_text_prepare(cr);
    cairo_scale(cr, scale, scale);
    weft_colour_set(cr, canvas.palette->paper);
    cairo_paint(cr);
    figure->draw(&canvas, figure->data);
    const cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    return status;
}

static cairo_status_t make_svg(const weft_figure *figure, weft_theme theme, weft_bytes *out)
{
    weft_bytes svg = {0};
    cairo_surface_t *surface =
        cairo_svg_surface_create_for_stream(append, &svg, figure->width, figure->height);
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    cairo_status_t status = draw_on(surface, 1, figure, theme);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS) weft_svg_shorten(svg.data, &svg.count);
    if (status == CAIRO_STATUS_SUCCESS && !weft_svg_rename(svg.data, svg.count, out))
        status = CAIRO_STATUS_NO_MEMORY;
    free(svg.data);
    return status;
}

static cairo_status_t make_png(const weft_figure *figure, weft_theme theme, int scale,
                               weft_bytes *out)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, figure->width * scale,
                                                          figure->height * scale);
    cairo_status_t status = draw_on(surface, scale, figure, theme);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, append, out);
    cairo_surface_destroy(surface);
    return status;
}

/* Hand a drawn file over, or free it and say why there is none. */
static weft_status hand_over(cairo_status_t made, weft_bytes *file, char **out, size_t *count)
{
    *out = NULL;
    *count = 0;
    if (made == CAIRO_STATUS_SUCCESS) made = append(file, (const unsigned char *)"", 1);
    if (made == CAIRO_STATUS_SUCCESS) {
        *out = file->data;
        *count = file->count - 1;
        return WEFT_OK;
    }
    free(file->data);
    if (made == CAIRO_STATUS_NO_MEMORY)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: drawing a picture");
    return weft_fail(WEFT_ERR_IO, "cannot draw a picture: %s", cairo_status_to_string(made));
}

weft_status weft_figure_svg(const weft_figure *figure, weft_theme theme, char **out, size_t *count)
{
    weft_bytes svg = {0};
    return hand_over(make_svg(figure, theme, &svg), &svg, out, count);
}

weft_status weft_figure_png(const weft_figure *figure, weft_theme theme, int scale, char **out,
                            size_t *count)
{
    weft_bytes png = {0};
    return hand_over(make_png(figure, theme, scale, &png), &png, out, count);
}

weft_status weft_figure_write(const weft_figure *figure, weft_theme theme, const char *svg_path,
                              const char *png_path)
{
    char *svg = NULL, *png = NULL;
    size_t count;
    weft_status status = WEFT_OK;
    if (svg_path) status = weft_figure_svg(figure, theme, &svg, &count);
    if (svg) status = weft_write_file(svg_path, svg, count);
    if (status == WEFT_OK && png_path)
        status = weft_figure_png(figure, theme, PNG_SCALE, &png, &count);
    if (png) status = weft_write_file(png_path, png, count);
    free(svg);
    free(png);
    return status;
}
