/* Files, folders, locks and the machine: core/posix.h. */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/posix.h"
#include "tests/suite.h"
#include "tests/temp_folder.h"

static char folder[TEMP_FOLDER_TEXT];

static void setup(void)
{
    temp_folder_new(folder);
}

static void teardown(void)
{
    temp_folder_free(folder);
}

/* A path in the test's folder; the text lives until the fourth call after. */
static const char *in_folder(const char *name)
{
    static char text[4][512];
    static int at;
    at = (at + 1) % 4;
    snprintf(text[at], sizeof text[at], "%s/%s", folder, name);
    return text[at];
}

static void check_contents(const char *path, const char *wanted)
{
    char *bytes;
    size_t count;
    ck_weft(weft_read_file(path, 1000, &bytes, &count));
    ck_assert_str_eq(bytes, wanted);
    ck_assert_uint_eq(count, strlen(wanted));
    free(bytes);
}

/* Names in the test's folder, from ls. */
static void check_listing(const char *wanted)
{
    char command[128], text[256] = "";
    snprintf(command, sizeof command, "ls -A '%s'", folder);
    FILE *list = popen(command, "r");
    ck_assert_ptr_nonnull(list);
    text[fread(text, 1, sizeof text - 1, list)] = '\0';
    ck_assert_int_eq(pclose(list), 0);
    ck_assert_str_eq(text, wanted);
}

/* ---- whole files ---- */

START_TEST(test_path_name)
{
    ck_assert_str_eq(weft_path_name("my.net"), "my.net");
    ck_assert_str_eq(weft_path_name("/a/nets/my.net"), "my.net");
    ck_assert_str_eq(weft_path_name("a/"), "");
}
END_TEST

START_TEST(test_write_and_read)
{
    const char *path = in_folder("a.txt");
    ck_weft(weft_write_file(path, "one", 3));
    check_contents(path, "one");
    ck_weft(weft_write_file(path, "", 0));
    check_contents(path, "");
    check_listing("a.txt\n");
}
END_TEST

START_TEST(test_read_refusals)
{
    char *bytes = (char *)1;
    size_t count = 9;
    ck_weft_refused(weft_read_file(in_folder("none"), 9, &bytes, &count), WEFT_ERR_IO,
                    "none: No such file");
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(count, 0);
    ck_weft_refused(weft_read_file(folder, 9, &bytes, &count), WEFT_ERR_FORMAT, "is a folder");
    ck_weft(weft_write_file(in_folder("ten"), "0123456789", 10));
    ck_weft_refused(weft_read_file(in_folder("ten"), 9, &bytes, &count), WEFT_ERR_FORMAT,
                    "larger than 9 bytes");
    ck_weft(weft_read_file(in_folder("ten"), 10, &bytes, &count));
    free(bytes);
    ck_weft_refused(weft_read_file("/dev/zero", 100000, &bytes, &count), WEFT_ERR_FORMAT,
                    "larger than 100000");
}
END_TEST

/* More than one step of the reader's buffer, from a file whose size the system tells as 0. */
START_TEST(test_read_large)
{
    enum { SIZE = 300001 };
    char *bytes;
    size_t count;
    char *text = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 23);
    ck_weft(weft_write_file(in_folder("large"), text, SIZE));
    ck_weft(weft_read_file(in_folder("large"), SIZE_MAX, &bytes, &count));
    ck_assert_uint_eq(count, SIZE);
    ck_assert_mem_eq(bytes, text, SIZE);
    ck_assert_int_eq(bytes[SIZE], 0);
    free(bytes);
    free(text);
    ck_weft(weft_read_file("/proc/self/status", 1 << 20, &bytes, &count));
    ck_assert_uint_gt(count, 0);
    free(bytes);
}
END_TEST

/* ---- atomic files ---- */

START_TEST(test_atomic_is_invisible_until_commit)
{
    weft_atomic_file *file;
    const char *path = in_folder("a");
    ck_weft(weft_write_file(path, "old", 3));
    ck_weft(weft_atomic_open(path, &file));
    ck_weft(weft_atomic_write(file, "ne", 2));
    ck_weft(weft_atomic_write(file, "w", 1));
    check_contents(path, "old");
    ck_weft(weft_atomic_commit(file));
    weft_atomic_free(file);
    check_contents(path, "new");
    check_listing("a\n");
}
END_TEST

