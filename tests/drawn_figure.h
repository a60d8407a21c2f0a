/* Figures as pixels, for tests of what was drawn where. */
#ifndef WEFT_TESTS_DRAWN_FIGURE_H
#define WEFT_TESTS_DRAWN_FIGURE_H

#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>

#include "report/raster.h"
#include "tests/fonts.h"
#include "tests/suite.h"

/* A figure drawn with one pixel a unit, or `scale`; free rgb. */
typedef struct drawn_figure {
    int width, height;
    uint8_t *rgb;
} drawn_figure;

static inline drawn_figure draw_figure(weft_figure figure, weft_theme theme, int scale)
{
    char *bytes = NULL;
    size_t count = 0;
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_weft(weft_figure_png(&figure, theme, scale, &bytes, &count));
    ck_assert(png_image_begin_read_from_memory(&image, bytes, count));
    ck_assert_int_eq(image.width, figure.width * scale);
    ck_assert_int_eq(image.height, figure.height * scale);
    image.format = PNG_FORMAT_RGB;
    drawn_figure drawn = {(int)image.width, (int)image.height, malloc(PNG_IMAGE_SIZE(image))};
    ck_assert_ptr_nonnull(drawn.rgb);
    ck_assert(png_image_finish_read(&image, NULL, drawn.rgb, 0, NULL));
    free(bytes);
    return drawn;
}

static inline weft_rgb drawn_at(const drawn_figure *drawn, double x, double y)
{
    if (x < 0 || y < 0 || x >= drawn->width || y >= drawn->height)
        ck_abort_msg("%g, %g is outside of the figure", x, y);
    const uint8_t *at = drawn->rgb + 3 * ((size_t)y * (size_t)drawn->width + (size_t)x);
    return (weft_rgb){at[0], at[1], at[2]};
}

static inline bool same_rgb(weft_rgb a, weft_rgb b)
{
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

static inline weft_rgb rgb_of(weft_colour colour)
{
    return (weft_rgb){(uint8_t)lround(colour.red * 255), (uint8_t)lround(colour.green * 255),
                      (uint8_t)lround(colour.blue * 255)};
}

/* Pixels of a box that are not paper. */
static inline int drawn_in(const drawn_figure *drawn, weft_theme theme, weft_box box)
{
    const weft_rgb paper = rgb_of(weft_palette_of(theme)->paper);
    int count = 0;
    for (int y = (int)box.top; y < (int)(box.top + box.height); y++)
        for (int x = (int)box.left; x < (int)(box.left + box.width); x++)
            count += !same_rgb(drawn_at(drawn, x, y), paper);
    return count;
}

static inline bool boxes_apart(weft_box a, weft_box b)
{
    return a.left + a.width <= b.left || b.left + b.width <= a.left || a.top + a.height <= b.top ||
           b.top + b.height <= a.top;
}

static inline bool box_within(weft_box inner, double width, double height)
{
    return inner.left >= 0 && inner.top >= 0 && inner.left + inner.width <= width &&
           inner.top + inner.height <= height;
}

/* Drawn twice, both kinds of file have the same bytes. */
static inline void check_same_bytes(weft_figure figure, weft_theme theme)
{
    char *a = NULL, *b = NULL;
    size_t a_count = 0, b_count = 0;
    ck_weft(weft_figure_svg(&figure, theme, &a, &a_count));
    ck_weft(weft_figure_svg(&figure, theme, &b, &b_count));
    ck_assert_uint_eq(a_count, b_count);
    ck_assert_mem_eq(a, b, a_count);
    free(a);
    free(b);
    ck_weft(weft_figure_png(&figure, theme, 1, &a, &a_count));
    ck_weft(weft_figure_png(&figure, theme, 1, &b, &b_count));
    ck_assert_uint_eq(a_count, b_count);
    ck_assert_mem_eq(a, b, a_count);
    free(a);
    free(b);
}

#endif
