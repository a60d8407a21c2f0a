/* What the program asks of an OpenCL driver: nothing is made, looked up, built or waited for inside
 * the training loop, and a bench whose device disappears prints nothing. */
#define _XOPEN_SOURCE 700

#include "tests/shim_run.h"
#include "tests/tiny_run.h"

#ifdef WEFT_OPENCL

enum { STEPS = 25 };

/* Functions of the shim's list that a training may call more often the more steps it takes. Waiting
 * for an event is waiting for a step that is sixteen steps old. */
static const char *const of_steps[] = {
    "clSetKernelArg", "clEnqueueNDRangeKernel", "clEnqueueReadBuffer", "clFlush",
    "clReleaseEvent", "clGetEventInfo",         "clWaitForEvents"};
static const char *const of_runs[] = {"clCreateContext",
                                      "clCreateCommandQueue",
                                      "clCreateBuffer",
                                      "clCreateProgramWithSource",
                                      "clCreateProgramWithBinary",
                                      "clBuildProgram",
                                      "clCreateKernel",
                                      "clEnqueueReadBuffer_blocking",
                                      "clEnqueueWriteBuffer",
                                      "clEnqueueCopyBuffer",
                                      "clEnqueueFillBuffer",
                                      "clEnqueueMapBuffer",
                                      "clFinish"};
enum {
    READS = 2,
    EXACT = 3, /* the first ones are called equally often in each step */
    OF_STEPS = sizeof of_steps / sizeof *of_steps,
    OF_RUNS = sizeof of_runs / sizeof *of_runs
};

/* Calls in a training of so many steps within one epoch, without validation and test. */
static void count_training(int steps, long in_steps[OF_STEPS], long in_runs[OF_RUNS])
{
    char arguments[PROGRAM_ARGUMENTS];
    (void)snprintf(arguments, sizeof arguments,
                   "train tiny.net --data idx:data --device opencl --batch-size 2 --val-count 0 "
                   "--no-test --quiet --overwrite --out run --max-steps %d",
                   steps);
    shim_count(arguments);
    for (int i = 0; i < OF_STEPS; i++)
        in_steps[i] = shim_calls(of_steps[i]);
    for (int i = 0; i < OF_RUNS; i++)
        in_runs[i] = shim_calls(of_runs[i]);
}

START_TEST(the_loop_only_enqueues)
{
    long once[OF_STEPS], twice[OF_STEPS], run_once[OF_RUNS], run_twice[OF_RUNS];
    count_training(STEPS, once, run_once); /* fills the cache of programs */
    count_training(STEPS, once, run_once);
    count_training(2 * STEPS, twice, run_twice);
    for (int i = 0; i < OF_RUNS; i++)
        ck_assert_msg(run_once[i] == run_twice[i], "%s: %ld calls in %d steps, %ld in %d",
                      of_runs[i], run_once[i], STEPS, run_twice[i], 2 * STEPS);
    for (int i = 0; i < EXACT; i++) {
        const long more = twice[i] - once[i];
        ck_assert_msg(more > 0 && more % STEPS == 0, "%s: %ld calls in %d steps, %ld in %d",
                      of_steps[i], once[i], STEPS, twice[i], 2 * STEPS);
    }
    ck_assert_int_eq(twice[READS] - once[READS], STEPS); /* of the loss */
}
END_TEST

/* The device fails early, while blocks are timed, and in the midst of the steps of the plan. */
static const struct {
    const char *fault;
    const char *says;
    const char *device; /* named once it was taken */
} losses[] = {
    {"clEnqueueNDRangeKernel:3:-36", "CL_INVALID_COMMAND_QUEUE (-36)", ""},
    {"clEnqueueNDRangeKernel:1500:-36", "CL_INVALID_COMMAND_QUEUE (-36)", "opencl:0: "},
    {"clGetEventProfilingInfo:40:-5", "CL_OUT_OF_RESOURCES (-5)", "opencl:0: "},
};
enum { LOSSES = sizeof losses / sizeof *losses };

START_TEST(no_half_table)
{
    static const char *const forms[] = {"", " --json"};
    for (int i = 0; i < 2; i++) {
        char arguments[PROGRAM_ARGUMENTS];
        (void)snprintf(arguments, sizeof arguments,
                       "bench tiny.net --device opencl --batch-size 4 --plan --quiet%s", forms[i]);
        ck_assert_int_eq(shim_faulty(losses[_i].fault, arguments), 4);
        ck_assert_str_eq(program_out, "");
        ck_says(program_err, losses[_i].device);
        ck_says(program_err, losses[_i].says);
    }
}
END_TEST

int main(void)
{
    shim_allow_first();
    if (!shim_can_run()) return WEFT_SUITE_SKIPPED;
    Suite *suite = suite_create("bench_calls");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, tiny_open, program_close);
    tcase_add_test(all, the_loop_only_enqueues);
    tcase_add_loop_test(all, no_half_table, 0, LOSSES);
    suite_add_tcase(suite, all);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: built without OpenCL\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
