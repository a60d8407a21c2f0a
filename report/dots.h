/* Curves as dots within characters: each cell of a text has 2 x 4 of them, as Braille has. */
#ifndef WEFT_REPORT_DOTS_H
#define WEFT_REPORT_DOTS_H

#include <stddef.h>
#include <stdint.h>

enum { WEFT_DOTS_WIDE = 2, WEFT_DOTS_HIGH = 4, WEFT_BRAILLE_BYTES = 3 };

/* rows x columns cells, top row first; bit i of a cell is the dot i + 1 of the Unicode block
 * "Braille Patterns": 1 2 3 7 down the left side, 4 5 6 8 down the right. Borrowed. */
typedef struct weft_dots {
    int columns, rows;
    uint8_t *cell;
} weft_dots;

/* What the edges of the cells stand for: the centres of the outermost dots. low < high. */
typedef struct weft_dots_range {
    double x_low, x_high, y_low, y_high;
} weft_dots_range;

/* The cell's index where a point lies, -1 when it is not finite or outside of the range. */
int weft_dots_cell(weft_dots dots, const weft_dots_range *range, double x, double y);

/* Set the dots on straight lines from point to point; a point that is not finite or outside of the
 * range leaves a gap. */
void weft_dots_curve(weft_dots dots, const weft_dots_range *range, const double *x, const double *y,
                     int count);

/* A cell as UTF-8 without a zero byte; always WEFT_BRAILLE_BYTES bytes. */
void weft_dots_braille(uint8_t cell, char out[WEFT_BRAILLE_BYTES]);

/* A cell as ASCII: which half of it has dots. */
char weft_dots_ascii(uint8_t cell);

#endif
