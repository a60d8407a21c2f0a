#include "report/html_pictures.h"

#include <stdlib.h>

#include "report/png_half.h"

enum { FILE_MOST = 150000 /* bytes */, PNG_SCALE = 2 };

/* Small text of a figure, in its units, and what of it can be read, in CSS pixels. */
enum { SMALL_TEXT = 11, READABLE = 8 };

/* ---- drawing ---- */

static void release(weft_html_file *file)
{
    free(file->bytes);
    *file = (weft_html_file){.bytes = NULL};
}

static weft_status draw_png(const weft_figure *figure, weft_theme theme, int scale,
                            weft_html_file *out)
{
    out->kind = WEFT_HTML_PNG;
    out->scale = scale;
    return weft_figure_png(figure, theme, scale, &out->bytes, &out->count);
}

static weft_status draw(const weft_figure *figure, weft_theme theme, weft_html_kind kind,
                        weft_html_file *out)
{
    if (kind == WEFT_HTML_PNG) return draw_png(figure, theme, PNG_SCALE, out);
    out->kind = WEFT_HTML_SVG;
    return weft_figure_svg(figure, theme, &out->bytes, &out->count);
}

/* Draw with so many pixels, and keep the smaller one of both. */
static weft_status try_png(const weft_figure *figure, weft_theme theme, int scale,
                           weft_html_file *kept)
{
    weft_html_file other = {.bytes = NULL};
    WEFT_TRY(draw_png(figure, theme, scale, &other));
    if (other.count < kept->count) {
        const weft_html_file larger = *kept;
        *kept = other;
        other = larger;
    }
    release(&other);
    return WEFT_OK;
}

static weft_status draw_shown(const weft_figure *figure, weft_theme theme, weft_html_kind kind,
                              weft_html_file *out)
{
    WEFT_TRY(draw(figure, theme, kind, out));
    for (int scale = PNG_SCALE; scale > 0 && out->count > FILE_MOST; scale--)
        WEFT_TRY(try_png(figure, theme, scale, out));
    return WEFT_OK;
}

/* ---- what each takes ---- */

static size_t encoded(const weft_html_file *file)
{
    return (file->count + 2) / 3 * 4;
}

static size_t total(const weft_html_pictures *all)
{
    size_t sum = 0;
    for (int i = 0; i < all->count; i++)
        sum += encoded(&all->picture[i].shown[WEFT_LIGHT]) +
               encoded(&all->picture[i].shown[WEFT_DARK]);
    return sum;
}

/* ---- adding ---- */

static bool grow(weft_html_pictures *all)
{
    if (all->count < all->room) return true;
    const int room = 2 * all->room + 16;
    weft_html_picture *more = realloc(all->picture, (size_t)room * sizeof *more);
    if (!more) return false;
    all->picture = more;
    all->room = room;
    return true;
}

weft_status weft_html_pictures_add(weft_html_pictures *all, const weft_figure *figure,
                                   weft_html_kind kind, size_t at, weft_bytes alt)
{
    if (!grow(all)) {
        free(alt.data);
        return weft_fail(WEFT_ERR_MEMORY, "out of memory for the pictures of a page");
    }
    weft_html_picture *p = &all->picture[all->count++];
    *p =
        (weft_html_picture){.at = at, .width = figure->width, .height = figure->height, .alt = alt};
    for (int theme = WEFT_LIGHT; theme <= WEFT_DARK; theme++)
        WEFT_TRY(draw_shown(figure, (weft_theme)theme, kind, &p->shown[theme]));
    return WEFT_OK;
}

void weft_html_pictures_free(weft_html_pictures *all)
{
    for (int i = 0; i < all->count; i++) {
        weft_html_picture *p = &all->picture[i];
        for (int theme = WEFT_LIGHT; theme <= WEFT_DARK; theme++)
            release(&p->shown[theme]);
        free(p->alt.data);
    }
    free(all->picture);
}

/* ---- making room ---- */

static bool is_dense(const weft_html_file *file)
{
    return file->kind == WEFT_HTML_PNG && file->scale > 1;
}

