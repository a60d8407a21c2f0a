/* The same run again gives the same bytes: repeated, with other threads, another log interval, cold
 * or warm programs, tuned or not; and many runs, one after the other or at once, leave nothing. */
#define _XOPEN_SOURCE 700

#include <dirent.h>

#include "tests/shim_run.h"
#include "tests/tiny_run.h"

#define RUN  "train tiny.net --data idx:data --batch-size 36 --epochs 2 --quiet --overwrite "
#define LAST "checkpoints/last.safetensors"

/* A network of one layer: few programs to compile. */
static const char small_network[] = "input shape=6x5x1\nflatten\ndense units=3 name=fc\n";

static bool walks_all(void)
{
    const char *wish = getenv("WEFT_TEST_POINTS");
    return wish && strcmp(wish, "all") == 0;
}

static void ck_same_run(const char *other)
{
    char name[PROGRAM_LINE];
    (void)snprintf(name, sizeof name, "%s/" LAST, other);
    ck_same_files(name, "first/" LAST);
}

/* ---- the same bytes ---- */

static const char *const devices[] = {"cpu", "opencl"};

START_TEST(repeated_with_other_settings)
{
    static const char *const settings[] = {"--log-every 1", "--threads 1", "--threads 2",
                                           "--log-every 0", "--log-every 7"};
    const char *device = devices[_i];
    if (_i > 0 && !tiny_has_opencl()) return;
    ck_fine(RUN "--device %s --out first", device);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        ck_fine(RUN "--device %s --out again %s", device, settings[i]);
        ck_same_run("again");
        ck_same_files("again/checkpoints/best.safetensors", "first/checkpoints/best.safetensors");
    }
}
END_TEST

/* ---- programs and settings ---- */

/* With both caches in a folder of the test's own; the old ones are put back. */
typedef struct caches {
    char weft[512], pocl[512];
} caches;

static caches take_caches(void)
{
    caches old = {"", ""};
    const char *weft_dir = getenv("WEFT_CACHE_DIR"), *pocl_dir = getenv("POCL_CACHE_DIR");
    (void)snprintf(old.weft, sizeof old.weft, "%s", weft_dir ? weft_dir : "");
    (void)snprintf(old.pocl, sizeof old.pocl, "%s", pocl_dir ? pocl_dir : "");
    (void)setenv("WEFT_CACHE_DIR", scratch_path("cache"), 1);
    (void)unsetenv("POCL_CACHE_DIR"); /* so the program puts it beside its own */
    return old;
}

static void put_back(const caches *old)
{
    (void)(*old->weft ? setenv("WEFT_CACHE_DIR", old->weft, 1) : unsetenv("WEFT_CACHE_DIR"));
    (void)(*old->pocl ? setenv("POCL_CACHE_DIR", old->pocl, 1) : unsetenv("POCL_CACHE_DIR"));
}

START_TEST(cold_warm_and_tuned)
{
    if (!tiny_has_opencl() || !walks_all()) return;
    scratch_write("tiny.net", small_network, sizeof small_network - 1);
    ck_fine(RUN "--device opencl --out first");
    const caches old = take_caches();
    ck_fine(RUN "--device opencl --out cold");
    ck_same_run("cold");
    ck_fine(RUN "--device opencl --out warm");
    ck_same_run("warm");
    ck_fine("tune tiny.net --device opencl --batch-size 36 --quiet");
    ck_fine(RUN "--device opencl --out tuned");
    ck_same_run("tuned");
    put_back(&old);
}
END_TEST

/* ---- at once ---- */

/* Suites beside this one have folders of their own. */
static bool is_of_a_suite(const char *name)
{
    return says(name, "weft-test-") || says(name, "weft-train-") || says(name, "weft-files-");
}

static int count_files(const char *folder, const char *part)
{
    int count = 0;
    DIR *names = opendir(folder);
    ck_assert_msg(names != NULL, "no folder %s", folder);
    for (const struct dirent *entry; (entry = readdir(names)) != NULL;)
        count +=
            entry->d_name[0] != '.' && says(entry->d_name, part) && !is_of_a_suite(entry->d_name);
    closedir(names);
    return count;
}

/* A whole cache: nothing is compiled from its source. */
static void check_warm_start(void)
{
#ifdef WEFT_OPENCL
    shim_count(RUN "--device opencl --out warm");
    ck_assert_int_eq(shim_calls("clCreateProgramWithSource"), 0);
    ck_assert_int_gt(shim_calls("clCreateProgramWithBinary"), 0);
#endif
}

