/* Each call of Weft's own into the C library fails, one after the other: memory, files, disks. The
 * run ends with one line and the right exit code, and no half file is taken for a whole one. */
#define _XOPEN_SOURCE 700

#include "tests/fault_run.h"

#ifdef WEFT_FAULTY

#define LAST "checkpoints/last.safetensors"

enum { MEMORY = 5, FILES = 6, SAMPLES = 9 };

/* Groups of calls, and what may end a run that one of them fails. Cold: no program is in the cache,
 * so all of them are compiled and saved. */
typedef struct walk {
    const char *device, *call, *action;
    int code;
    bool cold;
} walk;

static const walk walks[] = {
    {"cpu", "memory", "once", MEMORY, false},    {"cpu", "memory", "always", MEMORY, false},
    {"cpu", "disk", "once", FILES, false},       {"cpu", "disk", "always", FILES, false},
    {"cpu", "file", "once", FILES, false},       {"cpu", "file", "always", FILES, false},
    {"opencl", "memory", "once", MEMORY, false}, {"opencl", "memory", "always", MEMORY, false},
    {"opencl", "disk", "once", FILES, false},    {"opencl", "disk", "always", FILES, false},
    {"opencl", "file", "once", FILES, false},    {"opencl", "file", "always", FILES, false},
    {"opencl", "memory", "once", MEMORY, true},  {"opencl", "file", "once", FILES, true},
};
enum { WALKS = sizeof walks / sizeof *walks };

static const char *command(const walk *w, const char *out)
{
    static char text[PROGRAM_ARGUMENTS];
    if (w->cold) remove_folder("cache");
    (void)snprintf(text, sizeof text,
                   "train tiny.net --data idx:data --device %s --batch-size 48 --epochs 1 "
                   "--save-every 1 --quiet --overwrite --out %s",
                   w->device, out);
    return text;
}

/* A run that failed can go on, or says that it has no checkpoint; what it then ends with is what
 * the whole run ended with. */
static void check_rest(const walk *w, const char *fault)
{
    if (exists("cut/summary.json")) return;
    if (exists("cut/checkpoints/last.safetensors") || exists("cut/checkpoints/prev.safetensors")) {
        const int code = weft("train --resume cut --device %s --quiet", w->device);
        ck_assert_msg(code == 0, "%s: not resumed: exit code %d: %s", fault, code, program_err);
        ck_same_files("cut/" LAST, "whole/" LAST);
    }
}

/* What goes wrong where nothing is lost by it is a warning, or is not told at all. */
static void check_end(const walk *w, const char *fault, int code)
{
    if (code == 0) {
        ck_assert_msg(fault_lines() == 0, "%s: a failure without a code: %s", fault, program_err);
        ck_same_files("cut/" LAST, "whole/" LAST);
        ck_assert_msg(exists("cut/summary.json"), "%s: no summary", fault);
        return;
    }
    ck_assert_msg(code == w->code, "%s: exit code %d: %s", fault, code, program_err);
    ck_assert_msg(fault_lines() == 1, "%s: not one line: \"%s\"", fault, program_err);
    check_rest(w, fault);
}

/* Its number of calls, once its programs are in the cache. */
static long count_calls(const walk *w)
{
    ck_fine("%s", command(w, "whole"));
    fault_count(command(w, "whole"));
    return fault_calls(w->call);
}

START_TEST(calls_that_fail)
{
    const walk *w = &walks[_i];
    if (strcmp(w->device, "opencl") == 0 && !tiny_has_opencl()) return;
    if (w->cold) ck_assert_int_eq(setenv("WEFT_CACHE_DIR", scratch_path("cache"), 1), 0);
    const long count = count_calls(w);
    const long stride = fault_walks_all() || count <= SAMPLES ? 1 : count / SAMPLES;
    ck_assert_int_gt(count, 10);
    for (long n = 1; n <= count; n += stride) {
        char fault[FAULT_TEXT];
        (void)snprintf(fault, sizeof fault, "%s:%ld:%s", w->call, n, w->action);
        check_end(w, fault, fault_run(fault, command(w, "cut")));
        remove_folder("cut");
    }
}
END_TEST

static char *cache_before;

static void open_all(void)
{
    const char *cache = getenv("WEFT_CACHE_DIR");
    cache_before = cache ? strdup(cache) : NULL;
    tiny_open();
}

static void close_all(void)
{
    program_close();
    if (cache_before) (void)setenv("WEFT_CACHE_DIR", cache_before, 1);
    free(cache_before);
}

int main(void)
{
    Suite *suite = suite_create("cli_calls");
    TCase *calls = tcase_create("calls");
    tcase_set_timeout(calls, 0);
    tcase_add_checked_fixture(calls, open_all, close_all);
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
