#include "report/svg_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Text that is copied up to `at` but for what is left out. */
typedef struct reader {
    const char *text;
    size_t copied, at, end;
    uint64_t *seen; /* numbers of images, in the order in which they come up */
    size_t seen_count;
} reader;

static bool stands_here(const reader *r, const char *mark)
{
    const size_t length = strlen(mark);
    return r->end - r->at >= length && memcmp(r->text + r->at, mark, length) == 0;
}

static void copy(reader *r, weft_bytes *out)
{
    (void)weft_bytes_add(out, r->text + r->copied, r->at - r->copied);
    r->copied = r->at;
}

/* Leave out a number and the quote behind it. */
static uint64_t skip_number(reader *r)
{
    uint64_t number = 0;
    for (; r->at < r->end && r->text[r->at] >= '0' && r->text[r->at] <= '9'; r->at++)
        number = 10 * number + (uint64_t)(r->text[r->at] - '0');
    r->at += r->at < r->end;
    r->copied = r->at;
    return number;
}

/* The place of a number among those seen, which it joins. */
static size_t place_of(reader *r, uint64_t number)
{
    size_t i = r->seen_count;
    while (i > 0 && r->seen[i - 1] != number)
        i--;
    if (i > 0) return i - 1;
    r->seen[r->seen_count] = number;
    return r->seen_count++;
}

static const char image_name[] = "\"image", image_link[] = "\"#image", surface[] = " id=\"surface";

static size_t count_names(reader r)
{
    size_t names = 0;
    for (; r.at < r.end; r.at++)
        names += stands_here(&r, image_name) || stands_here(&r, image_link);
    return names;
}

static void rename_all(reader *r, weft_bytes *out)
{
    while (r->at < r->end) {
        const bool name = stands_here(r, image_name), link = stands_here(r, image_link);
        if (name || link) {
            r->at += name ? sizeof image_name - 1 : sizeof image_link - 1;
            copy(r, out);
            (void)weft_bytes_format(out, "%zu\"%s", place_of(r, skip_number(r)),
                                    name ? " image-rendering=\"pixelated\"" : "");
        } else if (stands_here(r, surface)) {
            copy(r, out);
            r->at += sizeof surface - 1;
            (void)skip_number(r);
        } else {
            r->at++;
        }
    }
    copy(r, out);
}

bool weft_svg_rename(const char *text, size_t count, weft_bytes *out)
{
    reader r = {.text = text, .end = count};
    r.seen = calloc(count_names(r) + 1, sizeof *r.seen);
    if (!r.seen) return false;
    rename_all(&r, out);
    free(r.seen);
    return !out->failed;
}
