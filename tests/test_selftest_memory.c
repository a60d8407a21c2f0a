/* The selftest's probe of a device that has less memory than it says, or whose memory forgets. */
#include "core/selftest.h"
#include "tests/null_backend.h"
#include "tests/suite.h"

enum { MIB = 1 << 20, PIECES = 9 };

/* A GPU of ten pieces, of which nine are tried. */
static const weft_device_info info = {
    .type = WEFT_DEVICE_GPU, .memory_bytes = (uint64_t)10 * MIB, .max_alloc_bytes = MIB};

static weft_device *open_null(void)
{
    weft_device *device = NULL;
    ck_weft(weft_backend_null()->open(0, NULL, &device));
    return device;
}

/* Nothing is left of the probe. */
static weft_selftest_row probe(weft_device *device)
{
    weft_selftest_row row;
    const weft_selftest_desc desc = {.device = device, .info = &info};
    ck_weft(weft_selftest_run(&desc, weft_selftest_find("memory"), &row));
    ck_assert_int_eq(null_device_counts(device)->live_buffers, 0);
    return row;
}

static void ck_passed(const weft_selftest_row *row, const char *note)
{
    ck_assert_msg(row->verdict == WEFT_VERDICT_PASSED, "%s", row->failure);
    ck_assert_str_eq(row->note, note);
}

static void ck_failed(const weft_selftest_row *row, const char *part)
{
    ck_assert_int_eq(row->verdict, WEFT_VERDICT_FAILED);
    ck_assert_msg(strstr(row->failure, part) != NULL, "%s", row->failure);
}

START_TEST(all_of_it_can_be_had)
{
    weft_device *device = open_null();
    const weft_selftest_row row = probe(device);
    ck_passed(&row, "9 MiB");
    ck_assert_uint_eq(null_device_counts(device)->peak_bytes, (size_t)PIECES * MIB);
    device->backend->close(device);
}
END_TEST

/* Others have the rest: a buffer is refused, or its fill fails. */
START_TEST(a_limit_is_no_fault)
{
    weft_device *device = open_null();
    null_device_limit(device, (size_t)5 * MIB, _i == 1);
    const weft_selftest_row row = probe(device);
    ck_passed(&row, "5 of 9 MiB");
    device->backend->close(device);
}
END_TEST

START_TEST(the_first_piece_has_to_be_had)
{
    weft_device *device = open_null();
    null_device_limit(device, MIB / 2, _i == 1);
    const weft_selftest_row row = probe(device);
    ck_failed(&row, "memory: 0 of 9 MiB were had, then: null: ");
    device->backend->close(device);
}
END_TEST

/* Calls of a piece: it is made, filled, waited for, looked at 16 times. */
START_TEST(another_error_is_a_fault)
{
    weft_device *device = open_null();
    null_device_fail(device, 3 * (3 + 16) + _i);
    const weft_selftest_row row = probe(device);
    ck_failed(&row, "MiB were had, then: null: the device has failed");
    device->backend->close(device);
}
END_TEST

static int reads_until_wrong;

static weft_status read_wrong(weft_buffer *src, size_t at, void *dst, size_t bytes)
{
    WEFT_TRY(weft_backend_null()->read(src, at, dst, bytes));
    if (--reads_until_wrong == 0) *(unsigned char *)dst ^= 1;
    return WEFT_OK;
}

/* A word is another right after the fill, or later. */
START_TEST(a_wrong_word_is_a_fault)
{
    weft_backend wrong = *weft_backend_null();
    weft_device *device = open_null();
    wrong.read = read_wrong;
    device->backend = &wrong;
    reads_until_wrong = _i == 0 ? 2 * 16 + 1 : PIECES * 16 + 1;
    const weft_selftest_row row = probe(device);
    ck_failed(&row, _i == 0 ? "memory: 2 of 9 MiB were had, then: word 0 of buffer 2 is "
                            : "memory: 9 of 9 MiB were had, then: word 0 of buffer 0 is ");
    device->backend->close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selftest_memory");
    TCase *probes = tcase_create("probe");
    tcase_add_test(probes, all_of_it_can_be_had);
    tcase_add_loop_test(probes, a_limit_is_no_fault, 0, 2);
    tcase_add_loop_test(probes, the_first_piece_has_to_be_had, 0, 2);
    tcase_add_loop_test(probes, another_error_is_a_fault, 1, 1 + 3 + 16);
    tcase_add_loop_test(probes, a_wrong_word_is_a_fault, 0, 2);
    suite_add_tcase(suite, probes);
    return weft_suite_run(suite);
}
