/* The names that cairo gives to parts of an SVG. Private to report. */
#ifndef WEFT_REPORT_SVG_NAMES_H
#define WEFT_REPORT_SVG_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* cairo numbers its surfaces through the life of a process and writes that number into names:
 * "surface12", which nothing refers to, and "image16". Drop the first and count the others from 0,
 * so that equal drawings are equal files. In place: the text gets no longer. False: no memory. */
bool weft_svg_rename(char *text, size_t *count);

#endif
