/* Pixels and numbers drawn as squares with sharp edges. Private to report. */
#ifndef WEFT_REPORT_RASTER_H
#define WEFT_REPORT_RASTER_H

#include "report/colour_map.h"
#include "report/figure.h"

/* A rectangle of a figure. */
typedef struct weft_box {
    double left, top, width, height;
} weft_box;

/* What is shown in one place: a picture, a matrix in the colours of a map, or a matrix laid over a
 * picture, whose size it is stretched to. */
typedef struct weft_raster {
    weft_picture picture;
    weft_matrix heat;
    weft_colour_map map;
    weft_scale scale; /* fitted */
} weft_raster;

/* Pixels of what is shown; 0 when there is nothing. */
int weft_raster_width(const weft_raster *raster);
int weft_raster_height(const weft_raster *raster);

/* The largest rectangle of the raster's aspect that lies in the middle of a square: pixels become
 * whole numbers of units wide when they fit, else they are made smaller. */
weft_box weft_raster_fit(const weft_raster *raster, double left, double top, double side);

/* Draw an image of width x height pixels into a box: enlarged with sharp edges, or made smaller. A
 * surface that could not be made hands its failure to cr. */
void weft_surface_draw(cairo_t *cr, cairo_surface_t *surface, int width, int height, weft_box box);

/* Numbers that are missing become a chequered pattern that is in no map. */
void weft_raster_draw(const weft_canvas *canvas, const weft_raster *raster, weft_box box);

/* That pattern as it stands in a legend. */
void weft_raster_missing(const weft_canvas *canvas, weft_box box);

#endif