START_TEST(test_atomic_given_up)
{
    weft_atomic_file *file, *second;
    const char *path = in_folder("a");
    ck_weft(weft_write_file(path, "old", 3));
    ck_weft(weft_atomic_open(path, &file));
    ck_weft(weft_atomic_open(path, &second)); /* two writers do not meet in one temporary file */
    ck_weft(weft_atomic_write(file, "first", 5));
    ck_weft(weft_atomic_write(second, "second", 6));
    weft_atomic_free(file);
    ck_weft(weft_atomic_commit(second));
    weft_atomic_free(second);
    weft_atomic_free(NULL);
    check_contents(path, "second");
    check_listing("a\n");
}
END_TEST

START_TEST(test_atomic_refusals)
{
    weft_atomic_file *file = (weft_atomic_file *)1;
    ck_weft_refused(weft_atomic_open(folder, &file), WEFT_ERR_IO, "folder or a device");
    ck_assert_ptr_null(file);
    ck_weft_refused(weft_atomic_open("/dev/null", &file), WEFT_ERR_IO, "/dev/null");
    ck_weft_refused(weft_atomic_open(in_folder("no/such/a"), &file), WEFT_ERR_IO,
                    "no/such/a: No such file");
    ck_weft_refused(weft_atomic_open("", &file), WEFT_ERR_IO, "without a name");
}
END_TEST

