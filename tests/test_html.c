/* Pages of one file: in which form their pictures come when there are few, large or many. */
#define _XOPEN_SOURCE 700

#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "report/png_half.h"
#include "report/raster.h"
#include "tests/fonts.h"
#include "tests/suite.h"

/* The beginnings of PNG files of 100 x 100 and of 200 x 200 pixels. */
static const char small_png[] = "image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAGQAAABk";
static const char large_png[] = "image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAMgAAADI";
static const char svg[] = "image/svg+xml;base64,", dark[] = "<source media=";
static const char left_out[] = "A picture was left out";

enum { SIDE = 100 };

/* Colours that no format makes small, in each theme others. */
static void make_noise(const weft_canvas *canvas, uint8_t pixel[SIDE * SIDE][3])
{
    uint32_t state = canvas->palette == weft_palette_of(WEFT_DARK) ? 1 : 2;
    for (int i = 0; i < SIDE * SIDE; i++) {
        state = state * 1664525u + 1013904223u;
        for (int c = 0; c < 3; c++)
            pixel[i][c] = (uint8_t)(state >> (8 + 8 * c));
    }
}

static void draw_pixels(const weft_canvas *canvas, const void *data)
{
    uint8_t pixel[SIDE * SIDE][3];
    (void)data;
    make_noise(canvas, pixel);
    const weft_raster raster = {.picture = {SIDE, SIDE, 3, pixel[0]}};
    weft_raster_draw(canvas, &raster, (weft_box){0, 0, SIDE, SIDE});
}

static void draw_squares(const weft_canvas *canvas, const void *data)
{
    uint8_t pixel[SIDE * SIDE][3];
    (void)data;
    make_noise(canvas, pixel);
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int x = i % SIDE, y = i / SIDE;
        const uint8_t *p = pixel[i];
        const weft_colour colour = {p[0] / 255.0, p[1] / 255.0, p[2] / 255.0};
        weft_rect_fill(canvas, x, y, 1, 1, colour);
    }
}

static void draw_line(const weft_canvas *canvas, const void *data)
{
    (void)data;
    weft_rule_draw(canvas, 0, 0, SIDE, SIDE, canvas->palette->ink);
}

/* A page of so many equal pictures; free() it. */
static char *page_of(weft_drawing *draw, weft_html_kind kind, int count)
{
    weft_html *html;
    char *page;
    size_t size;
    const weft_figure figure = {draw, NULL, SIDE, SIDE};
    ck_weft(weft_html_new("title", "subtitle", &html));
    for (int i = 0; i < count; i++)
        weft_html_figure(html, &figure, kind, "no <noise>", NULL);
    ck_weft(weft_html_finish(html, &page, &size));
    weft_html_free(html);
    ck_assert_uint_lt(size, 3000000);
    page = realloc(page, size + 1);
    ck_assert_ptr_nonnull(page);
    page[size] = '\0';
    return page;
}

START_TEST(test_few_pictures)
{
    char *page = page_of(draw_line, WEFT_HTML_SVG, 2);
    ck_assert_int_eq(times_in(page, svg), 4);
    ck_assert_int_eq(times_in(page, dark), 2);
    ck_assert_int_eq(
        times_in(page,
                 "style=\"min-width:73px\" alt=\"no &lt;noise&gt;\"></picture></div></figure>"),
        2);
    free(page);
    page = page_of(draw_line, WEFT_HTML_PNG, 2);
    ck_assert_int_eq(times_in(page, large_png), 4);
    ck_assert_int_eq(times_in(page, dark), 2);
    free(page);
}
END_TEST

/* What is large as lines comes as pixels. */
START_TEST(test_a_drawing_of_many_lines)
{
    char *page = page_of(draw_squares, WEFT_HTML_SVG, 1);
    ck_assert_int_eq(times_in(page, svg), 0);
    ck_assert_int_eq(times_in(page, large_png), 2);
    free(page);
}
END_TEST

/* Before a picture loses a theme, pictures lose pixels; before one is left out, all lose a theme.
 */
START_TEST(test_many_pictures)
{
    static const int count[] = {20, 32, 45, 120};
    int large[4], themes[4], out[4];
    for (int i = 0; i < 4; i++) {
        char *page = page_of(draw_pixels, WEFT_HTML_PNG, count[i]);
        large[i] = times_in(page, large_png);
        themes[i] = times_in(page, dark);
        out[i] = times_in(page, left_out);
        ck_assert_int_eq(large[i] + times_in(page, small_png) + out[i], count[i] + themes[i]);
        ck_assert_int_eq(times_in(page, "<figure>"), count[i]);
        free(page);
    }
    ck_assert(large[0] == 2 * count[0] && themes[0] == count[0] && out[0] == 0);
    ck_assert(large[1] < 2 * count[1] && themes[1] == count[1] && out[1] == 0);
    ck_assert(large[2] < large[1] && 0 < themes[2] && themes[2] < count[2] && out[2] == 0);
    ck_assert(themes[3] == 0 && 0 < out[3] && out[3] < count[3]);
}
END_TEST

START_TEST(test_half_of_what_is_no_picture)
{
    char *half = (char *)"";
    size_t count = 1;
    ck_weft_refused(weft_png_half("no png", 6, &half, &count), WEFT_ERR_IO, "smaller");
    ck_assert_ptr_null(half);
    ck_assert_uint_eq(count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("html");
    TCase *tests = tcase_create("html");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, test_few_pictures);
    tcase_add_test(tests, test_a_drawing_of_many_lines);
    tcase_add_test(tests, test_many_pictures);
    tcase_add_test(tests, test_half_of_what_is_no_picture);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
