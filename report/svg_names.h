/* What cairo writes into an SVG that is better otherwise. Private to report. */
#ifndef WEFT_REPORT_SVG_NAMES_H
#define WEFT_REPORT_SVG_NAMES_H

#include "report/bytes.h"

/* cairo numbers its surfaces through the life of a process and writes that number into names:
 * "surface12", which nothing refers to, and "image16". Drop the first and count the others from 0,
 * so that equal drawings are equal files; and ask viewers to enlarge images without smoothing,
 * which cairo does not. False: no memory. */
bool weft_svg_rename(const char *text, size_t count, weft_bytes *out);

#endif