/* What there is to be made less of, in bytes of the page: pixels, the dark theme, all. */
static size_t dense_bytes(const weft_html_picture *p)
{
    size_t sum = 0;
    for (int theme = WEFT_LIGHT; theme <= WEFT_DARK; theme++)
        if (is_dense(&p->shown[theme])) sum += encoded(&p->shown[theme]);
    return sum;
}

static weft_status thin_out(weft_html_picture *p)
{
    for (int theme = WEFT_LIGHT; theme <= WEFT_DARK; theme++) {
        weft_html_file *file = &p->shown[theme], half = {.kind = WEFT_HTML_PNG, .scale = 1};
        if (!is_dense(file)) continue;
        WEFT_TRY(weft_png_half(file->bytes, file->count, &half.bytes, &half.count));
        release(file);
        *file = half;
    }
    return WEFT_OK;
}

static size_t dark_bytes(const weft_html_picture *p)
{
    return encoded(&p->shown[WEFT_DARK]);
}

static weft_status drop_dark(weft_html_picture *p)
{
    release(&p->shown[WEFT_DARK]);
    return WEFT_OK;
}

static size_t light_bytes(const weft_html_picture *p)
{
    return encoded(&p->shown[WEFT_LIGHT]);
}

static weft_status drop_light(weft_html_picture *p)
{
    release(&p->shown[WEFT_LIGHT]);
    return WEFT_OK;
}

/* The picture with the most bytes of a sort; NULL: none has any. */
static weft_html_picture *largest(const weft_html_pictures *all,
                                  size_t (*bytes)(const weft_html_picture *))
{
    weft_html_picture *found = NULL;
    size_t most = 0;
    for (int i = 0; i < all->count; i++) {
        if (bytes(&all->picture[i]) <= most) continue;
        found = &all->picture[i];
        most = bytes(found);
    }
    return found;
}

weft_status weft_html_pictures_fit(weft_html_pictures *all, size_t most)
{
    static const struct {
        size_t (*bytes)(const weft_html_picture *);
        weft_status (*reduce)(weft_html_picture *);
    } ways[] = {{dense_bytes, thin_out}, {dark_bytes, drop_dark}, {light_bytes, drop_light}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        weft_html_picture *p;
        while (total(all) > most && (p = largest(all, ways[i].bytes)))
            WEFT_TRY(ways[i].reduce(p));
    }
    return WEFT_OK;
}

/* ---- on the page ---- */

/* "data:image/png;base64,..." */
static void put_data(weft_bytes *to, const weft_html_file *file)
{
    weft_bytes_format(to, "\"data:image/%s;base64,",
                      file->kind == WEFT_HTML_SVG ? "svg+xml" : "png");
    weft_bytes_base64(to, file->bytes, file->count);
    weft_bytes_text(to, "\"");
}

/* On paper the light one is used, whatever the screen shows. */
static void put_dark(weft_bytes *to, const weft_html_file *dark)
{
    weft_bytes_text(to, "<source media=\"screen and (prefers-color-scheme: dark)\" srcset=");
    put_data(to, dark);
    weft_bytes_text(to, ">");
}

/* CSS pixels; on a narrow screen the picture scrolls in its box. */
static int least_width(const weft_html_picture *p)
{
    return (p->width * READABLE + SMALL_TEXT - 1) / SMALL_TEXT;
}

void weft_html_picture_put(const weft_html_picture *p, weft_bytes *to)
{
    if (!p->shown[WEFT_LIGHT].bytes) {
        weft_bytes_text(to, "<p>A picture was left out, or the page would be too large to send: ");
        weft_bytes_add(to, p->alt.data, p->alt.count);
        weft_bytes_text(to, "</p>");
        return;
    }
    weft_bytes_text(to, "<div class=\"wide\" tabindex=\"0\"><picture>");
    if (p->shown[WEFT_DARK].bytes) put_dark(to, &p->shown[WEFT_DARK]);
    weft_bytes_text(to, "<img src=");
    put_data(to, &p->shown[WEFT_LIGHT]);
    weft_bytes_format(to, " width=\"%d\" height=\"%d\" style=\"min-width:%dpx\" alt=\"", p->width,
                      p->height, least_width(p));
    weft_bytes_add(to, p->alt.data, p->alt.count);
    weft_bytes_text(to, "\"></picture></div>");
}
