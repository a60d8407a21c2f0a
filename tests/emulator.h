/* A terminal as small as the program's output needs it: it knows the escape sequences that the
 * program may send and fails the test at any other. Lines that scroll out at the top stay, so a
 * test sees all that a user can scroll back to. When it becomes narrower, lines that do not fit are
 * broken and the last row of the screen stays the last, blank or not, as tmux does it; or they are
 * cut, as xterm does it. */
#ifndef WEFT_TESTS_EMULATOR_H
#define WEFT_TESTS_EMULATOR_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { EMULATOR_LINES = 4096, EMULATOR_COLUMNS = 256, CELL_BYTES = 5 };

typedef struct emulator_line {
    char cell[EMULATOR_COLUMNS][CELL_BYTES]; /* a character each, "" is blank */
    bool goes_on;                            /* broken here: the next line belongs to it */
} emulator_line;

typedef struct emulator {
    int width, height;
    int row, column; /* of the cursor; column == width: the next character wraps */
    int rows;        /* lines that exist: the last `height` of them are the screen */
    bool cuts;       /* lines that do not fit, when it becomes narrower */
    bool clips;      /* what is written beyond the right end, instead of wrapping */
    bool coloured;   /* a colour is switched on */
    char escape[32]; /* a sequence that has not ended */
    char text[EMULATOR_COLUMNS * CELL_BYTES];
    emulator_line line[EMULATOR_LINES];
} emulator;

static inline void emulator_open(emulator *e, int width, int height)
{
    memset(e, 0, sizeof *e);
    e->width = width;
    e->height = height;
    e->rows = height;
}

/* The first line of the screen. */
static inline int emulator_top(const emulator *e)
{
    return e->rows - e->height;
}

static inline void emulator_feed_line(emulator *e)
{
    e->row++;
    ck_assert_int_lt(e->row, EMULATOR_LINES);
    if (e->row == e->rows) e->rows++;
}

static inline int emulator_columns(const emulator *e, int row)
{
    int columns = 0;
    for (int column = 0; column < EMULATOR_COLUMNS; column++)
        if (*e->line[row].cell[column]) columns = column + 1;
    return columns;
}

static inline void emulator_put(emulator *e, const char *bytes, size_t count)
{
    if (e->column == e->width && e->clips) {
        e->column--;
    } else if (e->column == e->width) {
        e->line[e->row].goes_on = true;
        emulator_feed_line(e);
        e->column = 0;
    }
    char *cell = e->line[e->row].cell[e->column++];
    memset(cell, 0, CELL_BYTES);
    memcpy(cell, bytes, count);
}

static inline void emulator_blank(emulator *e, int row, int from)
{
    memset(e->line[row].cell[from], 0, (size_t)(EMULATOR_COLUMNS - from) * CELL_BYTES);
    e->line[row].goes_on = false;
}

/* tmux keeps a screen that is erased from its first place on: it scrolls it out. */
static inline void emulator_save(emulator *e)
{
    if (e->cuts || e->row != emulator_top(e) || e->column != 0) return;
    int used = e->rows;
    while (used > e->row && emulator_columns(e, used - 1) == 0)
        used--;
    e->rows += used - e->row;
    e->row = used;
    ck_assert_int_lt(e->rows, EMULATOR_LINES);
}

/* "[5A", "[5B", "[H", "[K", "[J", "[?7l", "[32m" */
static inline void emulator_obey(emulator *e)
{
    const char last = e->escape[strlen(e->escape) - 1];
    const int number = atoi(e->escape + 1);
    if (last == 'A') {
        e->row -= number > 0 ? number : 1;
        if (e->row < emulator_top(e)) e->row = emulator_top(e);
        if (e->column == e->width) e->column--;
    } else if (last == 'B') {
        e->row += number > 0 ? number : 1;
        if (e->row >= e->rows) e->row = e->rows - 1;
    } else if (strcmp(e->escape, "[H") == 0) {
        e->row = emulator_top(e);
        e->column = 0;
    } else if (strcmp(e->escape, "[K") == 0) {
        emulator_blank(e, e->row, e->column);
    } else if (strcmp(e->escape, "[J") == 0) {
        emulator_save(e);
        emulator_blank(e, e->row, e->column);
        for (int row = e->row + 1; row < e->rows; row++)
            emulator_blank(e, row, 0);
    } else if (strncmp(e->escape, "[?7", 3) == 0 && (last == 'l' || last == 'h')) {
        e->clips = last == 'l';
    } else if (last == 'm') {
        e->coloured = number != 0;
    } else {
        ck_abort_msg("the terminal does not know ESC %s", e->escape);
    }
}

