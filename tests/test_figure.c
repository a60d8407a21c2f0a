/* The drawing kit: colours that can be read and told apart, figures in memory, names. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>

#include "report/figure.h"
#include "report/svg_short.h"
#include "tests/fonts.h"
#include "tests/suite.h"

/* ---- colours ---- */

/* WCAG's own examples: black on white, and the lightest grey that passes AA on white. */
START_TEST(test_contrast)
{
    const weft_colour black = {0, 0, 0}, white = {1, 1, 1},
                      grey = {0x76 / 255.0, 0x76 / 255.0, 0x76 / 255.0};
    ck_assert_double_eq_tol(weft_contrast(black, white), 21, 1e-9);
    ck_assert_double_eq_tol(weft_contrast(white, black), 21, 1e-9);
    ck_assert_double_eq_tol(weft_contrast(white, grey), 4.54, 0.005);
    ck_assert_double_eq_tol(weft_contrast(grey, grey), 1, 1e-9);
}
END_TEST

START_TEST(test_palette_contrast)
{
    const weft_palette *p = weft_palette_of((weft_theme)_i);
    ck_assert_double_ge(weft_contrast(p->ink, p->paper), 7);
    ck_assert_double_ge(weft_contrast(p->soft, p->paper), 4.5);
    for (int i = 0; i < WEFT_SERIES; i++)
        ck_assert_double_ge(weft_contrast(p->series[i], p->paper), i < 2 ? 4.5 : 3);
    ck_assert_double_gt(weft_contrast(p->faint, p->paper), 1.1);
}
END_TEST

START_TEST(test_text_on_any_ground)
{
    for (int i = 0; i < 16 * 16 * 16; i++) {
        const weft_colour c = {(i & 15) / 15.0, (i >> 4 & 15) / 15.0, (i >> 8) / 15.0};
        ck_assert_double_ge(weft_contrast(weft_text_on(c), c), 4.5);
    }
}
END_TEST

typedef struct triple {
    double v[3];
} triple;

static triple times(const double m[3][3], triple in)
{
    triple out;
    for (int i = 0; i < 3; i++)
        out.v[i] = m[i][0] * in.v[0] + m[i][1] * in.v[1] + m[i][2] * in.v[2];
    return out;
}

static double linear(double value)
{
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

/* CIE L*a*b* (white D65) of linear RGB. */
static triple lab_of(triple rgb)
{
    static const double to_xyz[3][3] = {
        {0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047},
        {0.2126729, 0.7151522, 0.0721750},
        {0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883}};
    for (int i = 0; i < 3; i++)
        rgb.v[i] = fmin(fmax(rgb.v[i], 0), 1);
    triple f = times(to_xyz, rgb);
    for (int i = 0; i < 3; i++)
        f.v[i] = f.v[i] > 0.008856 ? cbrt(f.v[i]) : 7.787 * f.v[i] + 16.0 / 116;
    return (triple){{116 * f.v[1] - 16, 500 * (f.v[0] - f.v[1]), 200 * (f.v[1] - f.v[2])}};
}

/* What people without one kind of cones see (Machado et al. 2009), linear RGB. */
static const double sights[][3][3] = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                      {{0.152286, 1.052583, -0.204868},
                                       {0.114503, 0.786281, 0.099216},
                                       {-0.003882, -0.048116, 1.051998}},
                                      {{0.367322, 0.860646, -0.227968},
                                       {0.280085, 0.672501, 0.047413},
                                       {-0.011820, 0.042940, 0.968881}},
                                      {{1.255528, -0.076749, -0.178779},
                                       {-0.078411, 0.930809, 0.147602},
                                       {0.004733, 0.691367, 0.303900}}};

static triple seen(const double sight[3][3], weft_colour c)
{
    return lab_of(times(sight, (triple){{linear(c.red), linear(c.green), linear(c.blue)}}));
}

/* About 2.3 is a difference that can just be seen side by side; lines and points need more. */
START_TEST(test_colours_differ_for_everyone)
{
    const weft_palette *p = weft_palette_of((weft_theme)_i);
    for (size_t sight = 0; sight < sizeof sights / sizeof *sights; sight++)
        for (int i = 0; i < WEFT_SERIES; i++)
            for (int j = 0; j < i; j++) {
                const triple a = seen(sights[sight], p->series[i]);
                const triple b = seen(sights[sight], p->series[j]);
                const double apart =
                    hypot(hypot(a.v[0] - b.v[0], a.v[1] - b.v[1]), a.v[2] - b.v[2]);
                ck_assert_msg(apart > 12, "series %d and %d: %g apart", i, j, apart);
            }
}
END_TEST

