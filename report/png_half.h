/* PNG files of half as many pixels each way. Private to report. */
#ifndef WEFT_REPORT_PNG_HALF_H
#define WEFT_REPORT_PNG_HALF_H

#include <stddef.h>

#include "core/status.h"

/* The same picture, each pixel the mean of four of `png`, which cairo has written; free() *out. */
weft_status weft_png_half(const char *png, size_t count, char **out, size_t *out_count);

#endif
