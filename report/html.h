/* One HTML page in memory: text, tables and pictures, with nothing outside it (no network, no other
 * file; the script sorts tables and is not needed to read them).
 *
 * Functions add to the page in order. A failure is remembered and returned by weft_html_finish.
 * Every text is escaped; bytes that are not UTF-8 become question marks. */
#ifndef WEFT_REPORT_HTML_H
#define WEFT_REPORT_HTML_H

#include "report/figure.h"

typedef struct weft_html weft_html;

weft_status weft_html_new(const char *title, const char *subtitle, weft_html **out);
void weft_html_free(weft_html *html);

/* A section of the page, and its line in the table of contents. id: letters and dashes. */
void weft_html_section(weft_html *html, const char *id, const char *heading);
void weft_html_heading(weft_html *html, const char *text);
void weft_html_text(weft_html *html, const char *text);
void weft_html_code(weft_html *html, const char *text);

/* A name and a value. */
typedef struct weft_html_pair {
    const char *name, *value;
} weft_html_pair;

/* Few, as boxes with large values; or many, as lines of a table. */
void weft_html_facts(weft_html *html, const weft_html_pair *pair, int count);
void weft_html_pairs(weft_html *html, const char *caption, const weft_html_pair *pair, int count);

typedef struct weft_html_column {
    const char *name;
    bool number; /* aligned on the right */
} weft_html_column;

/* A table that can be sorted. cell: rows x columns texts, row by row. */
typedef struct weft_html_table {
    const char *caption;
    const weft_html_column *column;
    int columns, rows;
    const char *const *cell;
    bool folded; /* behind its caption until it is opened */
} weft_html_table;
void weft_html_add_table(weft_html *html, const weft_html_table *table);

/* How a picture is kept in the page: as lines, or as pixels where it is made of them. */
typedef enum weft_html_kind { WEFT_HTML_SVG, WEFT_HTML_PNG } weft_html_kind;

/* A figure in both themes; the reader's device chooses. alt: what it shows, for those who do not
 * see it; caption may be NULL. `kind` is what suits it: a large one takes whatever form is smaller.
 * So that pages stay below 3 MB, the pictures of a large page lose resolution, then some come in
 * the light theme alone, and those that still do not fit are left out, which the page says. */
void weft_html_figure(weft_html *html, const weft_figure *figure, weft_html_kind kind,
                      const char *alt, const char *caption);

/* The whole page; free() it. */
weft_status weft_html_finish(weft_html *html, char **bytes, size_t *count);

#endif
