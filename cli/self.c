#define _POSIX_C_SOURCE 200809L /* open_memstream */

#include "cli/self.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/child.h"

void cli_self_note(const char *line, char *note, size_t size)
{
    static const char start[] = "weft: ", warning[] = "weft: warning: ";
    if (strncmp(line, start, sizeof start - 1) != 0) return;
    if (strncmp(line, warning, sizeof warning - 1) == 0) return;
    (void)snprintf(note, size, "%s", line + sizeof start - 1);
}

static int listen_to(weft_child *child, double seconds, FILE *all, char *note, size_t size)
{
    const char *line;
    weft_child_event event;
    while ((event = weft_child_read(child, seconds, &line)) <= WEFT_CHILD_NOTE) {
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
