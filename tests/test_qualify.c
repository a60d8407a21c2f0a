/* What a selftest makes of the ends that its parts come to, and what its verdict means for the
 * choice of a device. The parts are this program, which plays them: no device is needed. */
#define _XOPEN_SOURCE 700

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/qualify.h"
#include "cli/selftest.h"
#include "cli/signals.h"
#include "cli/verdict.h"
#include "tests/null_backend.h"
#include "tests/scratch.h"
#include "tests/suite.h"

/* ---- the side of a part ---- */

static void pause_tenths(long tenths)
{
    const struct timespec pause = {tenths / 10, tenths % 10 * 100 * 1000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static void end_by_signal(int number)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)signal(number, SIG_DFL); /* sanitizers catch some */
    (void)raise(number);
}

/* Ten seconds of a driver's lines. */
static void chatter(void)
{
    for (int i = 0; i < 100; i++) {
        (void)fprintf(stderr, "the driver has something to say\n");
        pause_tenths(1);
    }
}

static void advance(void)
{
    for (int i = 0; i < 10; i++) {
        printf("{\"done\":%d,\"total\":10}\n", i);
        (void)fflush(stdout);
        pause_tenths(4);
    }
}

static void count_part(void)
{
    const char *path = getenv("WEFT_TEST_PARTS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    (void)fputc('.', file);
    (void)fclose(file);
}

/* The first part does what the test wants, the others pass. */
static int play_part(const char *name)
{
    count_part();
    const char *act = getenv("WEFT_TEST_ACT");
    if (!act || strcmp(name, weft_selftest_name(0)) != 0) act = "";
    if (strncmp(act, "signal ", 7) == 0) end_by_signal(atoi(act + 7));
    if (strcmp(act, "exit") == 0) return 3;
    if (strcmp(act, "cause") == 0) {
        (void)fprintf(stderr, "weft: no room for it\nweft: warning: later\nthe driver: later\n");
        return 4;
    }
    if (strcmp(act, "chatter") == 0) chatter();
    if (strcmp(act, "stop") == 0) {
        (void)kill(getppid(), SIGTERM);
        pause_tenths(300);
    }
    if (strcmp(act, "advance") == 0) advance();
    printf("{\"row\":{\"verdict\":\"passed\",\"cases\":1,\"note\":\"played\"}}\n");
    return 0;
}

/* ---- the side of the selftest ---- */

static const weft_device_entry *device(void)
{
    static weft_device_entry entry = {.id = "null:0", .info = {.type = WEFT_DEVICE_GPU}};
    entry.backend = weft_backend_null();
    return &entry;
}

static cli_selftest_result result;

static weft_status test_device(const char *act, double time_limit)
{
    const cli_selftest_wish wish = {.entry = device(), .time_limit = time_limit};
    cli_progress *progress = NULL;
    ck_assert_int_eq(setenv("WEFT_TEST_ACT", act, 1), 0);
    ck_weft(cli_progress_new(0, true, &progress));
    const weft_status status = cli_selftest_all(&wish, progress, &result);
    cli_progress_free(progress);
    return status;
}

START_TEST(rows_are_what_parts_print)
{
    ck_weft(test_device("", 60));
    ck_assert_int_eq(result.verdict, WEFT_VERDICT_PASSED);
    ck_assert_int_eq(result.count, weft_selftest_count());
    ck_assert_ptr_null(cli_selftest_failure(&result));
    ck_assert_str_eq(result.row[result.count - 1].note, "played");
}
END_TEST

static void ck_first_failed(const char *failure)
{
    char wanted[WEFT_SELFTEST_TEXT];
    (void)snprintf(wanted, sizeof wanted, "%s: %s", weft_selftest_name(0), failure);
    ck_assert_int_eq(result.verdict, WEFT_VERDICT_FAILED);
    ck_assert_ptr_eq(cli_selftest_failure(&result), &result.row[0]);
    ck_assert_str_eq(result.row[0].failure, wanted);
    ck_assert_int_eq(result.row[1].verdict, WEFT_VERDICT_PASSED);
}

START_TEST(a_crash_is_the_devices_fault)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    char act[32], failure[128];
    (void)snprintf(act, sizeof act, "signal %d", signals[_i]);
    (void)snprintf(failure, sizeof failure, "the driver ended the process by signal %d",
                   signals[_i]);
    ck_weft(test_device(act, 60));
    ck_first_failed(failure);
}
END_TEST

START_TEST(a_kill_from_outside_is_no_verdict)
{
    static const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP};
    char act[32], reason[128];
    (void)snprintf(act, sizeof act, "signal %d", signals[_i]);
    (void)snprintf(reason, sizeof reason, "part %s: it was killed from outside (signal %d%s)",
                   weft_selftest_name(0), signals[_i],
                   signals[_i] == SIGKILL ? ", as when memory runs out" : "");
    ck_weft_refused(test_device(act, 60), WEFT_ERR_DEVICE, reason);
    ck_assert_int_eq(result.verdict, WEFT_VERDICT_NONE);
}
END_TEST

