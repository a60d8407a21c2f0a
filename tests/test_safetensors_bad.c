/* Broken safetensors files: each is refused in its own words, and none does harm. */
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <stdlib.h>

#include "core/posix.h"
#include "core/safetensors.h"
#include "tests/suite.h"
#include "tests/temp_folder.h"

static char folder[TEMP_FOLDER_TEXT], path[TEMP_FOLDER_TEXT + 32];

static void setup(void)
{
    temp_folder_new(folder);
    snprintf(path, sizeof path, "%s/file.safetensors", folder);
}

static void teardown(void)
{
    temp_folder_free(folder);
}

/* Written plainly and anew: fsync, or truncating a file in use, would make thousands of them slow.
 */
static void put_bytes(const void *bytes, size_t count)
{
    ck_weft(weft_remove(path));
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

/* A file of this header and so many bytes of data. */
static void put_file(const char *header, size_t header_bytes, size_t data_bytes)
{
    const size_t total = 8 + header_bytes + data_bytes;
    unsigned char *bytes = calloc(1, total);
    ck_assert_ptr_nonnull(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)header_bytes >> (8 * i));
    memcpy(bytes + 8, header, header_bytes);
    put_bytes(bytes, total);
    free(bytes);
}

static void check_refused(const char *part)
{
    weft_st_file *file = (weft_st_file *)1;
    ck_weft_refused(weft_st_open(path, &file), WEFT_ERR_FORMAT, part);
    ck_assert_ptr_nonnull(strstr(weft_error(), path));
    ck_assert_ptr_null(file);
}

static void check_header(const char *header, size_t data_bytes, const char *part)
{
    put_file(header, strlen(header), data_bytes);
    check_refused(part);
}

/* ---- broken files ---- */

START_TEST(test_not_there)
{
    weft_st_file *file;
    ck_weft_refused(weft_st_open(path, &file), WEFT_ERR_IO, "No such file");
    ck_weft_refused(weft_st_open(folder, &file), WEFT_ERR_IO, "is a folder");
}
END_TEST

