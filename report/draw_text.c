#include "report/figure.h"

#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

enum { TEXT_BYTES = 512 };

/* cairo gives the whole drawing up when a text is not UTF-8, and titles hold names from files. */
static void clean(const char *text, char out[TEXT_BYTES])
{
    size_t left = strlen(text), used = 0;
    while (left > 0) {
        const size_t bytes = weft_utf8_bytes(text, left);
        const size_t step = bytes ? bytes : 1;
        if (used + step >= TEXT_BYTES) break;
        if (bytes)
            memcpy(out + used, text, bytes);
        else
            out[used] = '?';
        used += step;
        text += step;
        left -= step;
    }
    out[used] = 0;
}

static double measure(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

/* Drop characters from the end until the rest fits with three dots behind it. */
static void shorten(cairo_t *cr, char text[TEXT_BYTES], double width)
{
    char tried[TEXT_BYTES + 4];
    size_t length = strlen(text);
    if (width <= 0 || measure(cr, text) <= width) return;
    do {
        do
            length--;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80);
        text[length] = 0;
        (void)snprintf(tried, sizeof tried, "%s...", text);
    } while (length > 0 && measure(cr, tried) > width);
    memcpy(text, tried, strlen(tried) < TEXT_BYTES ? strlen(tried) + 1 : 1);
}

static void prepare(cairo_t *cr, const weft_label *label, const char *text, char out[TEXT_BYTES])
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           label->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, label->size);
    clean(text, out);
    shorten(cr, out, label->width);
}

double weft_label_width(cairo_t *cr, const weft_label *label, const char *text)
{
    char out[TEXT_BYTES];
    prepare(cr, label, text, out);
    return measure(cr, out);
}

void weft_label_draw(cairo_t *cr, const weft_label *label, const char *text)
{
    char out[TEXT_BYTES];
    prepare(cr, label, text, out);
    const double share = label->anchor == WEFT_LEFT ? 0 : label->anchor == WEFT_CENTRE ? 0.5 : 1;
    weft_colour_set(cr, label->colour);
    cairo_save(cr);
    cairo_translate(cr, label->x, label->y);
    if (label->upright) cairo_rotate(cr, -1.5707963267948966);
    cairo_move_to(cr, -share * measure(cr, out), 0);
    cairo_show_text(cr, out);
    cairo_new_path(cr);
    cairo_restore(cr);
}

void weft_text_prepare(cairo_t *cr)
{
    cairo_font_options_t *font = cairo_font_options_create();
    cairo_font_options_set_antialias(font, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(font, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(font, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, font);
    cairo_font_options_destroy(font);
}

const char *weft_class_name(const char *const *names, int index, char text[WEFT_NUMBER_TEXT])
{
    if (names && names[index]) return names[index];
    (void)snprintf(text, WEFT_NUMBER_TEXT, "%d", index);
    return text;
}

double weft_names_width(const char *const *names, int count, double size, double most)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cr = cairo_create(surface);
    const weft_label label = {.size = size, .width = most};
    double width = 0;
    weft_text_prepare(cr);
    for (int i = 0; i < count && width < most; i++) {
        char number[WEFT_NUMBER_TEXT];
        width = fmax(width, weft_label_width(cr, &label, weft_class_name(names, i, number)));
    }
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return fmin(ceil(width), most);
}
