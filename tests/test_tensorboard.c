/* TensorBoard's files byte by byte: CRC-32C, the wire format, the framing, and what the writer
 * makes of numbers. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>

#include "core/posix.h"
#include "report/tensorboard.h"
#include "report/tfrecord.h"
#include "tests/scratch.h"
#include "tests/suite.h"

/* ---- CRC-32C ---- */

/* The vectors of RFC 3720, B.4, and the usual one. */
START_TEST(known_checksums)
{
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    ck_assert_uint_eq(weft_crc32c(bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, sizeof bytes);
    ck_assert_uint_eq(weft_crc32c(bytes, 32), 0x62a8ab43u);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    ck_assert_uint_eq(weft_crc32c(bytes, 32), 0x46dd794eu);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    ck_assert_uint_eq(weft_crc32c(bytes, 32), 0x113fdb5cu);
    ck_assert_uint_eq(weft_crc32c("123456789", 9), 0xe3069283u);
    ck_assert_uint_eq(weft_crc32c(NULL, 0), 0);
    ck_assert_uint_eq(weft_crc32c_masked("123456789", 9), 0xc78ab0e5u);
}
END_TEST

/* ---- the wire format ---- */

static void ck_bytes(const weft_wire *wire, const char *hex)
{
    char text[1024] = "";
    ck_assert(!wire->failed);
    ck_assert_uint_lt(wire->count * 2, sizeof text);
    for (size_t i = 0; i < wire->count; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", wire->bytes[i]);
    ck_assert_str_eq(text, hex);
}

/* The examples of the format's own description, and both ends of each kind. */
START_TEST(fields_of_a_message)
{
    weft_wire wire = {0}, inner = {0};
    weft_wire_put_varint(&wire, 1, 150);
    ck_bytes(&wire, "089601");
    weft_wire_put_message(&inner, 3, &wire);
    ck_bytes(&inner, "1a03089601");
    weft_wire_clear(&wire);
    weft_wire_put_text(&wire, 2, "testing");
    ck_bytes(&wire, "120774657374696e67");
    weft_wire_clear(&wire);
    weft_wire_put_varint(&wire, 16, 0);
    weft_wire_put_varint(&wire, 1, UINT64_MAX);
    ck_bytes(&wire, "80010008ffffffffffffffffff01");
    weft_wire_clear(&wire);
    weft_wire_put_double(&wire, 1, 1.0);
    weft_wire_put_float(&wire, 2, -2.0f);
    ck_bytes(&wire, "09000000000000f03f15000000c0");
    weft_wire_clear(&wire);
    const double two[] = {1.0, -2.0};
    weft_wire_put_doubles(&wire, 6, two, 2);
    ck_bytes(&wire, "3210000000000000f03f00000000000000c0");
    weft_wire_clear(&wire);
    weft_wire_put_bytes(&wire, 4, NULL, 0);
    ck_bytes(&wire, "2200");
    weft_wire_free(&wire);
    weft_wire_free(&inner);
}
END_TEST

START_TEST(varints_are_read_back)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, 1u << 31, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        weft_wire wire = {0};
        uint64_t value;
        size_t at = 0;
        weft_wire_varint(&wire, values[i]);
        ck_assert(weft_wire_read_varint(wire.bytes, wire.count, &at, &value));
        ck_assert_uint_eq(value, values[i]);
        ck_assert_uint_eq(at, wire.count);
        at = 0;
        ck_assert(!weft_wire_read_varint(wire.bytes, wire.count - 1, &at, &value));
        weft_wire_free(&wire);
    }
    const uint8_t endless[11] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1};
    size_t at = 0;
    uint64_t value;
    ck_assert(!weft_wire_read_varint(endless, sizeof endless, &at, &value));
}
END_TEST

/* ---- framing ---- */

START_TEST(a_record)
{
    weft_wire data = {0}, out = {0};
    weft_wire_raw(&data, "123456789", 9);
    weft_tfrecord_put(&out, &data);
    /* length, its checksum, the bytes, theirs */
    ck_assert_uint_eq(out.count, 9 + WEFT_TFRECORD_FRAME);
    ck_assert_int_eq(memcmp(out.bytes, "\x09\0\0\0\0\0\0\0", 8), 0);
    ck_assert_int_eq(memcmp(out.bytes + 12, "123456789\xe5\xb0\x8a\xc7", 13), 0);
    weft_wire_free(&data);
    weft_wire_free(&out);
}
END_TEST

