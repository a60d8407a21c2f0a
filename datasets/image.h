/* Decoded pictures, and what is done to them on the way to a network. Private to datasets. */
#ifndef WEFT_DATASETS_IMAGE_H
#define WEFT_DATASETS_IMAGE_H

#include <stdint.h>
#include <stdio.h>

#include "core/status.h"

enum { WEFT_PIXELS_MAX = 64000000 };

/* height x width x channels bytes, channels 1 (grey) or 3 (RGB). */
typedef struct weft_image {
    int32_t width, height, channels;
    int orientation; /* EXIF's 1 to 8: how it is to be turned; 1 is upright */
    uint8_t *bytes;  /* owned: free() it */
} weft_image;

/* Decode from the start of an open file of `size` bytes; path is for messages. */
weft_status weft_png_read(FILE *file, const char *path, int64_t size, weft_image *out);
weft_status weft_jpeg_read(FILE *file, const char *path, int64_t size, weft_image *out);

/* WEFT_ERR_FORMAT names the size when it is zero or over 64 megapixels; called before anything is
 * allocated for the pixels. */
weft_status weft_image_check_size(const char *path, int64_t width, int64_t height);

/* The orientation that a block of EXIF data (from its TIFF header on) asks for; 1 when it does not
 * say. */
int weft_exif_orientation(const uint8_t *tiff, size_t length);

/* The centred part of image with the aspect of width x height, resized to that: by area averaging
 * when it shrinks, bilinear when it grows. values: height x width x channels, 0 to 255. */
weft_status weft_image_resize(const weft_image *image, int32_t width, int32_t height,
                              float *values);

/* Turn height x width x channels values upright as EXIF's orientation says. `to` is width x height
 * x channels for the orientations 5 to 8. */
void weft_image_orient(const float *from, int32_t width, int32_t height, int32_t channels,
                       int orientation, float *to);

#endif
