/* A labelled grid of images: samples, predictions, filters, feature maps, heat maps over images. */
#ifndef WEFT_REPORT_TILES_H
#define WEFT_REPORT_TILES_H

#include "report/raster.h"

/* Told by a check mark and a cross, and by colour besides. */
typedef enum weft_tile_mark { WEFT_MARK_NONE, WEFT_MARK_RIGHT, WEFT_MARK_WRONG } weft_tile_mark;

/* A picture, a matrix, or a matrix over a picture; each may be missing. Captions (UTF-8) stand
 * below, cut to the tile's width. value is short, such as "97.3 %": it ends the first caption's
 * line and is never cut. NULL: none. */
typedef struct weft_tile {
    weft_picture picture;
    weft_matrix heat;
    const char *caption, *value, *caption2;
    weft_tile_mark mark;
} weft_tile;

typedef struct weft_tiles {
    const char *title, *subtitle; /* NULL: none */
    const weft_tile *tile;
    int count;
    int columns;         /* 0: as many as fit */
    weft_colour_map map; /* of all matrices; a legend says what its colours mean */
    bool own_scales;     /* each matrix from its own lowest to its highest number, else one scale
                            for all */
} weft_tiles;

weft_figure weft_tiles_figure(const weft_tiles *tiles);

/* Where everything stands, in units of the figure. */
typedef struct weft_tiles_layout {
    int width, height; /* of the figure */
    int columns, rows;
    double left, top;      /* of the first tile */
    double step_x, step_y; /* from tile to tile */
    double side;           /* most that a picture is high or wide */
    double wide, high;     /* that the widest and the highest one are */
    int lines;             /* of captions: 0 to 2 */
    weft_box legend;       /* its bar; width 0: none */
    weft_scale scale;      /* of all matrices */
} weft_tiles_layout;

weft_tiles_layout weft_tiles_place(const weft_tiles *tiles);

/* The pixels of a tile, and line 0 or 1 of its caption. */
weft_box weft_tiles_picture(const weft_tiles *tiles, const weft_tiles_layout *layout, int index);
weft_box weft_tiles_caption(const weft_tiles_layout *layout, int index, int line);

/* The drawing, for figures that hold a grid among other things. */
void weft_tiles_draw(const weft_canvas *canvas, const weft_tiles *tiles);

#endif
