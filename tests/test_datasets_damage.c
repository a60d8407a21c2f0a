/* IDX files that were cut, changed or grown: never a crash, never bytes that were not there. */
#define _XOPEN_SOURCE 700

#include <stdint.h>

#include "datasets/idx.h"
#include "datasets/sha256.h"
#include "tests/idx_files.h"
#include "tests/scratch.h"
#include "tests/suite.h"

/* Read a file of images; what comes out well must be what was put in when `exact`. */
static weft_status read_images(const char *path, const idx_file *wanted, bool exact)
{
    weft_idx idx;
    const weft_status status = weft_idx_read(path, 3, 4, NULL, &idx);
    if (status == WEFT_OK && exact) {
        ck_assert_int_eq(idx.count, (int64_t)wanted->count - 16);
        ck_assert_mem_eq(idx.bytes, wanted->bytes + 16, wanted->count - 16);
    }
    if (status != WEFT_OK) ck_assert_ptr_null(idx.bytes);
    free(idx.bytes);
    return status;
}

START_TEST(test_cut)
{
    const idx_file f = small_images();
    size_t count;
    if (_i)
        scratch_write_gz("whole", f.bytes, f.count);
    else
        scratch_write("whole", f.bytes, f.count);
    unsigned char *whole = scratch_read("whole", &count);
    for (size_t n = 0; n < count; n++) {
        const char *path = scratch_write("cut", whole, n);
        ck_weft_refused(read_images(path, &f, true), WEFT_ERR_FORMAT, path);
    }
    ck_weft(read_images(scratch_write("cut", whole, count), &f, true));
    free(whole);
}
END_TEST

/* Plain files have no checksum, so a changed pixel is read; a changed header never is. gzip's
 * checksum lets nothing but its own remarks (time, system) change. */
START_TEST(test_flip)
{
    const idx_file f = small_images();
    size_t count;
    if (_i)
        scratch_write_gz("flip", f.bytes, f.count);
    else
        scratch_write("flip", f.bytes, f.count);
    unsigned char *whole = scratch_read("flip", &count);
    for (size_t n = 0; n < count; n++)
        for (int bit = 0; bit < 8; bit++) {
            whole[n] = (unsigned char)(whole[n] ^ 1 << bit);
            const char *path = scratch_write("flip", whole, count);
            const weft_status status = read_images(path, &f, _i == 1);
            whole[n] = (unsigned char)(whole[n] ^ 1 << bit);
            ck_assert(status == WEFT_OK || status == WEFT_ERR_FORMAT);
            if (!_i) ck_assert_int_eq(status, n < 16 ? WEFT_ERR_FORMAT : WEFT_OK);
        }
    free(whole);
}
END_TEST

/* Several gzip files one after the other are one file; anything else behind is not. */
START_TEST(test_gz_members)
{
    const idx_file f = small_images();
    size_t count, first;
    scratch_write_gz("member", f.bytes, 30);
    unsigned char *a = scratch_read("member", &first);
    scratch_write_gz("member", f.bytes + 30, f.count - 30);
    unsigned char *b = scratch_read("member", &count);
    unsigned char both[600];
    ck_assert_uint_le(first + count + 1, sizeof both);
    memcpy(both, a, first);
    memcpy(both + first, b, count);
    ck_weft(read_images(scratch_write("members", both, first + count), &f, true));
    for (size_t n = 0; n < first + count; n++)
        ck_weft_refused(read_images(scratch_write("members", both, n), &f, true), WEFT_ERR_FORMAT,
                        "members");
    both[first + count] = 0;
    ck_weft_refused(read_images(scratch_write("members", both, first + count + 1), &f, true),
                    WEFT_ERR_FORMAT, "it was cut");
    free(a);
    free(b);
}
END_TEST

START_TEST(test_grown)
{
    idx_file f = small_images();
    f.bytes[f.count++] = 0;
    ck_weft_refused(read_images(scratch_write("grown", f.bytes, f.count), &f, false),
                    WEFT_ERR_FORMAT, "longer than the 76 bytes");
    ck_weft_refused(read_images(scratch_write_gz("grown", f.bytes, f.count), &f, false),
                    WEFT_ERR_FORMAT, "longer than the 76 bytes");
}
END_TEST

