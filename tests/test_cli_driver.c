/* Every function of the OpenCL driver fails; the device is lost; it has too little memory. A run
 * ends with one line and the right exit code, and what it left can be gone on from. */
#define _XOPEN_SOURCE 700

#include "tests/shim_run.h"
#include "tests/tiny_run.h"

#ifdef WEFT_OPENCL

#define RUN                                                                              \
    "train tiny.net --data idx:data --device opencl --batch-size 36 --epochs 1 --quiet " \
    "--overwrite --save-every 1 --out "
#define COLD RUN "cut --dump-kernels dump"
#define LAST "checkpoints/last.safetensors"

enum { DEVICE = 4, MEMORY = 5 };

static bool walks_all(void)
{
    const char *wish = getenv("WEFT_TEST_POINTS");
    return wish && strcmp(wish, "all") == 0;
}

/* Lines of the program that tell of a failure: a driver prints lines of its own. */
static int failures(void)
{
    int count = 0;
    for (const char *at = program_err; (at = strstr(at, "weft: ")) != NULL; at++) {
        const bool starts = at == program_err || at[-1] == '\n';
        count += starts && strncmp(at, "weft: warning: ", 15) != 0;
    }
    return count;
}

static void remove_folder(const char *path)
{
    if (exists(path)) ck_assert_int_eq(nftw(path, scratch_drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- each function ---- */

/* The functions that a training calls; queries are asked and memory is released too. */
static const char *const functions[] = {"clGetPlatformIDs",
                                        "clGetPlatformInfo",
                                        "clGetDeviceIDs",
                                        "clGetDeviceInfo",
                                        "clCreateContext",
                                        "clCreateCommandQueue",
                                        "clCreateBuffer",
                                        "clCreateProgramWithBinary",
                                        "clBuildProgram",
                                        "clCreateKernel",
                                        "clSetKernelArg",
                                        "clGetKernelInfo",
                                        "clEnqueueWriteBuffer",
                                        "clEnqueueFillBuffer",
                                        "clEnqueueNDRangeKernel",
                                        "clEnqueueReadBuffer",
                                        "clFlush",
                                        "clWaitForEvents",
                                        "clGetEventInfo",
                                        "clFinish",
                                        "clReleaseEvent",
                                        "clReleaseKernel",
                                        "clReleaseProgram",
                                        "clReleaseMemObject",
                                        "clReleaseCommandQueue",
                                        "clReleaseContext"};

/* Those that it calls when its programs are not in the cache, and their sources and logs wanted. */
static const char *const compiling[] = {"clCreateProgramWithSource", "clBuildProgram",
                                        "clGetProgramInfo", "clGetProgramBuildInfo"};
enum {
    FUNCTIONS = sizeof functions / sizeof *functions,
    COMPILING = sizeof compiling / sizeof *compiling
};

/* The run's exit code. */
static int check_fault(const char *fault, const char *run)
{
    const int code = shim_faulty(fault, run);
    if (code == 0) { /* what failed was not needed */
        ck_assert_msg(failures() == 0, "%s: a failure without a code: %s", fault, program_err);
        ck_same_files("cut/" LAST, "whole/" LAST);
    } else {
        ck_assert_msg(code == DEVICE || code == MEMORY, "%s: exit code %d: %s", fault, code,
                      program_err);
        ck_assert_msg(failures() == 1, "%s: not one line: \"%s\"", fault, program_err);
        if (exists("cut/" LAST) && !exists("cut/summary.json")) {
            ck_fine("train --resume cut --device opencl --quiet");
            ck_same_files("cut/" LAST, "whole/" LAST);
        }
    }
    remove_folder("cut");
    return code;
}

/* First, middle and last call, it alone or it and all later ones: the i-th of six. */
static void get_fault(const char *function, int i, char fault[128])
{
    const int code = strcmp(function, "clCreateBuffer") == 0 ? -4 : -5;
    const long count = shim_calls(function);
    const long points[] = {1, (count + 1) / 2, count};
    ck_assert_msg(count > 0, "%s is not called", function);
    (void)snprintf(fault, 128, "%s:%ld:%d%s", function, points[i / 2], code, i % 2 ? ":once" : "");
}

/* A sample takes one of the six. */
START_TEST(every_function_fails)
{
    char fault[128];
    for (int i = 0; i < 6; i++) {
        if (!walks_all() && i != _i % 6) continue;
        get_fault(functions[_i], i, fault);
        (void)check_fault(fault, RUN "cut");
    }
}
END_TEST

/* The driver has what it made of the sources in a cache of its own. */
START_TEST(every_function_of_the_compiler_fails)
{
    char fault[128], cache[512];
    (void)snprintf(cache, sizeof cache, "%s", getenv("WEFT_CACHE_DIR"));
    shim_set("WEFT_CACHE_DIR", scratch_path("cold"));
    shim_count(COLD);
    remove_folder("cut");
    for (int i = 0; i < 6; i++) {
        if (!walks_all() && i != _i % 6) continue;
        get_fault(compiling[_i], i, fault);
        remove_folder("cold");
        if (check_fault(fault, COLD) != 0) ck_says(program_err, compiling[_i]);
    }
    remove_folder("cold");
    shim_set("WEFT_CACHE_DIR", cache);
}
END_TEST

/* ---- the device is gone ---- */

START_TEST(a_device_that_is_lost)
{
    char fault[128];
    const int points = walks_all() ? 24 : 6;
    const long count = shim_calls("any");
    for (int i = 1; i < points; i++) {
        (void)snprintf(fault, sizeof fault, "any:%ld:-2", count * i / points);
        const int code = shim_faulty(fault, RUN "cut");
        const bool resumable = exists("cut/" LAST) && !exists("cut/summary.json");
        if (code != 0) {
            ck_assert_msg(code == DEVICE, "%s: exit code %d: %s", fault, code, program_err);
            ck_assert_msg(failures() == 1, "%s: not one line: \"%s\"", fault, program_err);
            ck_says(program_err, "CL_DEVICE_NOT_AVAILABLE");
        }
        if (resumable) {
            ck_says(program_err, "weft train --resume cut goes on from cut/" LAST);
            ck_fine("train --resume cut --device cpu --quiet");
            ck_assert(exists("cut/summary.json"));
        }
        remove_folder("cut");
    }
}
END_TEST

/* ---- too little memory ---- */

static int small_device(const char *sizes, const char *arguments)
{
    shim_set("WEFT_SHIM_MEMORY", sizes);
    return shim_faulty(NULL, arguments);
}

static long batch_that_fits(void)
{
    long batch = 0;
    const char *at = strstr(program_err, "--batch-size ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "--batch-size %ld", &batch), 1);
    return batch;
}

#define FITTED "train tiny.net --data idx:data --epochs 1 --quiet --overwrite --out "

/* What is refused on a device of these sizes: too little memory, or too small a piece of it. */
static const struct {
    const char *command, *sizes;
} fitted[] = {
    {FITTED "run --device opencl", "100000:100000"},
    {FITTED "run --device opencl", "10000000:40000"},
    {"bench wide.net --device opencl --quiet", "10000000:10000000"},
    {"diff tiny.net --devices cpu,opencl --steps 1 --quiet", "100000:100000"},
};
enum { FITTED_COUNT = sizeof fitted / sizeof *fitted };

static int with_batch(int index, long batch)
{
    char arguments[PROGRAM_ARGUMENTS];
    (void)snprintf(arguments, sizeof arguments, "%s --batch-size %ld", fitted[index].command,
                   batch);
    return small_device(fitted[index].sizes, arguments);
}

/* The batch that is named is the largest. A bench measures the device first, which takes some
 * memory: its network needs more. */
START_TEST(too_large_a_batch)
{
    static const char wide[] = "input shape=6x5x1\nconv2d filters=2048 kernel=1\n"
                               "global_avgpool\nflatten\ndense units=3\n";
    scratch_write("wide.net", wide, sizeof wide - 1);
    int code = with_batch(_i, 96);
    ck_assert_msg(code == MEMORY, "exit code %d: %s", code, program_err);
    ck_assert_int_eq(failures(), 1);
    ck_says(program_err, "opencl:0: a batch of 96 needs ");
    ck_says(program_err, "activations ");
    ck_says(program_err, ", the device has ");
    ck_assert(!exists("run"));

    const long batch = batch_that_fits();
    ck_assert(batch > 0 && batch < 96);
    ck_assert_int_eq(with_batch(_i, batch + 1), MEMORY);
    ck_assert_int_eq(batch_that_fits(), batch);
    code = with_batch(_i, batch);
    ck_assert_msg(code == 0, "exit code %d: %s", code, program_err);
    remove_folder("run");
}
END_TEST

START_TEST(auto_takes_a_device_with_more_memory)
{
    ck_assert_int_eq(small_device("100000:100000", FITTED "auto --device auto --batch-size 96"), 0);
    ck_says(program_err, "a batch of 96 needs ");
    ck_says(program_err, "taking cpu instead");
}
END_TEST

/* Each activation of 96 pictures takes 720 MiB and is kept for the backward pass. */
START_TEST(more_than_the_machine_has)
{
    static const char head[] = "input shape=6x5x1\nconv2d filters=65536 kernel=1\n";
    static char text[PROGRAM_TEXT];
    weft_device_info info;
    ck_weft(weft_backend_cpu()->device_info(0, &info));
    const uint64_t lines = info.memory_bytes / (96 * PIXELS * 65536 * sizeof(float)) + 8;
    size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
    for (uint64_t i = 0; i < lines && used < sizeof text - 64; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "relu\n");
    used += (size_t)snprintf(text + used, sizeof text - used, "flatten\ndense units=3\n");
    scratch_write("deep.net", text, used);
    ck_refused(MEMORY, "cpu: a batch of 96 needs ",
               "train deep.net --data idx:data --device cpu --batch-size 96 --quiet --out run");
    ck_says(program_err, "the largest batch that fits is ");
    ck_assert(!exists("run"));
}
END_TEST

START_TEST(not_even_one_sample)
{
    ck_assert_int_eq(small_device("5000:5000", FITTED "run --device opencl"), MEMORY);
    ck_says(program_err, "not even one sample at a time fits");
}
END_TEST

/* One folder for all: the run that others are compared with, its programs in the cache before its
 * calls are counted. */
static void open_folder(void)
{
    tiny_open();
    ck_fine(RUN "whole");
    shim_count(RUN "whole");
}

int main(void)
{
    shim_allow_first();
    if (!shim_can_run()) return WEFT_SUITE_SKIPPED;
    Suite *suite = suite_create("cli_driver");
    TCase *faults = tcase_create("faults");
    tcase_set_timeout(faults, 0);
    tcase_add_unchecked_fixture(faults, open_folder, program_close);
    tcase_add_loop_test(faults, every_function_fails, 0, FUNCTIONS);
    tcase_add_test(faults, a_device_that_is_lost);
    tcase_add_loop_test(faults, too_large_a_batch, 0, FITTED_COUNT);
    tcase_add_test(faults, auto_takes_a_device_with_more_memory);
    tcase_add_test(faults, more_than_the_machine_has);
    tcase_add_test(faults, not_even_one_sample);
    tcase_add_loop_test(faults, every_function_of_the_compiler_fails, 0,
                        COMPILING); /* counts anew */
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
