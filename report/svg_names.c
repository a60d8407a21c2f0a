#include "report/svg_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Text that is read and written again further ahead in the same place. */
typedef struct cursor {
    char *text;
    size_t from, to, end;
} cursor;

static bool stands_here(const cursor *c, const char *mark)
{
    const size_t length = strlen(mark);
    return c->end - c->from >= length && memcmp(c->text + c->from, mark, length) == 0;
}

static void keep(cursor *c, size_t count)
{
    memmove(c->text + c->to, c->text + c->from, count);
    c->from += count;
    c->to += count;
}

static uint64_t take_number(cursor *c)
{
    uint64_t number = 0;
    for (; c->from < c->end && c->text[c->from] >= '0' && c->text[c->from] <= '9'; c->from++)
        number = 10 * number + (uint64_t)(c->text[c->from] - '0');
    return number;
}

static void put_number(cursor *c, size_t number)
{
    char digits[24];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        c->text[c->to++] = digits[--count];
}

/* The place of a number among those seen, which it joins. */
static size_t place_of(uint64_t number, uint64_t *seen, size_t *count)
{
    size_t i = *count;
    while (i > 0 && seen[i - 1] != number)
        i--;
    if (i > 0) return i - 1;
    seen[*count] = number;
    return (*count)++;
}

static const char image_name[] = "\"image", image_link[] = "\"#image", surface[] = " id=\"surface";

static size_t count_names(char *text, size_t count)
{
    cursor c = {text, 0, 0, count};
    size_t names = 0;
    for (; c.from < count; c.from++)
        names += stands_here(&c, image_name) || stands_here(&c, image_link);
    return names;
}

bool weft_svg_rename(char *text, size_t *count)
{
    cursor c = {text, 0, 0, *count};
    size_t seen_count = 0;
    uint64_t *seen = calloc(count_names(text, *count) + 1, sizeof *seen);
    if (!seen) return false;
    while (c.from < c.end) {
        const bool name = stands_here(&c, image_name), link = stands_here(&c, image_link);
        if (name || link) {
            keep(&c, name ? sizeof image_name - 1 : sizeof image_link - 1);
            put_number(&c, place_of(take_number(&c), seen, &seen_count));
        } else if (stands_here(&c, surface)) {
            c.from += sizeof surface - 1;
            (void)take_number(&c);
            c.from += c.from < c.end; /* the closing quote */
        } else {
            keep(&c, 1);
        }
    }
    *count = c.to;
    free(seen);
    return true;
}
