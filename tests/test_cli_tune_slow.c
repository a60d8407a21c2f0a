#define _XOPEN_SOURCE 700 /* posix_spawn, setenv */

/* weft tune as a program: what it prints, its exit codes, and what training takes from it. */
#include <stdlib.h>

#include "tests/tiny_run.h"

enum { TRAINED_STEPS = 3 };

/* Fewer products than tiny.net has convolutions: quick to tune. */
static const char dense_network[] = "input shape=6x5x1\n"
                                    "flatten\n"
                                    "dense units=32 name=fc1\n"
                                    "relu\n"
                                    "dense units=3 name=fc2\n";

static void setup(void)
{
    tiny_open();
    scratch_write("dense.net", dense_network, sizeof dense_network - 1);
    ck_assert_int_eq(setenv("WEFT_CACHE_DIR", scratch_path("cache"), 1), 0);
}

static void teardown(void)
{
    program_close();
}

/* ---- without a driver ---- */

START_TEST(test_cpu_has_nothing_to_tune)
{
    ck_fine("tune dense.net --device cpu");
    ck_says(program_out, "cpu: every step has one kernel there, nothing to tune\n");
    ck_fine("tune dense.net --device cpu --print");
    ck_assert_str_eq(program_out, "");
    ck_fine("tune dense.net --device cpu --json --batch-size 5");
    json_t *json = program_json();
    ck_assert_int_eq((int)number(json, "batch_size"), 5);
    ck_assert_double_eq(number(json, "untuned_share"), 1.0);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "steps")), 0);
    json_decref(json);
}
END_TEST

START_TEST(test_refusals)
{
    ck_refused(2, "weft tune", "tune");
    ck_refused(2, "no network voodoo", "tune voodoo");
    ck_refused(2, "--json and --print", "tune dense.net --device cpu --json --print");
    ck_refused(2, "batch-size", "tune dense.net --device cpu --batch-size 0");
    ck_refused(2, "--epochs", "tune dense.net --epochs 3");
    ck_refused(4, "no such device", "tune dense.net --device voodoo");
    scratch_write("bad.net", "input shape=4x4x1\ndense\n", 24);
    ck_refused(3, "bad.net", "tune bad.net --device cpu");
}
END_TEST

/* ---- through OpenCL ---- */

static void check_step(const json_t *step)
{
    ck_assert(json_is_string(json_object_get(step, "op")));
    ck_assert(json_is_string(json_object_get(step, "layer")));
    ck_assert(json_is_string(json_object_get(step, "key")));
    ck_assert(json_is_string(json_object_get(step, "prior")));
    ck_assert(json_is_string(json_object_get(step, "choice")));
    ck_assert_double_ge(number(step, "candidates"), 2);
    ck_assert_double_ge(number(step, "steps"), 1);
    ck_assert_double_ge(number(step, "dropped"), 0);
    ck_assert_double_gt(number(step, "prior_us"), 0);
    ck_assert_double_le(number(step, "best_us"), number(step, "prior_us"));
}

START_TEST(test_tune_then_train)
{
    size_t index = 0;
    const json_t *step = NULL;
    if (!tiny_has_opencl()) return;
    ck_fine("train dense.net --data idx:data --device opencl:0 -b 8 --max-steps %d --out before",
            TRAINED_STEPS);
    ck_fine("tune dense.net --device opencl:0 -b 8 --json --quiet");
    json_t *json = program_json();
    const json_t *steps = json_object_get(json, "steps");
    ck_assert_uint_ge(json_array_size(steps), 2);
    json_array_foreach(steps, index, step) check_step(step);
    ck_assert_double_le(number(json, "untuned_share"), 1.0);
    ck_assert_double_gt(number(json, "untuned_share"), 0.0);
    json_decref(json);

    ck_fine("train dense.net --data idx:data --device opencl:0 -b 8 --max-steps %d --out after",
            TRAINED_STEPS);
    ck_same_files("before/steps.csv", "after/steps.csv");
    ck_same_files("before/checkpoints/last.safetensors", "after/checkpoints/last.safetensors");
}
END_TEST

/* Rows with a key, a device and settings; tuning again gives a table. */
START_TEST(test_print_and_table)
{
    if (!tiny_has_opencl()) return;
    ck_fine("tune dense.net --device opencl:0 -b 8 --print");
    const int rows = count_of(program_out, '\n');
    ck_assert_int_eq(count_of(program_out, '|'), 2 * rows);
    ck_fine("tune dense.net --device opencl:0 -b 8");
    ck_says(program_out, "prior us");
    ck_says(program_out, "fc1");
    ck_says(program_out, "of their tuned speed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_tune");
    TCase *c = tcase_create("tune");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_cpu_has_nothing_to_tune);
    tcase_add_test(c, test_refusals);
    tcase_add_test(c, test_tune_then_train);
    tcase_add_test(c, test_print_and_table);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
