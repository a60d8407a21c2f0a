/* The program on an OpenCL driver that fails: what `auto` does about it, what a named device says,
 * and what is left of a run. The driver's faults are made by cl_shim.c. */
#define _XOPEN_SOURCE 700

#include "tests/shim_run.h"
#include "tests/tiny_run.h"

#ifdef WEFT_OPENCL

#define RUN    "train tiny.net --data idx:data --batch-size 8 --quiet --overwrite "
#define SHORT  RUN "--epochs 1 --out run --device "
#define LONGER RUN "--epochs 3 --save-every 5 --device opencl --out "

/* ---- runs with faults ---- */

/* How many lines of stderr start so: a driver may print lines of its own beside them. */
static int lines_of(const char *start)
{
    int count = 0;
    for (const char *at = program_err; (at = strstr(at, start)) != NULL; at++)
        count += at == program_err || at[-1] == '\n';
    return count;
}

static void ck_one_line(const char *fault, const char *part)
{
    ck_assert_msg(lines_of("weft: ") == 1, "%s: not one line: \"%s\"", fault, program_err);
    ck_assert_msg(says(program_err, part), "%s: \"%s\" does not say \"%s\"", fault, program_err,
                  part);
}

/* ---- at the start ---- */

static const struct {
    const char *fault;
    const char *says; /* the reason */
    int code;         /* of a run on a named device */
} starts[] = {
    {"clCreateContext:1:-2", "clCreateContext: CL_DEVICE_NOT_AVAILABLE (-2)", 4},
    {"clBuildProgram:1:-11", "clBuildProgram: CL_BUILD_PROGRAM_FAILURE (-11)", 4},
    {"clEnqueueNDRangeKernel:1:-5", "clEnqueueNDRangeKernel: CL_OUT_OF_RESOURCES (-5)", 4},
    {"clEnqueueReadBuffer:1:-5", "clEnqueueReadBuffer: CL_OUT_OF_RESOURCES (-5)", 4},
    {"clFinish:1:-36", "clFinish: CL_INVALID_COMMAND_QUEUE (-36)", 4},
    {"clCreateBuffer:1:-4", "clCreateBuffer: CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)", 5},
    {"clCreateBuffer:4:-61", "clCreateBuffer: CL_INVALID_BUFFER_SIZE (-61)", 4},
};
enum { STARTS = sizeof starts / sizeof *starts };

START_TEST(auto_falls_back_with_one_warning)
{
    const char *fault = starts[_i].fault;
    const int code = shim_faulty(fault, SHORT "auto");
    ck_assert_msg(code == 0, "%s: exit code %d: %s", fault, code, program_err);
    ck_one_line(fault, "weft: warning: opencl:0");
    ck_one_line(fault, starts[_i].says);
    ck_one_line(fault, "taking cpu instead");
    ck_says(program_out, "trained on   CPU backend");
    json_t *config = load_json("run/config.json");
    ck_assert_str_eq(json_string_value(json_object_get(config, "device")), "cpu");
    json_decref(config);
}
END_TEST

START_TEST(a_named_device_does_not_fall_back)
{
    const char *fault = starts[_i].fault;
    const int code = shim_faulty(fault, SHORT "opencl");
    ck_assert_msg(code == starts[_i].code, "%s: exit code %d: %s", fault, code, program_err);
    ck_one_line(fault, starts[_i].says);
    ck_assert(!says(program_err, "taking"));
    ck_assert_str_eq(program_out, "");
    ck_assert_msg(!exists("run"), "%s: a run folder was left", fault);
}
END_TEST

START_TEST(a_driver_without_devices)
{
    ck_assert_int_eq(shim_faulty("clGetDeviceIDs:1:-1",
                                 "train " TINY " --epochs 1 --out run --device "
                                 "auto"),
                     0);
    ck_says(program_err, "no OpenCL device here, taking the CPU backend");
    ck_assert_int_eq(shim_faulty("clGetDeviceIDs:1:-1", SHORT "opencl"), 4);
    ck_one_line("clGetDeviceIDs", "no such device");
}
END_TEST

/* ---- a kernel that does not build ---- */