START_TEST(test_length)
{
    static const unsigned char all[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    static const unsigned char limit[9] = {0x00, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{'};
    static const unsigned char above[9] = {0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{'};
    static const unsigned char three[10] = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    static const unsigned char zero[8] = {0};
    put_bytes("1234567", 7);
    check_refused("7 bytes are too short");
    put_bytes(all, sizeof all);
    check_refused("header too long, 18446744073709551615 bytes");
    put_bytes(above, sizeof above);
    check_refused("header too long, 100000001 bytes");
    put_bytes(limit, sizeof limit);
    check_refused("100000000 bytes go beyond the file's 9 (was the file cut?)");
    put_bytes(three, sizeof three);
    check_refused("3 bytes go beyond the file's 10");
    put_bytes(zero, sizeof zero);
    check_refused("does not start with '{'");
}
END_TEST

#define ENTRY(name, dtype, shape, range) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" range "}"

START_TEST(test_json)
{
    check_header(" {}", 0, "does not start with '{'");
    check_header("[]", 0, "does not start with '{'");
    check_header("{\"\xff\":1}", 0, "is not UTF-8");
    check_header("{\"\xc0\xaf\":1}", 0, "is not UTF-8");     /* overlong */
    check_header("{\"\xed\xa0\x80\":1}", 0, "is not UTF-8"); /* a surrogate */
    check_header("{", 0, "is not JSON");
    check_header("{}}", 0, "is not JSON");
    check_header("{'a':1}", 0, "is not JSON");
    put_file("{\0}", 3, 0);
    check_refused("is not JSON");
    put_file("{\"a\\u0000b\":1}", 13, 0);
    check_refused("is not JSON");
    check_header("{" ENTRY("w", "F32", "[1]", "[0,4]") "," ENTRY("w", "F32", "[1]", "[0,4]") "}", 4,
                 "duplicate");
    check_header("{" ENTRY("w", "F32", "[1],\"shape\":[1]", "[0,4]") "}", 4, "duplicate");
    check_header("{" ENTRY("w", "F32", "[18446744073709551616]", "[0,4]") "}", 4, "too big");
}
END_TEST

START_TEST(test_deep_json)
{
    enum { DEPTH = 100000 };
    static char text[DEPTH + 6] = "{\"a\":";
    memset(text + 5, '[', DEPTH);
    check_header(text, 0, "is not JSON");
}
END_TEST

START_TEST(test_bad_metadata)
{
    check_header("{\"__metadata__\":[]}", 0, "__metadata__ is not an object");
    check_header("{\"__metadata__\":{\"a\":1}}", 0, "\"a\" is not a string");
    check_header("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "duplicate");
}
END_TEST

START_TEST(test_bad_entries)
{
    static char text[2000];
    check_header("{\"w\":1}", 0, "tensor \"w\": its entry is not an object");
    check_header("{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "it has no dtype");
    check_header("{\"w\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no dtype");
    check_header("{" ENTRY("w", "F31", "[1]", "[0,4]") "}", 4, "unknown dtype \"F31\"");
    check_header("{" ENTRY("w", "f32", "[1]", "[0,4]") "}", 4, "unknown dtype \"f32\"");
    check_header("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "it has no shape");
    check_header("{" ENTRY("w", "F32", "1", "[0,4]") "}", 4, "it has no shape");
    check_header("{" ENTRY("w", "F32", "[-1]", "[0,4]") "}", 4, "not a whole number");
    check_header("{" ENTRY("w", "F32", "[1.0]", "[0,4]") "}", 4, "not a whole number");
    check_header("{" ENTRY("w", "F32", "[\"1\"]", "[0,4]") "}", 4, "not a whole number");
    check_header("{" ENTRY("w", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "9 axes");
    check_header("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets");
    check_header("{" ENTRY("w", "F32", "[1]", "[0]") "}", 4, "data_offsets");
    check_header("{" ENTRY("w", "F32", "[1]", "[0,4,8]") "}", 4, "data_offsets");
    check_header("{" ENTRY("w", "F32", "[1]", "[-4,0]") "}", 4, "data_offsets");
    check_header("{" ENTRY("w", "F32", "[1]", "[0.0,4]") "}", 4, "data_offsets");
    check_header("{" ENTRY("w", "F32", "[1]", "{\"0\":0}") "}", 4, "data_offsets");

    snprintf(text, sizeof text, "{\"%0256d\":{}}", 0);
    check_header(text, 0, "name of a tensor has 256 bytes");
}
END_TEST

START_TEST(test_bad_ranges)
{
    check_header("{" ENTRY("w", "F32", "[1]", "[4,0]") "}", 4, "ends before it begins");
    check_header("{" ENTRY("w", "F32", "[2]", "[0,8]") "}", 4, "ends at byte 8 of 4");
    check_header("{" ENTRY("w", "F32", "[1]", "[0,9223372036854775807]") "}", 4, "ends at byte");
    check_header("{" ENTRY("w", "F32", "[2]", "[0,4]") "}", 4, "want 8 bytes, its data has 4");
    check_header("{" ENTRY("w", "F64", "[1]", "[0,4]") "}", 4, "want 8 bytes, its data has 4");
    check_header("{" ENTRY("w", "F32", "[0]", "[0,4]") "}", 4, "want 0 bytes, its data has 4");
    check_header("{" ENTRY("w", "F32", "[]", "[0,8]") "}", 8, "want 4 bytes, its data has 8");
    check_header("{" ENTRY("w", "F32", "[1]", "[4,8]") "}", 8, "a hole of 4 bytes");
    check_header("{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[8,12]") "}",
                 12, "tensor \"b\": a hole of 4 bytes");
    check_header("{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("b", "F32", "[2]", "[4,12]") "}",
                 12, "tensor \"b\": its data overlaps that of \"a\"");
    check_header("{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[0,4]") "}", 4,
                 "overlaps");
    check_header("{" ENTRY("w", "F32", "[1]", "[0,4]") "}", 7, "last 3 bytes belong to no tensor");
    check_header("{}", 1, "last 1 bytes belong to no tensor");
}
END_TEST

/* Pairs and triples of extents whose products wrap, to small numbers or to zero. */
START_TEST(test_shape_overflow)
{
    static const char *const extents[] = {"2147483648", "4294967296", "9223372036854775807",
                                          "4611686018427387904"};
    enum { COUNT = sizeof extents / sizeof extents[0] };
    char header[300];
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < COUNT; k++) {
            snprintf(header, sizeof header,
                     "{\"w\":{\"dtype\":\"F32\",\"shape\":[%s,%s,2],\"data_offsets\":[0,0]}}",
                     extents[i], extents[k]);
            check_header(header, 0, "its shape is too large (overflow)");
        }
        snprintf(header, sizeof header,
                 "{\"w\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[0,0]}}", extents[i]);
        check_header(header, 0, i < 2 ? "its data has 0" : "overflow");
    }
}
END_TEST

/* Scalars, empty tensors, other dtypes and the order of the header are no faults. */
START_TEST(test_unusual)
{
    static const char header[] =
        "{" ENTRY("b", "BF16", "[3]", "[4,10]") "," ENTRY("s", "F32", "[]", "[0,4]") "," ENTRY(
            "none", "F32", "[7,0]", "[4,4]") "," ENTRY("t", "I64", "[]",
                                                       "[10,18]") ",\"__metadata__\":{}}   ";
    float value[4] = {9, 9, 9, 9};
    weft_st_file *file;
    put_file(header, strlen(header), 18);
    ck_weft(weft_st_open(path, &file));
    ck_assert_int_eq(weft_st_count(file), 4);
    ck_assert_str_eq(weft_st_at(file, 0)->name, "s");
    ck_assert_str_eq(weft_st_at(file, 1)->name, "none");
    ck_assert_str_eq(weft_st_at(file, 3)->name, "t");
    ck_assert_int_eq(weft_st_at(file, 0)->rank, 0);
    ck_weft(weft_st_read(file, weft_st_find(file, "s"), value));
    ck_assert_float_eq(value[0], 0);
    ck_weft(weft_st_read(file, weft_st_find(file, "none"), value));
    ck_assert_float_eq(value[1], 9);
    ck_weft_refused(weft_st_read(file, weft_st_find(file, "b"), value), WEFT_ERR_FORMAT,
                    "tensor \"b\": its dtype is BF16");
    weft_st_close(file);
}
END_TEST

/* ---- every cut and every flip of a small file ---- */

static size_t small_file(char **bytes)
{
    size_t count;
    weft_st_writer *writer;
    ck_weft(weft_st_create(path, &writer));
    ck_weft(weft_st_add_meta(writer, "seed", "7"));
    ck_weft(weft_st_add(writer, "w", (weft_shape){2, {2, 3}}));
    ck_weft(weft_st_add(writer, "b", (weft_shape){1, {3}}));
    ck_weft(weft_st_write(writer, (const float[]){1, 2, 3, 4, 5, 6}));
    ck_weft(weft_st_write(writer, (const float[]){7, 8, 9}));
    ck_weft(weft_st_commit(writer));
    weft_st_writer_free(writer);
    ck_weft(weft_read_file(path, 1000, bytes, &count));
    return count;
}

START_TEST(test_cut_anywhere)
{
    char *bytes;
    weft_st_file *file;
    const size_t count = small_file(&bytes);
    for (size_t cut = 0; cut < count; cut++) {
        put_bytes(bytes, cut);
        ck_assert_msg(weft_st_open(path, &file) == WEFT_ERR_FORMAT, "cut at byte %zu", cut);
    }
    put_bytes(bytes, count);
    ck_weft(weft_st_open(path, &file));
    weft_st_close(file);
    free(bytes);
}
END_TEST

/* Whatever is still accepted can be read whole without harm. */
static bool read_everything(void)
{
    weft_st_file *file;
    const weft_status status = weft_st_open(path, &file);
    if (status != WEFT_OK) {
        ck_assert_int_eq(status, WEFT_ERR_FORMAT);
        return false;
    }
    for (int i = 0; i < weft_st_count(file); i++) {
        float values[64];
        const weft_st_entry *entry = weft_st_at(file, i);
        ck_assert_uint_le(entry->end - entry->begin, sizeof values);
        const weft_status read = weft_st_read(file, entry, values);
        ck_assert(read == WEFT_OK || read == WEFT_ERR_FORMAT);
    }
    for (int i = 0; weft_st_meta_key(file, i); i++) {
        ck_assert_ptr_nonnull(weft_st_meta(file, weft_st_meta_key(file, i)));
    }
    weft_st_close(file);
    return true;
}

START_TEST(test_flip_anywhere)
{
    static const int masks[] = {0x01, 0x02, 0x04, 0x10, 0x20, 0x80, 0xff};
    char *bytes;
    int accepted = 0;
    const size_t count = small_file(&bytes);
    for (size_t at = 0; at < count; at++) {
        for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
            const char kept = bytes[at];
            bytes[at] = (char)(kept ^ masks[i]);
            put_bytes(bytes, count);
            accepted += read_everything();
            bytes[at] = kept;
        }
    }
    ck_assert_int_gt(accepted, 36 * 7); /* the data's own bytes at least */
    free(bytes);
}
END_TEST

/* A file that shrinks after it was opened is an error of reading, not a crash. It is larger than
 * what a stream reads ahead. */
START_TEST(test_shrinks_while_open)
{
    static float values[20000];
    weft_st_writer *writer;
    weft_st_file *file;
    ck_weft(weft_st_create(path, &writer));
    ck_weft(weft_st_add(writer, "w", (weft_shape){1, {20000}}));
    ck_weft(weft_st_write(writer, values));
    ck_weft(weft_st_commit(writer));
    weft_st_writer_free(writer);
    ck_weft(weft_st_open(path, &file));
    ck_weft(weft_file_truncate(path, 60000));
    ck_weft_refused(weft_st_read(file, weft_st_at(file, 0), values), WEFT_ERR_IO, "has changed");
    weft_st_close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors_bad");
    TCase *c = tcase_create("bad");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, test_not_there);
    tcase_add_test(c, test_length);
    tcase_add_test(c, test_json);
    tcase_add_test(c, test_deep_json);
    tcase_add_test(c, test_bad_metadata);
    tcase_add_test(c, test_bad_entries);
    tcase_add_test(c, test_bad_ranges);
    tcase_add_test(c, test_shape_overflow);
    tcase_add_test(c, test_unusual);
    tcase_add_test(c, test_cut_anywhere);
    tcase_add_test(c, test_flip_anywhere);
    tcase_add_test(c, test_shrinks_while_open);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
