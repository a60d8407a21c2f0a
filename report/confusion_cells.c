#include "report/confusion_cells.h"

#include <stdio.h>

#include "core/number.h"
#include "report/raster.h"

enum { RECTANGLES_MOST = 40 }; /* classes; more are drawn as pixels, which keeps the SVG small */

weft_colour weft_confusion_colour(const weft_palette *palette, int series, double share)
{
    const double part = sqrt(fmin(fmax(share, 0), 1));
    return weft_colour_mix(palette->paper, palette->series[series], part);
}

static int64_t count_at(const weft_confusion_chart *d, int row, int column)
{
    return d->count[(int64_t)row * d->classes + column];
}

static double row_sum(const weft_confusion_chart *d, int row)
{
    double sum = 0;
    for (int i = 0; i < d->classes; i++)
        sum += (double)count_at(d, row, i);
    return sum;
}

/* A label made smaller until it fits; left out when it could not be read then. */
static void draw_fitting(const weft_canvas *canvas, weft_label label, double width,
                         const char *text)
{
    const double needed = weft_label_width(canvas->cr, &label, text);
    if (needed > width) label.size *= width / needed;
    if (label.size >= 6) weft_label_draw(canvas->cr, &label, text);
}

static void draw_text(const weft_canvas *canvas, const weft_confusion_layout *l, double x, double y,
                      int64_t count, double share, weft_colour ground)
{
    char text[WEFT_NUMBER_TEXT], percent[WEFT_NUMBER_TEXT];
    const weft_colour colour = count == 0 ? canvas->palette->soft : weft_text_on(ground);
    weft_label label = {.x = x + l->cell / 2,
                        .y = y + l->cell * 0.47,
                        .size = count == 0 ? 10 : fmin(13, l->cell * 0.27),
                        .anchor = WEFT_CENTRE,
                        .bold = count > 0,
                        .colour = colour};
    (void)snprintf(text, sizeof text, "%lld", (long long)count);
    draw_fitting(canvas, label, l->cell - 6, text);
    if (isnan(share))
        (void)snprintf(text, sizeof text, "-");
    else
        (void)snprintf(text, sizeof text, "%s %%",
                       weft_fixed(100 * share, count == 0 ? 0 : 1, percent));
    label.bold = false;
    label.size = fmin(10, l->cell * 0.21);
    label.y = y + l->cell * 0.75;
    draw_fitting(canvas, label, l->cell - 4, text);
}

static void draw_row(const weft_canvas *canvas, const weft_confusion_chart *d,
                     const weft_confusion_layout *l, int row)
{
    const double sum = row_sum(d, row), y = l->top + row * l->cell;
    const double line = l->text ? 1 : 0; /* of the grid */
    for (int column = 0; column < d->classes; column++) {
        const int64_t count = count_at(d, row, column);
        const double share = sum > 0 ? (double)count / sum : (double)NAN;
        const double x = l->left + column * l->cell;
        const weft_colour ground =
            weft_confusion_colour(canvas->palette, row == column ? 0 : 1, sum > 0 ? share : 0);
        if (count > 0)
            weft_rect_fill(canvas, x + line, y + line, l->cell - line, l->cell - line, ground);
        if (l->text) draw_text(canvas, l, x, y, count, share, ground);
    }
}

/* ---- many classes ---- */

static uint32_t pixel_of(weft_colour c)
{
    return (uint32_t)(c.red * 255 + 0.5) << 16 | (uint32_t)(c.green * 255 + 0.5) << 8 |
           (uint32_t)(c.blue * 255 + 0.5);
}

/* `times` x `times` pixels of an image for each cell, so that no viewer has to blur them. */
static void paint_row(const weft_canvas *canvas, const weft_confusion_chart *d, int row, int times,
                      cairo_surface_t *image)
{
    const double sum = row_sum(d, row);
    const int stride = cairo_image_surface_get_stride(image);
    unsigned char *pixels = cairo_image_surface_get_data(image);
    for (int y = row * times; y < (row + 1) * times; y++) {
        uint32_t *line = (uint32_t *)(void *)(pixels + (int64_t)y * stride);
        for (int x = 0; x < d->classes * times; x++) {
            const int column = x / times;
            const double share = sum > 0 ? (double)count_at(d, row, column) / sum : 0;
            line[x] =
                pixel_of(weft_confusion_colour(canvas->palette, row == column ? 0 : 1, share));
        }
    }
}

static void draw_pixels(const weft_canvas *canvas, const weft_confusion_chart *d,
                        const weft_confusion_layout *l)
{
    const int times = l->cell >= 2 ? (int)l->cell : 1;
    const int side = d->classes * times;
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, side, side);
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        cairo_surface_flush(image);
        for (int row = 0; row < d->classes; row++)
            paint_row(canvas, d, row, times, image);
        cairo_surface_mark_dirty(image);
    }
    const double wide = d->classes * l->cell;
    weft_surface_draw(canvas->cr, image, side, side, (weft_box){l->left, l->top, wide, wide});
    cairo_surface_destroy(image);
}

/* ---- all of it ---- */

static void draw_grid(const weft_canvas *canvas, int classes, const weft_confusion_layout *l)
{
    const double side = classes * l->cell;
    const int step = l->text ? 1 : classes;
    for (int i = 0; i <= classes; i += step) {
        const double at = i * l->cell + 0.5;
        weft_rule_draw(canvas, l->left, l->top + at, l->left + side + 1, l->top + at,
                       canvas->palette->faint);
        weft_rule_draw(canvas, l->left + at, l->top, l->left + at, l->top + side + 1,
                       canvas->palette->faint);
    }
}

void weft_confusion_cells_draw(const weft_canvas *canvas, const weft_confusion_chart *data,
                               const weft_confusion_layout *layout)
{
    if (layout->text) draw_grid(canvas, data->classes, layout);
    if (data->classes > RECTANGLES_MOST)
        draw_pixels(canvas, data, layout);
    else
        for (int row = 0; row < data->classes; row++)
            draw_row(canvas, data, layout, row);
    if (!layout->text) draw_grid(canvas, data->classes, layout);
}