START_TEST(test_mix)
{
    const weft_colour a = {0, 0.5, 1}, b = {1, 0.5, 0}, m = weft_colour_mix(a, b, 0.25);
    ck_assert_double_eq_tol(m.red, 0.25, 1e-12);
    ck_assert_double_eq_tol(m.green, 0.5, 1e-12);
    ck_assert_double_eq_tol(m.blue, 0.75, 1e-12);
}
END_TEST

/* ---- figures ---- */

static void draw_dot(const weft_canvas *canvas, const void *data)
{
    const double *at = data;
    weft_colour_set(canvas->cr, canvas->palette->ink);
    weft_marker_draw(canvas->cr, 0, at[0], at[1], 4);
}

static void draw_badly(const weft_canvas *canvas, const void *data)
{
    (void)data;
    cairo_restore(canvas->cr);
}

START_TEST(test_in_memory)
{
    static const double at[] = {20, 10};
    const weft_figure figure = {draw_dot, at, 40, 20};
    char *file[3];
    size_t count[3];
    ck_weft(weft_figure_svg(&figure, WEFT_LIGHT, &file[0], &count[0]));
    ck_weft(weft_figure_png(&figure, WEFT_LIGHT, 3, &file[1], &count[1]));
    ck_weft(weft_figure_svg(&figure, WEFT_DARK, &file[2], &count[2]));
    ck_assert_ptr_nonnull(strstr(file[0], "width=\"40px\" height=\"20px\""));
    ck_assert_str_ne(file[0], file[2]);
    /* Width and height stand behind the first chunk's name. */
    ck_assert_mem_eq(file[1] + 12, "IHDR\0\0\0\170\0\0\0\74", 12);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(file[i][count[i]], 0);
        free(file[i]);
    }
}
END_TEST

