/* Ctrl-C, termination and hang-up as a wish to stop. */
#ifndef WEFT_CLI_SIGNALS_H
#define WEFT_CLI_SIGNALS_H

#include <signal.h>

/* The first SIGINT, SIGTERM or SIGHUP sets the flag returned here; the second ends the process at
 * once with 128 + its number. Signals that were ignored at start (nohup) stay ignored. */
const volatile sig_atomic_t *cli_signals_catch(void);

/* 0, or 128 + the signal that came. */
int cli_signals_exit_code(void);

#endif