START_TEST(cold_starts_at_once)
{
    enum { MOST = 8 };
    const int processes = walks_all() ? MOST : 2;
    char arguments[PROGRAM_ARGUMENTS];
    pid_t child[MOST];
    if (!tiny_has_opencl()) return;
    scratch_write("tiny.net", small_network, sizeof small_network - 1);
    ck_fine(RUN "--device opencl --out first");
    const caches old = take_caches();
    for (int i = 0; i < processes; i++) {
        (void)snprintf(arguments, sizeof arguments, RUN "--device opencl --out run%d", i);
        child[i] = program_start(arguments);
    }
    for (int i = 0; i < processes; i++)
        ck_assert_int_eq(program_wait(child[i]), 0);
    for (int i = 0; i < processes; i++) {
        (void)snprintf(arguments, sizeof arguments, "run%d", i);
        ck_same_run(arguments);
    }
    const int programs = count_files("cache", ".bin");
    ck_assert_int_gt(programs, 0);
    ck_assert_int_eq(count_files("cache", ".tmp"), 0);
    check_warm_start();
    ck_assert_int_eq(count_files("cache", ".bin"), programs);
    ck_same_run("warm");
    put_back(&old);
}
END_TEST

/* ---- routes ---- */

/* Let the cache say that fma() is slow on the device, which it is not. */
static void deny_fma(void)
{
    static const char answers[] = "fma slow registers 16 x 8\n";
    char name[PROGRAM_LINE] = "";
    DIR *names = opendir("cache");
    ck_assert_ptr_nonnull(names);
    for (const struct dirent *entry; (entry = readdir(names)) != NULL;)
        if (says(entry->d_name, "device-"))
            (void)snprintf(name, sizeof name, "cache/%s", entry->d_name);
    closedir(names);
    ck_assert(*name);
    scratch_write(name, answers, sizeof answers - 1);
}

static void ck_routes(const char *path, const char *part)
{
    json_t *config = json_load_file(path, 0, NULL);
    const char *routes = json_string_value(json_object_get(config, "routes"));
    ck_assert_msg(routes && says(routes, part), "%s: %s", path, routes ? routes : "no routes");
    json_decref(config);
}

/* What was decided for a run is decided for the rest of it, whatever the cache says by then. */
START_TEST(routes_are_kept)
{
    if (!tiny_has_opencl()) return;
    scratch_write("tiny.net", small_network, sizeof small_network - 1);
    const caches old = take_caches();
    ck_fine(RUN "--device opencl --out first");
    ck_routes("first/config.json", "family=vector gemm=own mac=fma");
    ck_fine(RUN "--device opencl --out cut");
    ck_assert_int_eq(unlink("cut/summary.json") + unlink("cut/" LAST), 0); /* prev is half way */
    deny_fma();
    ck_fine("train --resume cut --quiet");
    ck_same_run("cut");
    ck_fine(RUN "--device opencl --out other");
    ck_routes("other/config.json", "mac=plain");
    put_back(&old);
}
END_TEST

/* ---- one after the other ---- */

/* What a suite beside this one is writing into the shared cache is soon gone, a leftover is not. */
static void ck_nothing_stays(const char *folder, const char *part)
{
    int left = 1;
    for (int i = 0; i < 100 && (left = count_files(folder, part)) > 0; i++)
        pause_ms(100);
    ck_assert_int_eq(left, 0);
}

START_TEST(nothing_is_left)
{
    const int runs = walks_all() ? 500 : 10;
    const char *device = devices[_i];
    if (_i > 0 && !tiny_has_opencl()) return;
    ck_assert_int_eq(setenv("TMPDIR", scratch_folder("temporary"), 1), 0);
    ck_fine(RUN "--device %s --out first", device);
    const int files = count_files("first", ""), checkpoints = count_files("first/checkpoints", "");
    const int here = count_files(".", ""), others = count_files("/tmp", "weft");
    const char *cache = getenv("WEFT_CACHE_DIR");
    for (int i = 0; i < runs; i++)
        ck_fine(RUN "--max-steps 2 --device %s --out first", device);
    ck_assert_int_eq(count_files("temporary", ""), 0);
    ck_assert_int_eq(count_files("first", ""), files);
    ck_assert_int_le(count_files("first/checkpoints", ""), checkpoints);
    ck_assert_int_eq(count_files(".", ""), here);
    ck_assert_int_le(count_files("/tmp", "weft"), others);
    if (cache) ck_nothing_stays(cache, ".tmp");
    ck_assert_int_eq(unsetenv("TMPDIR"), 0);
}
END_TEST

int main(void)
{
#ifdef WEFT_OPENCL
    shim_allow_first();
#endif
    Suite *suite = suite_create("cli_again");
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 0);
    tcase_add_checked_fixture(runs, tiny_open, program_close);
    tcase_add_loop_test(runs, repeated_with_other_settings, 0, 2);
    tcase_add_test(runs, cold_warm_and_tuned);
    tcase_add_test(runs, cold_starts_at_once);
    tcase_add_test(runs, routes_are_kept);
    tcase_add_loop_test(runs, nothing_is_left, 0, 2);
    suite_add_tcase(suite, runs);
    return weft_suite_run(suite);
}
