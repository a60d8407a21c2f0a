#define _POSIX_C_SOURCE 200809L

#include "cli/signals.h"

#include <string.h>
#include <unistd.h>

#include "cli/terminal.h"

/* Handlers reach nothing but globals: these are the program's only ones that change. */
static volatile sig_atomic_t caught, live;

static void tell(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

/* To the next line, without what is drawn in place from the cursor on. */
static void leave_line(void)
{
    tell(live ? "\033[?7h\033[J\n" : "\n");
}

static void on_signal(int number)
{
    leave_line();
    if (caught) _exit(128 + number);
    caught = number;
    tell("weft: stopping after this step; once more to quit at once\n");
}

static void on_stop(int number);

static void handle(int number, void (*handler)(int), unsigned flags)
{
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = (int)(SA_RESTART | flags)};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN) return;
    sigaction(number, &action, NULL);
}

static void handle_stop(void)
{
    handle(SIGTSTP, on_stop, SA_RESETHAND | SA_NODEFER);
}

/* The second one finds no handler and stops the process. */
static void on_stop(int number)
{
    leave_line();
    raise(number);
    handle_stop();
}

const volatile sig_atomic_t *cli_signals_catch(void)
{
    live = cli_terminal_ask().live;
    handle(SIGINT, on_signal, 0);
    handle(SIGTERM, on_signal, 0);
    handle(SIGHUP, on_signal, 0);
    if (live) handle_stop();
    return &caught;
}

bool cli_signals_reach_children(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (tcgetpgrp(file) == getpgrp()) return true;
    return false;
}

int cli_signals_exit_code(void)
{
    return caught ? 128 + (int)caught : 0;
}