START_TEST(test_a_drawing_that_cairo_refuses)
{
    const weft_figure figure = {draw_badly, NULL, 40, 20};
    char *file = (char *)"";
    size_t count = 1;
    ck_weft_refused(weft_figure_svg(&figure, WEFT_LIGHT, &file, &count), WEFT_ERR_IO, "draw");
    ck_assert_ptr_null(file);
    ck_weft_refused(weft_figure_png(&figure, WEFT_LIGHT, 1, &file, &count), WEFT_ERR_IO, "draw");
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(test_a_picture_too_large)
{
    const weft_figure figure = {draw_badly, NULL, 40000, 20};
    char *file;
    size_t count;
    ck_weft_refused(weft_figure_png(&figure, WEFT_LIGHT, 1, &file, &count), WEFT_ERR_IO, "draw");
}
END_TEST

/* What cairo writes, and what is left of it. */
static const char *const long_and_short[][2] = {
    {"x=\"1.234567\"", "x=\"1.23\""},
    {"x=\"1.235\"", "x=\"1.24\""},
    {"x=\"-0.001\"", "x=\"-0\""},
    {"x=\"9.996\"", "x=\"10\""},
    {"x=\"0.0512\"", "x=\"0.05\""},
    {"x=\"3.4012\"", "x=\"3.4\""},
    {"x=\"12.5\" y=\"7\"", "x=\"12.5\" y=\"7\""},
    {"version=\"1.0\"", "version=\"1.0\""},
    {"http://www.w3.org/2000/svg", "http://www.w3.org/2000/svg"},
    {"1234567890123.4567", "1234567890123.4567"},
    {"<path d=\"M 1 -2.005 L 3 4.5 Z\"/>", "<path d=\"M1-2.01L3 4.5Z\"/>"},
    {"transform=\"matrix(0.001953125,0,0,1,2,3)\" x=\"1.111\"",
     "transform=\"matrix(0.001953125,0,0,1,2,3)\" x=\"1.11\""},
    {"base64,1234+567/1=\" 1.111", "base64,1234+567/1=\" 1.11"},
    {"style=\" fill:rgb(100%,50.1%,0.9%);fill-opacity:1;\"", "style=\"fill:#ff8002;\""},
    {"rgb(100%,50%)", "rgb(100%,50%)"},
    {"rgb(101%,50%,0%)", "rgb(101%,50%,0%)"},
    {"rgb(1,2.1234,3)", "rgb(1,2.12,3)"},
    {"rgb(5.", "rgb(5."},
    {" d=\"M 0.5 -0.25 L 10.5 0 Z M 0.5 -0.25 \"", " d=\"M.5-.25L10.5 0Z\""},
    {" d=\"M 1 2 Z M 3 4 L 5 6\"", " d=\"M1 2ZM3 4L5 6\""},
    {" d=\"M 1 2 Z M 3", " d=\"M1 2ZM3"},
    {"<symbol overflow=\"visible\" id=\"glyph0-1\">\n<path style=\"stroke:none;\" d=\"M 1 2 "
     "\"/>\n</symbol>\n",
     "<path id=\"g0-1\" d=\"M1 2\"/>\n"},
    {"<symbol overflow=\"visible\" id=\"glyph0-1\">\n<image/>\n</symbol>",
     "<symbol overflow=\"visible\" id=\"g0-1\">\n<image/>\n</symbol>"},
    {"\n  <use xlink:href=\"#glyph0-1\" x=\"0.5\"/>", "\n<use xlink:href=\"#g0-1\" x=\"0.5\"/>"},
    {"fill-opacity:0.5;", "fill-opacity:0.5;"},
    {"transform=\"never ends", "transform=\"never ends"},
    {" d=\"M 1.", " d=\"M1."},
    {"5.", "5."},
    {"", ""}};

START_TEST(test_shorter_svg)
{
    char text[128];
    size_t count = strlen(long_and_short[_i][0]);
    memcpy(text, long_and_short[_i][0], count);
    weft_svg_shorten(text, &count);
    text[count] = 0;
    ck_assert_str_eq(text, long_and_short[_i][1]);
}
END_TEST

/* ---- names ---- */

START_TEST(test_names)
{
    static const char *const names[] = {"i", "WWWWWWWW", NULL};
    char text[WEFT_NUMBER_TEXT];
    const double one = weft_names_width(names, 1, 12, 200);
    const double two = weft_names_width(names, 2, 12, 200);
    ck_assert_double_gt(one, 0);
    ck_assert_double_gt(two, 8 * one);
    ck_assert_double_le(weft_names_width(names, 2, 12, 20), 20);
    ck_assert_double_eq(weft_names_width(names, 0, 12, 20), 0);
    ck_assert_double_gt(weft_names_width(NULL, 11, 12, 200), weft_names_width(NULL, 10, 12, 200));
    ck_assert_str_eq(weft_class_name(names, 1, text), "WWWWWWWW");
    ck_assert_str_eq(weft_class_name(names, 2, text), "2");
    ck_assert_str_eq(weft_class_name(NULL, 7, text), "7");
}
END_TEST

START_TEST(test_tick_texts)
{
    char text[WEFT_NUMBER_TEXT];
    ck_assert_str_eq(weft_tick_text((weft_ticks){0, 0.2, 6}, 3, text), "0.6");
    ck_assert_str_eq(weft_tick_text((weft_ticks){0, 1e-5, 6}, 3, text), "0.00003");
    ck_assert_str_eq(weft_tick_text((weft_ticks){0, 2e-7, 6}, 3, text), "6e-07");
    ck_assert_str_eq(weft_tick_text((weft_ticks){0, 500, 6}, 3, text), "1500");
}
END_TEST

int main(void)
{
    enum { TEXTS = sizeof long_and_short / sizeof *long_and_short };
    Suite *suite = suite_create("figure");
    TCase *tests = tcase_create("figure");
    tcase_add_test(tests, test_contrast);
    tcase_add_loop_test(tests, test_palette_contrast, WEFT_LIGHT, WEFT_DARK + 1);
    tcase_add_test(tests, test_text_on_any_ground);
    tcase_add_loop_test(tests, test_colours_differ_for_everyone, WEFT_LIGHT, WEFT_DARK + 1);
    tcase_add_test(tests, test_mix);
    tcase_add_test(tests, test_in_memory);
    tcase_add_test(tests, test_a_drawing_that_cairo_refuses);
    tcase_add_test(tests, test_a_picture_too_large);
    tcase_add_loop_test(tests, test_shorter_svg, 0, TEXTS);
    tcase_add_test(tests, test_names);
    tcase_add_test(tests, test_tick_texts);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