/* The file that the message names: "whole source in FILE: ". */
static void ck_named_source(void)
{
    static char text[PROGRAM_TEXT];
    char path[512] = "";
    const char *at = strstr(program_err, "whole source in ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "whole source in %500s", path), 1);
    path[strcspn(path, ":")] = '\0';
    program_read(path, text);
    ck_says(text, "#define ");
    ck_says(text, "probe_plain"); /* the shim's broken line comes behind what Weft wrote */
}

START_TEST(a_kernel_that_does_not_build)
{
    char *cache = strdup(getenv("WEFT_CACHE_DIR") ? getenv("WEFT_CACHE_DIR") : "");
    shim_set("WEFT_CACHE_DIR", scratch_folder("cache"));
    shim_set("WEFT_SHIM_BREAK", "1");
    const int code = shim_faulty(NULL, SHORT "opencl");
    ck_assert_msg(code == 4, "exit code %d: %s", code, program_err);
    ck_one_line("source", "kernel probe_plain (cl/probe.cl)");
    ck_one_line("source", "this"); /* the compiler's own words */
    ck_named_source();
    const char *line = strstr(program_err, "weft: ");
    ck_assert_msg(strcspn(line, "\n") < 1500, "the log is not shortened: \"%s\"", program_err);

    shim_set("WEFT_SHIM_BREAK", "1");
    ck_assert_int_eq(shim_faulty(NULL, SHORT "auto"), 0);
    ck_one_line("source", "taking cpu instead");
    shim_set("WEFT_CACHE_DIR", *cache ? cache : NULL);
    free(cache);
}
END_TEST

/* ---- in mid-run ---- */

static const char *const functions[] = {
    "clGetDeviceIDs",         "clCreateContext",     "clCreateBuffer", "clBuildProgram",
    "clEnqueueNDRangeKernel", "clEnqueueReadBuffer", "clFinish"};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Calls of a function in a run without faults; its kernels are then in the cache. */
static long count_calls(const char *function)
{
    shim_count(LONGER "whole");
    return shim_calls(function);
}

START_TEST(a_device_that_is_lost)
{
    char fault[128];
    (void)count_calls("clFinish");
    (void)snprintf(fault, sizeof fault, "clEnqueueNDRangeKernel:%ld:-36",
                   count_calls("clEnqueueNDRangeKernel") * 3 / 4);
    ck_assert_int_eq(shim_faulty(fault, LONGER "lost"), 4);
    ck_one_line(fault, "CL_INVALID_COMMAND_QUEUE (-36)");
    ck_one_line(fault, "weft train --resume lost goes on from lost/checkpoints/last.safetensors");
    ck_assert(!exists("lost/summary.json"));

    ck_fine("eval lost --data idx:data --device cpu");
    ck_fine("eval lost --data idx:data --device cpu --checkpoint best");
    ck_fine("train --resume lost --device cpu --quiet");
    json_t *summary = load_json("lost/summary.json");
    ck_assert_str_eq(json_string_value(json_object_get(summary, "outcome")), "finished");
    ck_assert(number(summary, "test_accuracy") > 0.9);
    json_decref(summary);
}
END_TEST

static void check_end(const char *fault, int code)
{
    const bool finished = exists("sweep/summary.json");
    if (code == 0) { /* what fails while the device is closed loses nothing */
        ck_assert_msg(finished, "%s: a run without an end", fault);
        return;
    }
    ck_assert_msg(code == 4 || code == 5, "%s: exit code %d: %s", fault, code, program_err);
    const int errors = lines_of("weft: ") - lines_of("weft: warning: ");
    ck_assert_msg(errors == 1, "%s: not one line: \"%s\"", fault, program_err);
    if (finished || !exists("sweep/checkpoints/last.safetensors")) return;
    ck_fine("train --resume sweep --device cpu --quiet");
}

static void remove_folder(const char *path)
{
    if (exists(path)) ck_assert_int_eq(nftw(path, scratch_drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Each function fails from its first, a middle and its last call on. */
START_TEST(every_function_fails)
{
    const char *function = functions[_i];
    const long count = count_calls(function);
    const long calls[] = {1, (count + 1) / 2, count};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char fault[128];
        (void)snprintf(fault, sizeof fault, "%s:%ld:%d", function, calls[i],
                       strcmp(function, "clCreateBuffer") == 0 ? -4 : -5);
        const int code = shim_faulty(fault, LONGER "sweep");
        check_end(fault, code);
        remove_folder("sweep");
    }
}
END_TEST

int main(void)
{
    shim_allow_first();
    if (!shim_can_run()) return WEFT_SUITE_SKIPPED;
    Suite *suite = suite_create("cli_fallback");
    TCase *faults = tcase_create("faults");
    tcase_set_timeout(faults, 300);
    tcase_add_checked_fixture(faults, tiny_open, program_close);
    tcase_add_loop_test(faults, auto_falls_back_with_one_warning, 0, STARTS);
    tcase_add_loop_test(faults, a_named_device_does_not_fall_back, 0, STARTS);
    tcase_add_test(faults, a_driver_without_devices);
    tcase_add_test(faults, a_kernel_that_does_not_build);
    tcase_add_test(faults, a_device_that_is_lost);
    tcase_add_loop_test(faults, every_function_fails, 0, FUNCTIONS);
    suite_add_tcase(suite, faults);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: built without OpenCL\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
