/* Command lines of processes that work on the device of a selftest. */
#ifndef WEFT_CLI_SELFTEST_LINE_H
#define WEFT_CLI_SELFTEST_LINE_H

#include "cli/selftest.h"

enum { CLI_LINE_WORDS = 24, CLI_LINE_NUMBER = 16 };

/* Begins as zeros. Words are borrowed, some from itself: it is never copied. NULL ends them. */
typedef struct cli_line {
    const char *list[CLI_LINE_WORDS];
    int count;
    char threads[CLI_LINE_NUMBER];
} cli_line;

void cli_line_add(cli_line *c, const char *word);
void cli_line_option(cli_line *c, const char *name, const char *value);

/* How the device is opened: --device, --family, --gemm, --threads. */
void cli_line_device(cli_line *c, const cli_selftest_wish *wish);

/* The run of one part, from the program's path on. */
void cli_line_part(cli_line *c, const char *program, const cli_selftest_wish *wish, int part);

#endif
