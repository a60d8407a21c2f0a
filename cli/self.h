/* This program once more, as a process of its own: what a driver does to that one, it does to
 * nobody else. */
#ifndef WEFT_CLI_SELF_H
#define WEFT_CLI_SELF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

enum { CLI_SELF_NOTE = 400, CLI_SELF_SIGNAL = 80 };

/* How a process ended. */
typedef struct cli_self_end {
    int code;                 /* its exit code, or minus the signal that ended it */
    bool silent;              /* it was killed here, for printing nothing for too long */
    char note[CLI_SELF_NOTE]; /* the last line on its standard error without "weft: "; "" */
} cli_self_end;

typedef void cli_self_line(void *user, const char *line);

/* Run a command to its end and hand over each line that it prints; words[0] is the program's path
 * and NULL ends them. One that prints no line for so many seconds is killed: what a driver writes
 * to standard error is no progress. A caught signal that tells this process to stop is passed on.
 */
weft_status cli_self_run(const char *const *words, double seconds, cli_self_line *take, void *user,
                         cli_self_end *end);

/* All that a command prints, as one text to free(). NULL when it failed, was silent for so many
 * seconds or was stopped; *code is its exit code (-1: it never ran) and `note` that of its end. */
char *cli_self_text(const char *const *words, double seconds, int *code, char *note, size_t size);

/* Why a process ended by this signal: its driver, or somebody outside. */
const char *cli_self_print_signal(int signal, char text[CLI_SELF_SIGNAL]);

/* Whether a signal is one that no driver sends: a person did, or the system that was out of memory.
 */
bool cli_self_is_from_outside(int signal);

/* Take a line of a process's standard error that may be the reason why it ends: copies what stands
 * behind "weft: ", or leaves the text alone for other lines and for warnings. */
void cli_self_note(const char *line, char *note, size_t size);

#endif
