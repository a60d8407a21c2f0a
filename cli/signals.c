#define _POSIX_C_SOURCE 200809L

#include "cli/signals.h"

#include <stddef.h>
#include <unistd.h>

/* Handlers reach nothing but globals: this is the program's only one that changes. */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    static const char text[] = "\nweft: stopping after this step; once more to quit at once\n";
    if (caught) _exit(128 + number);
    caught = number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) return;
}

const volatile sig_atomic_t *cli_signals_catch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old, action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        sigaction(numbers[i], &action, NULL);
    }
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