/* In a process of its own, since a signal that was caught stays caught. */
START_TEST(a_signal_ends_the_test_and_its_part)
{
    int status = 0;
    const pid_t tester = fork();
    if (tester == 0) {
        cli_signals_catch();
        const bool refused = test_device("stop", 60) == WEFT_ERR_DEVICE;
        const bool none = result.verdict == WEFT_VERDICT_NONE && result.count == 1;
        _exit(refused && none && strstr(weft_error(), "interrupted") ? cli_signals_exit_code() : 1);
    }
    ck_assert_int_eq(waitpid(tester, &status, 0), tester);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
}
END_TEST

START_TEST(an_end_without_a_row_tells_its_cause)
{
    ck_weft(test_device("exit", 60));
    ck_first_failed("the process ended with exit code 3");
    ck_weft(test_device("cause", 60));
    ck_first_failed("the process ended with exit code 4: no room for it");
}
END_TEST

/* What a driver writes beside it is no progress of a part; what the part prints is. */
START_TEST(only_lines_of_the_part_are_progress)
{
    ck_weft(test_device("chatter", 3));
    ck_first_failed("no answer for 3 seconds, a kernel or its compiler hangs");
    ck_weft(test_device("advance", 3));
    ck_assert_int_eq(result.verdict, WEFT_VERDICT_PASSED);
}
END_TEST

/* ---- what a verdict means ---- */

static void forget_verdicts(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", scratch_path("cache"));
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(setenv("WEFT_CACHE_DIR", scratch_path("cache"), 1), 0);
}

static void save(weft_verdict verdict, bool quick, weft_gemm_route gemm)
{
    result = (cli_selftest_result){.verdict = verdict, .quick = quick, .count = 1};
    result.row[0].verdict = verdict;
    ck_weft(cli_verdict_save(device(), WEFT_FAMILY_AUTO, gemm, &result));
}

static void ck_verdict(weft_gemm_route gemm, const char *words)
{
    const cli_verdict verdict = cli_verdict_load(device(), WEFT_FAMILY_AUTO, gemm);
    ck_assert_str_eq(cli_verdict_words(&verdict), words);
}

START_TEST(each_way_to_multiply_has_its_verdict)
{
    forget_verdicts();
    ck_verdict(WEFT_GEMM_AUTO, "not tested");
    save(WEFT_VERDICT_FAILED, false, WEFT_GEMM_CLBLAST);
    ck_verdict(WEFT_GEMM_CLBLAST, "FAILED");
    ck_verdict(WEFT_GEMM_OWN, "not tested");
    save(WEFT_VERDICT_PASSED, false, WEFT_GEMM_AUTO);
    ck_verdict(WEFT_GEMM_CLBLAST, "FAILED");
    ck_verdict(WEFT_GEMM_AUTO, "passed");
}
END_TEST