/* Damage in the middle of a gzip file of some size: zlib hands out much before it notices. */
START_TEST(test_gz_middle)
{
    enum { BIG = 1 << 20 };
    uint8_t *big = calloc(BIG + 16, 1);
    const uint32_t extents[] = {16, 256, 256};
    const idx_file header = idx_header(3, extents);
    uint32_t random = 1;
    memcpy(big, header.bytes, header.count);
    for (size_t i = 16; i < BIG + 16; i++) {
        random = random * 1664525 + 1013904223;
        big[i] = (uint8_t)(random >> 28);
    }
    size_t count;
    scratch_write_gz("middle", big, BIG + 16);
    unsigned char *whole = scratch_read("middle", &count);
    weft_idx idx;
    ck_weft(weft_idx_read(scratch_path("middle"), 3, 3, NULL, &idx));
    ck_assert_mem_eq(idx.bytes, big + 16, BIG);
    free(idx.bytes);
    whole[count / 2] ^= 0x10;
    const char *path = scratch_write("middle", whole, count);
    ck_weft_refused(weft_idx_read(path, 3, 3, NULL, &idx), WEFT_ERR_FORMAT, "damaged gzip data");
    whole[count / 2] ^= 0x10;
    whole[count - 8] ^= 0x10; /* of the checksum */
    path = scratch_write("middle", whole, count);
    ck_weft_refused(weft_idx_read(path, 3, 3, NULL, &idx), WEFT_ERR_FORMAT, "incorrect data check");
    whole[count - 8] ^= 0x10;
    path = scratch_write("middle", whole, count / 2);
    ck_weft_refused(weft_idx_read(path, 3, 3, NULL, &idx), WEFT_ERR_FORMAT, "it was cut");
    free(whole);
    free(big);
}
END_TEST

/* Bytes that fill zlib's own buffer to the last one: it has not looked at the checksum when they
 * are handed out. */
START_TEST(test_gz_checksum_last)
{
    enum { TOTAL = 16384 };
    const uint32_t extents[] = {1, 16, (TOTAL - 16) / 16};
    const idx_file header = idx_header(3, extents);
    uint8_t bytes[TOTAL] = {0};
    memcpy(bytes, header.bytes, header.count);
    size_t count;
    scratch_write_gz("last", bytes, TOTAL);
    unsigned char *whole = scratch_read("last", &count);
    weft_idx idx;
    ck_weft(weft_idx_read(scratch_path("last"), 3, 3, NULL, &idx));
    free(idx.bytes);
    whole[count - 8] ^= 0x10;
    ck_weft_refused(weft_idx_read(scratch_write("last", whole, count), 3, 3, NULL, &idx),
                    WEFT_ERR_FORMAT, "incorrect data check");
    whole[count - 8] ^= 0x10;
    for (size_t cut = 1; cut <= 8; cut++)
        ck_weft_refused(weft_idx_read(scratch_write("last", whole, count - cut), 3, 3, NULL, &idx),
                        WEFT_ERR_FORMAT, "it was cut");
    free(whole);
}
END_TEST

/* A header's claim is believed up to what a file of that size can hold, to the byte. */
START_TEST(test_huge_claim)
{
    static const uint32_t claims[][3] = {{1, 1, 61},
                                         {0x7fffffff, 1, 1},
                                         {0x7fffffff, 0x7fffffff, 0x7fffffff},
                                         {0x10000, 0x10000, 0x10000},
                                         {0x40000000, 4, 4},
                                         {0x80000000u, 1, 1},
                                         {0xffffffffu, 0xffffffffu, 0xffffffffu}};
    const size_t bytes = 60;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        idx_file f = idx_header(3, claims[i]);
        f.count += bytes;
        const char *path = scratch_write("claim", f.bytes, f.count);
        ck_weft_refused(read_images(path, &f, false), WEFT_ERR_FORMAT, "damaged");
    }

    const uint32_t tiny = 1;
    idx_file f = idx_header(1, &tiny);
    size_t count;
    scratch_write_gz("claim", f.bytes, 8);
    free(scratch_read("claim", &count));
    for (uint32_t over = 0; over < 2; over++) {
        const uint32_t claim = (uint32_t)count * 1032 - 8 + over;
        f = idx_header(1, &claim);
        weft_idx idx;
        size_t now;
        scratch_write_gz("claim", f.bytes, 8);
        free(scratch_read("claim", &now));
        ck_assert_uint_eq(now, count); /* eight bytes: stored as they are, whatever they say */
        ck_weft_refused(weft_idx_read(scratch_path("claim"), 1, 1, NULL, &idx), WEFT_ERR_FORMAT,
                        over ? "cannot hold" : "ends after 8 bytes");
    }
}
END_TEST

START_TEST(test_wrong_digest)
{
    const idx_file f = small_images();
    const char *path = scratch_write("digest", f.bytes, f.count);
    char hex[65];
    weft_sha256 sha;
    weft_sha256_start(&sha);
    weft_sha256_add(&sha, f.bytes, f.count);
    weft_sha256_end(&sha, hex);
    weft_idx idx;
    ck_weft(weft_idx_read(path, 3, 3, hex, &idx));
    free(idx.bytes);
    hex[63] = hex[63] == '0' ? '1' : '0';
    ck_weft_refused(weft_idx_read(path, 3, 3, hex, &idx), WEFT_ERR_FORMAT, "SHA-256");
    ck_assert_ptr_null(idx.bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("datasets, damaged");
    TCase *tests = tcase_create("idx");
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_loop_test(tests, test_cut, 0, 2);
    tcase_add_loop_test(tests, test_flip, 0, 2);
    tcase_add_test(tests, test_gz_members);
    tcase_add_test(tests, test_grown);
    tcase_add_test(tests, test_gz_middle);
    tcase_add_test(tests, test_gz_checksum_last);
    tcase_add_test(tests, test_huge_claim);
    tcase_add_test(tests, test_wrong_digest);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
