#include "cli/screen.h"

#include <stdio.h>
#include <string.h>

#include "core/posix.h"

static void put(cli_screen *s, const char *text)
{
    const size_t count = strlen(text);
    if (count > sizeof s->frame - s->used) return; /* a frame is far smaller */
    memcpy(s->frame + s->used, text, count);
    s->used += count;
}

/* "ESC [ count command" */
static void put_move(cli_screen *s, int count, char command)
{
    char text[32];
    snprintf(text, sizeof text, "\033[%d%c", count, command);
    put(s, text);
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

/* ---- another size ---- */

/* Nothing that was written is lost: it can be scrolled back to. The first row stays free, for tmux
 * scrolls out what is erased from there on. */
static void begin_page(cli_screen *s, int height)
{
    put(s, "\033[J");
    put_move(s, height, 'B');
    for (int i = 0; i < height; i++)
        put(s, "\n");
    put(s, "\033[H\n");
    s->kept = 0;
    s->page = height;
}

/* Some terminals break lines that have become too long, and keep the last row of the screen where
 * it is: the cursor is pushed out at the top where there are fewer rows above it than come to, and
 * the beginning of a frame where it is higher than the screen. */
static bool may_push_out(const cli_screen *s, int width, int height)
{
    const int room = s->height - s->lines, above = s->kept < room ? s->kept : room;
    const int more = s->widest > width ? s->lines * ((s->widest - 1) / width) : 0;
    return more > above || s->lines > height;
}

/* True: a page was begun. Wider or higher, a terminal shows again what was pushed out. */
static bool take_size(cli_screen *s, int width, int height)
{
    const int clean = s->kept + s->lines > s->page ? s->kept + s->lines : s->page;
    const bool turns = s->littered && height > clean;
    if (turns) {
        begin_page(s, height);
    } else if (may_push_out(s, width, height)) {
        s->littered = true;
        s->kept = 0;
        s->page = 0;
    }
    return turns;
}

/* ---- frames ---- */

bool cli_screen_start(cli_screen *s)
{
    const int width = weft_terminal_width(stderr), height = weft_terminal_height(stderr);
    s->used = 0;
    put(s, "\r");
    const bool turns = (width != s->width || height != s->height) && take_size(s, width, height);
    s->width = width;
    s->height = height;
    s->lines = 0;
    s->widest = 0;
    return turns;
}

/* It may be wider than the terminal: the rows that it needs are made empty before. */
void cli_screen_keep(cli_screen *s, const char *text)
{
    put(s, "\033[J");
    put(s, text);
    put(s, "\n");
    s->kept++;
}

/* Erased before, from its first column, a line that was broken goes on no more. Nor does it wrap:
 * the terminal may have become narrower while the frame was made. */
void cli_screen_add(cli_screen *s, const char *text)
{
    const int columns = columns_of(text);
    put(s, s->lines > 0 ? "\n" : "\033[?7l");
    put(s, "\033[K");
    put(s, text);
    s->lines++;
    if (columns > s->widest) s->widest = columns;
}

void cli_screen_show(cli_screen *s)
{
    put(s, "\033[J\r");
    if (s->lines > 1) put_move(s, s->lines - 1, 'A');
    put(s, "\033[?7h");
    fwrite(s->frame, 1, s->used, stderr);
    fflush(stderr);
}
