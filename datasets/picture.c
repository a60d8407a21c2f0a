/* Pictures from files to what a network takes: decode, crop, resize, turn, convert, invert. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/posix.h"
#include "datasets/datasets.h"
#include "datasets/image.h"

weft_status weft_image_check_size(const char *path, int64_t width, int64_t height)
{
    int64_t pixels;
    if (width < 1 || height < 1 || width > INT32_MAX || height > INT32_MAX)
        return weft_fail(WEFT_ERR_FORMAT, "%s: %lld x %lld pixels: damaged; save it again", path,
                         (long long)width, (long long)height);
    if (!weft_mul_i64(width, height, &pixels) && pixels <= WEFT_PIXELS_MAX) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: %lld x %lld pixels are more than the limit of 64 megapixels; make the "
                     "picture smaller",
                     path, (long long)width, (long long)height);
}

static weft_status read_file(FILE *file, const char *path, weft_image *image)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    static const uint8_t jpeg[3] = {0xFF, 0xD8, 0xFF};
    uint8_t start[8] = {0};
    if (fseek(file, 0, SEEK_END) != 0)
        return weft_fail(WEFT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    const int64_t size = ftell(file);
    rewind(file);
    if (fread(start, 1, sizeof start, file) < sizeof start && ferror(file))
        return weft_fail(WEFT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    rewind(file);
    if (memcmp(start, png, sizeof png) == 0) return weft_png_read(file, path, size, image);
    if (memcmp(start, jpeg, sizeof jpeg) == 0) return weft_jpeg_read(file, path, size, image);
    return weft_fail(WEFT_ERR_FORMAT, "%s is neither PNG nor JPEG%s; convert it to one of them",
                     path, size == 0 ? " (it is empty)" : "");
}

static weft_status decode(const char *path, weft_image *image)
{
    FILE *file;
    *image = (weft_image){0};
    WEFT_TRY(weft_open_file(path, &file));
    const weft_status status = read_file(file, path, image);
    fclose(file);
    return status;
}

static double luma(const float *p, int32_t channels)
{
    return channels == 1 ? p[0] : 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
}

/* Is the outermost ring of pixels lighter, on average, than the middle half? */
static bool border_is_lighter(const float *values, int32_t width, int32_t height, int32_t channels)
{
    double border = 0, middle = 0;
    int64_t border_count = 0, middle_count = 0;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            const double value = luma(values, channels);
            values += channels;
            if (x == 0 || y == 0 || x == width - 1 || y == height - 1) {
                border += value;
                border_count++;
            }
            if (x >= width / 4 && x < width - width / 4 && y >= height / 4 &&
                y < height - height / 4) {
                middle += value;
                middle_count++;
            }
        }
    return border * (double)middle_count > middle * (double)border_count;
}

/* Round to bytes with as many channels as are wanted, inverted if asked. */
static void convert(const float *values, int64_t pixels, int32_t have, int32_t want, bool invert,
                    uint8_t *bytes)
{
    for (int64_t i = 0; i < pixels; i++, values += have)
        for (int32_t c = 0; c < want; c++) {
            const double value = want == 1 || have == 1 ? luma(values, have) : values[c];
            const uint8_t byte = (uint8_t)(fmin(fmax(value, 0), 255) + 0.5);
            *bytes++ = invert ? (uint8_t)(255 - byte) : byte;
        }
}

/* Does its width become its height? */
static bool is_turned(const weft_image *image)
{
    return image->orientation >= 5;
}

static weft_shape upright_shape(const weft_image *image)
{
    const bool swap = is_turned(image);
    return (weft_shape){3,
                        {swap ? image->width : image->height, swap ? image->height : image->width,
                         image->channels}};
}

/* The picture as shape wants it but for its channels. flat and upright: room for shape x channels
 * of the picture. */
static weft_status fit(const weft_image *image, weft_shape shape, float *flat, float *upright)
{
    const bool swap = is_turned(image);
    const int32_t width = shape.dim[swap ? 0 : 1], height = shape.dim[swap ? 1 : 0];
    WEFT_TRY(weft_image_resize(image, width, height, flat));
    weft_image_orient(flat, width, height, image->channels, image->orientation, upright);
    return WEFT_OK;
}

static weft_status make(const weft_image *image, weft_shape shape, weft_invert invert,
                        bool light_on_dark, uint8_t *bytes)
{
    const int64_t pixels = (int64_t)shape.dim[0] * shape.dim[1];
    const size_t count = (size_t)pixels * (size_t)image->channels;
    float *flat = calloc(count, sizeof *flat), *upright = calloc(count, sizeof *upright);
    weft_status status = WEFT_ERR_MEMORY;
    if (!flat || !upright) {
        weft_fail(status, "a picture of %dx%d pixels", shape.dim[0], shape.dim[1]);
        goto done;
    }
    status = fit(image, shape, flat, upright);
    if (status != WEFT_OK) goto done;

    bool turn = invert == WEFT_INVERT_YES;
    if (invert == WEFT_INVERT_AUTO && light_on_dark)
        turn = border_is_lighter(upright, shape.dim[1], shape.dim[0], image->channels);
    convert(upright, pixels, image->channels, shape.dim[2], turn, bytes);
done:
    free(flat);
    free(upright);
    return status;
}

weft_status weft_picture_read(const char *path, weft_shape shape, weft_invert invert,
                              bool light_on_dark, uint8_t *bytes, weft_shape *from)
{
    int64_t count;
    WEFT_TRY(weft_shape_check(shape, &count));
    if (shape.rank != 3 || (shape.dim[2] != 1 && shape.dim[2] != 3)) {
        char text[WEFT_SHAPE_TEXT];
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: the network takes %s, a picture gives H x W x 1 or H x W x 3", path,
                         weft_shape_print(shape, text));
    }
    weft_image image;
    weft_status status = decode(path, &image);
    if (status == WEFT_OK) status = make(&image, shape, invert, light_on_dark, bytes);
    if (status == WEFT_OK && from) *from = upright_shape(&image);
    free(image.bytes);
    return status;
}
