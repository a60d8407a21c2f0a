/* Running the program `weft` in tests: its output in memory, its exit code. A suite works in its
 * scratch folder, so paths are short and nothing is written elsewhere.
 * Define _XOPEN_SOURCE 700 before the first include. */
#ifndef WEFT_TESTS_PROGRAM_H
#define WEFT_TESTS_PROGRAM_H

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/scratch.h"
#include "tests/suite.h"

extern char **environ;

enum { PROGRAM_WORDS = 64, PROGRAM_LINE = 4096, PROGRAM_ARGUMENTS = 2048, PROGRAM_TEXT = 1 << 17 };

/* Trainings write a report only for a suite that looks at it: it takes longer than they do. */
static bool program_reports;

/* What the last run printed. */
static char program_out[PROGRAM_TEXT], program_err[PROGRAM_TEXT];

/* Work in a fresh folder, with no wish of the user's environment. */
static inline void program_open(void)
{
    static const char *const wishes[] = {"WEFT_DEVICE", "WEFT_SYSFS", "WEFT_DEV", "WEFT_DATA",
                                         "RUSTICL_ENABLE"};
    scratch_open();
    ck_assert_int_eq(chmod(scratch_root, 0755), 0);
    ck_assert_int_eq(chdir(scratch_root), 0);
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        unsetenv(wishes[i]);
}

static inline void program_close(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    scratch_close();
}

/* Start words separated by single spaces, the first of which is the program. */
static inline pid_t program_start_line(char *line, const char *out)
{
    static char no_report[] = "--no-report";
    char *word[PROGRAM_WORDS + 1];
    posix_spawn_file_actions_t files;
    pid_t child = 0;
    int count = 0;
    for (char *at = line; at && count < PROGRAM_WORDS;) {
        word[count++] = at;
        at = strchr(at, ' ');
        if (at) *at++ = '\0';
        if (count == 2 && strcmp(word[1], "train") == 0 && !program_reports)
            word[count++] = no_report;
    }
    ck_assert_int_lt(count, PROGRAM_WORDS);
    word[count] = NULL;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addopen(&files, 2, "stderr.txt", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    const int error = posix_spawnp(&child, word[0], &files, NULL, word, environ);
    posix_spawn_file_actions_destroy(&files);
    ck_assert_msg(error == 0, "cannot start %s: %s", word[0], strerror(error));
    return child;
}

static inline pid_t program_start(const char *arguments)
{
    char line[PROGRAM_LINE];
    (void)snprintf(line, sizeof line, "%s%s%s", WEFT_PROGRAM, *arguments ? " " : "", arguments);
    return program_start_line(line, "stdout.txt");
}

static inline void program_read(const char *path, char *text)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot read %s", path);
    const size_t count = fread(text, 1, PROGRAM_TEXT - 1, file);
    text[count] = '\0';
    fclose(file);
}

/* The exit code; -1 after a signal that was not caught. */
static inline int program_wait(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Run `weft` with arguments (printf style) and return its exit code. */
static inline int weft(const char *format, ...)
{
    char arguments[PROGRAM_ARGUMENTS];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    const int code = program_wait(program_start(arguments));
    program_read("stdout.txt", program_out);
    program_read("stderr.txt", program_err);
    return code;
}

static inline bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static inline int count_of(const char *text, char c)
{
    int count = 0;
    for (; *text; text++)
        count += *text == c;
    return count;
}

/* The program refused with this code, one line "weft: ..." that holds `part`, and no results. */
#define ck_refused(code, part, ...)                                                           \
    do {                                                                                      \
        const int ck_code = weft(__VA_ARGS__);                                                \
        ck_assert_msg(ck_code == (code), "exit code %d instead of %d: %s", ck_code, (code),   \
                      program_err);                                                           \
        ck_assert_msg(strncmp(program_err, "weft: ", 6) == 0, "\"%s\"", program_err);         \
        ck_assert_msg(count_of(program_err, '\n') == 1, "not one line: \"%s\"", program_err); \
        ck_assert_msg(says(program_err, (part)), "\"%s\" does not say \"%s\"", program_err,   \
                      (part));                                                                \
        ck_assert_str_eq(program_out, "");                                                    \
    } while (0)

/* The program ended well. */
#define ck_fine(...)                                                           \
    do {                                                                       \
        const int ck_code = weft(__VA_ARGS__);                                 \
        ck_assert_msg(ck_code == 0, "exit code %d: %s", ck_code, program_err); \
    } while (0)

#define ck_says(text, part) \
    ck_assert_msg(says((text), (part)), "\"%s\" does not say \"%s\"", (text), (part))

/* The JSON that the last run printed; json_decref it. */
static inline json_t *program_json(void)
{
    json_error_t error;
    json_t *json = json_loads(program_out, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s in \"%s\"", error.text, program_out);
    return json;
}

#endif
