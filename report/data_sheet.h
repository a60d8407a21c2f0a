/* A data set before training: samples of every class with their counts, or many of one class, and
 * one sample under draws of the augmentation. */
#ifndef WEFT_REPORT_DATA_SHEET_H
#define WEFT_REPORT_DATA_SHEET_H

#include "report/tiles.h"

typedef struct weft_data_class {
    const char *name; /* UTF-8 */
    int64_t count;
} weft_data_class;

typedef struct weft_data_sheet {
    const char *title, *subtitle;
    const char *note;             /* a second line below: mean and deviation; NULL: none */
    const weft_data_class *class; /* a row each; may be hundreds */
    int classes;
    const weft_picture *sample; /* classes x per_class, row by row; without pixels: there is none */
    int per_class;              /* drawn as far as there is room */
    weft_tiles grid;            /* samples of one class; count 0: none */
    weft_tiles draws;           /* of one sample, with a title of its own; count 0: none */
} weft_data_sheet;

weft_figure weft_data_sheet_figure(const weft_data_sheet *sheet);

/* Where everything stands, in units of the figure. */
typedef struct weft_data_layout {
    int width, height;
    int blocks, rows; /* classes stand in so many columns of so many rows */
    double top;       /* of the first row */
    double step_x, step_y;
    double name, thumb, bar; /* widths: of a name, of a sample's square, of the longest bar */
    int thumbs;              /* samples of a class */
    double grid_top, draws_top;
    int64_t most; /* the largest count */
} weft_data_layout;

weft_data_layout weft_data_place(const weft_data_sheet *sheet);

/* The places of a class's name, of one of its samples and of the bar of its count, behind which
 * the number stands. */
weft_box weft_data_name(const weft_data_layout *layout, int class);
weft_box weft_data_thumb(const weft_data_layout *layout, int class, int sample);
weft_box weft_data_bar(const weft_data_sheet *sheet, const weft_data_layout *layout, int class);

#endif
