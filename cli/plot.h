/* Both losses of a run as a small picture of text: training as a line, validation as a line with
 * its points marked. */
#ifndef WEFT_CLI_PLOT_H
#define WEFT_CLI_PLOT_H

#include <stdint.h>

#include "cli/terminal.h"

enum {
    CLI_PLOT_COLUMNS = 68,
    CLI_PLOT_ROWS = 8,
    CLI_PLOT_LINES = CLI_PLOT_ROWS + 2, /* with a head and a foot */
    CLI_PLOT_BINS = 2 * CLI_PLOT_COLUMNS,
    CLI_PLOT_TEXT = 1024
};

/* Means of what falls into each part of the run; zeroed is empty. */
typedef struct cli_plot_line {
    double sum[CLI_PLOT_BINS];
    int64_t count[CLI_PLOT_BINS];
} cli_plot_line;

typedef struct cli_plot {
    cli_plot_line training, validation;
} cli_plot;

/* A loss at a step of `steps` (from 1). What is not finite is left out. */
void cli_plot_add(cli_plot_line *line, uint64_t step, uint64_t steps, double loss);

/* All lines of the picture, none wider than 78 columns. First losses that are far above the others
 * are left out, and the first line says so. end: what the right end stands for, such as
 * "10 epochs". */
void cli_plot_draw(const cli_plot *plot, const cli_terminal *terminal, const char *end,
                   char text[CLI_PLOT_LINES][CLI_PLOT_TEXT]);

#endif
