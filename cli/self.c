#define _POSIX_C_SOURCE 200809L /* open_memstream */

#include "cli/self.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/signals.h"
#include "core/child.h"
#include "core/posix.h"

void cli_self_note(const char *line, char *note, size_t size)
{
    static const char start[] = "weft: ", warning[] = "weft: warning: ";
    if (strncmp(line, start, sizeof start - 1) != 0) return;
    if (strncmp(line, warning, sizeof warning - 1) == 0) return;
    (void)snprintf(note, size, "%s", line + sizeof start - 1);
}

bool cli_self_is_from_outside(int signal)
{
    return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

const char *cli_self_print_signal(int signal, char text[CLI_SELF_SIGNAL])
{
    const char *cause = signal == SIGKILL ? ", as when memory runs out" : "";
    if (cli_self_is_from_outside(signal))
        (void)snprintf(text, CLI_SELF_SIGNAL, "it was killed from outside (signal %d%s)", signal,
                       cause);
    else
        (void)snprintf(text, CLI_SELF_SIGNAL, "the driver ended the process by signal %d", signal);
    return text;
}

/* ---- listening ---- */

typedef struct listener {
    weft_child *child;
    double seconds; /* that it may print nothing */
    double until;   /* when it is given up */
    bool told;      /* that it should stop */
} listener;

/* Who was asked to stop has a few seconds for it. */
static void pass_stop_on(listener *l)
{
    static const double stop_seconds = 5;
    if (l->told || cli_signals_exit_code() == 0) return;
    l->told = true;
    weft_child_stop(l->child);
    l->until = weft_clock() + stop_seconds;
}

/* A look at the signals once a second. Only what it prints puts off the end of our patience. */
static weft_child_event next(listener *l, const char **line)
{
    static const double look_seconds = 1;
    weft_child_event event = WEFT_CHILD_SILENT;
    while (event == WEFT_CHILD_SILENT && weft_clock() < l->until) {
        event = weft_child_read(l->child, look_seconds, line);
        pass_stop_on(l);
    }
    if (event == WEFT_CHILD_LINE && !l->told) l->until = weft_clock() + l->seconds;
    return event;
}

static void listen_to(listener *l, cli_self_line *take, void *user, cli_self_end *end)
{
    const char *line;
    weft_child_event event;
    while ((event = next(l, &line)) <= WEFT_CHILD_NOTE) {
        if (event == WEFT_CHILD_LINE)
            take(user, line);
        else
            cli_self_note(line, end->note, sizeof end->note);
    }
    end->silent = event == WEFT_CHILD_SILENT;
    end->code = weft_child_end(l->child, end->silent);
}

weft_status cli_self_run(const char *const *words, double seconds, cli_self_line *take, void *user,
                         cli_self_end *end)
{
    listener l = {.seconds = seconds, .until = weft_clock() + seconds};
    *end = (cli_self_end){.code = -1};
    WEFT_TRY(weft_child_start(words, &l.child));
    listen_to(&l, take, user, end);
    return WEFT_OK;
}

/* ---- a whole text ---- */

static void add_line(void *all, const char *line)
{
    (void)fprintf(all, "%s\n", line);
}

char *cli_self_text(const char *const *words, double seconds, int *code, char *note, size_t size)
{
    char *text = NULL;
    size_t length = 0;
    cli_self_end end = {.code = -1};
    FILE *all = open_memstream(&text, &length);
    const bool ran = all && cli_self_run(words, seconds, add_line, all, &end) == WEFT_OK;
    const bool whole = all && fclose(all) == 0;
    (void)snprintf(note, size, "%s", end.note);
    *code = end.code;
    if (ran && whole && end.code == 0) return text;
    free(text);
    return NULL;
}
