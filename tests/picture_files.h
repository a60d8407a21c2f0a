/* PNG and JPEG files for tests, of every kind that the readers know. */
#ifndef WEFT_TESTS_PICTURE_FILES_H
#define WEFT_TESTS_PICTURE_FILES_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "core/tensor.h"
#include "tests/scratch.h"

/* How a PNG is stored; rows are given packed as the file has them. */
typedef struct png_kind {
    const char *name;
    int colour, depth;
    bool interlaced, transparent; /* transparent: a tRNS chunk that names no pixel in use */
    uint8_t pixel[8];             /* one pixel of the constant picture, big-endian */
    uint8_t grey, rgb[3];         /* what it is read as */
} png_kind;

static inline const char *write_png(const char *name, const png_kind *kind, int width, int height,
                                    uint8_t *const *rows, const uint8_t *exif, unsigned exif_bytes)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    ck_assert_msg(setjmp(png_jmpbuf(png)) == 0, "libpng cannot write %s", name);
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, kind->depth, kind->colour,
                 kind->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[4] = {{0, 0, 0}, {10, 20, 30}, {200, 100, 50}, {255, 255, 255}};
    png_byte alpha[4] = {255, 128, 0, 255};
    png_color_16 unused = {.gray = 1, .red = 1, .green = 1, .blue = 1};
    if (kind->colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
    if (kind->transparent) png_set_tRNS(png, info, alpha, 4, &unused);
    if (exif) png_set_eXIf_1(png, info, exif_bytes, (png_bytep)(uintptr_t)exif);
    png_write_info(png, info);
    png_write_image(png, (png_bytepp)(uintptr_t)rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
    return path;
}

static const png_kind grey8 = {.name = "grey8", .colour = PNG_COLOR_TYPE_GRAY, .depth = 8};
static const png_kind rgb8 = {.name = "rgb8", .colour = PNG_COLOR_TYPE_RGB, .depth = 8};

/* A picture of bytes that lie row after row. */
static inline const char *write_bytes(const char *name, const png_kind *kind, int width, int height,
                                      int channels, uint8_t *bytes)
{
    uint8_t *rows[64];
    ck_assert_int_le(height, 64);
    for (int y = 0; y < height; y++)
        rows[y] = bytes + (size_t)y * (size_t)(width * channels);
    return write_png(name, kind, width, height, rows, NULL, 0);
}

/* EXIF data that say nothing but an orientation. */
enum { EXIF_BYTES = 26 };
static inline void make_exif(bool big, int orientation, uint8_t out[EXIF_BYTES])
{
    static const uint8_t little[EXIF_BYTES] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3,
                                               0,   1,   0,  0, 0, 0, 0, 0, 0, 0, 0,    0,    0};
    static const uint8_t large[EXIF_BYTES] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0,
                                              3,   0,   0, 0,  1, 0, 0, 0, 0, 0, 0,    0,    0};
    memcpy(out, big ? large : little, EXIF_BYTES);
    out[big ? 19 : 18] = (uint8_t)orientation;
}

typedef struct jpeg_kind {
    J_COLOR_SPACE space;
    int channels;
    bool progressive;
    int orientation; /* 0: no EXIF */
    bool big;
} jpeg_kind;

static inline const char *write_jpeg(const char *name, const jpeg_kind *kind, int width, int height,
                                     uint8_t *bytes)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    struct jpeg_error_mgr error;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&error)};
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = kind->channels;
    jpeg.in_color_space = kind->space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    if (kind->progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind->orientation) {
        uint8_t marker[6 + EXIF_BYTES] = "Exif\0";
        make_exif(kind->big, kind->orientation, marker + 6);
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, marker, sizeof marker);
    }
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = bytes + (size_t)jpeg.next_scanline * (size_t)(width * kind->channels);
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(file);
    return path;
}

static inline weft_shape shape_of(int32_t height, int32_t width, int32_t channels)
{
    return (weft_shape){3, {height, width, channels}};
}

/* Four quarters, each of one colour, which JPEG keeps exactly: top left, top right, bottom ones. */
enum { QW = 32, QH = 32 };
static const uint8_t quarter[2][2] = {{0, 80}, {160, 240}};

static inline void fill_quarters(uint8_t *bytes, int channels)
{
    for (int y = 0; y < QH; y++)
        for (int x = 0; x < QW; x++)
            for (int c = 0; c < channels; c++)
                *bytes++ = quarter[y >= QH / 2][x >= QW / 2];
}

#endif
