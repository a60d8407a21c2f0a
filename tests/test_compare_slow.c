/* weft compare with an OpenCL device: it agrees with the CPU backend, a kernel that is broken on
 * purpose is different, a device that fails is a row, and times of kernels. */
#define _XOPEN_SOURCE 700

#include "tests/mutant_run.h"
#include "tests/shim_run.h"
#include "tests/tiny_run.h"

#ifdef WEFT_OPENCL

enum { CHECK = 8 };

#define COMPARE \
    "compare tiny.net --data idx:data --batch-size 8 --epochs 2 -q --overwrite --json --devices "

static const json_t *device_at(const json_t *all, size_t index)
{
    return json_array_get(json_object_get(all, "devices"), index);
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    ck_assert_msg(value != NULL, "no text \"%s\"", key);
    return value;
}

/* ---- a device that is right ---- */

START_TEST(two_devices_agree)
{
    ck_fine(COMPARE "opencl:0,cpu --out two");
    json_t *all = program_json();
    ck_assert_str_eq(text(all, "reference"), "cpu");
    ck_assert_str_eq(text(device_at(all, 0), "name"), "opencl:0");
    ck_assert_str_eq(text(device_at(all, 0), "verdict"), "same");
    ck_assert_double_gt(number(device_at(all, 0), "compile_seconds"), 0);
    json_decref(all);
}
END_TEST

START_TEST(times_of_kernels)
{
    ck_fine("compare tiny.net --data idx:data --epochs 1 --devices cpu --kernels -q --out times");
    ck_says(program_out, "microseconds a batch");
    ck_says(program_out, "\nbackward conv1 ");
    json_t *all = load_json("times/compare.json");
    ck_assert_uint_gt(json_array_size(json_object_get(device_at(all, 0), "kernels")), 5);
    json_decref(all);
}
END_TEST

/* ---- kernels that are not ---- */

/* The update is right until a weight was changed, and one that is off by a thousandth parts no
 * loss of the first steps; the borders are seen in the first step. */
static const struct {
    const char *file, *from, *to, *says;
    bool early; /* a loss of the first steps parts */
} mutants[] = {
    {"update.cl", "lr * k.step_scale * (m", "lr * (m", "adam", true},
    {"update.cl", "k.beta2) * g * g", "k.beta2) * 1.002f * g * g", "adam", false},
    {"conv_rows.cl", "ROW(p, r) >= H", "ROW(p, r) > H", "the loss of step 1 is ", true},
};
enum { MUTANTS = sizeof mutants / sizeof *mutants };

START_TEST(a_broken_kernel_is_different)
{
    char *before = mutate_kernel(mutants[_i].file, mutants[_i].from, mutants[_i].to);
    const int code = run_mutant(COMPARE "cpu,opencl:0 --out broken");
    restore_kernel(mutants[_i].file, before);
    ck_assert_msg(code == CHECK, "%s: exit code %d: %s", mutants[_i].file, code, program_err);
    ck_says(program_err, "weft: opencl:0 differs from cpu: ");
    json_t *all = program_json();
    const json_t *broken = device_at(all, 1);
    ck_assert_str_eq(text(broken, "verdict"), "different");
    ck_says(text(broken, "reason"), mutants[_i].says);
    const json_t *parted = json_object_get(json_object_get(broken, "first_steps"), "parted");
    ck_assert(json_is_integer(parted) == mutants[_i].early);
    json_decref(all);
}
END_TEST

/* What trains without fused ops is held op by op without them. */
START_TEST(a_broken_kernel_without_fusion)
{
    char *before = mutate_kernel(mutants[0].file, mutants[0].from, mutants[0].to);
    const int code = run_mutant(COMPARE "cpu,opencl:0 --no-fusion --out broken");
    restore_kernel(mutants[0].file, before);
    ck_assert_msg(code == CHECK, "exit code %d: %s", code, program_err);
    ck_says(program_err, "adam");
}
END_TEST

/* ---- a device that vanishes ---- */

static const struct {
    const char *fault, *more, *says;
} faults[] = {
    {"clCreateContext:1:-2", "", "clCreateContext: CL_DEVICE_NOT_AVAILABLE (-2)"},
    {"clEnqueueNDRangeKernel:300:-5", "", "clEnqueueNDRangeKernel: CL_OUT_OF_RESOURCES (-5)"},
    {"clEnqueueNDRangeKernel:300:-5", " --together",
     "clEnqueueNDRangeKernel: CL_OUT_OF_RESOURCES (-5)"},
};
enum { FAULTS = sizeof faults / sizeof *faults };

