#include "report/html.h"

#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "report/bytes.h"
#include "report/html_pictures.h"
#include "report/page_files.h"

enum { PAGE_MOST = 2900000 }; /* bytes of text and pictures; 100 kB are left for the rest */

struct weft_html {
    weft_bytes head, contents, body; /* without pictures */
    weft_html_pictures pictures;
    bool in_section;
    weft_status status; /* of the first picture that could not be drawn */
};

/* ---- text ---- */

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool allowed(char c)
{
    const unsigned char byte = (unsigned char)c;
    return byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

static void put_text(weft_bytes *to, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        const size_t bytes = weft_utf8_bytes(text, left), step = bytes ? bytes : 1;
        const char *named = bytes == 1 ? entity(*text) : NULL;
        if (named)
            weft_bytes_text(to, named);
        else if (bytes == 0 || (bytes == 1 && !allowed(*text)))
            weft_bytes_text(to, "?");
        else
            weft_bytes_add(to, text, bytes);
        text += step;
        left -= step;
    }
}

/* <tag>text</tag> */
static void put_element(weft_bytes *to, const char *tag, const char *text)
{
    weft_bytes_format(to, "<%s>", tag);
    put_text(to, text);
    const size_t name = strcspn(tag, " ");
    weft_bytes_format(to, "</%.*s>", (int)name, tag);
}

static void put_line(weft_bytes *to, const char *tag, const char *text)
{
    put_element(to, tag, text);
    weft_bytes_text(to, "\n");
}

static void put_file(weft_bytes *to, const char *name)
{
    for (const weft_page_file *file = weft_page_files; file->name; file++)
        if (strcmp(file->name, name) == 0) weft_bytes_add(to, file->text, file->length);
}

/* ---- the page ---- */

weft_status weft_html_new(const char *title, const char *subtitle, weft_html **out)
{
    weft_html *html = calloc(1, sizeof *html);
    *out = html;
    if (!html) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a page");
    weft_bytes *head = &html->head;
    weft_bytes_text(head, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width, "
                          "initial-scale=1\">\n");
    put_line(head, "title", title);
    weft_bytes_text(head, "<style>\n");
    put_file(head, "page.css");
    weft_bytes_text(head, "</style>\n</head>\n<body>\n<header>\n");
    put_line(head, "h1", title);
    put_line(head, "p class=\"sub\"", subtitle);
    return WEFT_OK;
}

void weft_html_free(weft_html *html)
{
    if (!html) return;
    free(html->head.data);
    free(html->contents.data);
    free(html->body.data);
    weft_html_pictures_free(&html->pictures);
    free(html);
}

static void close_section(weft_html *html)
{
    if (html->in_section) weft_bytes_text(&html->body, "</section>\n");
    html->in_section = false;
}

void weft_html_section(weft_html *html, const char *id, const char *heading)
{
    close_section(html);
    weft_bytes_format(&html->contents, "<li><a href=\"#%s\">", id);
    put_text(&html->contents, heading);
    weft_bytes_text(&html->contents, "</a></li>\n");
    weft_bytes_format(&html->body, "<section id=\"%s\">\n", id);
    put_line(&html->body, "h2", heading);
    html->in_section = true;
}

void weft_html_heading(weft_html *html, const char *text)
{
    put_line(&html->body, "h3", text);
}

void weft_html_text(weft_html *html, const char *text)
{
    put_line(&html->body, "p", text);
}

void weft_html_code(weft_html *html, const char *text)
{
    put_line(&html->body, "pre", text);
}

void weft_html_facts(weft_html *html, const weft_html_pair *pair, int count)
{
    weft_bytes_text(&html->body, "<dl class=\"facts\">\n");
    for (int i = 0; i < count; i++) {
        weft_bytes_text(&html->body, "<div>");
        put_element(&html->body, "dt", pair[i].name);
        put_element(&html->body, "dd", pair[i].value);
        weft_bytes_text(&html->body, "</div>\n");
    }
    weft_bytes_text(&html->body, "</dl>\n");
}

/* ---- tables ---- */

/* The page itself never scrolls sideways; a table that is too wide does. */
static void open_table(weft_html *html, const char *class, const char *caption)
{
    weft_bytes_format(&html->body, "<div class=\"wide\" tabindex=\"0\"><table class=\"%s\">\n",
                      class);
    if (caption) put_line(&html->body, "caption", caption);
}

