/* Pictures: every kind of PNG and JPEG in, exact bytes out. */
#define _XOPEN_SOURCE 700

#include <stdint.h>
#include <stdlib.h>

#include "datasets/datasets.h"
#include "datasets/image.h"
#include "tests/picture_files.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static void read_as(const char *path, weft_shape shape, uint8_t *bytes)
{
    ck_weft(weft_picture_read(path, shape, WEFT_INVERT_NO, true, bytes, NULL));
}

/* ---- kinds of PNG ---- */

/* The constant pictures: grey by Rec. 601, alpha over white, 16 bits rounded to 8. */
static const png_kind kinds[] = {
    {"grey 1", PNG_COLOR_TYPE_GRAY, 1, false, false, {0xFF}, 255, {255, 255, 255}},
    {"grey 2", PNG_COLOR_TYPE_GRAY, 2, false, false, {0x55}, 85, {85, 85, 85}},
    {"grey 4", PNG_COLOR_TYPE_GRAY, 4, false, false, {0x33}, 51, {51, 51, 51}},
    {"grey 8", PNG_COLOR_TYPE_GRAY, 8, false, false, {77}, 77, {77, 77, 77}},
    {"grey 8 tRNS", PNG_COLOR_TYPE_GRAY, 8, false, true, {77}, 77, {77, 77, 77}},
    {"grey 8 interlaced", PNG_COLOR_TYPE_GRAY, 8, true, false, {77}, 77, {77, 77, 77}},
    {"grey 16", PNG_COLOR_TYPE_GRAY, 16, false, false, {77, 240}, 78, {78, 78, 78}},
    {"grey alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false, {55, 51}, 215, {215, 215, 215}},
    {"grey alpha 16",
     PNG_COLOR_TYPE_GRAY_ALPHA,
     16,
     true,
     false,
     {55, 55, 51, 51},
     215,
     {215, 215, 215}},
    {"palette", PNG_COLOR_TYPE_PALETTE, 8, false, false, {2}, 124, {200, 100, 50}},
    {"palette 2", PNG_COLOR_TYPE_PALETTE, 2, true, false, {0xAA}, 124, {200, 100, 50}},
    {"palette tRNS", PNG_COLOR_TYPE_PALETTE, 8, false, true, {1}, 136, {132, 137, 142}},
    {"palette invisible", PNG_COLOR_TYPE_PALETTE, 8, false, true, {2}, 255, {255, 255, 255}},
    {"rgb", PNG_COLOR_TYPE_RGB, 8, false, false, {200, 100, 50}, 124, {200, 100, 50}},
    {"rgb interlaced", PNG_COLOR_TYPE_RGB, 8, true, false, {200, 100, 50}, 124, {200, 100, 50}},
    {"rgb 16",
     PNG_COLOR_TYPE_RGB,
     16,
     false,
     false,
     {200, 200, 100, 100, 50, 50},
     124,
     {200, 100, 50}},
    {"rgba", PNG_COLOR_TYPE_RGB_ALPHA, 8, true, false, {200, 100, 50, 51}, 229, {244, 224, 214}},
    {"rgba 16",
     PNG_COLOR_TYPE_RGB_ALPHA,
     16,
     false,
     false,
     {200, 200, 100, 100, 50, 50, 51, 51},
     229,
     {244, 224, 214}},
};

START_TEST(test_png_kind)
{
    enum { W = 13, H = 9 };
    const png_kind *k = &kinds[_i];
    static uint8_t row[W * 8];
    uint8_t *rows[H];
    const int samples[] = {1, 0, 3, 1, 2, 0, 4};
    const size_t unit = k->depth < 8 ? 1 : (size_t)(samples[k->colour] * k->depth / 8);
    for (size_t x = 0; x < W; x++)
        memcpy(row + x * unit, k->pixel, unit);
    for (int y = 0; y < H; y++)
        rows[y] = row;
    const char *path = write_png("kind.png", k, W, H, rows, NULL, 0);

    uint8_t bytes[4 * 4 * 3];
    read_as(path, shape_of(4, 4, 1), bytes);
    for (int i = 0; i < 16; i++)
        ck_assert_msg(bytes[i] == k->grey, "%s: %d, not %d", k->name, bytes[i], k->grey);
    read_as(path, shape_of(4, 4, 3), bytes);
    for (int i = 0; i < 48; i++)
        ck_assert_msg(bytes[i] == k->rgb[i % 3], "%s: %d: %d", k->name, i, bytes[i]);
}
END_TEST

START_TEST(test_luma)
{
    uint8_t in[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}, out[4];
    read_as(write_bytes("luma.png", &rgb8, 4, 1, 3, in), shape_of(1, 4, 1), out);
    ck_assert_mem_eq(out, ((uint8_t[]){76, 150, 29, 255}), 4);
}
END_TEST

/* At its own size a picture comes out as it is; written, it can be read again. */
START_TEST(test_same_size)
{
    uint8_t bytes[6 * 5 * 3], read[sizeof bytes], again[sizeof bytes];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    read_as(write_bytes("same.png", &rgb8, 6, 5, 3, bytes), shape_of(5, 6, 3), read);
    ck_assert_mem_eq(read, bytes, sizeof bytes);

    ck_weft(weft_picture_write(scratch_path("out.png"), shape_of(5, 6, 3), bytes));
    read_as(scratch_path("out.png"), shape_of(5, 6, 3), again);
    ck_assert_mem_eq(again, bytes, sizeof bytes);
    ck_weft(weft_picture_write(scratch_path("out.png"), shape_of(15, 6, 1), bytes));
    read_as(scratch_path("out.png"), shape_of(15, 6, 1), again);
    ck_assert_mem_eq(again, bytes, sizeof bytes);
}
END_TEST

/* ---- crop and resize ---- */

static void check_grey(int width, int height, uint8_t *in, int out_w, int out_h,
                       const uint8_t *wanted)
{
    uint8_t out[64];
    read_as(write_bytes("grey.png", &grey8, width, height, 1, in), shape_of(out_h, out_w, 1), out);
    for (int i = 0; i < out_w * out_h; i++)
        ck_assert_msg(out[i] == wanted[i], "%dx%d to %dx%d: [%d] is %d, not %d", width, height,
                      out_w, out_h, i, out[i], wanted[i]);
}

START_TEST(test_shrink)
{
    uint8_t ramp[16];
    for (int i = 0; i < 16; i++)
        ramp[i] = (uint8_t)(i % 4 * 10 + i / 4 * 40);
    check_grey(4, 4, ramp, 2, 2, (uint8_t[]){25, 45, 105, 125});
    check_grey(4, 4, ramp, 1, 1, (uint8_t[]){75});
    /* 3 to 2: two thirds of the first pixel, one third of the second. */
    check_grey(3, 3, (uint8_t[]){0, 90, 180, 0, 90, 180, 0, 90, 180}, 2, 2,
               (uint8_t[]){30, 150, 30, 150});
    check_grey(3, 3, (uint8_t[]){0, 0, 0, 90, 90, 90, 180, 180, 180}, 2, 2,
               (uint8_t[]){30, 30, 150, 150});
}
END_TEST

START_TEST(test_grow)
{
    check_grey(2, 2, (uint8_t[]){0, 100, 0, 100}, 4, 4,
               (uint8_t[]){0, 25, 75, 100, 0, 25, 75, 100, 0, 25, 75, 100, 0, 25, 75, 100});
    check_grey(2, 2, (uint8_t[]){0, 0, 100, 100}, 3, 3,
               (uint8_t[]){0, 0, 0, 50, 50, 50, 100, 100, 100});
    check_grey(1, 1, (uint8_t[]){99}, 2, 3, (uint8_t[]){99, 99, 99, 99, 99, 99});
}
END_TEST

START_TEST(test_crop)
{
    /* The middle of a wide and of a tall picture; half a pixel from each side of an odd one. */
    check_grey(6, 2, (uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 2,
               (uint8_t[]){3, 4, 9, 10});
    check_grey(2, 6, (uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 2,
               (uint8_t[]){5, 6, 7, 8});
    check_grey(3, 2, (uint8_t[]){0, 100, 200, 0, 100, 200}, 2, 2, (uint8_t[]){50, 150, 50, 150});
    /* An aspect other than a square: 4x4 to 2 high and 4 wide keeps the rows in the middle. */
    check_grey(4, 4, (uint8_t[]){9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9}, 4, 2,
               (uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8});
}
END_TEST

/* A constant stays constant at every pair of sizes. */
START_TEST(test_constant)
{
    uint8_t in[40 * 40], out[33 * 33];
    memset(in, 201, sizeof in);
    for (int w = 1; w <= 40; w += 3)
        for (int h = 1; h <= 40; h += 4) {
            weft_image image = {.width = w, .height = h, .channels = 1, .orientation = 1};
            image.bytes = malloc((size_t)(w * h)); /* exact, so that overruns are seen */
            memset(image.bytes, 201, (size_t)(w * h));
            for (int to = 1; to <= 33; to += 4) {
                float values[33 * 33];
                ck_weft(weft_image_resize(&image, to, 34 - to, values));
                for (int i = 0; i < to * (34 - to); i++)
                    ck_assert_msg(values[i] == 201, "%dx%d to %dx%d", w, h, to, 34 - to);
            }
            free(image.bytes);
        }
    read_as(write_bytes("constant.png", &grey8, 40, 40, 1, in), shape_of(33, 33, 1), out);
    for (size_t i = 0; i < sizeof out; i++)
        ck_assert_int_eq(out[i], 201);
}
END_TEST

/* ---- JPEG and EXIF ---- */

/* EXIF's table: which side the stored first row and the stored first column are seen on. */
static const struct {
    bool swap, row_far, column_far; /* far: bottom or right */
} exif_table[9] = {{0},
                   {false, false, false},
                   {false, false, true},
                   {false, true, true},
                   {false, true, false},
                   {true, false, false},
                   {true, true, false},
                   {true, true, true},
                   {true, false, true}};

/* What is seen at (y, x) of a 2 x 2 picture. Upright: rows run down and columns right. Turned: the
 * first row is the left or right side, the first column the top or bottom. */
static uint8_t seen(int orientation, int y, int x)
{
    const int row = exif_table[orientation].swap ? x : y;
    const int column = exif_table[orientation].swap ? y : x;
    return quarter[exif_table[orientation].row_far ? 1 - row : row]
                  [exif_table[orientation].column_far ? 1 - column : column];
}

START_TEST(test_orientation)
{
    uint8_t bytes[QW * QH], out[4], exif[EXIF_BYTES];
    uint8_t *rows[QH];
    fill_quarters(bytes, 1);
    for (int big = 0; big < 2; big++) {
        const jpeg_kind kind = {JCS_GRAYSCALE, 1, false, _i, big};
        read_as(write_jpeg("turn.jpg", &kind, QW, QH, bytes), shape_of(2, 2, 1), out);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(out[i], seen(_i, i / 2, i % 2));
        weft_shape from;
        ck_weft(weft_picture_read(scratch_path("turn.jpg"), shape_of(2, 2, 1), WEFT_INVERT_NO, true,
                                  out, &from));
        ck_assert(weft_shape_equal(from, _i < 5 ? shape_of(QH, QW, 1) : shape_of(QW, QH, 1)));

        make_exif(big, _i, exif);
        for (int y = 0; y < QH; y++)
            rows[y] = bytes + y * QW;
        read_as(write_png("turn.png", &grey8, QW, QH, rows, exif, EXIF_BYTES), shape_of(2, 2, 1),
                out);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(out[i], seen(_i, i / 2, i % 2));
    }
}
END_TEST

/* A turned picture is cropped as it is seen: 6 rows of 2, turned, fill 2 rows of 6. */
START_TEST(test_turned_aspect)
{
    uint8_t in[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, exif[EXIF_BYTES], out[12];
    static const uint8_t clockwise[12] = {11, 9, 7, 5, 3, 1, 12, 10, 8, 6, 4, 2};
    uint8_t *rows[6];
    for (int y = 0; y < 6; y++)
        rows[y] = in + y * 2;
    make_exif(false, 6, exif);
    read_as(write_png("turned.png", &grey8, 2, 6, rows, exif, EXIF_BYTES), shape_of(2, 6, 1), out);
    ck_assert_mem_eq(out, clockwise, 12);
}
END_TEST

/* EXIF data are foreign bytes: any cut and any flip gives one of the eight. */
START_TEST(test_exif_damage)
{
    uint8_t exif[EXIF_BYTES];
    for (int big = 0; big < 2; big++) {
        make_exif(big, 6, exif);
        ck_assert_int_eq(weft_exif_orientation(exif, EXIF_BYTES), 6);
        for (size_t n = 0; n <= EXIF_BYTES; n++)
            for (int bit = 0; bit < 8; bit++)
                for (size_t at = 0; at < EXIF_BYTES; at++) {
                    uint8_t *copy = malloc(n + 1);
                    memcpy(copy, exif, n);
                    if (at < n) copy[at] ^= (uint8_t)(1 << bit);
                    uint8_t *exact = n ? realloc(copy, n) : copy;
                    const int turned = weft_exif_orientation(exact, n);
                    ck_assert(turned >= 1 && turned <= 8);
                    free(exact);
                }
        make_exif(big, 9, exif);
        ck_assert_int_eq(weft_exif_orientation(exif, EXIF_BYTES), 1);
        make_exif(big, 0, exif);
        ck_assert_int_eq(weft_exif_orientation(exif, EXIF_BYTES), 1);
    }
}
END_TEST

START_TEST(test_jpeg_kinds)
{
    static const jpeg_kind jpegs[] = {{JCS_GRAYSCALE, 1, false, 0, false},
                                      {JCS_GRAYSCALE, 1, true, 0, false},
                                      {JCS_RGB, 3, false, 0, false},
                                      {JCS_RGB, 3, true, 1, true}};
    uint8_t bytes[QW * QH * 3], grey[4], rgb[12];
    for (size_t k = 0; k < sizeof jpegs / sizeof *jpegs; k++) {
        fill_quarters(bytes, jpegs[k].channels);
        const char *path = write_jpeg("kind.jpg", &jpegs[k], QW, QH, bytes);
        read_as(path, shape_of(2, 2, 1), grey);
        read_as(path, shape_of(2, 2, 3), rgb);
        for (int i = 0; i < 4; i++) {
            ck_assert_int_eq(grey[i], quarter[i / 2][i % 2]);
            for (int c = 0; c < 3; c++)
                ck_assert_int_eq(rgb[3 * i + c], quarter[i / 2][i % 2]);
        }
    }
}
END_TEST

START_TEST(test_jpeg_colour)
{
    uint8_t bytes[16 * 16 * 3], rgb[3];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t[]){200, 100, 50}[i % 3];
    const jpeg_kind kind = {JCS_RGB, 3, false, 0, false};
    read_as(write_jpeg("colour.jpg", &kind, 16, 16, bytes), shape_of(1, 1, 3), rgb);
    for (int c = 0; c < 3; c++) /* through YCbCr and back: one step of rounding */
        ck_assert_int_le(abs(rgb[c] - bytes[c]), 1);
}
END_TEST

START_TEST(test_cmyk)
{
    uint8_t bytes[16 * 16 * 4] = {0};
    const jpeg_kind kind = {JCS_CMYK, 4, false, 0, false};
    const char *path = write_jpeg("cmyk.jpg", &kind, 16, 16, bytes);
    ck_weft_refused(weft_picture_read(path, shape_of(4, 4, 3), WEFT_INVERT_NO, true, bytes, NULL),
                    WEFT_ERR_FORMAT, "CMYK");
}
END_TEST

/* ---- light and dark ---- */

static int middle_of(const uint8_t *in, weft_invert invert, bool light_on_dark)
{
    uint8_t out[64], copy[64];
    memcpy(copy, in, sizeof copy);
    const char *path = write_bytes("invert.png", &grey8, 8, 8, 1, copy);
    ck_weft(weft_picture_read(path, shape_of(8, 8, 1), invert, light_on_dark, out, NULL));
    ck_assert_int_eq(out[0] + out[27], 240 + (invert == WEFT_INVERT_YES ? 30 : 0));
    return out[27];
}

START_TEST(test_invert)
{
    uint8_t dark_thing[64], light_thing[64];
    for (int i = 0; i < 64; i++) {
        const bool inside = i % 8 >= 2 && i % 8 < 6 && i / 8 >= 2 && i / 8 < 6;
        dark_thing[i] = inside ? 40 : 200;
        light_thing[i] = inside ? 200 : 40;
    }
    ck_assert_int_eq(middle_of(light_thing, WEFT_INVERT_NO, true), 200);
    ck_assert_int_eq(middle_of(light_thing, WEFT_INVERT_AUTO, true), 200);
    ck_assert_int_eq(middle_of(light_thing, WEFT_INVERT_AUTO, false), 200);
    ck_assert_int_eq(middle_of(light_thing, WEFT_INVERT_YES, true), 55);
    ck_assert_int_eq(middle_of(dark_thing, WEFT_INVERT_NO, true), 40);
    ck_assert_int_eq(middle_of(dark_thing, WEFT_INVERT_AUTO, false), 40);
}
END_TEST

/* A dark thing on paper becomes a light one on black. */
START_TEST(test_invert_auto)
{
    uint8_t in[64], out[64];
    for (int i = 0; i < 64; i++)
        in[i] = i % 8 >= 2 && i % 8 < 6 && i / 8 >= 2 && i / 8 < 6 ? 40 : 200;
    const char *path = write_bytes("paper.png", &grey8, 8, 8, 1, in);
    ck_weft(weft_picture_read(path, shape_of(8, 8, 1), WEFT_INVERT_AUTO, true, out, NULL));
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(out[i], 255 - in[i]);
    memset(in, 90, sizeof in); /* no border at all: left as it is */
    path = write_bytes("paper.png", &grey8, 8, 8, 1, in);
    ck_weft(weft_picture_read(path, shape_of(8, 8, 1), WEFT_INVERT_AUTO, true, out, NULL));
    ck_assert_mem_eq(out, in, sizeof in);
}
END_TEST

int main(void)
{
    enum { KINDS = sizeof kinds / sizeof *kinds };
    Suite *suite = suite_create("pictures");
    TCase *tests = tcase_create("pictures");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_loop_test(tests, test_png_kind, 0, KINDS);
    tcase_add_test(tests, test_luma);
    tcase_add_test(tests, test_same_size);
    tcase_add_test(tests, test_shrink);
    tcase_add_test(tests, test_grow);
    tcase_add_test(tests, test_crop);
    tcase_add_test(tests, test_constant);
    tcase_add_loop_test(tests, test_orientation, 1, 9);
    tcase_add_test(tests, test_turned_aspect);
    tcase_add_test(tests, test_exif_damage);
    tcase_add_test(tests, test_jpeg_kinds);
    tcase_add_test(tests, test_jpeg_colour);
    tcase_add_test(tests, test_cmyk);
    tcase_add_test(tests, test_invert);
    tcase_add_test(tests, test_invert_auto);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