START_TEST(a_device_that_fails_is_a_row)
{
    char arguments[PROGRAM_ARGUMENTS];
    (void)snprintf(arguments, sizeof arguments, COMPARE "opencl:0,cpu,cpu --out gone%s",
                   faults[_i].more);
    const int code = shim_faulty(faults[_i].fault, arguments);
    ck_assert_msg(code == CHECK, "%s: exit code %d: %s", faults[_i].fault, code, program_err);
    ck_says(program_err, "weft: opencl:0 failed: ");
    json_t *all = program_json();
    const json_t *failed = device_at(all, 0);
    ck_assert(json_is_true(json_object_get(failed, "failed")));
    ck_assert_double_eq(number(failed, "exit_code"), 4);
    ck_says(text(failed, "failure"), faults[_i].says);
    ck_assert_str_eq(text(device_at(all, 1), "verdict"), "reference");
    ck_assert_str_eq(text(device_at(all, 2), "verdict"), "same");
    ck_assert(exists("gone/compare.png"));
    json_decref(all);
}
END_TEST

/* The table of the same: the reason stands in the row. */
START_TEST(the_row_says_why)
{
    ck_assert_int_eq(shim_faulty("clCreateContext:1:-2",
                                 "compare tiny.net --data idx:data --epochs 1 --batch-size 8 -q "
                                 "--devices cpu,opencl:0 --out row"),
                     CHECK);
    const char *row = strstr(program_out, "opencl:0  failed: ");
    ck_assert_msg(row != NULL, "%s", program_out);
    ck_says(row, "CL_DEVICE_NOT_AVAILABLE");
}
END_TEST

/* ---- a device that hangs ---- */

START_TEST(a_device_that_hangs_is_a_row)
{
    static const char spin[] = "    for (volatile int spin = 0; spin < 1;) {\n    }\n";
    static const char *const from[] = {"    wide sum = (wide)(0.0f);\n    for (int s = 0;",
                                       "    long r = 0;\n    for (; r + 1 < rows; r += 2)"};
    char to[256], *before[2];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(to, sizeof to, "%s%s", spin, from[i]);
        before[i] = mutate_kernel("rows.cl", from[i], to);
    }
    const int code = run_mutant(COMPARE "opencl:0,cpu --time-limit 8 --out hangs");
    free(before[1]);
    restore_kernel("rows.cl", before[0]);
    ck_assert_msg(code == CHECK, "exit code %d: %s", code, program_err);
    json_t *all = program_json();
    const json_t *hangs = device_at(all, 0);
    ck_assert(json_is_true(json_object_get(hangs, "failed")));
    ck_says(text(hangs, "failure"),
            "no sign of life for 8 seconds, a kernel or its compiler hangs");
    ck_assert_str_eq(text(device_at(all, 1), "verdict"), "reference");
    json_decref(all);
}
END_TEST

/* Nothing is said in the middle of an epoch, but events.jsonl grows. */
START_TEST(a_slow_device_is_not_ended)
{
    static const char wide[] = "input shape=6x5x1\nconv2d filters=256 kernel=5 padding=same\n"
                               "relu\nconv2d filters=256 kernel=5 padding=same\nflatten\n"
                               "dense units=3\n";
    scratch_write("wide.net", wide, sizeof wide - 1);
    ck_fine("compare wide.net --data idx:data --batch-size 1 --epochs 1 --lr 1e-6 --no-test "
            "--devices cpu --time-limit 5 -q --out slow");
}
END_TEST

static void open_both(void)
{
    tiny_open();
    copy_kernels();
}

int main(void)
{
    shim_allow_first();
    if (!shim_can_run() || !mutant_can_run()) return WEFT_SUITE_SKIPPED;
    Suite *suite = suite_create("compare_slow");
    TCase *tests = tcase_create("compare_slow");
    tcase_set_timeout(tests, 0);
    tcase_add_unchecked_fixture(tests, open_both, program_close);
    tcase_add_test(tests, two_devices_agree);
    tcase_add_test(tests, times_of_kernels);
    tcase_add_loop_test(tests, a_broken_kernel_is_different, 0, MUTANTS);
    tcase_add_test(tests, a_broken_kernel_without_fusion);
    tcase_add_loop_test(tests, a_device_that_fails_is_a_row, 0, FAULTS);
    tcase_add_test(tests, the_row_says_why);
    tcase_add_test(tests, a_device_that_hangs_is_a_row);
    tcase_add_test(tests, a_slow_device_is_not_ended);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: built without OpenCL\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
