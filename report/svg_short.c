#include "report/svg_short.h"

#include <stdbool.h>
#include <string.h>

enum { DECIMALS = 2, DIGITS_MOST = 12 /* before the point */ };

/* Text that is read and written again further ahead in the same place. */
typedef struct cursor {
    char *text;
    size_t from, to, end;
} cursor;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void keep(cursor *c, size_t count)
{
    memmove(c->text + c->to, c->text + c->from, count);
    c->from += count;
    c->to += count;
}

static size_t digits_at(const cursor *c, size_t at)
{
    size_t count = 0;
    while (at + count < c->end && is_digit(c->text[at + count]))
        count++;
    return count;
}

/* A number written as hundredths, without zeros at its end. */
static void put_rounded(cursor *c, unsigned long long hundredths)
{
    char digits[32];
    size_t count = 0, places = DECIMALS;
    for (; places > 0 && hundredths % 10 == 0; places--)
        hundredths /= 10;
    do {
        if (count == places && places > 0) digits[count++] = '.';
        digits[count++] = (char)('0' + hundredths % 10);
        hundredths /= 10;
    } while (hundredths > 0 || count <= places + (places > 0));
    while (count > 0)
        c->text[c->to++] = digits[--count];
}

/* The number that starts here, rounded when it has more decimals than are needed. */
static void take_number(cursor *c)
{
    const size_t whole = digits_at(c, c->from), point = c->from + whole;
    const bool broken = point < c->end && c->text[point] == '.';
    const size_t decimals = broken ? digits_at(c, point + 1) : 0;
    if (decimals <= DECIMALS || whole > DIGITS_MOST) {
        keep(c, whole + (decimals > 0 ? decimals + 1 : 0));
        return;
    }
    unsigned long long value = 0;
    for (size_t i = c->from; i <= point + DECIMALS; i++)
        if (i != point) value = 10 * value + (unsigned long long)(c->text[i] - '0');
    const bool up = c->text[point + DECIMALS + 1] >= '5';
    c->from = point + 1 + decimals;
    put_rounded(c, value + up);
}

static bool stands_here(const cursor *c, const char *mark)
{
    const size_t length = strlen(mark);
    return c->end - c->from >= length && memcmp(c->text + c->from, mark, length) == 0;
}

static bool skip_default(cursor *c)
{
    static const char *const defaults[] = {"fill-opacity:1;",      "stroke-opacity:1;",
                                           "fill-rule:nonzero;",   "stroke:none;",
                                           "stroke-linecap:butt;", "stroke-linejoin:miter;"};
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        if (!stands_here(c, defaults[i])) continue;
        c->from += strlen(defaults[i]);
        return true;
    }
    return false;
}

/* What stands behind a mark goes on to the next quote and is kept. */
static bool keep_exact(cursor *c)
{
    static const char *const marks[] = {"ransform=\"", "base64,"};
    size_t i = 0;
    while (i < 2 && !stands_here(c, marks[i]))
        i++;
    if (i == 2) return false;
    keep(c, strlen(marks[i]));
    const char *start = c->text + c->from;
    const char *quote = memchr(start, '"', c->end - c->from);
    keep(c, quote ? (size_t)(quote - start) : c->end - c->from);
    return true;
}

/* A space of a path is needed between digits only. */
static bool skip_space(cursor *c)
{
    const char next = c->from + 1 < c->end ? c->text[c->from + 1] : 'x';
    const char last = c->to > 0 ? c->text[c->to - 1] : 'x';
    if (c->text[c->from] != ' ' || (is_digit(last) && is_digit(next))) return false;
    c->from++;
    return true;
}

static bool shorten_path(cursor *c)
{
    static const char mark[] = " d=\"";
    if (!stands_here(c, mark)) return false;
    keep(c, sizeof mark - 1);
    while (c->from < c->end && c->text[c->from] != '"') {
        if (is_digit(c->text[c->from]))
            take_number(c);
        else if (!skip_space(c))
            keep(c, 1);
    }
    return true;
}

void weft_svg_shorten(char *text, size_t *count)
{
    cursor c = {text, 0, 0, *count};
    while (c.from < c.end) {
        if (is_digit(c.text[c.from]))
            take_number(&c);
        else if (!keep_exact(&c) && !skip_default(&c) && !shorten_path(&c))
            keep(&c, 1);
    }
    *count = c.to;
}
