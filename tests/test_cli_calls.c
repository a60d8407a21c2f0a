/* Each call of Weft's own into the C library fails, one after the other: memory, files, disks. The
 * run ends with one line and the right exit code, and no half file is taken for a whole one. */
#define _XOPEN_SOURCE 700

#include "tests/fault_run.h"

#ifdef WEFT_FAULTY

#define RUN                                                                                  \
    "train tiny.net --data idx:data --device cpu --batch-size 48 --epochs 1 --save-every 1 " \
    "--quiet --out "
#define LAST "checkpoints/last.safetensors"

enum { MEMORY = 5, FILES = 6, SAMPLES = 9 };

/* Groups of calls, and what may end a run that one of them fails. */
static const struct {
    const char *call, *action;
    int code;
} walks[] = {
    {"memory", "once", MEMORY}, {"memory", "always", MEMORY}, {"disk", "once", FILES},
    {"disk", "always", FILES},  {"file", "once", FILES},      {"file", "always", FILES},
};
enum { WALKS = sizeof walks / sizeof *walks };

/* A run that failed can go on, or says that it has no checkpoint; what it then ends with is what
 * the whole run ended with. */
static void check_rest(const char *fault)
{
    if (exists("cut/summary.json")) return;
    if (exists("cut/checkpoints/last.safetensors") || exists("cut/checkpoints/prev.safetensors")) {
        const int code = weft("train --resume cut --device cpu --quiet");
        ck_assert_msg(code == 0, "%s: not resumed: exit code %d: %s", fault, code, program_err);
        ck_same_files("cut/" LAST, "whole/" LAST);
    }
}

/* What goes wrong where nothing is lost by it is a warning, or is not told at all. */
static void check_end(const char *fault, int code, int wanted)
{
    if (code == 0) {
        ck_assert_msg(fault_lines() == 0, "%s: a failure without a code: %s", fault, program_err);
        ck_same_files("cut/" LAST, "whole/" LAST);
        ck_assert_msg(exists("cut/summary.json"), "%s: no summary", fault);
        return;
    }
    ck_assert_msg(code == wanted, "%s: exit code %d: %s", fault, code, program_err);
    ck_assert_msg(fault_lines() == 1, "%s: not one line: \"%s\"", fault, program_err);
    check_rest(fault);
}

START_TEST(calls_that_fail)
{
    const char *call = walks[_i].call;
    fault_count(RUN "whole");
    const long count = fault_calls(call);
    const long stride = fault_walks_all() || count <= SAMPLES ? 1 : count / SAMPLES;
    ck_assert_int_gt(count, 10);
    for (long n = 1; n <= count; n += stride) {
        char fault[FAULT_TEXT];
        (void)snprintf(fault, sizeof fault, "%s:%ld:%s", call, n, walks[_i].action);
        check_end(fault, fault_run(fault, RUN "cut"), walks[_i].code);
        remove_folder("cut");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_calls");
    TCase *calls = tcase_create("calls");
    tcase_set_timeout(calls, 0);
    tcase_add_checked_fixture(calls, tiny_open, program_close);
    tcase_add_loop_test(calls, calls_that_fail, 0, WALKS);
    suite_add_tcase(suite, calls);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: this linker cannot wrap calls\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
