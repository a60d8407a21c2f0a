#include "cli/screen.h"

#include <stdio.h>
#include <string.h>

static void put(cli_screen *s, const char *text)
{
    const size_t count = strlen(text);
    if (count > sizeof s->frame - s->used) return; /* a frame is far smaller */
    memcpy(s->frame + s->used, text, count);
    s->used += count;
}

/* Columns of a text in which "ESC [ ... m" and the later bytes of a character take none. */
static int columns_of(const char *text)
{
    int columns = 0;
    while (*text) {
        if (*text == '\033') {
            text += strcspn(text, "m");
            text += *text == 'm';
        } else {
            columns += ((unsigned char)*text++ & 0xc0) != 0x80;
        }
    }
    return columns;
}

void cli_screen_start(cli_screen *s, int width)
{
    char up[32];
    s->used = 0;
    put(s, s->lines > 0 && s->widest > width ? "\n" : "\r");
    if (s->lines > 1 && s->widest <= width) {
        snprintf(up, sizeof up, "\033[%dA", s->lines - 1);
        put(s, up);
    }
    cli_screen_leave(s);
}

void cli_screen_keep(cli_screen *s, const char *text)
{
    put(s, text);
    put(s, "\033[K\n");
}

void cli_screen_add(cli_screen *s, const char *text)
{
    const int columns = columns_of(text);
    if (s->lines > 0) put(s, "\n");
    put(s, text);
    put(s, "\033[K");
    s->lines++;
    if (columns > s->widest) s->widest = columns;
}

void cli_screen_show(cli_screen *s)
{
    put(s, "\033[J");
    fwrite(s->frame, 1, s->used, stderr);
    fflush(stderr);
}

void cli_screen_clear(cli_screen *s, int width)
{
    if (s->lines == 0) return;
    cli_screen_start(s, width);
    cli_screen_show(s);
}

void cli_screen_leave(cli_screen *s)
{
    s->lines = 0;
    s->widest = 0;
}
