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

static bool stands_at(const cursor *c, size_t at, const char *mark)
{
    if (at >= c->end || c->text[at] != *mark) return false;
    const size_t length = strlen(mark);
    return c->end - at >= length && memcmp(c->text + at, mark, length) == 0;
}

static bool stands_here(const cursor *c, const char *mark)
{
    return stands_at(c, c->from, mark);
}

static void put(cursor *c, const char *text)
{
    const size_t length = strlen(text);
    memcpy(c->text + c->to, text, length);
    c->to += length;
}

/* Defaults, indentation, and names that are long; each to something shorter. */
static bool replace(cursor *c)
{
    static const char *const words[][2] = {
        {"fill-opacity:1;", ""},      {"stroke-opacity:1;", ""},
        {"fill-rule:nonzero;", ""},   {"stroke:none;", ""},
        {"stroke-linecap:butt;", ""}, {"stroke-linejoin:miter;", ""},
        {"style=\" ", "style=\""},    {"\n  ", "\n"},
        {"id=\"glyph", "id=\"g"},     {"href=\"#glyph", "href=\"#g"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!stands_here(c, words[i][0])) continue;
        c->from += strlen(words[i][0]);
        put(c, words[i][1]);
        return true;
    }
    return false;
}

/* ---- colours ---- */

/* A percentage at a place, which moves behind it, as a number from 0 to 255; -1: there is none. */
static int channel_at(const cursor *c, size_t *at)
{
    double value = 0, unit = 1;
    const size_t whole = digits_at(c, *at), point = *at + whole;
    const size_t decimals =
        point < c->end && c->text[point] == '.' ? 1 + digits_at(c, point + 1) : 0;
    if (whole == 0 || whole > 3 || !stands_at(c, point + decimals, "%")) return -1;
    for (size_t i = *at; i < point + decimals; i++) {
        if (i == point) continue;
        if (i > point) unit /= 10;
        value = i > point ? value + unit * (c->text[i] - '0') : 10 * value + (c->text[i] - '0');
    }
    *at = point + decimals + 1;
    return value <= 100 ? (int)(value * 2.55 + 0.5) : -1;
}

/* "rgb(100%,50%,0%)" as "#ff8000". */
static bool shorten_colour(cursor *c)
{
    static const char *const before[] = {"rgb(", ",", ","}, digits[] = "0123456789abcdef";
    int channel[3];
    size_t at = c->from;
    for (int i = 0; i < 3; i++) {
        if (!stands_at(c, at, before[i])) return false;
        at += strlen(before[i]);
        channel[i] = channel_at(c, &at);
        if (channel[i] < 0) return false;
    }
    if (!stands_at(c, at, ")")) return false;
    put(c, "#");
    for (int i = 0; i < 3; i++) {
        c->text[c->to++] = digits[channel[i] / 16];
        c->text[c->to++] = digits[channel[i] % 16];
    }
    c->from = at + 1;
    return true;
}

/* ---- what is kept ---- */

/* The place of the next quote, or the end. */
static size_t quote_after(const cursor *c, size_t at)
{
    const char *quote = memchr(c->text + at, '"', c->end - at);
    return quote ? (size_t)(quote - c->text) : c->end;
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
    keep(c, quote_after(c, c->from) - c->from);
    return true;
}

/* ---- paths ---- */

/* A space of a path is needed between digits only. */
static bool skip_space(cursor *c)
{
    const char next = (char)(c->from + 1 < c->end ? c->text[c->from + 1] : 'x');
    const char last = (char)(c->to > 0 ? c->text[c->to - 1] : 'x');
    if (c->text[c->from] != ' ' || (is_digit(last) && is_digit(next))) return false;
    c->from++;
    return true;
}

/* cairo ends a closed path by a move that draws nothing. */
static bool skip_last_move(cursor *c)
{
    if (c->text[c->from] != 'M' || c->to == 0 || c->text[c->to - 1] != 'Z') return false;
    size_t at = c->from + 1;
    while (at < c->end && (is_digit(c->text[at]) || strchr(" .-", c->text[at])))
        at++;
    if (!stands_at(c, at, "\"")) return false;
    c->from = at;
    return true;
}

/* In a path ".5" is a number too. */
static void take_coordinate(cursor *c)
{
    const size_t start = c->to;
    take_number(c);
    if (c->to - start < 3 || c->text[start] != '0' || c->text[start + 1] != '.') return;
    c->to--;
    memmove(c->text + start, c->text + start + 1, c->to - start);
}

/* All of a path, up to its quote. */
static void take_path(cursor *c)
{
    while (c->from < c->end && c->text[c->from] != '"') {
        if (is_digit(c->text[c->from]))
            take_coordinate(c);
        else if (!skip_space(c) && !skip_last_move(c))
            keep(c, 1);
    }
}

static bool shorten_path(cursor *c)
{
    static const char mark[] = " d=\"";
    if (!stands_here(c, mark)) return false;
    keep(c, sizeof mark - 1);
    take_path(c);
    return true;
}

/* A letter, which is a path in a symbol, as a path with the symbol's name. */
static bool shorten_glyph(cursor *c)
{
    static const char open[] = "<symbol overflow=\"visible\" id=\"glyph",
                      path[] = "\">\n<path style=\"stroke:none;\" d=\"", end[] = "\"/>\n</symbol>";
    if (!stands_here(c, open)) return false;
    const size_t name_end = quote_after(c, c->from + sizeof open - 1);
    if (!stands_at(c, name_end, path)) return false;
    const size_t path_end = quote_after(c, name_end + sizeof path - 1);
    if (!stands_at(c, path_end, end)) return false;
    c->from += sizeof open - 1;
    put(c, "<path id=\"g");
    keep(c, name_end - c->from);
    c->from += sizeof path - 1;
    put(c, "\" d=\"");
    take_path(c);
    c->from += sizeof end - 1;
    put(c, "\"/>");
    return true;
}

void weft_svg_shorten(char *text, size_t *count)
{
    cursor c = {text, 0, 0, *count};
    while (c.from < c.end) {
        if (is_digit(c.text[c.from]))
            take_number(&c);
        else if (!keep_exact(&c) && !shorten_colour(&c) && !shorten_glyph(&c) && !replace(&c) &&
                 !shorten_path(&c))
            keep(&c, 1);
    }
    *count = c.to;
}
