/* Running the program `weft` with calls of the C library that fail or end it: fault_calls.c. The
 * suite's target has WEFT_FAULTY. Define _XOPEN_SOURCE 700 before the first include, and include
 * this before tests/program.h. */
#ifndef WEFT_TESTS_FAULT_RUN_H
#define WEFT_TESTS_FAULT_RUN_H

#ifdef WEFT_FAULTY
#undef WEFT_PROGRAM
#define WEFT_PROGRAM WEFT_FAULTY
#endif

#include <signal.h>

#include "tests/tiny_run.h"

enum { FAULT_TEXT = 64 };

/* Every point is walked through under the label `long`, a sample of them else. */
static inline bool fault_walks_all(void)
{
    const char *wish = getenv("WEFT_TEST_POINTS");
    return wish && strcmp(wish, "all") == 0;
}

/* The exit code of a run with a fault, minus the signal that ended it. fault: "call:number:action".
 */
static inline int fault_run(const char *fault, const char *arguments)
{
    int status = 0;
    ck_assert_int_eq(setenv("WEFT_FAIL", fault, 1), 0);
    const pid_t child = program_start(arguments);
    ck_assert_int_eq(unsetenv("WEFT_FAIL"), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    program_read("stdout.txt", program_out);
    program_read("stderr.txt", program_err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Run without faults; what was called is then in calls.txt. */
static inline void fault_count(const char *arguments)
{
    ck_assert_int_eq(setenv("WEFT_FAIL_COUNT", scratch_path("calls.txt"), 1), 0);
    const int code = fault_run("", arguments);
    ck_assert_int_eq(unsetenv("WEFT_FAIL_COUNT"), 0);
    ck_assert_msg(code == 0, "exit code %d: %s", code, program_err);
}

/* How often the run before made this call. */
static inline long fault_calls(const char *call)
{
    static char text[PROGRAM_TEXT];
    char name[FAULT_TEXT];
    long count = 0;
    program_read("calls.txt", text);
    (void)snprintf(name, sizeof name, "%s ", call);
    const char *at = strstr(text, name);
    while (at && at != text && at[-1] != '\n')
        at = strstr(at + 1, name);
    ck_assert_msg(at && sscanf(at + strlen(name), "%ld", &count) == 1, "no count of %s", call);
    return count;
}

/* Lines of stderr that tell of a failure: a driver or a warning may print others beside them. */
static inline int fault_lines(void)
{
    int count = 0;
    for (const char *at = program_err; (at = strstr(at, "weft: ")) != NULL; at++) {
        const bool starts = at == program_err || at[-1] == '\n';
        count += starts && strncmp(at, "weft: warning: ", 15) != 0;
    }
    return count;
}

static inline void remove_folder(const char *path)
{
    if (exists(path)) ck_assert_int_eq(nftw(path, scratch_drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
