/* The tile family's settings: none of them, and no cut into several launches, changes a bit of a
 * result; and what a device has too little of is named. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include "tests/suite.h"

#ifdef WEFT_OPENCL
#include <stdlib.h>
#include <string.h>

#include "backends/opencl/tile.h"
#include "core/selftest/op_bench.h"
#include "tests/op_devices.h"

static op_device devices[OP_MAX_DEVICES];
static int device_count;

enum { CHOICES = 32 };

static bool is_product(weft_op_kind kind)
{
    return kind == WEFT_OP_conv2d || kind == WEFT_OP_conv2d_data_grad ||
           kind == WEFT_OP_conv2d_weight_grad || kind == WEFT_OP_gemm;
}

/* Run a case with a setting; NULL: the prior. */
static void run_with(const op_device *on, const op_case *c, const char *choice, const op_data *data,
                     op_data *outputs)
{
    op_bench bench;
    weft_step *step = NULL;
    ck_weft(op_bench_open(on->device, c, &bench));
    ck_weft(bench.backend->prepare(on->device, &bench.op, choice, &step));
    bench.backend->release(bench.step);
    bench.step = step;
    const weft_status status = op_bench_run(&bench, data, outputs);
    ck_assert_msg(status == WEFT_OK, "%s with \"%s\": %s", c->name, choice ? choice : "",
                  weft_error());
    op_bench_close(&bench);
}

/* Does the case give the same bits with each of the settings as without? */
static void check_same(const op_device *on, const op_case *c, const weft_choice *list, int count)
{
    op_data data, prior, other;
    ck_weft(op_data_new(c, OP_FLOATS, 7, &data));
    ck_weft(op_data_new(c, OP_FLOATS, 8, &prior));
    run_with(on, c, NULL, &data, &prior);
    for (int i = 0; i < count; i++) {
        ck_weft(op_data_new(c, OP_FLOATS, 9, &other));
        run_with(on, c, list[i].text, &data, &other);
        ck_assert_msg(memcmp(prior.out[0], other.out[0], op_bytes(&c->op.out[0])) == 0,
                      "\"%s\" changes the result of %s on %s", list[i].text, c->name, on->name);
        op_data_free(&other);
    }
    op_data_free(&data);
    op_data_free(&prior);
}

START_TEST(no_cut_changes_a_bit)
{
    static const weft_choice cuts[] = {{.text = "CUT=2"}, {.text = "CUT=3"}};
    op_case c;
    op_case_at(_i % op_case_count(), &c);
    if (!is_product(c.op.kind) || c.op.kind == WEFT_OP_gemm || c.level > OP_FAST) return;
    check_same(&devices[_i / op_case_count()], &c, cuts, 2);
}
END_TEST

/* The first case of that kind which is worth it. */
static bool find_case(weft_op_kind kind, op_case *out)
{
    for (int i = 0; i < op_case_count(); i++) {
        op_case_at(i, out);
        if (out->op.kind == kind && out->level == OP_FAST) return true;
    }
    return false;
}

START_TEST(no_setting_changes_a_bit)
{
    const op_device *on = &devices[_i / WEFT_OP_COUNT];
    const weft_op_kind kind = (weft_op_kind)(_i % WEFT_OP_COUNT);
    weft_choice list[CHOICES];
    int count = CHOICES;
    op_case c;
    if (!is_product(kind)) return;
    ck_assert(find_case(kind, &c));
    ck_weft(on->device->backend->candidates(on->device, &c.op, list, &count));
    ck_assert_int_ge(count, 6);
    check_same(on, &c, list, count);
}
END_TEST

static void refuses(cl_device *device, const weft_op *op, const char *limit)
{
    weft_support support;
    const weft_backend *backend = device->base.backend;
    ck_assert_int_eq(backend->supports(&device->base, op, &support), WEFT_ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(weft_error(), limit));
    const char *name = weft_op_describe(op->kind)->name;
    ck_assert_msg(strstr(weft_error(), name) != NULL, "%s: %s", name, weft_error());
}

START_TEST(what_a_device_lacks_is_named)
{
    cl_device *device = (cl_device *)devices[_i / WEFT_OP_COUNT].device;
    const weft_op_kind kind = (weft_op_kind)(_i % WEFT_OP_COUNT);
    const cl_limits limits = device->limits;
    op_case c;
    if (!is_product(kind)) return;
    ck_assert(find_case(kind, &c));
    device->limits.max_group = 32;
    refuses(device, &c.op, "groups of 32 work-items");
    device->limits = limits;
    device->limits.local_bytes = 1024;
    refuses(device, &c.op, "1024 bytes of local memory");
    device->limits = limits;
}
END_TEST

/* One launch everywhere but on a GPU that shares the host's memory, there one for each 100 ms. */
START_TEST(long_work_is_cut)
{
    cl_device device = {.info = {.type = WEFT_DEVICE_GPU, .compute_units = 24, .clock_mhz = 1000}};
    const int64_t tenth = (int64_t)4 * 24 * 1000 * 100000;
    ck_assert_int_eq(cl_cuts(&device, NULL, 100 * tenth, 8), 1);
    device.info.host_memory = true;
    ck_assert_int_eq(cl_cuts(&device, NULL, 0, 8), 1);
    ck_assert_int_eq(cl_cuts(&device, NULL, tenth / 2, 8), 1);
    ck_assert_int_eq(cl_cuts(&device, NULL, 3 * tenth / 2, 8), 2);
    ck_assert_int_eq(cl_cuts(&device, NULL, 100 * tenth, 8), 8);
    ck_assert_int_eq(cl_cuts(&device, NULL, INT64_MAX, 1), 1);
    ck_assert_int_eq(cl_cuts(&device, "TM=8 CUT=3", 0, 8), 3);
    device.info.type = WEFT_DEVICE_CPU;
    ck_assert_int_eq(cl_cuts(&device, NULL, 100 * tenth, 8), 1);
}
END_TEST

int main(void)
{
    setenv("WEFT_TEST_BACKEND", "opencl", 1);
    setenv("WEFT_TEST_SETTING", "tile", 1);
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;
    Suite *suite = suite_create("tile");
    TCase *tests = tcase_create("tile");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, long_work_is_cut);
    tcase_add_loop_test(tests, what_a_device_lacks_is_named, 0, device_count * WEFT_OP_COUNT);
    tcase_add_loop_test(tests, no_cut_changes_a_bit, 0, device_count * op_case_count());
    tcase_add_loop_test(tests, no_setting_changes_a_bit, 0, device_count * WEFT_OP_COUNT);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return result;
}
#else
int main(void)
{
    return WEFT_SUITE_SKIPPED;
}
#endif