static inline bool emulator_in_escape(emulator *e, char byte)
{
    const size_t used = strlen(e->escape);
    if (used == 0 && byte != '\033') return false;
    ck_assert_uint_lt(used, sizeof e->escape - 1);
    if (byte == '\033') byte = '!'; /* holds the place of what has begun */
    e->escape[used] = byte;
    if (used >= 2 && byte >= '@' && byte <= '~') {
        memmove(e->escape, e->escape + 1, sizeof e->escape - 1);
        emulator_obey(e);
        memset(e->escape, 0, sizeof e->escape);
    }
    return true;
}

static inline void emulator_feed(emulator *e, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if (emulator_in_escape(e, bytes[i])) continue;
        if (byte == '\r') {
            e->column = 0;
        } else if (byte == '\n') {
            emulator_feed_line(e);
        } else if ((byte & 0xc0) == 0x80) { /* goes on with the character before */
            char *cell = e->line[e->row].cell[e->column - 1];
            const size_t used = strlen(cell);
            ck_assert_uint_lt(used, CELL_BYTES - 1);
            cell[used] = bytes[i];
        } else {
            ck_assert_msg(byte >= 0x20 && byte != 0x7f, "control character %02x", byte);
            emulator_put(e, bytes + i, 1);
        }
    }
}

/* A line without the blanks at its end; valid until the next call. */
static inline const char *emulator_text(emulator *e, int row)
{
    size_t used = 0, end = 0;
    for (int column = 0; column < EMULATOR_COLUMNS; column++) {
        const char *cell = e->line[row].cell[column];
        const size_t count = *cell ? strlen(cell) : 1;
        memcpy(e->text + used, *cell ? cell : " ", count);
        used += count;
        if (*cell && *cell != ' ') end = used;
    }
    e->text[end] = '\0';
    return e->text;
}

/* Rows below the cursor go first; else the top of the screen moves. */
static inline void emulator_set_height(emulator *e, int height)
{
    for (int fewer = e->height - height; fewer > 0 && e->rows - 1 > e->row; fewer--)
        emulator_blank(e, --e->rows, 0);
    if (e->rows < height) e->rows = height;
    e->height = height;
}

static inline void emulator_cut(emulator *e, int width)
{
    for (int row = 0; row < e->rows; row++)
        emulator_blank(e, row, width);
    if (e->column > width) e->column = width;
}

/* All that was fed is laid out anew. The cursor keeps its place in the text, on the screen. */
static inline void emulator_break(emulator *e, int width)
{
    emulator *old = malloc(sizeof *old);
    ck_assert_ptr_nonnull(old);
    *old = *e;
    emulator_open(e, width, old->height);
    e->coloured = old->coloured;
    e->rows = 1;
    int row = 0, column = 0;
    for (int i = 0; i < old->rows; i++) {
        const int columns = emulator_columns(old, i);
        if (i == old->row) {
            row = e->row + (e->column + old->column) / width;
            column = (e->column + old->column) % width;
        }
        for (int k = 0; k < columns; k++) {
            const char *cell = old->line[i].cell[k];
            emulator_put(e, *cell ? cell : " ", *cell ? strlen(cell) : 1);
        }
        if (i + 1 == old->rows || old->line[i].goes_on) continue;
        emulator_feed_line(e);
        e->column = 0;
    }
    if (e->rows < e->height) e->rows = e->height;
    e->row = row < emulator_top(e) ? emulator_top(e) : row;
    e->column = row < emulator_top(e) ? 0 : column;
    if (e->row >= e->rows) e->rows = e->row + 1;
    free(old);
}

static inline void emulator_resize(emulator *e, int width, int height)
{
    emulator_set_height(e, height);
    if (width != e->width && !e->cuts) emulator_break(e, width);
    if (width < e->width) emulator_cut(e, width);
    e->width = width;
}

/* How many lines hold a text, from one on. */
static inline int emulator_count(emulator *e, int from, const char *part)
{
    int count = 0;
    for (int row = from; row < e->rows; row++)
        count += strstr(emulator_text(e, row), part) != NULL;
    return count;
}

#endif
