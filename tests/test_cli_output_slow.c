/* Where the output of a run goes can fail: a reader that has gone, closed streams, a full or a
 * read-only disk, a folder that is removed. One line, exit code 6, and no checkpoint lost. */
#define _XOPEN_SOURCE 700

#include <sys/resource.h>

#include "tests/tiny_run.h"

enum { FILES = 6 };

#define RUN  "train " TINY " --epochs 2 --quiet --overwrite --out "
#define LAST "checkpoints/last.safetensors"

/* Run a line of the shell in which $weft is the program; its exit code. */
static int shell(const char *format, ...)
{
    char line[PROGRAM_LINE];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    ck_assert_int_eq(setenv("weft", WEFT_PROGRAM, 1), 0);
    const int status = system(line);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_line(const char *part)
{
    program_read("err", program_err);
    ck_assert_msg(count_of(program_err, '\n') == 1, "not one line: \"%s\"", program_err);
    ck_says(program_err, part);
}

/* ---- standard output ---- */

static const char *const talkers[] = {"--help",
                                      "help train",
                                      "layers",
                                      "models",
                                      "datasets",
                                      "devices --json",
                                      "eval whole --data idx:data -d cpu",
                                      "eval whole --data idx:data -d cpu --json",
                                      "predict whole --data idx:data --index 1 -d cpu",
                                      ("train " TINY " --epochs 1 -q --json --overwrite --out run"),
                                      "diff whole whole",
                                      "compare whole whole -q --overwrite --out both",
                                      "explain whole --data idx:data --index 1 -d cpu -o one.svg",
                                      "report whole -d cpu -o page.html",
                                      "tune tiny.net -d cpu -q",
                                      "selftest --quick -d cpu -q",
                                      "bench tiny.net -d cpu --plan --quiet"};
/* The last one takes seconds, and is asked once. */
enum { TALKERS = sizeof talkers / sizeof *talkers, QUICK = TALKERS - 1 };

/* The reader is gone before the first byte: the named pipe has lost it. */
START_TEST(a_reader_that_is_gone)
{
    const int code = shell("{ sleep 0.2; \"$weft\" %s 2>err; echo $? >code; } | true", talkers[_i]);
    ck_assert_int_eq(code, 0);
    program_read("code", program_out);
    ck_assert_msg(strcmp(program_out, "6\n") == 0, "%s: exit code %s", talkers[_i], program_out);
    check_line("standard output: ");
}
END_TEST

START_TEST(only_the_first_line_is_read)
{
    for (int i = 0; i < TALKERS; i++) {
        shell("{ \"$weft\" %s 2>err; echo $? >code; } | head -n 1 >first", talkers[i]);
        program_read("code", program_out);
        ck_assert_msg(strcmp(program_out, "6\n") == 0 || strcmp(program_out, "0\n") == 0, "%s: %s",
                      talkers[i], program_out);
        program_read("first", program_out);
        ck_assert_int_eq(count_of(program_out, '\n'), 1);
    }
}
END_TEST

/* What is printed must reach none of the files that are open. */
START_TEST(closed_streams)
{
    static const char *const closed[] = {">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&-", "<&-"};
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        const int code = shell("\"$weft\" " RUN "run %s", closed[i]);
        const bool heard = !says(closed[i], " >&-") && closed[i][0] != '>';
        ck_assert_msg(code == (heard ? 0 : FILES), "%s: exit code %d", closed[i], code);
        ck_same_files("run/" LAST, "whole/" LAST);
        ck_same_files("run/steps.csv", "whole/steps.csv");
        json_decref(load_json("run/summary.json"));
    }
}
END_TEST

START_TEST(a_full_standard_output)
{
    if (!exists("/dev/full")) return;
    ck_assert_int_eq(shell("\"$weft\" " RUN "run >/dev/full 2>err"), FILES);
    check_line("standard output: ");
    ck_same_files("run/" LAST, "whole/" LAST);
}
END_TEST

/* ---- disks ---- */

START_TEST(a_small_disk)
{
    if (shell("mkdir -p disk && mount -t tmpfs -o size=24k tmpfs disk 2>/dev/null") != 0) {
        printf("skipped: a_small_disk: only root can mount one\n");
        return;
    }
    const int code = shell("\"$weft\" " RUN "disk/run >out 2>err");
    const bool left = shell("ls disk/run/checkpoints/*.tmp >/dev/null 2>&1") == 0;
    ck_assert_int_eq(shell("umount disk"), 0);
    ck_assert_int_eq(code, FILES);
    program_read("err", program_err);
    ck_says(program_err, "disk full");
    ck_assert(!left);
}
END_TEST

/* Files end at 40 KiB: checkpoints are whole, curves are not. */
START_TEST(no_room_for_curves)
{
    ck_assert_int_eq(shell("(ulimit -f 80; \"$weft\" " RUN "run --no-report 2>err)"), 0);
    check_line("warning: no curves: ");
    ck_same_files("run/" LAST, "whole/" LAST);
}
END_TEST

START_TEST(a_folder_that_is_only_read)
{
    if (shell("mkdir -p disk && mount -t tmpfs -o ro tmpfs disk 2>/dev/null") == 0) {
        const int code = shell("\"$weft\" " RUN "disk/run >out 2>err");
        ck_assert_int_eq(shell("umount disk"), 0);
        ck_assert_int_eq(code, FILES);
        check_line("Read-only file system");
    }
    if (geteuid() == 0) return; /* whom permissions do not stop */
    ck_assert_int_eq(mkdir("closed", 0555), 0);
    ck_refused(FILES, "check the permissions", RUN "closed/run");
}
END_TEST

START_TEST(a_folder_that_is_removed)
{
    const pid_t child =
        program_start("train " TINY " --epochs 100000 --save-every 1 --quiet --out gone");
    for (int i = 0; i < 20000 && !exists("gone/" LAST); i++)
        pause_ms(1);
    /* In one go: file by file, a busy run makes new ones as fast as they are removed. */
    ck_assert_int_eq(shell("mv gone away && rm -rf away"), 0);
    ck_assert_int_eq(program_wait(child), FILES);
    program_read("stderr.txt", program_err);
    const char *last = strstr(program_err, "weft: cannot ");
    ck_assert_ptr_nonnull(last);
    ck_assert(!exists("gone"));
}
END_TEST

/* One folder for all, with a run that nothing disturbed. */
static void open_folder(void)
{
    tiny_open();
    ck_fine(RUN "whole");
}

int main(void)
{
    Suite *suite = suite_create("cli_output");
    TCase *tests = tcase_create("output");
    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, open_folder, program_close);
    tcase_add_loop_test(tests, a_reader_that_is_gone, 0, QUICK);
    tcase_add_test(tests, only_the_first_line_is_read);
    tcase_add_test(tests, closed_streams);
    tcase_add_test(tests, a_full_standard_output);
    tcase_add_test(tests, a_small_disk);
    tcase_add_test(tests, no_room_for_curves);
    tcase_add_test(tests, a_folder_that_is_only_read);
    tcase_add_test(tests, a_folder_that_is_removed);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
