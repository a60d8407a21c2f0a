/* The cells of a confusion matrix. Private to report. */
#ifndef WEFT_REPORT_CONFUSION_CELLS_H
#define WEFT_REPORT_CONFUSION_CELLS_H

#include "report/confusion.h"

/* The colour of a share of its row, 0 to 1; series 0: hits, 1: errors. */
weft_colour weft_confusion_colour(const weft_palette *palette, int series, double share);

void weft_confusion_cells_draw(const weft_canvas *canvas, const weft_confusion_chart *data,
                               const weft_confusion_layout *layout);

#endif
