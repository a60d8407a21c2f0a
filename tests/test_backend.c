/* The contract of core/backend.h, on every device of the backend that WEFT_TEST_BACKEND names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/null_backend.h"
#include "tests/op_devices.h"
#include "tests/suite.h"

static op_device devices[OP_MAX_DEVICES];
static int device_count;

static weft_device *device_at(int index)
{
    return devices[index].device;
}

static const weft_backend *backend_of(const weft_device *device)
{
    return device->backend;
}

static bool computes(const weft_device *device)
{
    return strcmp(device->backend->name, "null") != 0;
}

static weft_tensor vector(weft_buffer *buffer, int32_t count)
{
    return (weft_tensor){.buffer = buffer, .shape = {1, {count}}, .dtype = WEFT_F32};
}

/* out = in, or out += in, over `count` floats. */
static weft_op copy_op(weft_buffer *in, weft_buffer *out, int32_t count, weft_out_mode mode)
{
    weft_op op = {.kind = WEFT_OP_copy, .layer = -1, .mode = {mode}};
    op.in[0] = vector(in, count);
    op.out[0] = vector(out, count);
    return op;
}

enum { COUNT = 1000, BYTES = COUNT * (int)sizeof(float) };

static void ramp(float *values, float first)
{
    for (int i = 0; i < COUNT; i++)
        values[i] = first + (float)i;
}

START_TEST(fills_in_every_function)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_registry *registry = NULL;
    ck_assert_uint_eq(b->version, WEFT_BACKEND_VERSION);
    ck_weft(weft_registry_new(&registry));
    ck_weft(weft_backend_register(registry, b));
    weft_registry_free(registry);
}
END_TEST

START_TEST(tells_what_a_device_is)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_device_info info;
    int count = 0;
    ck_weft(b->device_count(&count));
    ck_assert_int_gt(count, 0);
    ck_weft(b->device_info(0, &info));
    ck_assert_uint_gt(strlen(info.name), 0);
    ck_assert_int_gt(info.compute_units, 0);
    ck_assert(info.max_alloc_bytes > 0 && info.max_alloc_bytes <= info.memory_bytes);
    ck_assert_int_ne(b->device_info(count, &info), WEFT_OK);
    ck_assert_int_ne(b->device_info(-1, &info), WEFT_OK);
    weft_device *none = device_at(_i);
    ck_assert_int_ne(b->open(count, &(weft_open_desc){0}, &none), WEFT_OK);
    ck_assert_ptr_null(none);
}
END_TEST

START_TEST(takes_nothing_to_free)
{
    const weft_backend *b = backend_of(device_at(_i));
    b->buffer_free(NULL);
    b->release(NULL);
    b->close(NULL);
}
END_TEST

START_TEST(opens_twice)
{
    weft_device *second = NULL;
    weft_buffer *x = NULL, *y = NULL;
    const weft_backend *b = backend_of(device_at(_i));
    float in[2][2] = {{1, 2}, {3, 4}}, out[2];
    ck_weft(b->open(0, &(weft_open_desc){0}, &second));
    ck_weft(b->buffer_new(device_at(_i), sizeof in[0], &x));
    ck_weft(b->buffer_new(second, sizeof in[1], &y));
    ck_assert_ptr_eq(x->device, device_at(_i));
    ck_assert_ptr_eq(y->device, second);
    ck_weft(b->write(x, 0, in[0], sizeof in[0]));
    ck_weft(b->write(y, 0, in[1], sizeof in[1]));
    ck_weft(b->read(x, 0, out, sizeof out));
    ck_assert_mem_eq(out, in[0], sizeof out);
    ck_weft(b->read(y, 0, out, sizeof out));
    ck_assert_mem_eq(out, in[1], sizeof out);
    b->buffer_free(x);
    b->buffer_free(y);
    b->close(second);
}
END_TEST

