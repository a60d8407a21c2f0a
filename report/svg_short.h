/* Smaller SVG files. Private to report. */
#ifndef WEFT_REPORT_SVG_SHORT_H
#define WEFT_REPORT_SVG_SHORT_H

#include <stddef.h>

/* Shorten what cairo wrote, in place: numbers to hundredths of a unit (those of transforms stay as
 * they are), paths without the spaces that are not needed, colours to steps of 1/255, letters
 * without the symbol around them, no word of what is the default anyway. The picture stays the same
 * to the eye. */
void weft_svg_shorten(char *text, size_t *count);

#endif
