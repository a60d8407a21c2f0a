/* Files that are no pictures, damaged ones, and ones too large: refused, in bounded time. */
#define _XOPEN_SOURCE 700

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "datasets/datasets.h"
#include "tests/picture_files.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static weft_status try_read(const char *path)
{
    uint8_t bytes[64];
    return weft_picture_read(path, shape_of(4, 4, 1), WEFT_INVERT_NO, true, bytes, NULL);
}

START_TEST(test_not_a_picture)
{
    uint8_t bytes[8];
    ck_weft_refused(try_read(scratch_path("none.png")), WEFT_ERR_IO, "none.png");
    ck_weft_refused(try_read(scratch_path("")), WEFT_ERR_IO, "is a folder");
    ck_weft_refused(try_read(scratch_write("a.png", "", 0)), WEFT_ERR_FORMAT, "it is empty");
    ck_weft_refused(try_read(scratch_write("a.png", "GIF89a..........", 16)), WEFT_ERR_FORMAT,
                    "neither PNG nor JPEG");
    ck_weft_refused(
        weft_picture_read("x.png", shape_of(2, 2, 2), WEFT_INVERT_NO, true, bytes, NULL),
        WEFT_ERR_FORMAT, "2x2x2");
    ck_weft_refused(
        weft_picture_read("x.png", (weft_shape){1, {8}}, WEFT_INVERT_NO, true, bytes, NULL),
        WEFT_ERR_FORMAT, "takes 8");
    ck_weft_refused(weft_picture_write("x.png", shape_of(2, 2, 2), bytes), WEFT_ERR_SHAPE, "x.png");
    ck_weft_refused(weft_picture_write("/no/such/x.png", shape_of(2, 2, 1), bytes), WEFT_ERR_IO,
                    "/no/such/x.png");
}
END_TEST

static size_t add_chunk(uint8_t *file, size_t at, const char *name, const uint8_t *data,
                        size_t count)
{
    uint8_t *b = file + at;
    memcpy(b, (uint8_t[]){0, 0, 0, (uint8_t)count}, 4);
    memcpy(b + 4, name, 4);
    memcpy(b + 8, data, count);
    const uint32_t sum = (uint32_t)crc32(0, b + 4, (unsigned)count + 4);
    for (size_t i = 0; i < 4; i++)
        b[8 + count + i] = (uint8_t)(sum >> (24 - 8 * i));
    return at + count + 12;
}

