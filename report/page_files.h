/* Style and script of a page, report/page.css and report/page.js, embedded by scripts/embed.cmake.
 */
#ifndef WEFT_REPORT_PAGE_FILES_H
#define WEFT_REPORT_PAGE_FILES_H

#include <stddef.h>

typedef struct weft_page_file {
    const char *name; /* NULL ends the table */
    const unsigned char *text;
    size_t length;
} weft_page_file;

extern const weft_page_file weft_page_files[];

#endif
