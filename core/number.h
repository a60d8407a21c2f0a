/* Numbers to and from text without regard to the locale. */
#ifndef WEFT_CORE_NUMBER_H
#define WEFT_CORE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/export.h"

enum { WEFT_NUMBER_TEXT = 32 };

/* "%.*g" with a point, whatever the locale. NaN becomes "nan", infinities "inf" and "-inf". */
WEFT_API const char *weft_format(double value, int digits, char text[WEFT_NUMBER_TEXT]);

/* For people: "%.*f" with a point, whatever the locale, no sign before zeros, "-" for NaN; six
 * digits of what is too long for it, from 1e9 on. */
WEFT_API const char *weft_fixed(double value, int decimals, char text[WEFT_NUMBER_TEXT]);

/* Whole text as a number; false when it is not one or out of range. parse_double takes decimals
 * ("1e-3") and hex ("0x1.8p+3"), always with a point, and neither "nan" nor "inf". Writing with 17
 * digits and reading gives the same double. */
WEFT_API bool weft_parse_double(const char *text, double *out);
WEFT_API bool weft_parse_int(const char *text, int64_t *out);

/* The name in names (NULL-ended) nearest to text by edit distance, NULL when none is near. */
WEFT_API const char *weft_nearest(const char *text, const char *const *names);

#endif
