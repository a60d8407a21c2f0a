#include "tests/chart_look.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/drawn_figure.h"

enum { BORDER = 3 };

chart_text chart_texts[8192];
int chart_text_count;

/* Every text of a figure comes by here: the linker puts this before weft_label_draw. */
void __real_weft_label_draw(cairo_t *cr, const weft_label *label, const char *text);
void __wrap_weft_label_draw(cairo_t *cr, const weft_label *label, const char *text);

static void include(chart_text *t, cairo_t *cr, double x, double y)
{
    cairo_user_to_device(cr, &x, &y);
    t->left = fmin(t->left, x);
    t->top = fmin(t->top, y);
    t->right = fmax(t->right, x);
    t->bottom = fmax(t->bottom, y);
}

void __wrap_weft_label_draw(cairo_t *cr, const weft_label *label, const char *text)
{
    const double width = weft_label_width(cr, label, text);
    const double share = label->anchor == WEFT_LEFT ? 0 : label->anchor == WEFT_CENTRE ? 0.5 : 1;
    const double start = -share * width, up = -0.74 * label->size, down = 0.2 * label->size;
    chart_text t = {INFINITY, INFINITY, -INFINITY, -INFINITY, label->colour, ""};
    for (int corner = 0; corner < 4; corner++) {
        const double along = corner % 2 ? start + width : start, across = corner / 2 ? up : down;
        if (label->upright)
            include(&t, cr, label->x + across, label->y - along);
        else
            include(&t, cr, label->x + along, label->y + across);
    }
    (void)snprintf(t.text, sizeof t.text, "%s", text);
    if (chart_text_count == sizeof chart_texts / sizeof *chart_texts) ck_abort_msg("many texts");
    if (width > 0) chart_texts[chart_text_count++] = t;
    __real_weft_label_draw(cr, label, text);
}

static bool is_plain(weft_colour c)
{
    return c.red == c.green && c.green == c.blue && (c.red == 0 || c.red == 1);
}

static void check_text(const weft_figure *f, const weft_palette *palette, const chart_text *t)
{
    if (t->left < 0 || t->top < 0 || t->right > f->width || t->bottom > f->height)
        ck_abort_msg("%s reaches out of the picture: %g %g %g %g", t->text, t->left, t->top,
                     t->right, t->bottom);
    /* Black and white are for text on a ground of its own. */
    if (weft_contrast(t->colour, palette->paper) < 4.5 && !is_plain(t->colour))
        ck_abort_msg("%s cannot be read", t->text);
}

static void check_texts(const weft_figure *f, const weft_palette *palette)
{
    for (int i = 0; i < chart_text_count; i++) {
        const chart_text *a = &chart_texts[i];
        check_text(f, palette, a);
        for (int j = 0; j < i; j++) {
            const chart_text *b = &chart_texts[j];
            if (a->left < b->right && b->left < a->right && a->top < b->bottom &&
                b->top < a->bottom)
                ck_abort_msg("%s lies on %s at %g %g", a->text, b->text, a->left, a->top);
        }
    }
}

static void check_svg(const weft_figure *f, weft_theme theme)
{
    char *svg;
    size_t count;
    chart_text_count = 0;
    ck_weft(weft_figure_svg(f, theme, &svg, &count));
    ck_assert_uint_eq(strlen(svg), count);
    ck_assert_mem_eq(svg, "<?xml", 5);
    ck_assert_str_eq(svg + count - 7, "</svg>\n");
    ck_assert_ptr_null(strstr(svg, "<text"));
    ck_assert_ptr_null(strstr(svg, "font-family"));
    free(svg);
}

/* Something was drawn, and nothing on the border, where it would be cut off. */
static void check_pixels(const weft_figure *f, weft_theme theme)
{
    drawn_figure drawn = draw_figure(*f, theme, 1);
    const weft_box all = {0, 0, f->width, f->height};
    const weft_box inner = {BORDER, BORDER, f->width - 2 * BORDER, f->height - 2 * BORDER};
    const int within = drawn_in(&drawn, theme, inner);
    ck_assert_int_gt(within, 500);
    ck_assert_int_eq(drawn_in(&drawn, theme, all), within);
    free(drawn.rgb);
}

void chart_look(const weft_figure *figure)
{
    check_pixels(figure, WEFT_LIGHT);
    for (int theme = WEFT_LIGHT; theme <= WEFT_DARK; theme++) {
        check_svg(figure, (weft_theme)theme);
        check_texts(figure, weft_palette_of((weft_theme)theme));
    }
}

const chart_text *chart_find(const char *text)
{
    for (int i = chart_text_count - 1; i >= 0; i--)
        if (strcmp(chart_texts[i].text, text) == 0) return &chart_texts[i];
    return NULL;
}
