/* weft diff: tables, JSON, one line, and the exit code. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "tests/tiny_run.h"

enum { BAD = 3, FILES = 6, DIFFERENT = 8 };

#define TRAIN_IN "train " TINY " --epochs 2 -q --out "
#define LAST     "/checkpoints/last.safetensors"

/* The program found a difference: results on stdout, one line on stderr. */
static void ck_different(const char *arguments, const char *part)
{
    const int code = weft("%s", arguments);
    ck_assert_msg(code == DIFFERENT, "exit code %d: %s", code, program_err);
    ck_assert_msg(count_of(program_err, '\n') == 1, "not one line: \"%s\"", program_err);
    ck_says(program_err, part);
    ck_assert_str_ne(program_out, "");
}

/* A run that was stopped and resumed is the run that was not: nothing differs. */
START_TEST(a_run_resumed_is_the_same_run)
{
    const int code = stop_by(SIGINT, TRAIN_IN "cut --epochs 12 --batch-size 1");
    ck_assert_msg(code == 130, "exit code %d: %s", code, program_err);
    ck_fine("train --resume cut -d cpu -q");
    ck_fine(TRAIN_IN "whole --epochs 12 --batch-size 1");
    ck_fine("diff cut whole");
    ck_assert_str_eq(program_out, "equal: 12 tensors, 1209 elements\n");
    ck_assert_str_eq(program_err, "");
    ck_fine("diff cut" LAST " whole" LAST " --json");
    json_t *json = program_json();
    ck_assert(json_is_true(json_object_get(json, "equal")));
    ck_assert(json_is_null(json_object_get(json, "worst")));
    ck_assert_uint_eq(json_array_size(json_object_get(json, "metadata")), 0);
    json_decref(json);
}
END_TEST

static const json_t *named(const json_t *list, const char *key, const char *name)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, key)), name) == 0) return item;
    }
    ck_abort_msg("no %s \"%s\"", key, name);
    return NULL;
}

START_TEST(runs_of_two_seeds)
{
    ck_fine(TRAIN_IN "one --seed 1 --epochs 1");
    ck_fine(TRAIN_IN "two --seed 2 --epochs 2 --log-every 2");
    ck_different("diff one two", "one and two differ: the worst tensor is ");
    ck_says(program_out, "config.json\n");
    ck_says(program_out, "  epochs                   1  |  2\n");
    ck_says(program_out, "metrics.csv\n  first difference         in row 1; rows: 1  |  2\n");
    ck_says(program_out, "\nmetadata\n");
    ck_says(program_out, "options.seed");
    ck_says(program_out, "conv1.weight");

    ck_different("diff one two --json", "the worst tensor is ");
    json_t *json = program_json();
    ck_assert(json_is_false(json_object_get(json, "equal")));
    const json_t *tensor = named(json_object_get(json, "tensors"), "name", "conv1.weight");
    ck_assert_str_eq(json_string_value(json_object_get(tensor, "state")), "values");
    ck_assert_int_eq((int)number(tensor, "elements"), 36);
    ck_assert_uint_eq(json_array_size(json_object_get(tensor, "index")), 4);
    const double apart = number(tensor, "value_a") - number(tensor, "value_b");
    ck_assert(fabs(fabs(apart) - number(tensor, "largest")) < 1e-6);
    ck_assert(number(tensor, "nmse") > 0 && number(tensor, "ulp") > 1);
    const json_t *steps = named(json_object_get(json, "logs"), "file", "steps.csv");
    ck_assert_int_eq((int)number(steps, "first"), 1);
    ck_assert(number(steps, "rows_only_a") > 0 && number(steps, "rows_only_b") > 0);
    const json_t *setting = named(json_object_get(json, "config"), "key", "seed");
    ck_assert_str_eq(json_string_value(json_object_get(setting, "b")), "2");
    json_decref(json);

    ck_different("diff one" LAST " two --tolerance 1e-12", "the worst tensor is ");
    ck_fine("diff one one --tolerance 0");
}
END_TEST

/* Change one number of a tensor in a checkpoint, four bytes from the end of the file. */
static void change_last_float(const char *from, const char *to, float by)
{
    size_t count;
    float value;
    unsigned char *bytes = scratch_read(from, &count);
    memcpy(&value, bytes + count - 4, 4);
    value += by;
    memcpy(bytes + count - 4, &value, 4);
    scratch_write(to, bytes, count);
    free(bytes);
}

START_TEST(one_number)
{
    ck_fine("init tiny.net -o a.safetensors");
    change_last_float("a.safetensors", "b.safetensors", 1e-3f);
    change_last_float("a.safetensors", "c.safetensors", NAN);
    ck_different("diff a.safetensors b.safetensors", "by 0.001 at [");
    ck_says(program_out, "1/");
    ck_fine("diff a.safetensors b.safetensors --tolerance 1");
    ck_says(program_out, "equal within the tolerance: ");
    ck_different("diff a.safetensors c.safetensors --tolerance 1 --json", "NMSE inf");
    ck_fine("diff c.safetensors c.safetensors");
}
END_TEST

START_TEST(refusals)
{
    ck_fine("init tiny.net -o a.safetensors");
    scratch_write("cut.safetensors", "1234", 4);
    ck_refused(BAD, "cut.safetensors: 4 bytes are too short", "diff a.safetensors cut.safetensors");
    ck_refused(FILES, "none: no such run folder or checkpoint file", "diff none a.safetensors");
    ck_refused(FILES, "data/config.json", "diff data data");
    ck_refused(2, "diff A B", "diff a.safetensors");
    ck_refused(2, "--tolerance", "diff a.safetensors a.safetensors --tolerance -1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_diff");
    TCase *tests = tcase_create("cli_diff");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, a_run_resumed_is_the_same_run);
    tcase_add_test(tests, runs_of_two_seeds);
    tcase_add_test(tests, one_number);
    tcase_add_test(tests, refusals);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