/* What was said, what is said then, and what stays. */
START_TEST(a_quick_pass_replaces_no_whole_test)
{
    static const struct {
        weft_verdict before;
        bool quick_before;
        weft_verdict after;
        bool quick_after;
        const char *words;
    } rows[] = {
        {WEFT_VERDICT_FAILED, false, WEFT_VERDICT_PASSED, true, "FAILED"},
        {WEFT_VERDICT_FAILED, false, WEFT_VERDICT_PASSED, false, "passed"},
        {WEFT_VERDICT_FAILED, true, WEFT_VERDICT_PASSED, true, "passed (quick)"},
        {WEFT_VERDICT_FAILED, true, WEFT_VERDICT_PASSED, false, "passed"},
        {WEFT_VERDICT_PASSED, false, WEFT_VERDICT_PASSED, true, "passed"},
        {WEFT_VERDICT_PASSED, true, WEFT_VERDICT_PASSED, false, "passed"},
        {WEFT_VERDICT_PASSED, false, WEFT_VERDICT_FAILED, true, "FAILED"},
        {WEFT_VERDICT_PASSED, true, WEFT_VERDICT_FAILED, false, "FAILED"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        forget_verdicts();
        save(rows[i].before, rows[i].quick_before, WEFT_GEMM_AUTO);
        save(rows[i].after, rows[i].quick_after, WEFT_GEMM_AUTO);
        ck_verdict(WEFT_GEMM_AUTO, rows[i].words);
    }
}
END_TEST

static char heard[4096];

static void hear(void *user, weft_level level, const char *text)
{
    const size_t used = strlen(heard);
    (void)user, (void)level;
    (void)snprintf(heard + used, sizeof heard - used, "%s\n", text);
}

static bool qualifies(const char *act, const cli_wish *wish)
{
    heard[0] = '\0';
    ck_assert_int_eq(setenv("WEFT_TEST_ACT", act, 1), 0);
    return cli_qualify(device(), wish);
}

/* A device that hangs in every part would hold the choice for an hour. */
START_TEST(the_first_failure_is_enough_for_auto)
{
    const cli_wish wish = {.gemm = WEFT_GEMM_CLBLAST, .log = {hear, NULL}};
    const char *parts = scratch_write("parts", "", 0);
    struct stat info;
    forget_verdicts();
    ck_assert_int_eq(setenv("WEFT_TEST_PARTS", parts, 1), 0);
    ck_assert(!qualifies("exit", &wish));
    ck_assert_int_eq(unsetenv("WEFT_TEST_PARTS"), 0);
    ck_assert_int_eq(stat(parts, &info), 0);
    ck_assert_int_eq(info.st_size, 1);
    ck_assert_ptr_nonnull(strstr(heard, "null:0 was never tested"));
    ck_assert_ptr_nonnull(strstr(heard, "null:0 is left out, its selftest failed: "));
    ck_verdict(WEFT_GEMM_CLBLAST, "FAILED");
    ck_verdict(WEFT_GEMM_AUTO, "not tested");
}
END_TEST

START_TEST(auto_tests_a_gpu_once)
{
    const cli_wish wish = {.log = {hear, NULL}};
    forget_verdicts();
    ck_assert(qualifies("", &wish));
    ck_assert_str_eq(heard, "null:0 was never tested: weft selftest --quick comes first\n");
    ck_verdict(WEFT_GEMM_AUTO, "passed (quick)");
    ck_assert(qualifies("exit", &wish));
    ck_assert_str_eq(heard, "");
}
END_TEST

/* The device is tried: it is not to blame. */
START_TEST(auto_takes_a_gpu_whose_test_was_killed)
{
    const cli_wish wish = {.log = {hear, NULL}};
    forget_verdicts();
    ck_assert(qualifies("signal 9", &wish));
    ck_assert_ptr_nonnull(strstr(heard, "was killed from outside"));
    ck_verdict(WEFT_GEMM_AUTO, "not tested");
}
END_TEST

static void ck_reminder(const cli_wish *wish, const char *line)
{
    heard[0] = '\0';
    cli_qualify_remind(device(), wish);
    ck_assert_str_eq(heard, line);
}

START_TEST(a_reminder_names_the_test_that_is_missing)
{
    const cli_wish plain = {.log = {hear, NULL}};
    const cli_wish other = {
        .family = WEFT_FAMILY_TILE, .gemm = WEFT_GEMM_CLBLAST, .log = {hear, NULL}};
    forget_verdicts();
    ck_reminder(&plain, "nobody has tested null:0 here; `weft selftest --device null:0` takes a "
                        "few minutes\n");
    save(WEFT_VERDICT_PASSED, true, WEFT_GEMM_AUTO);
    ck_reminder(&plain, "");
    ck_reminder(&other, "nobody has tested null:0 here; `weft selftest --device null:0 --family "
                        "tile --gemm clblast` takes a few minutes\n");
}
END_TEST

int main(int count, char **words)
{
    if (count > 3 && strcmp(words[1], "selftest") == 0) return play_part(words[3]);
    Suite *suite = suite_create("qualify");
    TCase *parts = tcase_create("parts");
    tcase_set_timeout(parts, 0);
    tcase_add_test(parts, rows_are_what_parts_print);
    tcase_add_loop_test(parts, a_crash_is_the_devices_fault, 0, 7);
    tcase_add_loop_test(parts, a_kill_from_outside_is_no_verdict, 0, 4);
    tcase_add_test(parts, a_signal_ends_the_test_and_its_part);
    tcase_add_test(parts, an_end_without_a_row_tells_its_cause);
    tcase_add_test(parts, only_lines_of_the_part_are_progress);
    suite_add_tcase(suite, parts);
    TCase *verdicts = tcase_create("verdicts");
    tcase_set_timeout(verdicts, 0);
    tcase_add_unchecked_fixture(verdicts, scratch_open, scratch_close);
    tcase_add_test(verdicts, each_way_to_multiply_has_its_verdict);
    tcase_add_test(verdicts, a_quick_pass_replaces_no_whole_test);
    tcase_add_test(verdicts, the_first_failure_is_enough_for_auto);
    tcase_add_test(verdicts, auto_tests_a_gpu_once);
    tcase_add_test(verdicts, auto_takes_a_gpu_whose_test_was_killed);
    tcase_add_test(verdicts, a_reminder_names_the_test_that_is_missing);
    suite_add_tcase(suite, verdicts);
    return weft_suite_run(suite);
}
