/* Agreement: each op of the table on each device against the same op computed in double. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/selftest/op_bench.h"
#include "tests/op_devices.h"
#include "tests/op_reference.h"
#include "tests/suite.h"

static op_device devices[OP_MAX_DEVICES];
static int device_count;

/* What one loop number stands for, and the line that runs it alone. */
typedef struct trial {
    const op_device *device;
    op_case c;
    char again[WEFT_NAME_MAX + 2 * OP_NAME_MAX];
} trial;

static bool matrix_product(weft_op_kind kind)
{
    return kind == WEFT_OP_gemm || kind == WEFT_OP_conv2d || kind == WEFT_OP_conv2d_data_grad ||
           kind == WEFT_OP_conv2d_weight_grad;
}

/* False when this number is not wanted in this run. */
static bool trial_at(int index, trial *t)
{
    const int number = index % op_case_count();
    t->device = &devices[index / op_case_count()];
    op_case_at(number, &t->c);
    snprintf(t->again, sizeof t->again,
             "%s on %s; again: WEFT_TEST_BACKEND=%s WEFT_TEST_SETTING=%s WEFT_TEST_SHAPES=all "
             "WEFT_TEST_CASE=%d test_ops",
             t->c.name, t->device->name, t->device->device->backend->name, t->device->setting,
             number);
    if (!op_wanted_case(number) || t->c.level > op_wanted_level()) return false;
    return !t->device->products_only || (matrix_product(t->c.op.kind) && t->c.level < OP_ALL);
}

#define ck_trial(t, call)                                                              \
    do {                                                                               \
        const weft_status ck_status = (call);                                          \
        ck_assert_msg(ck_status == WEFT_OK, "%s: %s: %s", weft_status_text(ck_status), \
                      weft_error(), (t)->again);                                       \
    } while (0)

/* Too many zeros mean that the comparison shows nothing. */
static void check_trust(const trial *t, int i, const op_match *match)
{
    const int64_t count = op_count(&t->c.op.out[i]);
    if (t->c.op.out[i].dtype != WEFT_F32 || count < 16 || t->c.out[i] != OP_FILL_PLAIN) return;
    ck_assert_msg((double)match->zeros <= t->c.zeros * (double)count,
                  "mistrusted: %lld of %lld elements of output %d are zero: %s",
                  (long long)match->zeros, (long long)count, i, t->again);
}

/* What the numbers of a run were, and which comparison they allow. */
typedef struct sort {
    const char *name;
    op_numbers numbers;
    bool padding; /* NaN times padding may be NaN or 0 */
    bool trust;   /* many zeros are suspicious */
} sort;

static const sort floats = {"floats", OP_FLOATS, false, true};
static const sort whole = {"whole numbers", OP_INTEGERS, false, false};

static void check_output(const trial *t, const sort *s, int i, const op_match *match)
{
    const bool equal = s->numbers == OP_INTEGERS || t->c.op.out[i].dtype != WEFT_F32;
    ck_assert_msg(match->nan_lost == 0, "%s, output %d: %lld elements should be NaN: %s", s->name,
                  i, (long long)match->nan_lost, t->again);
    ck_assert_msg(match->nan_more == 0 || s->padding,
                  "%s, output %d: %lld elements should not be NaN: %s", s->name, i,
                  (long long)match->nan_more, t->again);
    ck_assert_msg(!equal || match->differs == 0,
                  "%s, output %d: %lld elements differ, worst %lld: %s", s->name, i,
                  (long long)match->differs, (long long)match->worst, t->again);
    ck_assert_msg(match->error <= t->c.bound, "%s, output %d: error %g > %g, worst %lld: %s",
                  s->name, i, match->error, t->c.bound, (long long)match->worst, t->again);
    if (s->trust) check_trust(t, i, match);
}

/* Compare all outputs with the reference of the same data. */
static void check_outputs(const trial *t, const op_data *data, const op_data *outputs,
                          const sort *s)
{
    op_result reference;
    if (s->padding)
        op_result_define(&t->c, data, &reference);
    else
        op_result_new(&t->c, data, 2, &reference);
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *out = &t->c.op.out[i];
        if (op_count(out) == 0) continue;
        const op_match match = op_compare(out, outputs->out[i], reference.out[i], OP_DOUBLE);
        check_output(t, s, i, &match);
    }
    op_result_free(&reference);
}

/* Once more, to the same bits. */
static void check_again(const trial *t, op_bench *bench, const op_data *data, const sort *s,
                        const op_data *outputs)
{
    op_data again;
    ck_weft(op_data_new(&t->c, s->numbers, 3, &again));
    ck_trial(t, op_bench_run(bench, data, &again));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        if (outputs->out[i])
            ck_assert_msg(memcmp(outputs->out[i], again.out[i], op_bytes(&t->c.op.out[i])) == 0,
                          "%s, output %d: two runs differ: %s", s->name, i, t->again);
    op_data_free(&again);
}

