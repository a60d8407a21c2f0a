/* Numbers as colours that people with any kind of colour blindness can put in order: lightness
 * alone tells which of two numbers is larger. */
#ifndef WEFT_REPORT_COLOUR_MAP_H
#define WEFT_REPORT_COLOUR_MAP_H

#include <stdbool.h>

#include "report/picture.h"

typedef enum weft_colour_map {
    WEFT_MAP_GREY,       /* black to white */
    WEFT_MAP_SEQUENTIAL, /* viridis (van der Walt and Smith 2015): dark violet to yellow */
    WEFT_MAP_DIVERGING   /* blue, white, red: zero in the middle, alike in lightness */
} weft_colour_map;

typedef struct weft_rgb {
    uint8_t red, green, blue;
} weft_rgb;

/* The colour at a share of the way from the map's low end to its high one; outside of 0 to 1 that
 * of the nearer end. */
weft_rgb weft_colour_map_at(weft_colour_map map, double share);

/* The numbers at both ends of a map, and whether any number is missing. */
typedef struct weft_scale {
    double low, high; /* low > high: no number was seen */
    bool missing;
} weft_scale;

/* A scale that has seen nothing, and one that has seen the numbers of a matrix too. */
weft_scale weft_scale_empty(void);
void weft_scale_add(weft_scale *scale, const weft_matrix *matrix);

/* The ends that a map is drawn with: zero is the low end when nothing lies below it and the middle
 * of a diverging map; equal ends are moved apart. */
weft_scale weft_scale_fit(weft_scale seen, weft_colour_map map);

/* Where a number lies between the ends of a fitted scale. */
static inline double weft_scale_share(const weft_scale *scale, double value)
{
    return (value - scale->low) / (scale->high - scale->low);
}

#endif