/* A link stays a link, and its target is what changes. */
START_TEST(test_atomic_link)
{
    struct stat info;
    ck_weft(weft_write_file(in_folder("target"), "old", 3));
    ck_assert_int_eq(symlink("target", in_folder("link")), 0);
    ck_weft(weft_write_file(in_folder("link"), "new", 3));
    ck_assert_int_eq(lstat(in_folder("link"), &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    check_contents(in_folder("target"), "new");
}
END_TEST

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A write that fails in the middle: the old file is intact, nothing is left behind, the message
 * names the file, and no later call makes it good again. */
START_TEST(test_atomic_failing_write)
{
    static char bytes[5000];
    weft_atomic_file *file;
    const char *path = in_folder("a");
    ck_weft(weft_write_file(path, "old", 3));
    ck_weft(weft_atomic_open(path, &file));

    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    limit_files(4096);
    const weft_status status = weft_atomic_write(file, bytes, sizeof bytes);
    limit_files(RLIM_INFINITY);
    signal(SIGXFSZ, before);

    ck_assert_int_eq(status, WEFT_ERR_IO);
    ck_assert_ptr_nonnull(strstr(weft_error(), path));
    ck_assert_ptr_nonnull(strstr(weft_error(), "File too large (the limit on file sizes"));
    ck_weft_refused(weft_atomic_write(file, "x", 1), WEFT_ERR_IO, "File too large");
    ck_weft_refused(weft_atomic_commit(file), WEFT_ERR_IO, "File too large");
    weft_atomic_free(file);
    check_contents(path, "old");
    check_listing("a\n");
}
END_TEST

START_TEST(test_io_message)
{
    ck_weft_refused(weft_io_fail("write", "run/a", ENOSPC), WEFT_ERR_IO,
                    "cannot write run/a: No space left on device (disk full?)");
    ck_weft_refused(weft_io_fail("write", "run/a", EACCES), WEFT_ERR_IO, "(check the permissions)");
}
END_TEST

/* The target vanishes under the writer's hands: the rename fails and says so. */
START_TEST(test_atomic_failing_rename)
{
    weft_atomic_file *file;
    bool existed;
    ck_weft(weft_atomic_open(in_folder("a"), &file));
    ck_weft(weft_make_folder(in_folder("a"), &existed));
    ck_weft_refused(weft_atomic_commit(file), WEFT_ERR_IO, "Is a directory");
    weft_atomic_free(file);
    check_listing("a\n");
}
END_TEST

START_TEST(test_truncate)
{
    const char *path = in_folder("a");
    ck_weft(weft_write_file(path, "one\ntwo\n", 8));
    ck_weft(weft_file_truncate(path, 4));
    check_contents(path, "one\n");
    ck_weft(weft_file_truncate(path, 4));
    ck_weft_refused(weft_file_truncate(path, 5), WEFT_ERR_FORMAT, "shorter");
    check_contents(path, "one\n");
    ck_weft_refused(weft_file_truncate(in_folder("none"), 0), WEFT_ERR_IO, "none");
}
END_TEST

/* ---- folders and names ---- */

START_TEST(test_folders)
{
    bool existed = true;
    ck_weft(weft_make_folders(in_folder("x/y//z/")));
    ck_weft(weft_make_folders(in_folder("x/y/z")));
    ck_assert(weft_is_folder(in_folder("x/y/z")));
    ck_weft(weft_make_folder(in_folder("new"), &existed));
    ck_assert(!existed);
    ck_weft(weft_make_folder(in_folder("new"), &existed));
    ck_assert(existed);

    ck_weft(weft_write_file(in_folder("file"), "", 0));
    ck_assert(weft_path_exists(in_folder("file")) && !weft_is_folder(in_folder("file")));
    ck_assert(!weft_path_exists(in_folder("none")));
    ck_weft_refused(weft_make_folder(in_folder("file"), &existed), WEFT_ERR_IO, "a file has this");
    ck_weft_refused(weft_make_folders(in_folder("file/sub")), WEFT_ERR_IO, "a file has this name");
    ck_weft_refused(weft_make_folder(in_folder("no/such"), &existed), WEFT_ERR_IO, "no/such");
    ck_weft_refused(weft_make_folders(""), WEFT_ERR_IO, "cannot create");
}
END_TEST

START_TEST(test_rename_and_remove)
{
    ck_weft(weft_write_file(in_folder("a"), "a", 1));
    ck_weft(weft_rename(in_folder("a"), in_folder("b")));
    check_contents(in_folder("b"), "a");
    ck_weft_refused(weft_rename(in_folder("a"), in_folder("b")), WEFT_ERR_IO, "No such file");
    ck_weft(weft_remove(in_folder("b")));
    ck_weft(weft_remove(in_folder("b")));
    ck_assert_int_eq(weft_remove(folder), WEFT_ERR_IO);
}
END_TEST

START_TEST(test_path_join)
{
    static const char *const rows[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = weft_path_join(rows[i][0], rows[i][1]);
        ck_assert_str_eq(path, rows[i][2]);
        free(path);
    }
}
END_TEST

START_TEST(test_patterns)
{
    static char text[1000];
    ck_assert(weft_pattern_match("conv1", "conv1"));
    ck_assert(weft_pattern_match("bn*,conv?", "conv1"));
    ck_assert(weft_pattern_match("fc[12],x", "fc2"));
    ck_assert(weft_pattern_match(",,conv1,", "conv1"));
    ck_assert(!weft_pattern_match("conv", "conv1"));
    ck_assert(!weft_pattern_match("", "conv1"));
    ck_assert(!weft_pattern_match(",", ""));
    ck_assert(!weft_pattern_match("Conv1", "conv1"));
    memset(text, '*', sizeof text - 1);
    ck_assert(!weft_pattern_match(text, "conv1")); /* longer than a pattern may be */
}
END_TEST

/* ---- locks ---- */

START_TEST(test_lock)
{
    weft_lock *lock, *second = (weft_lock *)1;
    const char *path = in_folder("lock");
    ck_weft(weft_lock_take(path, &lock));
    ck_weft_refused(weft_lock_take(path, &second), WEFT_ERR_IO, "another run is using this folder");
    ck_assert_ptr_null(second);
    weft_lock_free(lock);
    weft_lock_free(NULL);
    ck_weft(weft_lock_take(path, &lock));
    weft_lock_free(lock);
    ck_weft_refused(weft_lock_take(in_folder("no/lock"), &lock), WEFT_ERR_IO, "no/lock");
}
END_TEST

/* Another process is kept out too, and a process that ends gives its lock back. */
START_TEST(test_lock_of_process)
{
    weft_lock *lock;
    int result = 0;
    const char *path = in_folder("lock");
    for (int held = 0; held < 2; held++) {
        if (held) ck_weft(weft_lock_take(path, &lock));
        const pid_t child = fork();
        if (child == 0) {
            weft_lock *mine;
            _exit(weft_lock_take(path, &mine) == WEFT_OK ? 1 : 2);
        }
        ck_assert_int_eq(waitpid(child, &result, 0), child);
        ck_assert_int_eq(WEXITSTATUS(result), held ? 2 : 1);
    }
    weft_lock_free(lock);
}
END_TEST

/* ---- the machine ---- */

START_TEST(test_machine)
{
    char utc[32], stamp[32];
    int a, b, c, d, e, f;
    const double before = weft_clock();
    weft_utc(utc);
    weft_run_stamp(stamp);
    ck_assert_int_eq(sscanf(utc, "%4d-%2d-%2dT%2d:%2d:%2dZ", &a, &b, &c, &d, &e, &f), 6);
    ck_assert_uint_eq(strlen(utc), 20);
    ck_assert_int_ge(a, 2024);
    ck_assert_int_eq(sscanf(stamp, "%8d-%6d", &a, &b), 2);
    ck_assert_uint_eq(strlen(stamp), 15);
    ck_assert(weft_clock() >= before && isfinite(before));
    ck_assert_int_ge(weft_cpu_count(), 1);
    ck_assert_int_le(weft_cpu_count(), sysconf(_SC_NPROCESSORS_CONF));
    ck_assert_int_gt(weft_peak_memory(), 1 << 18);
}
END_TEST

static void check_cache(const char *own, const char *xdg, const char *home, const char *wanted)
{
    setenv("WEFT_CACHE_DIR", own, 1);
    setenv("XDG_CACHE_HOME", xdg, 1);
    setenv("HOME", home, 1);
    char *path = weft_cache_folder();
    if (wanted)
        ck_assert_str_eq(path, wanted);
    else
        ck_assert_ptr_null(path);
    free(path);
}

START_TEST(test_cache_folder)
{
    static const char *const names[] = {"WEFT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};
    char *saved[3];
    for (int i = 0; i < 3; i++)
        saved[i] = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;
    check_cache("/own", "/xdg", "/home/me", "/own");
    check_cache("", "/xdg", "/home/me", "/xdg/weft");
    check_cache("", "relative", "/home/me", "/home/me/.cache/weft");
    check_cache("", "", "/home/me", "/home/me/.cache/weft");
    check_cache("", "", "", NULL);
    for (int i = 0; i < 3; i++) {
        if (saved[i])
            setenv(names[i], saved[i], 1);
        else
            unsetenv(names[i]);
        free(saved[i]);
    }
}
END_TEST

START_TEST(test_terminal)
{
    FILE *file = fopen("/dev/null", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert(!weft_is_terminal(file));
    ck_assert_int_eq(weft_terminal_width(file), 80);
    fclose(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base_files");
    TCase *c = tcase_create("files");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_path_name);
    tcase_add_test(c, test_write_and_read);
    tcase_add_test(c, test_read_refusals);
    tcase_add_test(c, test_read_large);
    tcase_add_test(c, test_atomic_is_invisible_until_commit);
    tcase_add_test(c, test_atomic_given_up);
    tcase_add_test(c, test_atomic_refusals);
    tcase_add_test(c, test_atomic_link);
    tcase_add_test(c, test_atomic_failing_write);
    tcase_add_test(c, test_atomic_failing_rename);
    tcase_add_test(c, test_io_message);
    tcase_add_test(c, test_truncate);
    tcase_add_test(c, test_folders);
    tcase_add_test(c, test_rename_and_remove);
    tcase_add_test(c, test_path_join);
    tcase_add_test(c, test_patterns);
    tcase_add_test(c, test_lock);
    tcase_add_test(c, test_lock_of_process);
    tcase_add_test(c, test_machine);
    tcase_add_test(c, test_cache_folder);
    tcase_add_test(c, test_terminal);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