START_TEST(reads_what_was_written)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_buffer *x = NULL;
    float in[COUNT], out[COUNT] = {0};
    ramp(in, 1);
    ck_weft(b->buffer_new(device_at(_i), BYTES, &x));
    ck_assert_uint_eq(x->bytes, BYTES);
    ck_weft(b->write(x, 0, in, BYTES));
    ck_weft(b->read(x, 0, out, BYTES));
    ck_assert_mem_eq(in, out, BYTES);

    const char odd[3] = {7, 8, 9}; /* at and bytes need no alignment */
    char back[5], want[5];
    memcpy(want, (char *)in + 12, 5);
    memcpy(want + 1, odd, 3);
    ck_weft(b->write(x, 13, odd, 3));
    ck_weft(b->read(x, 12, back, 5));
    ck_assert_mem_eq(back, want, 5);
    ck_weft(b->write(x, BYTES, odd, 0));
    ck_weft(b->read(x, BYTES, back, 0));
    b->buffer_free(x);
}
END_TEST

/* The source of a write may be reused at once. */
START_TEST(write_lets_go_of_its_source)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_buffer *x = NULL;
    float source[COUNT], out[COUNT], want[COUNT];
    ck_weft(b->buffer_new(device_at(_i), 8 * BYTES, &x));
    for (int i = 0; i < 8; i++) {
        ramp(source, (float)(i * COUNT));
        ck_weft(b->write(x, (size_t)i * BYTES, source, BYTES));
        memset(source, 0, sizeof source);
    }
    for (int i = 0; i < 8; i++) {
        ramp(want, (float)(i * COUNT));
        ck_weft(b->read(x, (size_t)i * BYTES, out, BYTES));
        ck_assert_mem_eq(out, want, BYTES);
    }
    b->buffer_free(x);
}
END_TEST

START_TEST(copies_and_fills)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_buffer *x = NULL, *y = NULL;
    float in[COUNT], out[COUNT];
    const float one = 1;
    uint32_t pattern;
    memcpy(&pattern, &one, sizeof pattern);
    ramp(in, 1);
    ck_weft(b->buffer_new(device_at(_i), BYTES, &x));
    ck_weft(b->buffer_new(device_at(_i), BYTES, &y));
    ck_weft(b->write(x, 0, in, BYTES));
    ck_weft(b->fill(y, 0, BYTES, 0));
    ck_weft(b->fill(y, 8, 16, pattern));
    ck_weft(b->copy(y, 40, x, 400, 80));
    ck_weft(b->read(y, 0, out, BYTES));
    for (int i = 0; i < COUNT; i++) {
        float want = i >= 2 && i < 6 ? 1.0f : 0.0f;
        if (i >= 10 && i < 30) want = in[i + 90];
        ck_assert_float_eq(out[i], want);
    }
    ck_weft(b->fill(y, 0, 0, 0));
    ck_weft(b->copy(y, 0, x, 0, 0));
    b->buffer_free(x);
    b->buffer_free(y);
}
END_TEST

START_TEST(refuses_what_lies_outside)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_buffer *x = NULL, *y = NULL;
    weft_ticket ticket;
    char data[64] = {0};
    ck_weft(b->buffer_new(device_at(_i), 64, &x));
    ck_weft(b->buffer_new(device_at(_i), 64, &y));
    ck_weft(b->fill(x, 0, 64, 0x05050505));
    ck_assert_int_ne(b->write(x, 61, data, 4), WEFT_OK);
    ck_assert_int_ne(b->read(x, 65, data, 0), WEFT_OK);
    ck_assert_int_ne(b->read(x, 1, data, SIZE_MAX), WEFT_OK);
    ck_assert_int_ne(b->copy(x, 0, y, 32, 33), WEFT_OK);
    ck_assert_int_ne(b->copy(x, 32, y, 0, 33), WEFT_OK);
    ck_assert_int_ne(b->fill(x, 64, 4, 0), WEFT_OK);
    ck_assert_int_ne(b->fill(x, 2, 4, 0), WEFT_OK);
    ck_assert_int_ne(b->fill(x, 4, 6, 0), WEFT_OK);
    ck_assert_int_ne(b->read_async(x, 60, data, 8, &ticket), WEFT_OK);
    ck_weft(b->read(x, 0, data, 64)); /* none of it stuck, none of it wrote */
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(data[i], 5);
    b->buffer_free(x);
    b->buffer_free(y);
}
END_TEST

