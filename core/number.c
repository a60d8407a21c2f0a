#include "core/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARSE_MAX = 256, NAME_MAX_BYTES = 48 };

/* The locale's decimal point may be any bytes; whatever is not part of a number elsewhere is it. */
static void make_point(char *text)
{
    static const char plain[] = "0123456789+-e";
    const size_t head = strspn(text, plain);
    if (!text[head]) return;
    const size_t point = strcspn(text + head, plain);
    text[head] = '.';
    memmove(text + head + 1, text + head + point, strlen(text + head + point) + 1);
}

const char *weft_format(double value, int digits, char text[WEFT_NUMBER_TEXT])
{
    const char *word = isnan(value) ? "nan" : !isinf(value) ? NULL : value > 0 ? "inf" : "-inf";
    if (word) {
        snprintf(text, WEFT_NUMBER_TEXT, "%s", word);
        return text;
    }
    const int shown = digits < 1 ? 1 : digits > 17 ? 17 : digits;
    snprintf(text, WEFT_NUMBER_TEXT, "%.*g", shown, value);
    make_point(text);
    return text;
}

/* "-0.00" would say more than the digits do. */
static void drop_sign_of_zero(char *text)
{
    if (*text == '-' && !strpbrk(text, "123456789")) memmove(text, text + 1, strlen(text));
}

const char *weft_fixed(double value, int decimals, char text[WEFT_NUMBER_TEXT])
{
    if (isnan(value)) {
        snprintf(text, WEFT_NUMBER_TEXT, "-");
        return text;
    }
    if (decimals > 9 || fabs(value) >= 1e9) return weft_format(value, 6, text);
    snprintf(text, WEFT_NUMBER_TEXT, "%.*f", decimals, value);
    make_point(text);
    drop_sign_of_zero(text);
    return text;
}

/* Skip digits of the base and count them. */
static const char *skip_digits(const char *at, bool hex, int *count)
{
    while (hex ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at)) {
        at++;
        (*count)++;
    }
    return at;
}

/* Whether text is [+-] digits [. digits] [e [+-] digits], or the same in hex ("0x1.8p+3"). *point
 * is where the point stands, or NULL. strtod alone would accept spaces, "nan" and the locale's
 * point. */
static bool is_number(const char *text, const char **point)
{
    int digits = 0, exponent = 0;
    const char *at = text + (*text == '+' || *text == '-');
    const bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    *point = NULL;

    at = skip_digits(hex ? at + 2 : at, hex, &digits);
    if (*at == '.') {
        *point = at;
        at = skip_digits(at + 1, hex, &digits);
    }
    if (digits == 0) return false;
    if (tolower((unsigned char)*at) != (hex ? 'p' : 'e')) return *at == '\0';
    at++;
    at = skip_digits(at + (*at == '+' || *at == '-'), false, &exponent);
    return exponent > 0 && *at == '\0';
}

bool weft_parse_double(const char *text, double *out)
{
    char local[PARSE_MAX + 32], half[16];
    const char *point;
    char *end;
    if (strlen(text) > PARSE_MAX || !is_number(text, &point)) return false;

    /* strtod wants the locale's point, which printing one half shows without asking the locale. */
    snprintf(half, sizeof half, "%.1f", 0.5);
    const int locale_point = (int)strcspn(half + 1, "5");
    const int head = point ? (int)(point - text) : (int)strlen(text);
    snprintf(local, sizeof local, "%.*s%.*s%s", head, text, point ? locale_point : 0, half + 1,
             point ? point + 1 : "");
    *out = strtod(local, &end);
    return *end == '\0' && isfinite(*out);
}

bool weft_parse_int(const char *text, int64_t *out)
{
    const bool negative = *text == '-';
    const char *at = text + (*text == '+' || *text == '-');
    int64_t value = 0;
    if (!*at) return false;

    for (; *at; at++) {
        if (!isdigit((unsigned char)*at)) return false;
        const int digit = *at - '0';
        if (value < (INT64_MIN + digit) / 10) return false;
        value = value * 10 - digit; /* counted downwards: INT64_MIN has no positive twin */
    }
    if (!negative && value == INT64_MIN) return false;
    *out = negative ? value : -value;
    return true;
}

static int smallest(int a, int b, int c)
{
    const int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance without regard to case; both texts have at most NAME_MAX_BYTES bytes. */
static int distance(const char *a, const char *b)
{
    int row[NAME_MAX_BYTES + 1];
    const int length = (int)strlen(b);
    for (int j = 0; j <= length; j++)
        row[j] = j;

    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= length; j++) {
            const bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            const int above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[length];
}

const char *weft_nearest(const char *text, const char *const *names)
{
    const char *nearest = NULL;
    const size_t length = strlen(text);
    if (length == 0 || length > NAME_MAX_BYTES) return NULL;

    int limit = (int)length / 3 + 1; /* a third of the letters may be wrong */
    if (limit > (int)length - 1) limit = (int)length - 1;
    for (; *names; names++) {
        if (strlen(*names) > NAME_MAX_BYTES) continue;
        const int d = distance(text, *names);
        if (d > limit) continue;
        nearest = *names;
        limit = d - 1;
    }
    return nearest;
}
