/* Safetensors: what is written comes back, byte for byte; a failing disk loses nothing. */
#define _DEFAULT_SOURCE

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/posix.h"
#include "core/rng.h"
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

/* ---- round trip ---- */

static const weft_shape shapes[] = {{4, {3, 2, 5, 7}}, {1, {11}}, {2, {200, 301}}, {1, {1}}};
static const char *const names[] = {"z.weight", "a.bias", "\xc3\xa9 \"quoted\"\n", "last"};
enum { TENSORS = 4, LARGEST = 200 * 301 };

static void fill(float *values, int tensor, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const uint32_t word = weft_draw(1, 9, (uint32_t)tensor, 0, 0, (uint32_t)i);
        memcpy(&values[i], &word, sizeof word); /* any bits: also NaN with a payload */
    }
}

static void write_sample(const char *to)
{
    static float values[LARGEST];
    weft_st_writer *writer;
    ck_weft(weft_st_create(to, &writer));
    ck_weft(weft_st_add_meta(writer, "zeta", "last"));
    ck_weft(weft_st_add_meta(writer, "alpha", "line\nand \"quotes\" \xe2\x82\xac"));
    for (int i = 0; i < TENSORS; i++)
        ck_weft(weft_st_add(writer, names[i], shapes[i]));
    for (int i = 0; i < TENSORS; i++) {
        fill(values, i, weft_shape_count(shapes[i]));
        ck_weft(weft_st_write(writer, values));
    }
    ck_weft(weft_st_commit(writer));
    weft_st_writer_free(writer);
}

START_TEST(test_round_trip)
{
    static float values[LARGEST], wanted[LARGEST];
    weft_st_file *file;
    write_sample(path);
    ck_weft(weft_st_open(path, &file));
    ck_assert_int_eq(weft_st_count(file), TENSORS);
    ck_assert_ptr_null(weft_st_at(file, TENSORS));
    ck_assert_ptr_null(weft_st_at(file, -1));
    ck_assert_ptr_null(weft_st_find(file, "nobody"));
    for (int i = TENSORS - 1; i >= 0; i--) { /* in any order */
        const weft_st_entry *entry = weft_st_at(file, i);
        const int64_t count = weft_shape_count(shapes[i]);
        ck_assert_str_eq(entry->name, names[i]);
        ck_assert_ptr_eq(weft_st_find(file, names[i]), entry);
        ck_assert_str_eq(entry->dtype, "F32");
        ck_assert_int_eq(entry->rank, shapes[i].rank);
        for (int k = 0; k < entry->rank; k++)
            ck_assert_int_eq(entry->dim[k], shapes[i].dim[k]);
        fill(wanted, i, count);
        ck_weft(weft_st_read(file, entry, values));
        ck_assert_mem_eq(values, wanted, (size_t)count * sizeof *values);
    }
    weft_st_close(file);
    weft_st_close(NULL);
}
END_TEST

START_TEST(test_metadata)
{
    weft_st_file *file;
    write_sample(path);
    ck_weft(weft_st_open(path, &file));
    ck_assert_str_eq(weft_st_meta_key(file, 0), "alpha"); /* sorted, though added last */
    ck_assert_str_eq(weft_st_meta_key(file, 1), "zeta");
    ck_assert_ptr_null(weft_st_meta_key(file, 2));
    ck_assert_ptr_null(weft_st_meta_key(file, -1));
    ck_assert_str_eq(weft_st_meta(file, "alpha"), "line\nand \"quotes\" \xe2\x82\xac");
    ck_assert_ptr_null(weft_st_meta(file, "beta"));
    weft_st_close(file);
}
END_TEST