static void close_table(weft_html *html)
{
    weft_bytes_text(&html->body, "</tbody></table></div>\n");
}

void weft_html_pairs(weft_html *html, const char *caption, const weft_html_pair *pair, int count)
{
    if (count == 0) return;
    open_table(html, "pairs", caption);
    weft_bytes_text(&html->body, "<tbody>\n");
    for (int i = 0; i < count; i++) {
        weft_bytes_text(&html->body, "<tr>");
        put_element(&html->body, "th scope=\"row\"", pair[i].name);
        put_element(&html->body, "td", pair[i].value);
        weft_bytes_text(&html->body, "</tr>\n");
    }
    close_table(html);
}

static void put_cells(weft_html *html, const weft_html_table *table, int row)
{
    for (int i = 0; i < table->columns; i++)
        put_element(&html->body, table->column[i].number ? "td class=\"number\"" : "td",
                    table->cell[(size_t)row * (size_t)table->columns + (size_t)i]);
}

static void put_rows(weft_html *html, const weft_html_table *table)
{
    weft_bytes_text(&html->body, "<thead><tr>");
    for (int i = 0; i < table->columns; i++)
        put_element(&html->body,
                    table->column[i].number ? "th scope=\"col\" class=\"number\""
                                            : "th scope=\"col\"",
                    table->column[i].name);
    weft_bytes_text(&html->body, "</tr></thead>\n<tbody>\n");
    for (int row = 0; row < table->rows; row++) {
        weft_bytes_text(&html->body, "<tr>");
        put_cells(html, table, row);
        weft_bytes_text(&html->body, "</tr>\n");
    }
}

void weft_html_add_table(weft_html *html, const weft_html_table *table)
{
    if (table->rows == 0) return;
    if (table->folded) {
        weft_bytes_text(&html->body, "<details>");
        put_line(&html->body, "summary", table->caption);
    }
    open_table(html, "sortable", table->folded ? NULL : table->caption);
    put_rows(html, table);
    close_table(html);
    if (table->folded) weft_bytes_text(&html->body, "</details>\n");
}

/* ---- pictures ---- */

void weft_html_figure(weft_html *html, const weft_figure *figure, weft_html_kind kind,
                      const char *alt, const char *caption)
{
    weft_bytes text = {0};
    if (html->status != WEFT_OK) return;
    put_text(&text, alt);
    html->body.failed = html->body.failed || text.failed;
    weft_bytes_text(&html->body, "<figure>");
    html->status = weft_html_pictures_add(&html->pictures, figure, kind, html->body.count, text);
    if (caption) put_element(&html->body, "figcaption", caption);
    weft_bytes_text(&html->body, "</figure>\n");
}

/* The body with its pictures. */
static weft_status put_body(weft_html *html, weft_bytes *page)
{
    const weft_bytes *body = &html->body;
    size_t done = 0;
    const size_t room = body->count < PAGE_MOST ? PAGE_MOST - body->count : 0;
    WEFT_TRY(weft_html_pictures_fit(&html->pictures, room));
    for (int i = 0; i < html->pictures.count; i++) {
        const weft_html_picture *picture = &html->pictures.picture[i];
        weft_bytes_add(page, body->data + done, picture->at - done);
        weft_html_picture_put(picture, page);
        done = picture->at;
    }
    weft_bytes_add(page, body->data + done, body->count - done);
    return WEFT_OK;
}

/* ---- the end ---- */

weft_status weft_html_finish(weft_html *html, char **bytes, size_t *count)
{
    weft_bytes page = html->head;
    html->head = (weft_bytes){0};
    *bytes = NULL;
    *count = 0;
    close_section(html);
    weft_bytes_text(&page, "<nav aria-label=\"Contents\"><ul>\n");
    weft_bytes_add(&page, html->contents.data, html->contents.count);
    weft_bytes_text(&page, "</ul></nav>\n</header>\n<main>\n");
    if (!html->body.failed && html->status == WEFT_OK) html->status = put_body(html, &page);
    weft_bytes_text(&page, "</main>\n<script>\n");
    put_file(&page, "page.js");
    weft_bytes_text(&page, "</script>\n</body>\n</html>\n");
    weft_status status = html->status;
    if (page.failed || html->contents.failed || html->body.failed)
        status = weft_fail(WEFT_ERR_MEMORY, "out of memory for a page");
    if (status == WEFT_OK) {
        *bytes = page.data;
        *count = page.count;
    } else {
        free(page.data);
    }
    return status;
}
