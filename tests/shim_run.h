/* Running the program `weft` behind cl_shim.c, a library that stands between it and the OpenCL
 * driver: faults, and counts of calls. The suite's target has WEFT_SHIM.
 * Define _XOPEN_SOURCE 700 before the first include. */
#ifndef WEFT_TESTS_SHIM_RUN_H
#define WEFT_TESTS_SHIM_RUN_H

#include "tests/program.h"

#ifdef WEFT_OPENCL

static inline void shim_set(const char *name, const char *value)
{
    if (value)
        ck_assert_int_eq(setenv(name, value, 1), 0);
    else
        ck_assert_int_eq(unsetenv(name), 0);
}

/* The program alone is loaded behind the shim, not this suite. fault: "function:call:code". */
static inline void shim_load(const char *fault)
{
    shim_set("LD_PRELOAD", WEFT_SHIM);
    shim_set("WEFT_SHIM_FAIL", fault);
}

static inline void shim_unload(void)
{
    shim_set("LD_PRELOAD", NULL);
    shim_set("WEFT_SHIM_FAIL", NULL);
    shim_set("WEFT_SHIM_BREAK", NULL);
    shim_set("WEFT_SHIM_LOG", NULL);
    shim_set("WEFT_SHIM_COUNT", NULL);
    shim_set("WEFT_SHIM_MEMORY", NULL);
    shim_set("WEFT_SHIM_GPU", NULL);
}

static inline int shim_faulty(const char *fault, const char *arguments)
{
    shim_load(fault);
    const int code = weft("%s", arguments);
    shim_unload();
    return code;
}

/* Run without faults; what was called is then in counts.txt. */
static inline void shim_count(const char *arguments)
{
    shim_set("WEFT_SHIM_COUNT", scratch_path("counts.txt"));
    ck_assert_msg(shim_faulty(NULL, arguments) == 0, "%s", program_err);
}

/* How often the run before called a function of the shim's list. */
static inline long shim_calls(const char *function)
{
    static char text[PROGRAM_TEXT];
    char name[64];
    long count = 0;
    program_read("counts.txt", text);
    (void)snprintf(name, sizeof name, "%s ", function);
    const char *at = strstr(text, name);
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at + strlen(name), "%ld", &count), 1);
    return count;
}

/* A sanitizer's library wants to be the first; the shim before it has nothing it would miss, and
 * preloaded it would also get into the linker that a driver starts. */
static inline void shim_allow_first(void)
{
    char text[1024];
    const char *old = getenv("ASAN_OPTIONS");
    (void)snprintf(text, sizeof text, "%s%sverify_asan_link_order=0", old ? old : "",
                   old ? ":" : "");
    (void)setenv("ASAN_OPTIONS", text, 1);
}

/* One driver and no other: the number of warnings is that of its devices. */
static inline bool shim_choose_driver(void)
{
    static const char *const files[] = {"/etc/OpenCL/vendors/pocl.icd",
                                        "/usr/share/OpenCL/vendors/pocl.icd",
                                        "/usr/local/etc/OpenCL/vendors/pocl.icd"};
    if (getenv("OCL_ICD_VENDORS")) return true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (access(files[i], F_OK) != 0) continue;
        (void)setenv("OCL_ICD_VENDORS", files[i], 1);
        return true;
    }
    return false;
}

/* Does the program start behind the shim, with one device? */
static inline bool shim_can_run(void)
{
    char text[4096] = "there is no PoCL here";
    bool fine = shim_choose_driver();
    FILE *pipe =
        fine ? popen("LD_PRELOAD='" WEFT_SHIM "' '" WEFT_PROGRAM "' devices 2>&1", "r") : NULL;
    if (pipe) {
        text[fread(text, 1, sizeof text - 1, pipe)] = '\0';
        fine = pclose(pipe) == 0 && says(text, "opencl:0") && !says(text, "opencl:1");
    }
    if (!fine) printf("skipped: one PoCL device behind the shim is wanted: %s\n", text);
    return fine;
}

#endif

#endif
