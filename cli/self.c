#define _POSIX_C_SOURCE 200809L /* open_memstream */

#include "cli/self.h"

#include <stdbool.h>
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

/* A look at the signals once a second. Who was asked to stop has a few seconds for it. */
static weft_child_event next(weft_child *child, double seconds, bool *told, const char **line)
{
    static const double look_seconds = 1, stop_seconds = 5;
    weft_child_event event = WEFT_CHILD_SILENT;
    double end = weft_clock() + (*told && stop_seconds < seconds ? stop_seconds : seconds);
    while (event == WEFT_CHILD_SILENT && weft_clock() < end) {
        event = weft_child_read(child, look_seconds, line);
        if (*told || cli_signals_exit_code() == 0) continue;
        *told = true;
        weft_child_stop(child);
        end = weft_clock() + stop_seconds;
    }
    return event;
}

static int listen_to(weft_child *child, double seconds, FILE *all, char *note, size_t size)
{
    const char *line;
    bool told = false;
    weft_child_event event;
    while ((event = next(child, seconds, &told, &line)) <= WEFT_CHILD_NOTE) {
        if (event == WEFT_CHILD_LINE)
            (void)fprintf(all, "%s\n", line);
        else
            cli_self_note(line, note, size);
    }
    return weft_child_end(child, event == WEFT_CHILD_SILENT);
}

char *cli_self_text(const char *const *words, double seconds, int *code, char *note, size_t size)
{
    weft_child *child = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *all = open_memstream(&text, &length);
    note[0] = '\0';
    *code = -1;
    if (all && weft_child_start(words, &child) == WEFT_OK)
        *code = listen_to(child, seconds, all, note, size);
    const bool whole = all && fclose(all) == 0;
    if (whole && *code == 0) return text;
    free(text);
    return NULL;
}
