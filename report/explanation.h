/* What a network goes by, for one image: the image under its maps, and below them a grid of a scale
 * of its own, such as the feature maps of a layer. */
#ifndef WEFT_REPORT_EXPLANATION_H
#define WEFT_REPORT_EXPLANATION_H

#include "report/tiles.h"

typedef struct weft_explanation {
    weft_tiles maps;
    weft_tiles more; /* count 0: there is none */
} weft_explanation;

weft_figure weft_explanation_figure(const weft_explanation *explanation);

/* Where the lower grid begins, in units of the figure. */
double weft_explanation_more(const weft_explanation *explanation);

#endif
