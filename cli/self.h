/* This program once more, as a process of its own: what a driver does to that one, it does to
 * nobody else. */
#ifndef WEFT_CLI_SELF_H
#define WEFT_CLI_SELF_H

#include <stddef.h>

/* All that a command prints, as one text to free(); words[0] is the program's path and NULL ends
 * them. NULL when it failed, was silent for so many seconds, or when a signal that is
 * caught told this process to stop, which is passed on; *code is its exit code, and `note`
 * the last line on its standard error without "weft: ". */
char *cli_self_text(const char *const *words, double seconds, int *code, char *note, size_t size);

/* Take a line of a process's standard error that may be the reason why it ends: copies what stands
 * behind "weft: ", or leaves the text alone for other lines and for warnings. */
void cli_self_note(const char *line, char *note, size_t size);

#endif
