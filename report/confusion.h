/* A confusion matrix: for each true class, what its samples were taken for. */
#ifndef WEFT_REPORT_CONFUSION_H
#define WEFT_REPORT_CONFUSION_H

#include <stdint.h>

#include "report/figure.h"

typedef struct weft_confusion_chart {
    const char *title, *subtitle;
    const int64_t *count; /* classes x classes, the true class is the row */
    int classes;
    const char *const *names; /* UTF-8; NULL: numbers */
} weft_confusion_chart;

/* Where things lie. Cells are squares; small ones have no text, and names that would overlap are
 * left out: every step-th is there. */
typedef struct weft_confusion_layout {
    double left, top, cell;
    bool text;     /* counts and shares are written into the cells */
    int step;      /* of names */
    double names;  /* room for a name, across or upright */
    double size;   /* of the names' letters */
    double legend; /* left end of the legend */
} weft_confusion_layout;
weft_confusion_layout weft_confusion_layout_of(const weft_confusion_chart *data);

/* Hits and errors have colours of their own that grow with the square root of their share of the
 * row, so that rare errors are seen. */
weft_figure weft_confusion_figure(const weft_confusion_chart *data);

#endif