static bool reads(const void *bytes, size_t count, weft_wire *data)
{
    FILE *file = fopen(scratch_write("record", bytes, count), "rb");
    ck_assert_ptr_nonnull(file);
    const bool read = weft_tfrecord_get(file, data);
    fclose(file);
    return read;
}

/* A record that is cut anywhere or has one wrong byte anywhere is not read. */
START_TEST(damage_is_seen)
{
    weft_wire data = {0}, out = {0}, back = {0};
    weft_wire_raw(&data, "a record of some bytes", 22);
    weft_tfrecord_put(&out, &data);
    ck_assert(reads(out.bytes, out.count, &back));
    ck_assert_uint_eq(back.count, 22);
    ck_assert_int_eq(memcmp(back.bytes, data.bytes, 22), 0);
    for (size_t i = 0; i < out.count; i++) {
        ck_assert(!reads(out.bytes, i, &back));
        out.bytes[i] ^= 0x10;
        ck_assert(!reads(out.bytes, out.count, &back));
        out.bytes[i] ^= 0x10;
    }
    weft_wire_free(&data);
    weft_wire_free(&out);
    weft_wire_free(&back);
}
END_TEST

/* ---- files ---- */

static weft_tensorboard *open_board(const char *name, uint64_t first)
{
    weft_tensorboard *board;
    ck_weft(weft_tensorboard_open(scratch_path(name), 1.0, first, &board));
    return board;
}

static void add_loss(weft_tensorboard *board, uint64_t step, double value)
{
    const weft_scalar scalar = {"loss", value};
    ck_weft(weft_tensorboard_scalars(board, 1.0, step, &scalar, 1));
}

/* Version, where it begins, and a scalar: the events as TensorFlow defines them. */
START_TEST(events_of_a_file)
{
    static const char *const wanted[] = {"09000000000000f03f10001a0d627261696e2e4576656e743a32",
                                         "09000000000000f03f10013a020801",
                                         "09000000000000f03f10052a0d0a0b0a046c6f7373150000003f"};
    weft_tensorboard *board = open_board("file", 1);
    add_loss(board, 5, 0.5);
    weft_tensorboard_free(board);
    weft_wire event = {0};
    FILE *file = fopen(scratch_path("file"), "rb");
    for (int i = 0; i < 3; i++) {
        ck_assert(weft_tfrecord_get(file, &event));
        ck_bytes(&event, wanted[i]);
    }
    ck_assert(!weft_tfrecord_get(file, &event));
    fclose(file);
    weft_wire_free(&event);
}
END_TEST

START_TEST(what_is_missing_is_left_out)
{
    weft_tensorboard *board = open_board("with", 1);
    const weft_scalar scalars[] = {{"a", (double)NAN}, {"b", 2.0}, {"c", (double)NAN}};
    const weft_scalar one = {"b", 2.0};
    const weft_histogram empty = {0};
    ck_weft(weft_tensorboard_scalars(board, 1.0, 1, scalars, 3));
    ck_weft(weft_tensorboard_scalars(board, 1.0, 2, scalars, 1));
    ck_weft(weft_tensorboard_histogram(board, 1.0, 2, "h", &empty));
    weft_tensorboard_free(board);
    board = open_board("without", 1);
    ck_weft(weft_tensorboard_scalars(board, 1.0, 1, &one, 1));
    weft_tensorboard_free(board);
    size_t a_count, b_count;
    unsigned char *a = scratch_read("with", &a_count), *b = scratch_read("without", &b_count);
    ck_assert_uint_eq(a_count, b_count);
    ck_assert_int_eq(memcmp(a, b, a_count), 0);
    free(a);
    free(b);
}
END_TEST

