/* What is asked of every figure: texts inside the picture that do not overlap, a free border, the
 * same bytes again, no text that needs a font. */
#ifndef WEFT_TESTS_CHART_LOOK_H
#define WEFT_TESTS_CHART_LOOK_H

#include "report/figure.h"

/* A text that was drawn and the rectangle that its letters may fill. */
typedef struct chart_text {
    double left, top, right, bottom;
    weft_colour colour;
    char text[128]; /* as it was given, not as it was cut */
} chart_text;

/* The texts of the drawing that was made last. */
extern chart_text chart_texts[8192];
extern int chart_text_count;

/* Draw in both themes and fail the test unless the figure is as above. */
void chart_look(const weft_figure *figure);

/* The text that was drawn last with these words; NULL: it was not drawn. */
const chart_text *chart_find(const char *text);

#endif
