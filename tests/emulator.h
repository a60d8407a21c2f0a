/* A terminal as small as the program's output needs it: it knows the escape sequences that the
 * program may send and fails the test at any other. Lines that scroll out at the top stay, so a
 * test sees all that a user can scroll back to. When it becomes narrower, lines that do not fit are
 * broken as terminals break them that keep their text. */
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
    int rows;        /* lines that exist */
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
    e->rows = 1;
}

/* The first line of the screen. */
static inline int emulator_top(const emulator *e)
{
    return e->rows > e->height ? e->rows - e->height : 0;
}

static inline void emulator_feed_line(emulator *e)
{
    e->row++;
    ck_assert_int_lt(e->row, EMULATOR_LINES);
    if (e->row == e->rows) e->rows++;
}

static inline void emulator_put(emulator *e, const char *bytes, size_t count)
{
    if (e->column == e->width) {
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

/* "[5A", "[5B", "[H", "[K", "[J", "[32m" */
static inline void emulator_obey(emulator *e)
{
    const char last = e->escape[strlen(e->escape) - 1];
    const int number = atoi(e->escape + 1);
    if (last == 'A') {
        e->row -= number > 0 ? number : 1;
        if (e->row < emulator_top(e)) e->row = emulator_top(e);
        if (e->column == e->width) e->column--;
    } else if (last == 'B') {
        const int bottom = emulator_top(e) + e->height - 1;
        e->row += number > 0 ? number : 1;
        if (e->row > bottom) e->row = bottom;
        if (e->row >= e->rows) e->rows = e->row + 1;
    } else if (strcmp(e->escape, "[H") == 0) {
        e->row = emulator_top(e);
        e->column = 0;
    } else if (strcmp(e->escape, "[K") == 0) {
        emulator_blank(e, e->row, e->column);
    } else if (strcmp(e->escape, "[J") == 0) {
        emulator_blank(e, e->row, e->column);
        for (int row = e->row + 1; row < e->rows; row++)
            emulator_blank(e, row, 0);
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

static inline int emulator_columns(const emulator *e, int row)
{
    int columns = 0;
    for (int column = 0; column < EMULATOR_COLUMNS; column++)
        if (*e->line[row].cell[column]) columns = column + 1;
    return columns;
}

/* Another size: all that was fed is laid out anew. The cursor keeps its place in the text. */
static inline void emulator_resize(emulator *e, int width, int height)
{
    emulator *old = malloc(sizeof *old);
    ck_assert_ptr_nonnull(old);
    *old = *e;
    emulator_open(e, width, height);
    e->coloured = old->coloured;
    int row = 0, column = 0;
    for (int i = 0; i < old->rows; i++) {
        const int columns = emulator_columns(old, i);
        for (int k = 0; k < columns; k++) {
            const char *cell = old->line[i].cell[k];
            emulator_put(e, *cell ? cell : " ", *cell ? strlen(cell) : 1);
        }
        if (i == old->row) {
            row = e->row;
            column = e->column - (columns - old->column);
        }
        if (i + 1 == old->rows || old->line[i].goes_on) continue;
        emulator_feed_line(e);
        e->column = 0;
    }
    e->row = row;
    e->column = column < 0 ? 0 : column > width ? width : column;
    free(old);
}

/* How many lines hold a text. */
static inline int emulator_count(emulator *e, const char *part)
{
    int count = 0;
    for (int row = 0; row < e->rows; row++)
        count += strstr(emulator_text(e, row), part) != NULL;
    return count;
}

#endif