/* The very bytes of a small file: what the format's other readers see. */
START_TEST(test_bytes)
{
    static const char header[] = "{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"},"
                                 "\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
    static const unsigned char data[] = {0, 0, 128, 63, 0, 0, 0, 192, 0, 0, 128, 127};
    const size_t padded = (strlen(header) + 7) / 8 * 8;
    weft_st_writer *writer;
    char *bytes;
    size_t count;
    ck_weft(weft_st_create(path, &writer));
    ck_weft(weft_st_add_meta(writer, "b", "2"));
    ck_weft(weft_st_add_meta(writer, "a", "0"));
    ck_weft(weft_st_add_meta(writer, "a", "1")); /* the last one counts */
    ck_weft(weft_st_add(writer, "w", (weft_shape){2, {1, 2}}));
    ck_weft(weft_st_add(writer, "b", (weft_shape){1, {1}}));
    ck_weft(weft_st_write(writer, (const float[]){1.0f, -2.0f}));
    ck_weft(weft_st_write(writer, (const float[]){INFINITY}));
    ck_weft(weft_st_commit(writer));
    weft_st_writer_free(writer);

    ck_weft(weft_read_file(path, 1000, &bytes, &count));
    ck_assert_uint_eq(count, 8 + padded + sizeof data);
    ck_assert_uint_eq((unsigned char)bytes[0], padded);
    ck_assert_mem_eq(bytes + 1, "\0\0\0\0\0\0\0", 7);
    ck_assert_mem_eq(bytes + 8, header, strlen(header));
    for (size_t i = strlen(header); i < padded; i++)
        ck_assert_int_eq(bytes[8 + i], ' ');
    ck_assert_mem_eq(bytes + 8 + padded, data, sizeof data);
    free(bytes);
}
END_TEST

START_TEST(test_empty)
{
    weft_st_writer *writer;
    weft_st_file *file;
    ck_weft(weft_st_create(path, &writer));
    ck_weft(weft_st_commit(writer));
    weft_st_writer_free(writer);
    ck_weft(weft_st_open(path, &file));
    ck_assert_int_eq(weft_st_count(file), 0);
    ck_assert_ptr_null(weft_st_meta_key(file, 0));
    ck_assert_ptr_null(weft_st_meta(file, "a"));
    weft_st_close(file);
}
END_TEST

/* ---- the writer ---- */

START_TEST(test_writer_refusals)
{
    char name[WEFT_ST_NAME_MAX + 1];
    weft_st_writer *writer;
    memset(name, 'n', sizeof name - 1);
    name[WEFT_ST_NAME_MAX] = '\0';
    ck_weft(weft_st_create(path, &writer));
    ck_weft_refused(weft_st_add(writer, name, shapes[0]), WEFT_ERR_USAGE, "255 bytes");
    ck_weft(weft_st_add(writer, name + 1, shapes[0]));
    ck_weft_refused(weft_st_add(writer, name + 1, shapes[0]), WEFT_ERR_USAGE, "is taken");
    ck_weft_refused(weft_st_add(writer, "__metadata__", shapes[0]), WEFT_ERR_USAGE, "is taken");
    ck_weft_refused(weft_st_add(writer, "x", (weft_shape){1, {0}}), WEFT_ERR_SHAPE, "shape 0");
    ck_weft_refused(weft_st_add(writer, "\xff", shapes[0]), WEFT_ERR_USAGE, "not UTF-8");
    ck_weft_refused(weft_st_add_meta(writer, "key", "\xc3"), WEFT_ERR_USAGE,
                    "\"key\" is not UTF-8");
    ck_weft_refused(weft_st_commit(writer), WEFT_ERR_USAGE, "0 of 1 tensors");
    weft_st_writer_free(writer);
    weft_st_writer_free(NULL);
    ck_assert(!weft_path_exists(path));
    ck_weft_refused(weft_st_create(folder, &writer), WEFT_ERR_IO, folder);
}
END_TEST

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A write that fails at any place leaves the earlier file as it was. */
START_TEST(test_failing_write)
{
    static const int places[] = {0, 5, 8, 100, 400, 20000, 240000};
    static float values[LARGEST];
    char *before, *after;
    size_t before_count, after_count;
    write_sample(path);
    ck_weft(weft_read_file(path, 1 << 20, &before, &before_count));
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        weft_st_writer *writer;
        ck_weft(weft_st_create(path, &writer));
        ck_weft(weft_st_add(writer, "w", shapes[2]));
        limit_files((rlim_t)places[i]);
        const weft_status status = weft_st_write(writer, values);
        limit_files(RLIM_INFINITY);
        ck_assert_int_eq(status, WEFT_ERR_IO);
        ck_assert_int_ne(weft_st_commit(writer), WEFT_OK);
        weft_st_writer_free(writer);
        ck_weft(weft_read_file(path, 1 << 20, &after, &after_count));
        ck_assert_uint_eq(before_count, after_count);
        ck_assert_mem_eq(before, after, after_count);
        free(after);
    }
    signal(SIGXFSZ, handler);
    free(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *c = tcase_create("good");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_round_trip);
    tcase_add_test(c, test_metadata);
    tcase_add_test(c, test_bytes);
    tcase_add_test(c, test_empty);
    tcase_add_test(c, test_writer_refusals);
    tcase_add_test(c, test_failing_write);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
