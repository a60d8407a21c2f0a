/* Running the program whose kernels lie in a folder of the suite's scratch folder, where they can
 * be broken. Define _XOPEN_SOURCE 700 before the first include. The suite's target has WEFT_MUTANT.
 */
#ifndef WEFT_TESTS_MUTANT_RUN_H
#define WEFT_TESTS_MUTANT_RUN_H

#include "tests/program.h"

#ifdef WEFT_OPENCL

enum { SOURCE_MAX = 1 << 17 };

/* ---- kernels in a folder ---- */

static inline void copy_kernels(void)
{
    char line[PROGRAM_LINE];
    (void)snprintf(line, sizeof line, "cp -r %s/cl kernels", WEFT_SOURCE_DIR);
    ck_assert_int_eq(program_wait(program_start_line(line, "stdout.txt")), 0);
    ck_assert_int_eq(setenv("WEFT_TEST_KERNELS", scratch_path("kernels"), 1), 0);
}

static inline char *read_kernel(const char *file)
{
    char name[128];
    size_t count = 0;
    (void)snprintf(name, sizeof name, "kernels/%s", file);
    char *text = (char *)scratch_read(name, &count);
    text[count] = '\0';
    return text;
}

static inline void write_kernel(const char *file, const char *text)
{
    char name[128];
    (void)snprintf(name, sizeof name, "kernels/%s", file);
    (void)scratch_write(name, text, strlen(text));
}

/* Replace the first occurrence of a text; the file's text before is returned, to be written back.
 */
static inline char *mutate_kernel(const char *file, const char *from, const char *to)
{
    static char text[SOURCE_MAX];
    char *before = read_kernel(file);
    const char *at = strstr(before, from);
    ck_assert_msg(at != NULL, "%s no longer has \"%s\": bring the mutant up to date", file, from);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - before), before, to,
                   at + strlen(from));
    write_kernel(file, text);
    return before;
}

static inline void restore_kernel(const char *file, char *before)
{
    write_kernel(file, before);
    free(before);
}

/* ---- running ---- */

static inline int run_mutant(const char *arguments)
{
    char line[PROGRAM_LINE];
    (void)snprintf(line, sizeof line, "%s %s", WEFT_MUTANT, arguments);
    const int code = program_wait(program_start_line(line, "stdout.txt"));
    program_read("stdout.txt", program_out);
    program_read("stderr.txt", program_err);
    return code;
}

/* Is there a device at all? */
static inline bool mutant_can_run(void)
{
    char text[4096] = "";
    FILE *pipe = popen("WEFT_TEST_KERNELS='" WEFT_SOURCE_DIR "/cl' '" WEFT_MUTANT "' devices", "r");
    if (!pipe) return false;
    text[fread(text, 1, sizeof text - 1, pipe)] = '\0';
    return pclose(pipe) == 0 && says(text, "opencl:0");
}

static inline void open_kernels(void)
{
    program_open();
    copy_kernels();
}

#endif

#endif
