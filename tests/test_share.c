/* What a run does without a copy and beside itself: shared buffers, borrowed sources, whole-number
 * sums, a second thread. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "core/data.h"
#include "core/pages.h"
#include "core/thread.h"
#include "tests/null_backend.h"
#include "tests/suite.h"

enum { COUNT = 1000, BYTES = COUNT * (int)sizeof(float) };

static weft_registry *registry;

static void ramp(float *values, float first)
{
    for (int i = 0; i < COUNT; i++)
        values[i] = first + (float)i;
}

static weft_device *open_device(int index)
{
    const weft_device_entry *entry = weft_registry_device(registry, index);
    weft_device *device = NULL;
    ck_weft(entry->backend->open(entry->index, &(weft_open_desc){0}, &device));
    return device;
}

/* A block at a page, as a device may take it in place, and one at an odd address. */
START_TEST(shares_what_is_only_read)
{
    weft_device *device = open_device(_i);
    const weft_backend *b = device->backend;
    char *block = weft_pages_new(2 * BYTES);
    float want[COUNT], out[COUNT];
    ck_assert_ptr_nonnull(block);
    ramp(want, 3);
    for (size_t at = 0; at <= sizeof(float); at += sizeof(float)) {
        weft_buffer *x = NULL, *y = NULL;
        memcpy(block + at, want, BYTES);
        ck_weft(b->buffer_share(device, block + at, BYTES, &x));
        ck_assert_uint_eq(x->bytes, BYTES);
        ck_weft(b->buffer_new(device, BYTES, &y));
        ck_weft(b->copy(y, 0, x, 0, BYTES));
        ck_weft(b->read(y, 0, out, BYTES));
        ck_assert_mem_eq(out, want, BYTES);
        ck_weft(b->read(x, 12, out, 20));
        ck_assert_mem_eq(out, want + 3, 20);
        b->buffer_free(x);
        b->buffer_free(y);
        ck_assert_mem_eq(block + at, want, BYTES);
    }
    free(block);
    b->close(device);
}
END_TEST

/* The order of a borrowed source can be written, its samples cannot where they are the caller's. */
START_TEST(borrows_a_data_set)
{
    weft_device *device = open_device(_i);
    const weft_backend *b = device->backend;
    uint8_t *samples = weft_pages_new(COUNT), back[COUNT];
    int32_t classes[10] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, labels[10];
    ck_assert_ptr_nonnull(samples);
    for (int i = 0; i < COUNT; i++)
        samples[i] = (uint8_t)(i * 7);
    const weft_dataset data = {.name = "ramps",
                               .shape = {3, {10, 10, 1}},
                               .count = 10,
                               .dtype = WEFT_U8,
                               .samples = samples,
                               .classes = classes,
                               .class_count = 2};
    const weft_normalize norm = {.channels = 1, .mean = {0.5f}, .std = {0.25f}};
    weft_source *source = NULL;
    ck_weft(weft_source_borrow(device, &data, &norm, 20, &source));
    const weft_source_view view = weft_source_tensors(source);
    ck_weft(b->read(view.samples.buffer, 0, back, COUNT));
    ck_assert_mem_eq(back, samples, COUNT);
    ck_weft(b->read(view.answers.buffer, 0, labels, sizeof labels));
    ck_assert_mem_eq(labels, classes, sizeof labels);
    ck_weft(weft_source_order(source, 10, (const int32_t[]){3, 1}, 2));
    if (strcmp(b->name, "cpu") == 0) {
        ck_weft_refused(weft_source_write(source, 0, back, 1), WEFT_ERR_USAGE, "only read");
    }
    weft_source_free(source);
    free(samples);
    b->close(device);
}
END_TEST

/* Three channels of bytes: a constant one, one of two values, and a ramp. */
START_TEST(measures_bytes)
{
    enum { PIXELS = 256 };
    static uint8_t samples[2][PIXELS][3];
    for (int i = 0; i < 2 * PIXELS; i++) {
        samples[i / PIXELS][i % PIXELS][0] = 77;
        samples[i / PIXELS][i % PIXELS][1] = i % 2 ? 255 : 0;
        samples[i / PIXELS][i % PIXELS][2] = (uint8_t)i;
    }
    const weft_dataset data = {.name = "bytes",
                               .shape = {3, {16, 16, 3}},
                               .count = 2,
                               .dtype = WEFT_U8,
                               .samples = samples};
    const int32_t second = 1;
    weft_normalize all, one;
    ck_weft(weft_normalize_measure(&data, NULL, 0, &all));
    ck_weft(weft_normalize_measure(&data, &second, 1, &one));
    ck_assert_mem_eq(&all, &one, sizeof all); /* both samples hold the same */
    ck_assert_float_eq(all.mean[0], (float)(77 / 255.0));
    ck_assert_float_eq(all.std[0], 1.0f);
    ck_assert_float_eq(all.mean[1], 0.5f);
    ck_assert_float_eq(all.std[1], 0.5f);
    ck_assert_float_eq(all.mean[2], 0.5f);
    ck_assert_float_eq_tol(all.std[2], (float)(sqrt((256.0 * 256.0 - 1) / 12) / 255), 1e-7f);
}
END_TEST

typedef struct relay {
    weft_mark *there, *back;
    int64_t sum;
} relay;

static void add_up(void *relay_)
{
    relay *r = relay_;
    for (int64_t seen = 0; seen < 100;) {
        seen = weft_mark_wait(r->there, seen);
        r->sum += seen;
        weft_mark_set(r->back, seen);
    }
}

START_TEST(a_second_thread)
{
    relay r = {0};
    weft_thread *thread = NULL;
    ck_weft(weft_mark_new(&r.there));
    ck_weft(weft_mark_new(&r.back));
    ck_weft(weft_thread_start(add_up, &r, &thread));
    for (int64_t i = 1; i <= 100; i++) {
        weft_mark_set(r.there, i);
        ck_assert_int_eq(weft_mark_wait(r.back, i - 1), i);
    }
    weft_thread_join(thread);
    ck_assert_int_eq(r.sum, 5050);
    weft_thread_join(NULL);
    weft_mark_free(r.there);
    weft_mark_free(r.back);
    weft_mark_free(NULL);
}
END_TEST

int main(void)
{
    if (weft_registry_new(&registry) != WEFT_OK || weft_register_builtin(registry) != WEFT_OK ||
        weft_backend_register(registry, weft_backend_null()) != WEFT_OK ||
        weft_registry_scan(registry, &(weft_log){0}) != WEFT_OK) {
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("share");
    TCase *tcase = tcase_create("share");
    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, shares_what_is_only_read, 0, weft_registry_count(registry));
    tcase_add_loop_test(tcase, borrows_a_data_set, 0, weft_registry_count(registry));
    tcase_add_test(tcase, measures_bytes);
    tcase_add_test(tcase, a_second_thread);
    suite_add_tcase(suite, tcase);
    const int result = weft_suite_run(suite);
    weft_registry_free(registry);
    return result;
}