/* A PNG of grey bytes with a sound header, and a few bytes where the pixels should be. */
static const char *png_header(uint32_t width, uint32_t height)
{
    static const uint8_t pixels[4] = {0x78, 0x9C, 0x03, 0x00};
    uint8_t file[100] = {0x89, 'P', 'N', 'G', '\r', '\n', 26, '\n'}, header[13] = {0};
    for (int i = 0; i < 4; i++) {
        header[i] = (uint8_t)(width >> (24 - 8 * i));
        header[4 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    header[8] = 8;
    size_t count = add_chunk(file, 8, "IHDR", header, sizeof header);
    count = add_chunk(file, count, "IDAT", pixels, sizeof pixels);
    return scratch_write("header.png", file, count);
}

START_TEST(test_huge)
{
    ck_weft_refused(try_read(png_header(30000, 30000)), WEFT_ERR_FORMAT, "30000 x 30000");
    ck_assert_ptr_nonnull(strstr(weft_error(), "64 megapixels"));
    ck_weft_refused(try_read(png_header(0xFFFFFFFF, 0xFFFFFFFF)), WEFT_ERR_FORMAT, "4294967295");
    ck_weft_refused(try_read(png_header(0x7FFFFFFF, 0x7FFFFFFF)), WEFT_ERR_FORMAT, "64 megapixels");
    ck_weft_refused(try_read(png_header(0, 5)), WEFT_ERR_FORMAT, "0 x 5");
    /* Within the limit, but far more than 49 bytes can hold. */
    ck_weft_refused(try_read(png_header(8000, 8000)), WEFT_ERR_FORMAT, "49 bytes cannot hold");
    ck_weft_refused(try_read(png_header(80, 80)), WEFT_ERR_FORMAT, "damaged PNG");

    uint8_t bytes[QW * QH] = {0};
    size_t count;
    const jpeg_kind kind = {JCS_GRAYSCALE, 1, false, 0, false};
    write_jpeg("huge.jpg", &kind, QW, QH, bytes);
    unsigned char *file = scratch_read("huge.jpg", &count);
    size_t at = 2;
    while (!(file[at] == 0xFF && file[at + 1] == 0xC0))
        at += 2 + (size_t)(file[at + 2] << 8 | file[at + 3]);
    memcpy(file + at + 5, (uint8_t[]){0x75, 0x30, 0x75, 0x30}, 4);
    ck_weft_refused(try_read(scratch_write("huge.jpg", file, count)), WEFT_ERR_FORMAT,
                    "30000 x 30000");
    free(file);
}
END_TEST

/* libpng would take two gigabytes for this one before it reads it. */
START_TEST(test_long_chunk)
{
    size_t count;
    unsigned char *file = scratch_read("header.png", &count);
    uint8_t longer[200];
    ck_assert_uint_le(count + 12, sizeof longer);
    memcpy(longer, file, 33);
    memcpy(longer + 33,
           "\x7F\xFF\xFF\xFF"
           "eXIfMM",
           10);
    memcpy(longer + 43, file + 33, count - 33);
    const char *path = scratch_write("long.png", longer, count + 10);
    ck_weft_refused(try_read(path), WEFT_ERR_FORMAT, "2147483647 bytes goes beyond its end");
    free(file);
}
END_TEST

/* A whole JPEG file cut down to its headers and a claim. */
START_TEST(test_empty_jpeg)
{
    uint8_t bytes[QW * QH] = {0};
    size_t count;
    const jpeg_kind kind = {JCS_GRAYSCALE, 1, _i == 1, 0, false};
    write_jpeg("empty.jpg", &kind, QW, QH, bytes);
    unsigned char *file = scratch_read("empty.jpg", &count);
    size_t at = 2;
    while (!(file[at] == 0xFF && (file[at + 1] == 0xC0 || file[at + 1] == 0xC2)))
        at += 2 + (size_t)(file[at + 2] << 8 | file[at + 3]);
    memcpy(file + at + 5, (uint8_t[]){0x1F, 0x40, 0x1F, 0x40}, 4);
    ck_weft_refused(try_read(scratch_write("empty.jpg", file, count)), WEFT_ERR_FORMAT,
                    "cannot hold its 8000 x 8000 pixels");
    free(file);
}
END_TEST

/* One file of each kind to damage. */
static unsigned char *victim(int which, size_t *count)
{
    uint8_t bytes[QW * QH * 3];
    if (which < 2) {
        png_kind kind = rgb8;
        kind.interlaced = which == 1;
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * i / 7);
        write_bytes("victim", &kind, 9, 7, 3, bytes);
    } else {
        const jpeg_kind kind = {JCS_RGB, 3, which == 3, 6, false};
        fill_quarters(bytes, 3);
        write_jpeg("victim", &kind, 16, 16, bytes);
    }
    return scratch_read("victim", count);
}

START_TEST(test_cut)
{
    size_t count;
    unsigned char *whole = victim(_i, &count);
    ck_weft(try_read(scratch_path("victim")));
    for (size_t n = 0; n < count; n++) {
        const char *path = scratch_write("cut", whole, n);
        ck_weft_refused(try_read(path), WEFT_ERR_FORMAT, path);
    }
    free(whole);
}
END_TEST

START_TEST(test_flip)
{
    size_t count;
    int refused = 0;
    unsigned char *whole = victim(_i, &count);
    for (size_t n = 0; n < count; n++)
        for (int bit = 0; bit < 8; bit += 1 + (_i > 1)) {
            whole[n] ^= (unsigned char)(1 << bit);
            const weft_status status = try_read(scratch_write("flip", whole, count));
            whole[n] ^= (unsigned char)(1 << bit);
            ck_assert_msg(status == WEFT_OK || status == WEFT_ERR_FORMAT, "byte %zu: %s", n,
                          weft_error());
            refused += status != WEFT_OK;
        }
    if (_i < 2) ck_assert_int_eq(refused, 8 * (int)count); /* every byte of a PNG is checked */
    ck_assert_int_gt(refused, 0);
    free(whole);
}
END_TEST

/* A progressive file may repeat its scans without end; time is bounded all the same. */
START_TEST(test_many_scans)
{
    size_t count;
    unsigned char *whole = victim(3, &count);
    size_t scan = count - 2;
    while (!(whole[scan] == 0xFF && whole[scan + 1] == 0xDA))
        scan--;
    const size_t length = count - 2 - scan;
    unsigned char *many = malloc(scan + 5000 * length + 2);
    memcpy(many, whole, scan);
    for (size_t i = 0; i < 5000; i++)
        memcpy(many + scan + i * length, whole + scan, length);
    const clock_t before = clock();
    ck_weft_refused(try_read(scratch_write("many.jpg", many, scan + 5000 * length)),
                    WEFT_ERR_FORMAT, "many.jpg");
    ck_assert_int_lt((int)((clock() - before) / CLOCKS_PER_SEC), 5);
    free(many);
    free(whole);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pictures, damaged");
    TCase *tests = tcase_create("pictures");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, test_not_a_picture);
    tcase_add_test(tests, test_huge);
    tcase_add_test(tests, test_long_chunk);
    tcase_add_loop_test(tests, test_empty_jpeg, 0, 2);
    tcase_add_loop_test(tests, test_cut, 0, 4);
    tcase_add_loop_test(tests, test_flip, 0, 4);
    tcase_add_test(tests, test_many_scans);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