/* A buffer larger than any memory is an error and leaves the device usable. */
START_TEST(refuses_a_huge_buffer)
{
    const weft_backend *b = backend_of(device_at(_i));
    weft_buffer *x = (weft_buffer *)&x;
    ck_assert_int_ne(b->buffer_new(device_at(_i), SIZE_MAX / 2, &x), WEFT_OK);
    ck_assert_ptr_null(x);
    ck_weft(b->buffer_new(device_at(_i), 64, &x));
    b->buffer_free(x);
}
END_TEST

/* Steps, writes, copies and reads take effect in call order. */
START_TEST(keeps_the_order_of_calls)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_buffer *x = NULL, *y = NULL;
    weft_step *set = NULL, *add = NULL;
    float in[COUNT], out[COUNT];
    if (!computes(device)) return;
    ck_weft(b->buffer_new(device, BYTES, &x));
    ck_weft(b->buffer_new(device, BYTES, &y));
    weft_op op = copy_op(x, y, COUNT, WEFT_OUT_SET);
    ck_weft(b->prepare(device, &op, NULL, &set));
    op = copy_op(x, y, COUNT, WEFT_OUT_ADD);
    ck_weft(b->prepare(device, &op, NULL, &add));
    ramp(in, 1);
    ck_weft(b->write(x, 0, in, BYTES));
    ck_weft(b->enqueue(set, &(weft_values){0}));
    ck_weft(b->enqueue(add, &(weft_values){0}));
    ramp(in, 2);
    ck_weft(b->write(x, 0, in, BYTES)); /* must wait for both steps */
    ck_weft(b->enqueue(add, &(weft_values){0}));
    ck_weft(b->copy(x, 0, y, 0, BYTES));
    ck_weft(b->enqueue(add, &(weft_values){0}));
    ck_weft(b->read(y, 0, out, BYTES));
    for (int i = 0; i < COUNT; i++)
        ck_assert_float_eq(out[i], 2 * (2 * (1 + (float)i) + 2 + (float)i));
    b->release(set);
    b->release(add);
    b->buffer_free(x);
    b->buffer_free(y);
}
END_TEST

START_TEST(frees_what_is_still_queued)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_buffer *y = NULL;
    float in[COUNT], out[COUNT];
    if (!computes(device)) return;
    ck_weft(b->buffer_new(device, BYTES, &y));
    ck_weft(b->fill(y, 0, BYTES, 0));
    ramp(in, 1);
    for (int i = 0; i < 20; i++) {
        weft_buffer *x = NULL;
        weft_step *step = NULL;
        ck_weft(b->buffer_new(device, BYTES, &x));
        ck_weft(b->write(x, 0, in, BYTES));
        const weft_op op = copy_op(x, y, COUNT, WEFT_OUT_ADD);
        ck_weft(b->prepare(device, &op, NULL, &step));
        ck_weft(b->enqueue(step, &(weft_values){0}));
        b->buffer_free(x);
        b->release(step);
    }
    ck_weft(b->read(y, 0, out, BYTES));
    for (int i = 0; i < COUNT; i++)
        ck_assert_float_eq(out[i], 20 * (1 + (float)i));
    b->buffer_free(y);
}
END_TEST

/* Tickets grow; a waited one is done, as are those before it, and each read saw its own moment. */
START_TEST(reads_without_waiting)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    enum { READS = 20 };
    weft_buffer *x = NULL;
    weft_ticket ticket[READS];
    static float out[READS][COUNT];
    float in[COUNT];
    bool done = false;
    ck_weft(b->buffer_new(device, BYTES, &x));
    for (int i = 0; i < READS; i++) {
        ramp(in, (float)i);
        ck_weft(b->write(x, 0, in, BYTES));
        ck_weft(b->read_async(x, 0, out[i], BYTES, &ticket[i]));
        if (i > 0) ck_assert(ticket[i] > ticket[i - 1]);
    }
    ck_weft(b->flush(device));
    ck_weft(b->ticket_wait(device, ticket[READS - 1]));
    for (int i = 0; i < READS; i++) {
        ck_weft(b->ticket_done(device, ticket[i], &done));
        ck_assert_msg(done, "ticket %d of %d", i, READS);
        ramp(in, (float)i);
        ck_assert_mem_eq(out[i], in, BYTES);
    }
    ck_weft(b->ticket_wait(device, ticket[0]));
    ck_weft(b->read_async(x, 0, out[0], BYTES, &ticket[0]));
    ck_weft(b->finish(device));
    ck_weft(b->ticket_done(device, ticket[0], &done));
    ck_assert(done);
    b->buffer_free(x);
}
END_TEST

