/* The pictures of a page, until it is known how much room each may take. Private to report. */
#ifndef WEFT_REPORT_HTML_PICTURES_H
#define WEFT_REPORT_HTML_PICTURES_H

#include "report/bytes.h"
#include "report/html.h"

/* A drawing as bytes of a file; NULL: there is none. */
typedef struct weft_html_file {
    weft_html_kind kind;
    int scale; /* of pixels: how many per unit and way */
    char *bytes;
    size_t count;
} weft_html_file;

/* A figure in the light and the dark theme. */
typedef struct weft_html_picture {
    size_t at; /* where in the text of the page it belongs */
    int width, height;
    weft_bytes alt; /* escaped */
    weft_html_file shown[2];
} weft_html_picture;

/* All zero to begin with; weft_html_pictures_free() it. */
typedef struct weft_html_pictures {
    weft_html_picture *picture;
    int count, room;
} weft_html_pictures;

/* Draw a figure behind the others. `alt` belongs to the pictures from here on. Beyond 150 KB a
 * drawing takes the smallest of its forms: lines, four pixels per unit, or one. */
weft_status weft_html_pictures_add(weft_html_pictures *all, const weft_figure *figure,
                                   weft_html_kind kind, size_t at, weft_bytes alt);

/* Make all of them fit into so many bytes of a page: pictures lose pixels, then the dark theme,
 * then are left out, each time the largest first. */
weft_status weft_html_pictures_fit(weft_html_pictures *all, size_t most);

/* One in a box of its own, which scrolls sideways where the page is too narrow to read it; or a
 * sentence in its place. */
void weft_html_picture_put(const weft_html_picture *picture, weft_bytes *to);

void weft_html_pictures_free(weft_html_pictures *all);

#endif
