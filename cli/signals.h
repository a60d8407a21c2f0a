/* Ctrl-C, termination and hang-up as a wish to stop. */
#ifndef WEFT_CLI_SIGNALS_H
#define WEFT_CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* The first SIGINT, SIGTERM or SIGHUP sets the flag returned here; the second ends the process at
 * once with 128 + its number. Signals that were ignored at start (nohup) stay ignored. On a live
 * terminal each of them, and Ctrl-Z, erases what follows the cursor: cli/screen.h. */
const volatile sig_atomic_t *cli_signals_catch(void);

/* Whether a terminal sends its signals to this process and to those that it started alike: one of
 * the standard files is its controlling terminal, and we are in the foreground. */
bool cli_signals_reach_children(void);

/* 0, or 128 + the signal that came. */
int cli_signals_exit_code(void);

#endif
