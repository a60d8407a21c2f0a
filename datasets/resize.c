#include "datasets/image.h"

#include <math.h>
#include <stdlib.h>

#include "core/checked.h"

/* What one output pixel reads along one axis: `count` neighbours from `first`, the first and the
 * last with a weight of their own, those between them with 1; then all of it times scale. */
typedef struct tap {
    int32_t first, count;
    double head, tail, scale;
} tap;

/* Output i covers [begin, begin + width) of the source: the mean over that stretch. */
static tap area_tap(double begin, double width, int32_t extent)
{
    const double end = fmin(begin + width, extent);
    const int32_t first = (int32_t)begin;
    int32_t last = (int32_t)ceil(end) - 1;
    if (last < first) last = first;
    tap t = {.first = first, .count = last - first + 1};
    t.head = fmin(end, first + 1.0) - begin;
    t.tail = end - last;
    t.scale = 1 / (end - begin);
    return t;
}

/* Between the two pixels whose centres are around the point; the outer ones go on to the edge. */
static tap linear_tap(double centre, int32_t extent)
{
    const double at = fmin(fmax(centre - 0.5, 0), extent - 1);
    const int32_t first = (int32_t)at;
    const bool single = first + 1 >= extent;
    const double part = single ? 0 : at - first;
    return (tap){
        .first = first, .count = single ? 1 : 2, .head = 1 - part, .tail = part, .scale = 1};
}

/* Taps of `out` pixels over the stretch of `length` pixels from `start` of `extent`. */
static void plan_axis(tap *taps, int32_t out, double start, double length, int32_t extent)
{
    const double step = length / out;
    for (int32_t i = 0; i < out; i++)
        taps[i] = step >= 1 ? area_tap(start + i * step, step, extent)
                            : linear_tap(start + (i + 0.5) * step, extent);
}

/* One source row, resized along x. */
static void resize_row(const uint8_t *row, int32_t channels, const tap *taps, int32_t width,
                       double *out)
{
    for (int32_t x = 0; x < width; x++)
        for (int32_t c = 0; c < channels; c++) {
            const tap t = taps[x];
            const uint8_t *p = row + (size_t)t.first * (size_t)channels + c;
            double sum = t.head * p[0];
            uint64_t between = 0;
            for (int32_t i = 1; i < t.count - 1; i++)
                between += p[(size_t)i * (size_t)channels];
            if (t.count > 1) sum += t.tail * p[(size_t)(t.count - 1) * (size_t)channels];
            *out++ = (sum + (double)between) * t.scale;
        }
}

/* One output row: the weighted rows of its tap. row and sum hold `count` numbers. */
static void resize_column(const weft_image *image, const tap *across, int32_t width, tap down,
                          double *row, double *sum, float *values)
{
    const size_t count = (size_t)width * (size_t)image->channels;
    const size_t stride = (size_t)image->width * (size_t)image->channels;
    for (size_t i = 0; i < count; i++)
        sum[i] = 0;
    for (int32_t y = 0; y < down.count; y++) {
        const double weight = y == 0 ? down.head : y == down.count - 1 ? down.tail : 1;
        const uint8_t *source = image->bytes + (size_t)(down.first + y) * stride;
        resize_row(source, image->channels, across, width, row);
        for (size_t i = 0; i < count; i++)
            sum[i] += weight * row[i];
    }
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(sum[i] * down.scale);
}

weft_status weft_image_resize(const weft_image *image, int32_t width, int32_t height, float *values)
{
    const double w = image->width, h = image->height;
    const double crop_w = fmin(w, h * width / height), crop_h = fmin(h, w * height / width);
    const size_t count = (size_t)width * (size_t)image->channels;
    weft_status status = WEFT_OK;

    tap *across = calloc((size_t)width, sizeof *across);
    tap *down = calloc((size_t)height, sizeof *down);
    double *row = calloc(count, sizeof *row);
    double *sum = calloc(count, sizeof *sum);
    if (!across || !down || !row || !sum) {
        status =
            weft_fail(WEFT_ERR_MEMORY, "out of memory: resizing a picture to %dx%d", height, width);
        goto done;
    }
    plan_axis(across, width, (w - crop_w) / 2, crop_w, image->width);
    plan_axis(down, height, (h - crop_h) / 2, crop_h, image->height);
    for (int32_t y = 0; y < height; y++)
        resize_column(image, across, width, down[y], row, sum, values + (size_t)y * count);
done:
    free(across);
    free(down);
    free(row);
    free(sum);
    return status;
}

void weft_image_orient(const float *from, int32_t width, int32_t height, int32_t channels,
                       int orientation, float *to)
{
    /* 2 and 4 mirror, 3 turns by half, 5 to 8 do the same to the transposed picture. */
    const bool swap = orientation >= 5;
    const bool mirror_x =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool mirror_y =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const int32_t out_w = swap ? height : width, out_h = swap ? width : height;
    for (int32_t y = 0; y < out_h; y++)
        for (int32_t x = 0; x < out_w; x++) {
            int32_t sx = swap ? y : x, sy = swap ? x : y;
            if (mirror_x) sx = width - 1 - sx;
            if (mirror_y) sy = height - 1 - sy;
            const float *p = from + ((size_t)sy * (size_t)width + (size_t)sx) * (size_t)channels;
            for (int32_t c = 0; c < channels; c++)
                *to++ = p[c];
        }
}