/* A ticket as old as a training ever waits for, behind hundreds of later ones. */
START_TEST(remembers_many_tickets)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_buffer *x = NULL;
    weft_ticket first = 0, last = 0;
    float in = 5, out[600] = {0};
    bool done = false;
    ck_weft(b->buffer_new(device, sizeof in, &x));
    ck_weft(b->write(x, 0, &in, sizeof in));
    for (int i = 0; i < 600; i++) {
        ck_weft(b->read_async(x, 0, &out[i], sizeof in, &last));
        if (i == 0) first = last;
    }
    ck_weft(b->ticket_wait(device, first));
    ck_weft(b->ticket_wait(device, last));
    ck_weft(b->ticket_done(device, first, &done));
    ck_assert(done);
    for (int i = 0; i < 600; i++)
        ck_assert_float_eq(out[i], in);
    b->buffer_free(x);
}
END_TEST

/* A step runs as often as wanted, each time with other values. */
START_TEST(runs_a_step_with_new_values)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_buffer *x = NULL, *p = NULL;
    weft_step *step = NULL;
    weft_step_info info;
    float gradient[4] = {1, 1, 1, 1}, out[4];
    ck_weft(b->buffer_new(device, sizeof out, &x));
    ck_weft(b->buffer_new(device, sizeof out, &p));
    ck_weft(b->write(x, 0, gradient, sizeof out));
    ck_weft(b->fill(p, 0, sizeof out, 0));
    weft_op op = {.kind = WEFT_OP_sgd, .layer = -1, .mode = {WEFT_OUT_INOUT}};
    op.in[0] = vector(x, 4);
    op.out[0] = vector(p, 4);
    op.with.update.range_count = 1;
    op.with.update.range[0] = (weft_range){0, 4, 0, 1};
    ck_weft(b->prepare(device, &op, NULL, &step));
    weft_values values = {.lr = 1, .grad_scale = 1};
    ck_weft(b->enqueue(step, &values));
    values = (weft_values){.lr = 0.5f, .grad_scale = 4};
    ck_weft(b->enqueue(step, &values));
    values = (weft_values){0}; /* handed over, not remembered */
    ck_weft(b->read(p, 0, out, sizeof out));
    for (int i = 0; i < 4 && computes(device); i++)
        ck_assert_float_eq(out[i], -3);

    ck_weft(b->step_info(step, &info));
    ck_assert_int_ge(info.launches, 1);
    ck_assert_int_gt(info.bytes, 0);
    ck_assert_uint_gt(strlen(info.variant), 0);
    b->release(step);
    b->buffer_free(x);
    b->buffer_free(p);
}
END_TEST

/* supports() needs no buffers and answers what prepare() takes. */
START_TEST(says_what_it_supports)
{
    weft_device *device = device_at(_i);
    op_case c;
    weft_support first, again;
    for (int i = 0; i < op_case_count(); i++) {
        op_case_at(i, &c);
        const weft_status status = backend_of(device)->supports(device, &c.op, &first);
        ck_assert_msg(status == WEFT_OK, "%s: %s", c.name, weft_error());
        ck_assert_msg(strlen(first.variant) > 0, "%s has no variant", c.name);
        ck_weft(backend_of(device)->supports(device, &c.op, &again));
        ck_assert_str_eq(first.variant, again.variant);
        ck_assert_uint_eq(first.scratch_bytes, again.scratch_bytes);
    }
}
END_TEST

