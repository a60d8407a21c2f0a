/* weft selftest as a user runs it: a device that is right, one that is wrong, one that hangs. */
#define _XOPEN_SOURCE 700
#include <dirent.h>

#include "tests/mutant_run.h"
#include "tests/shim_run.h"
#include "tests/tiny_run.h"

#ifdef WEFT_OPENCL

enum { CHECK_FAILED = 8 };

static const char right[] = "selftest --quick --device opencl:0 --quiet";

/* Verdicts in a folder of this suite, programs where the other suites have theirs. */
static void forget_verdicts(void)
{
    char line[PROGRAM_LINE];
    const char *cache = getenv("WEFT_CACHE_DIR");
    ck_assert_ptr_nonnull(cache);
    (void)snprintf(line, sizeof line, "find %s -name selftest-*.json -delete", cache);
    ck_assert_int_eq(program_wait(program_start_line(line, "stdout.txt")), 0);
}

static const json_t *part_of(const json_t *result, const char *op)
{
    size_t i;
    const json_t *part;
    json_array_foreach(json_object_get(result, "parts"), i,
                       part) if (strcmp(json_string_value(json_object_get(part, "op")), op) ==
                                 0) return part;
    ck_abort_msg("there is no part %s", op);
    return NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Does a training on the device say, once, that nobody has tested it? */
static bool training_reminds(void)
{
    static const char line[] = "weft: nobody has tested opencl:0 here; `weft selftest --device "
                               "opencl:0` takes a few minutes\n";
    ck_fine("train tiny.net --data idx:data --device opencl:0 --batch-size 8 --epochs 1 "
            "--overwrite --out run");
    const char *found = strstr(program_err, line);
    ck_assert(!found || !says(found + strlen(line), "nobody has tested"));
    return found;
}

/* Every part of a result has a case, but for that of settings, of which none are stored. */
static void ck_no_part_is_empty(const json_t *result)
{
    size_t i;
    const json_t *part;
    json_array_foreach(json_object_get(result, "parts"), i, part)
    {
        const char *op = text_of(part, "op");
        const json_int_t cases = json_integer_value(json_object_get(part, "cases"));
        ck_assert_msg(cases > 0 || strcmp(op, "settings") == 0, "%s has no case", op);
    }
}

START_TEST(a_right_device_passes)
{
    forget_verdicts();
    ck_assert(training_reminds());
    ck_fine("%s --json", right);
    json_t *result = program_json();
    ck_assert_str_eq(text_of(result, "verdict"), "passed");
    ck_assert(json_is_true(json_object_get(result, "quick")));
    ck_assert_str_eq(text_of(part_of(result, "conv2d"), "verdict"), "passed");
    ck_assert_str_eq(text_of(part_of(result, "batchnorm_block_grad"), "verdict"), "passed");
    ck_assert_str_eq(text_of(part_of(result, "training"), "verdict"), "passed");
    ck_assert(json_integer_value(json_object_get(part_of(result, "gemm"), "cases")) > 10);
    ck_no_part_is_empty(result);
    json_decref(result);
    ck_fine("devices");
    ck_says(program_out, "selftest: passed (quick)");
    ck_assert(!training_reminds());
}
END_TEST

/* A driver for GPUs that nobody has tested here is tested before it trains; this one cannot
 * compile, which is soon known. */
START_TEST(auto_tests_a_gpu_first)
{
    static const char bench[] = "bench mlp --batch-size 8";
    static const char first[] = "opencl:0 was never tested: weft selftest --quick comes first";
    static const char left_out[] = "opencl:0 is left out, its selftest failed: ";
    forget_verdicts();
    for (int i = 0; i < 2; i++) {
        shim_set("WEFT_SHIM_GPU", "1");
        shim_set("WEFT_SHIM_BREAK", "1");
        ck_assert_msg(shim_faulty(NULL, bench) == 0, "%s", program_err);
        ck_says(program_err, left_out);
        ck_assert_msg(says(program_err, first) == (i == 0), "%s", program_err);
    }
    forget_verdicts();
}
END_TEST

START_TEST(a_hanging_kernel_is_a_row)
{
    char arguments[PROGRAM_ARGUMENTS];
    char *before = mutate_kernel("rows.cl", "    wide sum = (wide)(0.0f);\n    for (int s = 0;",
                                 "    for (volatile int spin = 0; spin < 1;) {\n    }\n"
                                 "    wide sum = (wide)(0.0f);\n    for (int s = 0;");
    char *whole = mutate_kernel("rows.cl", "    long r = 0;\n    for (; r + 1 < rows; r += 2)",
                                "    for (volatile int spin = 0; spin < 1;) {\n    }\n"
                                "    long r = 0;\n    for (; r + 1 < rows; r += 2)");
    (void)snprintf(arguments, sizeof arguments, "%s --time-limit 8 --json", right);
    const int code = run_mutant(arguments);
    ck_assert_msg(code == CHECK_FAILED, "exit code %d: %s", code, program_err);
    json_t *result = program_json();
    ck_says(text_of(part_of(result, "sum_rows"), "failure"), "no answer for 8 seconds");
    ck_assert_str_eq(text_of(part_of(result, "adam"), "verdict"), "passed");
    json_decref(result);
    free(whole);
    restore_kernel("rows.cl", before);
}
END_TEST

/* What tells who and where somebody is. */
static void ck_no_secrets(const char *text)
{
    char host[256] = "", folder[4096];
    const char *home = getenv("HOME"), *cache = getenv("WEFT_CACHE_DIR");
    ck_assert_int_eq(gethostname(host, sizeof host), 0);
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    ck_assert_msg(!says(text, folder), "the bundle names the working folder");
    if (home && strlen(home) > 2) ck_assert_msg(!says(text, home), "the bundle names the home");
    if (cache) ck_assert_msg(!says(text, cache), "the bundle names the cache folder");
    if (strlen(host) > 3) ck_assert_msg(!says(text, host), "the bundle names the host");
    ck_assert_msg(!says(text, "zorro"), "the bundle names the user");
}

/* How many of a bundle's files have this ending and whether each holds the text. */
static int files_with(const json_t *bundle, const char *ending, const char *wanted)
{
    int count = 0;
    const char *name;
    json_t *file;
    json_object_foreach(json_object_get(bundle, "programs"), name, file)
    {
        const char *end = strrchr(name, '.');
        if (!end || strcmp(end, ending) != 0) continue;
        ck_says(json_string_value(file), wanted);
        count++;
    }
    return count;
}

/* Of the driver there is what it says of each program that it builds: of those of the failed part,
 * and of those of the benchmark's plan. */
static void ck_bundle(const json_t *bundle)
{
    ck_assert_str_ne(text_of(json_object_get(bundle, "device"), "driver"), "");
    ck_assert_str_eq(text_of(json_object_get(bundle, "selftest"), "verdict"), "failed");
    ck_assert(json_is_object(json_object_get(bundle, "bench")));
    const int sources = files_with(bundle, ".cl", "__kernel");
    const int logs = files_with(bundle, ".log", "<path>/main.c:3: <user> spills 7 registers");
    ck_assert_msg(sources > 0 && logs > sources, "%d sources, %d logs", sources, logs);
}

static void ck_bundle_file(const char *name)
{
    size_t count = 0;
    char *text = (char *)scratch_read(name, &count);
    text[count] = '\0';
    ck_no_secrets(text);
    json_t *bundle = json_loadb(text, count, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(bundle);
    ck_bundle(bundle);
    ck_assert_msg(says(text, "void sgd("), "the source of what failed is missing");
    ck_says(text, "b\\n/*\\n<user> */");
    json_decref(bundle);
    free(text);
}

/* A selftest with a bundle by a user whom the driver names. */
static int test_as_zorro(const char *bundle)
{
    char arguments[PROGRAM_ARGUMENTS];
    (void)snprintf(arguments, sizeof arguments, "%s --bundle %s", right, bundle);
    shim_set("LOGNAME", "zorro");
    shim_set("WEFT_SHIM_LOG", "/opt/acme/cc/main.c:3: zorro spills 7 registers");
    shim_load(NULL);
    const int code = run_mutant(arguments);
    shim_unload();
    shim_set("LOGNAME", NULL);
    return code;
}

/* The broken kernel names the user too, at the beginning of a line. */
START_TEST(a_wrong_device_is_named_and_left_out)
{
    forget_verdicts();
    char *before =
        mutate_kernel("update.cl", "NESTEROV ? g + k.momentum * b : b", "b\n/*\nzorro */");
    const int code = test_as_zorro("report.json");
    ck_assert_msg(code == CHECK_FAILED, "exit code %d: %s", code, program_err);
    ck_says(program_err, "opencl:0: sgd ");
    ck_says(program_err, "differs first at [");
    ck_says(program_out, "FAILED");
    ck_bundle_file("report.json");
    ck_assert_int_eq(run_mutant("devices"), 0);
    ck_says(program_out, "selftest: FAILED");
    ck_says(program_out, "auto takes cpu");
    ck_assert_int_eq(run_mutant("bench mlp --batch-size 8 --quiet"), 0);
    ck_says(program_err, "opencl:0 is left out, its selftest failed: sgd ");
    restore_kernel("update.cl", before);
    ck_assert_int_eq(run_mutant("devices"), 0);
    ck_says(program_out, "selftest: not tested"); /* the kernels are others again */
    ck_says(program_out, "auto takes opencl:0");
}
END_TEST

/* Whether a file of the folder has the text. */
static bool folder_says(const char *folder, const char *ending, const char *text)
{
    bool found = false;
    DIR *names = opendir(scratch_path(folder));
    ck_assert_ptr_nonnull(names);
    for (struct dirent *entry; !found && (entry = readdir(names));) {
        char path[512];
        size_t count = 0;
        if (!says(entry->d_name, ending)) continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        char *all = (char *)scratch_read(path, &count);
        all[count] = '\0';
        found = says(all, text);
        free(all);
    }
    closedir(names);
    return found;
}

/* A program that was built has a log as well, from the cache too: warnings, which are kept of GPUs.
 */
START_TEST(a_dump_has_the_warnings)
{
    static const char dump[] =
        "selftest --quick --device opencl:0 --family vector --part sgd --dump-kernels ";
    static const char *const folders[] = {"first", "again"};
    char *before = mutate_kernel("update.cl", "#include", "#warning of this suite\n#include");
    for (int i = 0; i < 2; i++) {
        char arguments[PROGRAM_ARGUMENTS];
        (void)snprintf(arguments, sizeof arguments, "%s%s", dump, folders[i]);
        shim_load(NULL);
        shim_set("WEFT_SHIM_GPU", "1");
        const int code = run_mutant(arguments);
        shim_unload();
        ck_assert_msg(code == 0, "exit code %d: %s", code, program_err);
        ck_assert(folder_says(folders[i], ".cl", "void sgd("));
        ck_assert(folder_says(folders[i], ".log", "of this suite"));
    }
    restore_kernel("update.cl", before);
}
END_TEST

/* Without a fault `weft diff` finds none; with a broken line it names where the devices part. */
static void ck_parts_at(const char *where, const char *arguments, const char *file,
                        const char *line, const char *broken)
{
    ck_assert_msg(run_mutant(arguments) == 0, "%s", program_err);
    char *before = mutate_kernel(file, line, broken);
    ck_assert_int_eq(run_mutant(arguments), CHECK_FAILED);
    restore_kernel(file, before);
    ck_says(program_err, where);
}

/* One broken kernel in the middle of a network: that op is named and no other, though every later
 * one works on what it made. */
START_TEST(two_devices_part_at_the_broken_op)
{
    static const char both[] =
        "diff lenet5 --devices opencl:0,cpu --batch-size 8 --steps 2 --quiet";
    ck_parts_at("part in step 1 at conv2d_weight_grad of ", both, "conv_grad.cl",
                "min(room / stride + 1, count)", "min(room / stride, count)");
    ck_says(program_err, "(backward)");
    ck_assert_int_eq(run_mutant(both), 0);
    ck_says(program_out, "opencl:0 and cpu agree in 2 steps");
}
END_TEST

/* The gradient of `stem` is a sum of two ops: the broken one sets it, a right one adds to it. */
START_TEST(the_wrong_part_of_a_sum_is_named)
{
    static const char fork[] = "input shape=6x5x1\n"
                               "conv2d filters=4 kernel=3 padding=same bias=no name=stem\n"
                               "tanh name=one\n"
                               "conv2d filters=4 kernel=3 padding=same bias=no from=stem name=two\n"
                               "add from=one,two\n"
                               "flatten\n"
                               "dense units=3\n";
    static const char *const orders[] = {"opencl:0,cpu", "cpu,opencl:0"};
    char arguments[PROGRAM_ARGUMENTS];
    scratch_write("fork.net", fork, sizeof fork - 1);
    (void)snprintf(arguments, sizeof arguments,
                   "diff fork.net --devices %s --family vector --batch-size 8 --steps 2 --quiet",
                   orders[_i]);
    ck_parts_at("part in step 1 at conv2d_data_grad of two (backward): stem/out/backward",
                arguments, "conv_taps.cl", "row + PL * K + i", "row + i");
}
END_TEST

/* The gradient of a bias before a batch normalization is nothing but rounding, which differs; a sum
 * that leaves out rows is a fault all the same. */
START_TEST(a_sum_that_cancels_is_no_fault)
{
    static const char text[] = "input shape=6x5x1\n"
                               "conv2d filters=4 kernel=3 padding=same name=conv\n"
                               "batchnorm name=first\n"
                               "flatten\n"
                               "dense units=5 name=wide\n"
                               "batchnorm\n"
                               "dense units=3 bias=no\n";
    static const char both[] =
        "diff cancel.net --devices opencl:0,cpu --batch-size 8 --steps 2 --quiet";
    scratch_write("cancel.net", text, sizeof text - 1);
    ck_parts_at("part in step 1 at sum_rows of ", both, "rows.cl", "r + 1 < rows", "r + 2 < rows");
}
END_TEST

START_TEST(bad_arguments)
{
    ck_refused(2, "two are wanted", "diff mlp --devices cpu");
    ck_refused(2, "two files or run folders are wanted", "diff mlp");
    ck_refused(2, "there is no such part", "selftest --device opencl:0 --part nosuch");
    ck_refused(4, "no such device", "selftest --device opencl:99");
}
END_TEST

static void open_folder(void)
{
    tiny_open();
    copy_kernels();
}

int main(void)
{
    if (!mutant_can_run()) {
        printf("skipped: no OpenCL device here\n");
        return WEFT_SUITE_SKIPPED;
    }
    shim_allow_first();
    Suite *suite = suite_create("selftest");
    TCase *tests = tcase_create("program");
    tcase_set_timeout(tests, 0);
    tcase_add_unchecked_fixture(tests, open_folder, program_close);
    tcase_add_test(tests, a_right_device_passes);
    tcase_add_test(tests, a_wrong_device_is_named_and_left_out);
    tcase_add_test(tests, auto_tests_a_gpu_first);
    tcase_add_test(tests, a_hanging_kernel_is_a_row);
    tcase_add_test(tests, a_dump_has_the_warnings);
    tcase_add_test(tests, two_devices_part_at_the_broken_op);
    tcase_add_loop_test(tests, the_wrong_part_of_a_sum_is_named, 0, 2);
    tcase_add_test(tests, a_sum_that_cancels_is_no_fault);
    tcase_add_test(tests, bad_arguments);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: built without OpenCL\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
