/* What the terminal behind stderr can show. */
#ifndef WEFT_CLI_TERMINAL_H
#define WEFT_CLI_TERMINAL_H

#include <stdbool.h>

typedef struct cli_terminal {
    bool live;   /* a terminal that moves its cursor, not a pipe or a dumb one */
    bool colour; /* live, and nobody has asked for NO_COLOR */
    bool utf8;   /* the locale's characters are UTF-8 */
} cli_terminal;

/* Asked once. Its size may change and is asked for each time: core/posix.h. */
cli_terminal cli_terminal_ask(void);

/* A colour's escape sequence, or its end, where colours are shown; else "". */
typedef enum cli_colour { CLI_PLAIN, CLI_GREEN, CLI_CYAN, CLI_YELLOW } cli_colour;
const char *cli_terminal_colour(const cli_terminal *terminal, cli_colour colour);

#endif
