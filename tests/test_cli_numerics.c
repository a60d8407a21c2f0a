/* weft train --check-numerics: one line that names the op, a table of what it worked on, exit 7. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "tests/tiny_run.h"

enum { DIVERGED = 7 };

/* Without an activation that can die, weights grow past every number. */
static const char linear[] = "input shape=6x5x1\n"
                             "flatten\n"
                             "dense units=16 name=a\n"
                             "dense units=16 name=b\n"
                             "dense units=3 name=c\n";

#define DIVERGE "train linear.net --data idx:data --batch-size 8 -q --optimizer sgd --out run "

/* The line, then the table: a head, and a row for every tensor. */
static void ck_named(const char *part)
{
    ck_assert_int_eq(strncmp(program_err, "weft: ", 6), 0);
    const size_t line = strcspn(program_err, "\n");
    const char *table = program_err + line;
    ck_says(program_err, part);
    ck_assert_msg(strstr(program_err, part) < table, "not in the first line: %s", program_err);
    ck_says(table, "tensor");
    ck_says(table, "infinite      least       mean    largest\n");
    ck_says(table, "\n  input  ");
    ck_says(table, "\n  output ");
}

static void ck_diverges(const char *device)
{
    int code = weft(DIVERGE "--lr 1e6 --epochs 20 --overwrite -d %s", device);
    ck_assert_msg(code == DIVERGED, "exit code %d: %s", code, program_err);
    ck_assert_int_eq(count_of(program_err, '\n'), 1);
    ck_says(program_err, "with --check-numerics the op where it begins is named");

    code = weft(DIVERGE "--lr 1e6 --epochs 20 --overwrite --check-numerics -d %s", device);
    ck_assert_msg(code == DIVERGED, "exit code %d: %s", code, program_err);
    ck_named(" pass: ");
    ck_says(program_err, " in epoch 1, step ");
    ck_says(program_err, "there is no checkpoint yet");
    ck_assert(!says(program_err, "with --check-numerics"));
    ck_assert_str_eq(program_out, "");
}

START_TEST(a_large_rate)
{
    scratch_write("linear.net", linear, sizeof linear - 1);
    ck_diverges("cpu");
    if (tiny_has_opencl()) ck_diverges("opencl");
}
END_TEST

/* A resume does the steps after the last checkpoint again, this time watched. */
START_TEST(a_resumed_run)
{
    scratch_write("linear.net", linear, sizeof linear - 1);
    int code = weft(DIVERGE "--lr 3 --momentum 0 --label-smoothing 0.5 --epochs 200 -d cpu");
    ck_assert_msg(code == DIVERGED, "exit code %d: %s", code, program_err);
    ck_says(program_err, "the last good checkpoint is run/checkpoints/last.safetensors (step ");
    size_t count;
    unsigned char *best = scratch_read("run/checkpoints/best.safetensors", &count);
    scratch_write("best.safetensors", best, count);
    free(best);

    code = weft("train --resume run -d cpu -q --check-numerics");
    ck_assert_msg(code == DIVERGED, "exit code %d: %s", code, program_err);
    ck_named(" pass: ");
    ck_says(program_err, "the last good checkpoint is run/checkpoints/last.safetensors (step ");
    ck_same_files("run/checkpoints/best.safetensors", "best.safetensors");
}
END_TEST

START_TEST(a_bad_initial_weight)
{
    static const float nan = NAN;
    size_t count;
    ck_fine("init tiny.net -o start.safetensors");
    unsigned char *bytes = scratch_read("start.safetensors", &count);
    memcpy(bytes + count - sizeof nan, &nan, sizeof nan); /* the last number is fc1's */
    scratch_write("start.safetensors", bytes, count);
    free(bytes);
    const int code = weft("train " TINY " -q --init start.safetensors --check-numerics --out run");
    ck_assert_msg(code == DIVERGED, "exit code %d: %s", code, program_err);
    ck_named("fc1, forward pass: gemm gives 8 NaN and 0 infinities among 24 numbers in epoch 1, "
             "step 1");
    ck_says(program_err, "\n  input  fc1.bias                       3                     1");
}
END_TEST

/* A sound run with every number watched is the run that it would be without. */
START_TEST(a_sound_run)
{
    ck_fine("train " TINY " -q --epochs 2 --check-numerics --out watched");
    ck_fine("train " TINY " -q --epochs 2 --out plain");
    ck_fine("diff watched plain");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_numerics");
    TCase *tests = tcase_create("cli_numerics");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, a_large_rate);
    tcase_add_test(tests, a_resumed_run);
    tcase_add_test(tests, a_bad_initial_weight);
    tcase_add_test(tests, a_sound_run);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