/* Run on drawn numbers and compare. An interpreter's runs are slow and all alike: once there. */
static void check_numbers(const trial *t, op_bench *bench, const sort *s)
{
    op_data data, outputs;
    ck_weft(op_data_new(&t->c, s->numbers, 1, &data));
    ck_weft(op_data_new(&t->c, s->numbers, 2, &outputs));
    ck_trial(t, op_bench_run(bench, &data, &outputs));
    check_outputs(t, &data, &outputs, s);
    if (op_wanted_level() != OP_LEAST) check_again(t, bench, &data, s, &outputs);
    op_data_free(&data);
    op_data_free(&outputs);
}

static bool any_nan(const trial *t, const op_data *outputs)
{
    for (int o = 0; o < WEFT_MAX_OUT; o++) {
        if (t->c.op.out[o].dtype != WEFT_F32) continue;
        for (int64_t i = 0; i < op_count(&t->c.op.out[o]); i++)
            if (isnan(((const float *)outputs->out[o])[i])) return true;
    }
    return false;
}

/* NaN in one element of an input, then in all of them, comes out where the definition says. */
static void check_nan(const trial *t, op_bench *bench, int input)
{
    const weft_tensor *in = &t->c.op.in[input];
    for (int all = 0; all < 2; all++) {
        const sort s = {all ? "NaN everywhere" : "one NaN", OP_FLOATS,
                        (t->c.padded >> input & 1) != 0, false};
        op_data data, outputs;
        ck_weft(op_data_new(&t->c, OP_FLOATS, 4, &data));
        ck_weft(op_data_new(&t->c, OP_FLOATS, 5, &outputs));
        float *values = data.in[input];
        const uint32_t one = op_random(6, input, (uint32_t)op_count(in));
        for (int64_t i = 0; i < op_count(in); i++)
            if (all || i == one) values[i] = NAN;
        ck_trial(t, op_bench_run(bench, &data, &outputs));
        check_outputs(t, &data, &outputs, &s);
        if (all && !(t->c.deaf >> input & 1))
            ck_assert_msg(any_nan(t, &outputs), "NaN in input %d does not come out: %s", input,
                          t->again);
        op_data_free(&data);
        op_data_free(&outputs);
    }
}

START_TEST(agrees_with_double)
{
    trial t;
    if (!trial_at(_i, &t)) return;
    op_bench bench;
    ck_trial(&t, op_bench_open(t.device->device, &t.c, &bench));
    check_numbers(&t, &bench, &floats);
    if (op_wanted_level() != OP_LEAST) {
        if (t.c.exact) check_numbers(&t, &bench, &whole);
        for (int i = 0; i < WEFT_MAX_IN; i++)
            if (t.c.op.in[i].shape.rank > 0 && t.c.op.in[i].dtype == WEFT_F32)
                check_nan(&t, &bench, i);
    }
    op_bench_close(&bench);
}
END_TEST

/* Run a case on the CPU backend opened for some threads. */
static void run_threads(const trial *t, const op_data *data, int threads, op_data *outputs)
{
    const weft_backend *backend = t->device->device->backend;
    weft_device *device = NULL;
    op_bench bench;
    ck_trial(t, backend->open(0, &(weft_open_desc){.threads = threads}, &device));
    ck_trial(t, op_bench_open(device, &t->c, &bench));
    ck_trial(t, op_bench_run(&bench, data, outputs));
    op_bench_close(&bench);
    backend->close(device);
}

START_TEST(threads_do_not_matter)
{
    trial t;
    if (!trial_at(_i, &t)) return;
    op_data data, first, other;
    ck_weft(op_data_new(&t.c, OP_FLOATS, 7, &data));
    ck_weft(op_data_new(&t.c, OP_FLOATS, 8, &first));
    run_threads(&t, &data, 1, &first);
    for (int threads = 2; threads <= 5; threads += 3) {
        ck_weft(op_data_new(&t.c, OP_FLOATS, 9, &other));
        run_threads(&t, &data, threads, &other);
        for (int i = 0; i < WEFT_MAX_OUT; i++)
            if (first.out[i])
                ck_assert_msg(memcmp(first.out[i], other.out[i], op_bytes(&t.c.op.out[i])) == 0,
                              "output %d: 1 and %d threads differ: %s", i, threads, t.again);
        op_data_free(&other);
    }
    op_data_free(&data);
    op_data_free(&first);
}
END_TEST

START_TEST(every_op_has_a_row)
{
    for (int kind = 0; kind < WEFT_OP_COUNT; kind++)
        ck_assert_msg(op_kind_has_case((weft_op_kind)kind), "op %s has no row in tests/op_table.c",
                      weft_op_describe((weft_op_kind)kind)->name);
}
END_TEST

int main(void)
{
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;

    Suite *suite = suite_create("ops");
    TCase *agreement = tcase_create("agreement");
    tcase_set_timeout(agreement, 0);
    tcase_add_test(agreement, every_op_has_a_row);
    tcase_add_loop_test(agreement, agrees_with_double, 0, device_count * op_case_count());
    suite_add_tcase(suite, agreement);

    if (strcmp(devices[0].device->backend->name, "cpu") == 0) {
        TCase *threads = tcase_create("threads");
        tcase_set_timeout(threads, 0);
        tcase_add_loop_test(threads, threads_do_not_matter, 0, op_case_count());
        suite_add_tcase(suite, threads);
    }
    const int result = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return result;
}