/* Cut behind a step, a file is what it was when that step had been written. */
START_TEST(cutting)
{
    int64_t size[7] = {0};
    struct stat info;
    weft_tensorboard *board = open_board("cut", 1);
    for (uint64_t step = 1; step <= 6; step++) {
        add_loss(board, step, 0.1);
        ck_weft(weft_tensorboard_flush(board));
        ck_assert_int_eq(stat(scratch_path("cut"), &info), 0);
        size[step] = info.st_size;
    }
    weft_tensorboard_free(board);
    for (uint64_t step = 1; step <= 6; step++)
        ck_assert_int_eq(weft_tensorboard_bytes(scratch_path("cut"), step), size[step]);
    ck_assert_int_eq(weft_tensorboard_bytes(scratch_path("cut"), 1000), size[6]);

    /* A torn record at the end goes, whatever its step. */
    ck_assert_int_eq(truncate(scratch_path("cut"), size[4] + 7), 0);
    ck_assert_int_eq(weft_tensorboard_bytes(scratch_path("cut"), 1000), size[4]);
    ck_assert_int_eq(weft_tensorboard_bytes(scratch_path("nothing"), 1000), 0);
    scratch_write("cut", "not one of these files", 22);
    ck_assert_int_eq(weft_tensorboard_bytes(scratch_path("cut"), 1000), 0);
}
END_TEST

START_TEST(refusals)
{
    weft_tensorboard *board;
    ck_weft_refused(weft_tensorboard_open(scratch_path("no/such/folder"), 1.0, 1, &board),
                    WEFT_ERR_IO, "no/such/folder");
    ck_assert_ptr_null(board);
    weft_tensorboard_free(NULL);
    if (access("/dev/full", W_OK) != 0) return;
    ck_weft_refused(weft_tensorboard_open("/dev/full", 1.0, 1, &board), WEFT_ERR_IO, "space");
    ck_assert_ptr_null(board);
}
END_TEST

/* ---- histograms ---- */

START_TEST(buckets)
{
    float values[60];
    for (int i = 0; i < 60; i++)
        values[i] = (float)i / 2; /* 0 to 29.5 */
    weft_histogram h = weft_histogram_of(values, 60);
    ck_assert_int_eq(h.count, 60);
    ck_assert(h.low == 0 && h.high == 29.5 && h.sum == 885);
    int64_t all = 0;
    for (int i = 0; i < WEFT_BUCKETS; i++) {
        ck_assert_int_eq(h.bucket[i], 2);
        all += h.bucket[i];
        ck_assert(i == 0 || weft_histogram_edge(&h, i) > weft_histogram_edge(&h, i - 1));
    }
    ck_assert_int_eq(all, 60);
    ck_assert(weft_histogram_edge(&h, WEFT_BUCKETS - 1) == 29.5);
}
END_TEST

START_TEST(odd_numbers)
{
    const float same[] = {3, 3, 3}, odd[] = {NAN, -1, INFINITY, 2, -INFINITY};
    weft_histogram h = weft_histogram_of(same, 3);
    ck_assert_int_eq(h.bucket[0], 3);
    ck_assert(h.low == 3 && h.high == 3 && h.sum_squares == 27);
    h = weft_histogram_of(odd, 5);
    ck_assert_int_eq(h.count, 2);
    ck_assert(h.low == -1 && h.high == 2 && h.sum == 1 && h.sum_squares == 5);
    ck_assert_int_eq(h.bucket[0], 1);
    ck_assert_int_eq(h.bucket[WEFT_BUCKETS - 1], 1);
    h = weft_histogram_of(odd, 1);
    ck_assert_int_eq(h.count, 0);
    h = weft_histogram_of(NULL, 0);
    ck_assert_int_eq(h.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensorboard");
    TCase *tests = tcase_create("tensorboard");
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, known_checksums);
    tcase_add_test(tests, fields_of_a_message);
    tcase_add_test(tests, varints_are_read_back);
    tcase_add_test(tests, a_record);
    tcase_add_test(tests, damage_is_seen);
    tcase_add_test(tests, events_of_a_file);
    tcase_add_test(tests, what_is_missing_is_left_out);
    tcase_add_test(tests, cutting);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, buckets);
    tcase_add_test(tests, odd_numbers);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