/* What is not built yet is refused by name, by supports and by prepare. */
START_TEST(names_an_unsupported_op)
{
    static const weft_op_kind dilated[] = {WEFT_OP_maxpool, WEFT_OP_avgpool, WEFT_OP_conv2d};
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_support support;
    weft_step *step = NULL;
    weft_op op = {.mode = {WEFT_OUT_SET}};
    op.with.window = (weft_window){{3, 3}, {1, 1}, {0, 0, 0, 0}, {2, 2}, 1};
    op.in[0] = (weft_tensor){.shape = {4, {1, 8, 8, 4}}};
    op.out[0] = (weft_tensor){.shape = {4, {1, 4, 4, 4}}};
    for (int i = 0; i < 3 && computes(device); i++) {
        const char *name = weft_op_describe(op.kind = dilated[i])->name;
        if (i == 2) op.in[1] = (weft_tensor){.shape = {4, {3, 3, 4, 4}}};
        ck_weft_refused(b->supports(device, &op, &support), WEFT_ERR_UNSUPPORTED, name);
        ck_weft_refused(b->prepare(device, &op, NULL, &step), WEFT_ERR_UNSUPPORTED, name);
        ck_assert_ptr_null(step);
    }
    op.kind = WEFT_KIND_COUNT;
    ck_assert_int_eq(b->supports(device, &op, &support), WEFT_ERR_UNSUPPORTED);
}
END_TEST

/* Provoked on the null backend: the first failure is returned by every later call. */
START_TEST(a_failure_sticks)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_buffer *x = NULL;
    char data[4] = {0};
    if (computes(device)) return;
    ck_weft(b->buffer_new(device, 4, &x));
    null_device_fail(device, 2);
    ck_weft(b->write(x, 0, data, 4));
    ck_assert_int_eq(b->write(x, 0, data, 4), WEFT_ERR_DEVICE);
    ck_assert_int_eq(b->read(x, 0, data, 4), WEFT_ERR_DEVICE);
    ck_assert_int_eq(b->finish(device), WEFT_ERR_DEVICE);
    b->buffer_free(x);
}
END_TEST

START_TEST(the_null_backend_counts)
{
    weft_device *device = device_at(_i);
    const weft_backend *b = backend_of(device);
    weft_device *mine = NULL;
    weft_buffer *x = NULL, *y = NULL;
    weft_step *step = NULL;
    if (computes(device)) return;
    ck_weft(b->open(0, NULL, &mine));
    ck_weft(b->buffer_new(mine, 400, &x));
    ck_weft(b->buffer_new(mine, 600, &y));
    const weft_op op = copy_op(x, y, 100, WEFT_OUT_SET);
    ck_weft(b->prepare(mine, &op, NULL, &step));
    for (int i = 0; i < 3; i++)
        ck_weft(b->enqueue(step, &(weft_values){0}));
    b->buffer_free(x);
    const null_counts *counts = null_device_counts(mine);
    ck_assert_int_eq(counts->launches, 3);
    ck_assert_int_eq(counts->launched[WEFT_OP_copy], 3);
    ck_assert_int_eq(counts->op_bytes, 3 * 800);
    ck_assert_int_eq(counts->live_buffers, 1);
    ck_assert_uint_eq(counts->live_bytes, 600);
    ck_assert_uint_eq(counts->peak_bytes, 1000);
    ck_assert_int_eq(counts->live_steps, 1);
    b->release(step);
    b->buffer_free(y);
    ck_assert_int_eq(counts->live_buffers + counts->live_steps, 0);
    b->close(mine);
}
END_TEST

int main(void)
{
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;

    Suite *suite = suite_create("backend");
    TCase *tcase = tcase_create("contract");
    const TTest *const tests[] = {fills_in_every_function,    tells_what_a_device_is,
                                  takes_nothing_to_free,      opens_twice,
                                  reads_what_was_written,     write_lets_go_of_its_source,
                                  copies_and_fills,           refuses_what_lies_outside,
                                  refuses_a_huge_buffer,      keeps_the_order_of_calls,
                                  frees_what_is_still_queued, reads_without_waiting,
                                  remembers_many_tickets,     runs_a_step_with_new_values,
                                  says_what_it_supports,      names_an_unsupported_op,
                                  a_failure_sticks,           the_null_backend_counts};
    tcase_set_timeout(tcase, 0);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_loop_test(tcase, tests[i], 0, device_count);
    suite_add_tcase(suite, tcase);
    const int result = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return result;
}
