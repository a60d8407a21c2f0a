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

/* Nothing that was written is lost: it can be scrolled back to. */
static void begin_page(cli_screen *s, int height)
{
    put(s, "\033[J");
    put_move(s, height, 'B');
    for (int i = 0; i < height; i++)
        put(s, "\n");
    put(s, "\033[H");
    s->kept = 0;
    s->page = height;
}

/* Some terminals break lines that have become too long, and keep the last row of the screen where
 * it is: the cursor is pushed out at the top where there are fewer rows above it than come to. */
static bool may_push_out(const cli_screen *s, int width)
{
    const int room = s->height - s->lines, above = s->kept < room ? s->kept : room;
    return s->widest > width && s->lines * ((s->widest - 1) / width) > above;
}

/* True: a page was begun. Wider or higher, a terminal shows again what was pushed out. */
static bool take_size(cli_screen *s, int width, int height)
{
    const int clean = s->kept + s->lines > s->page ? s->kept + s->lines : s->page;
    const bool turns = s->littered && height > clean;
    if (turns) {
        begin_page(s, height);
    } else if (may_push_out(s, width)) {
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

/* Erased as a whole, from its first column, a line that was broken goes on no more. */
static void put_line(cli_screen *s, const char *text)
{
    put(s, "\033[K");
    put(s, text);
}

void cli_screen_keep(cli_screen *s, const char *text)
{
    put_line(s, text);
    put(s, "\n");
    s->kept++;
}

void cli_screen_add(cli_screen *s, const char *text)
{
    const int columns = columns_of(text);
    if (s->lines > 0) put(s, "\n");
    put_line(s, text);
    s->lines++;
    if (columns > s->widest) s->widest = columns;
}

void cli_screen_show(cli_screen *s)
{
    put(s, "\033[J\r");
    if (s->lines > 1) put_move(s, s->lines - 1, 'A');
    fwrite(s->frame, 1, s->used, stderr);
    fflush(stderr);
}
