#include "backends/opencl/tuning.h"

#include <ctype.h>
#include <string.h>

#include "backends/opencl/tuned.h"

enum { DIGITS_MAX = 6 }; /* of a setting, as those have that the tuner stores */

/* A stretch of the table, without blanks at its ends. */
typedef struct part {
    const char *at;
    size_t length;
} part;

/* Cut off and return what stands before the first `end`; all of it when there is none. */
static part cut(part *rest, char end)
{
    const char *found = rest->length > 0 ? memchr(rest->at, end, rest->length) : NULL;
    part head = {rest->at, found ? (size_t)(found - rest->at) : rest->length};
    const size_t taken = head.length + (found ? 1 : 0);
    *rest = (part){rest->at + taken, rest->length - taken};

    while (head.length > 0 && isspace((unsigned char)head.at[0]))
        head = (part){head.at + 1, head.length - 1};
    while (head.length > 0 && isspace((unsigned char)head.at[head.length - 1]))
        head.length--;
    return head;
}

static bool is(part p, const char *text)
{
    return p.length == strlen(text) && memcmp(p.at, text, p.length) == 0;
}

static bool begins(const char *text, part p)
{
    size_t i = 0;
    while (i < p.length && text[i] &&
           tolower((unsigned char)text[i]) == tolower((unsigned char)p.at[i]))
        i++;
    return i == p.length;
}

static bool within(part p, const char *text)
{
    for (; *text; text++) {
        if (begins(text, p)) return true;
    }
    return false;
}

/* How well a row's pattern fits the device; 0: not at all. */
static int rank_of(part pattern, const char *device, const char *platform)
{
    if (pattern.length == 0) return 0;
    if (is(pattern, "*")) return 1;
    if (within(pattern, device)) return 3;
    return within(pattern, platform) ? 2 : 0;
}

/* The number after NAME= in a list of settings. One of too many digits is none. */
static bool setting(part list, const char *macro, int32_t *out)
{
    while (list.length > 0) {
        part value = cut(&list, ' ');
        if (!is(cut(&value, '='), macro)) continue;
        int32_t number = 0;
        if (value.length > DIGITS_MAX) return false;
        for (size_t i = 0; i < value.length && isdigit((unsigned char)value.at[i]); i++)
            number = 10 * number + (value.at[i] - '0');
        *out = number;
        return value.length > 0;
    }
    return false;
}

int32_t cl_tuned_in(const char *text, size_t length, const char *device, const char *platform,
                    const char *kernel, const char *macro, int32_t otherwise)
{
    int32_t best = otherwise;
    int best_rank = 0;
    part rest = {text, length};
    while (rest.length > 0) {
        part line = cut(&rest, '\n');
        if (!is(cut(&line, '|'), kernel)) continue;
        const int rank = rank_of(cut(&line, '|'), device, platform);
        if (rank > best_rank && setting(line, macro, &best)) best_rank = rank;
    }
    return best;
}

int32_t cl_tuned(const cl_device *device, const char *kernel, const char *macro, int32_t otherwise)
{
    size_t length = 0;
    const char *text = cl_source_find("tuning.txt", &length);
    if (!text) return otherwise;
    return cl_tuned_in(text, length, device->info.name, device->info.platform, kernel, macro,
                       otherwise);
}

bool cl_row_fits(const char *pattern, const cl_device *device)
{
    return rank_of((part){pattern, strlen(pattern)}, device->info.name, device->info.platform) > 0;
}

/* What applies is decided once per call of supports and prepare, which hand it over as tried. */
const char *cl_settings(const cl_device *device, const weft_op *op, const char *choice)
{
    (void)op;
    const char *tried = cl_choice_tried(device->choices);
    if (choice) return choice;
    return tried && *tried ? tried : NULL;
}

int32_t cl_setting(const char *settings, const char *macro, int32_t otherwise)
{
    if (settings) setting((part){settings, strlen(settings)}, macro, &otherwise);
    return otherwise;
}
