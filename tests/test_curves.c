/* Curves: what a picture holds, that it never changes without cause, and odd data. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdint.h>

#include <png.h>

#include "report/curves.h"
#include "report/figure.h"
#include "tests/fonts.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { EPOCHS = 300, WIDTH = 2000, HEIGHT = 2 * 578 };

static weft_curve_point points[EPOCHS];

/* Curves of a training that goes well. */
static weft_curves good(int count)
{
    for (int i = 0; i < count; i++) {
        const double e = i + 1;
        points[i] = (weft_curve_point){.epoch = e,
                                       .train_loss = 0.1 + exp(-e / 3),
                                       .train_accuracy = 0.96 - 0.2 * exp(-e / 3),
                                       .val_loss = 0.2 + exp(-e / 3) + 0.03 * e,
                                       .val_accuracy = 0.92 - 0.2 * exp(-e / 3),
                                       .learning_rate = 3e-3 / e};
    }
    return (weft_curves){.title = "title", .subtitle = "subtitle", .point = points, .count = count};
}

static weft_status write_curves(const weft_curves *curves, const char *svg, const char *png)
{
    const weft_figure figure = weft_curves_figure(curves);
    return weft_figure_write(&figure, WEFT_LIGHT, svg, png);
}

/* Draw both files, twice, and expect the same bytes. */
static void draw(const weft_curves *curves)
{
    static const char *const names[2][2] = {{"a.svg", "b.svg"}, {"a.png", "b.png"}};
    for (int i = 0; i < 2; i++)
        ck_weft(write_curves(curves, scratch_path(names[0][i]), scratch_path(names[1][i])));
    for (int i = 0; i < 2; i++) {
        size_t count[2];
        unsigned char *a = scratch_read(names[i][0], &count[0]);
        unsigned char *b = scratch_read(names[i][1], &count[1]);
        ck_assert_uint_eq(count[0], count[1]);
        ck_assert_mem_eq(a, b, count[0]);
        free(a);
        free(b);
    }
}

/* Pixels of a line's colour, and the columns between which they lie in a stretch of columns. */
typedef struct found {
    int count, first, last;
} found;

static found find_colour(weft_colour colour, int left, int right)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_file(&image, scratch_path("a.png")));
    ck_assert_int_eq(image.width, WIDTH);
    ck_assert_int_eq(image.height, HEIGHT);
    image.format = PNG_FORMAT_RGB;
    uint8_t *pixels = malloc((size_t)WIDTH * HEIGHT * 3);
    ck_assert(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    const double wanted[3] = {colour.red, colour.green, colour.blue};
    found f = {0, WIDTH, -1};
    for (int y = 0; y < HEIGHT; y++)
        for (int x = left; x < right; x++) {
            bool same = true;
            for (int c = 0; c < 3; c++)
                same = same && fabs(pixels[(y * WIDTH + x) * 3 + c] - wanted[c] * 255) < 1.5;
            if (!same) continue;
            f.count++;
            if (x < f.first) f.first = x;
            if (x > f.last) f.last = x;
        }
    free(pixels);
    return f;
}

static int colour_count(weft_colour colour)
{
    return find_colour(colour, 0, WIDTH).count;
}

START_TEST(test_both_lines)
{
    const weft_curves curves = good(10);
    draw(&curves);
    for (int half = 0; half < 2; half++) {
        const int left = half * WIDTH / 2, plot = left + 2 * 394;
        const found blue = find_colour(weft_palette_of(WEFT_LIGHT)->series[0], left, plot);
        const found orange = find_colour(weft_palette_of(WEFT_LIGHT)->series[1], left, plot);
        ck_assert_int_gt(blue.count, 1000);
        ck_assert_int_gt(orange.count, 1000);
        /* Both run from the first epoch to the last, over nearly all of the plot. */
        ck_assert_int_gt(blue.last - blue.first, 620);
        ck_assert_int_le(abs(blue.first - orange.first), 3);
        ck_assert_int_le(abs(blue.last - orange.last), 3);
        /* And have names beside the plot. */
        ck_assert_int_gt(
            find_colour(weft_palette_of(WEFT_LIGHT)->series[0], plot + 10, left + WIDTH / 2).count,
            100);
        ck_assert_int_gt(
            find_colour(weft_palette_of(WEFT_LIGHT)->series[1], plot + 10, left + WIDTH / 2).count,
            100);
    }
}
END_TEST

START_TEST(test_svg_is_xml)
{
    const weft_curves curves = good(10);
    size_t count;
    draw(&curves);
    unsigned char *svg = scratch_read("a.svg", &count);
    ck_assert_mem_eq(svg, "<?xml", 5);
    ck_assert_mem_eq(svg + count - 7, "</svg>\n", 7);
    svg[count - 1] = 0;
    ck_assert_ptr_nonnull(strstr((char *)svg, "width=\"1000px\" height=\"578px\""));
    ck_assert_ptr_null(strstr((char *)svg, "id=\"surface"));
    free(svg);
    if (system("command -v xmllint > /dev/null") != 0) return;
    char command[300];
    (void)snprintf(command, sizeof command, "xmllint --noout %s", scratch_path("a.svg"));
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* One file may be left out, and another picture is another file. */
START_TEST(test_one_file)
{
    weft_curves curves = good(3);
    size_t count[2];
    ck_weft(write_curves(&curves, NULL, NULL));
    ck_weft(write_curves(&curves, scratch_path("only.svg"), NULL));
    ck_weft(write_curves(&curves, NULL, scratch_path("only.png")));
    unsigned char *before = scratch_read("only.svg", &count[0]);
    points[1].val_loss += 0.1;
    ck_weft(write_curves(&curves, scratch_path("only.svg"), NULL));
    unsigned char *after = scratch_read("only.svg", &count[1]);
    ck_assert(count[0] != count[1] || memcmp(before, after, count[0]) != 0);
    free(before);
    free(after);
}
END_TEST

START_TEST(test_no_validation)
{
    const weft_curves curves = good(10);
    for (int i = 0; i < 10; i++)
        points[i].val_loss = points[i].val_accuracy = NAN;
    draw(&curves);
    ck_assert_int_gt(colour_count(weft_palette_of(WEFT_LIGHT)->series[0]), 1000);
    ck_assert_int_eq(colour_count(weft_palette_of(WEFT_LIGHT)->series[1]), 0);
}
END_TEST

/* The best epoch is ringed: a disc of white in the validation line, and a dashed line. */
START_TEST(test_best_epoch)
{
    weft_curves curves = good(10);
    for (int i = 0; i < 10; i++) {
        points[i].val_loss = i == 4 ? 0.5 : 0.6;
        points[i].train_loss = NAN;
    }
    draw(&curves);
    const int orange = find_colour(weft_palette_of(WEFT_LIGHT)->series[1], 0, 788).count;
    const int soft = colour_count(weft_palette_of(WEFT_LIGHT)->soft);
    curves.count = 1; /* nothing to choose from */
    draw(&curves);
    ck_assert_int_lt(find_colour(weft_palette_of(WEFT_LIGHT)->series[1], 0, 788).count, orange / 4);
    ck_assert_int_lt(colour_count(weft_palette_of(WEFT_LIGHT)->soft), soft);
}
END_TEST

START_TEST(test_lengths)
{
    static const int counts[] = {1, 2, 39, 41, 300};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const weft_curves curves = good(counts[i]);
        draw(&curves);
        ck_assert_int_gt(colour_count(weft_palette_of(WEFT_LIGHT)->series[0]), 0);
    }
}
END_TEST

/* Values that a training can leave behind, and some that it cannot. */
static const double odd_values[][2] = {{0, 0},          {2.3026, 2.3026},      {NAN, NAN},
                                       {INFINITY, 1},   {-INFINITY, NAN},      {1e30, 1e-30},
                                       {1e308, -1e308}, {3.4e38, -3.4e38},     {-1, -2},
                                       {5e-324, 0},     {1, 1 + 2.220446e-16}, {100, 99.999}};

START_TEST(test_odd_values)
{
    const weft_curves curves = good(6);
    for (int i = 0; i < 6; i++) {
        const double value = odd_values[_i][i % 2];
        points[i].train_loss = points[i].train_accuracy = value;
        if (i > 2) points[i].val_loss = points[i].val_accuracy = value;
        if (i == 5) points[i].epoch = odd_values[_i][0];
    }
    draw(&curves);
}
END_TEST

START_TEST(test_odd_titles)
{
    static char title[5000];
    memset(title, 'W', sizeof title - 1);
    const char *const titles[] = {
        NULL, "", "a\xff\xfe<&>\"z", "\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82", title};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        weft_curves curves = good(2);
        curves.title = curves.subtitle = titles[i];
        draw(&curves);
    }
    const int dark = colour_count(weft_palette_of(WEFT_LIGHT)->ink);
    weft_curves curves = good(2);
    draw(&curves);
    ck_assert_int_gt(
        dark,
        2 * colour_count(weft_palette_of(WEFT_LIGHT)->ink)); /* the long title was drawn, cut */
}
END_TEST

START_TEST(test_unwritable)
{
    const weft_curves curves = good(3);
    ck_weft_refused(write_curves(&curves, "/no/such/a.svg", NULL), WEFT_ERR_IO, "/no/such/a.svg");
    ck_weft_refused(write_curves(&curves, NULL, "/no/such/a.png"), WEFT_ERR_IO, "/no/such/a.png");
}
END_TEST

/* ---- axes ---- */

static void check_ticks(weft_ticks t, double first, double step, int count)
{
    ck_assert_double_eq_tol(t.first, first, 1e-9);
    ck_assert_double_eq_tol(t.step, step, 1e-9);
    ck_assert_int_eq(t.count, count);
}

START_TEST(test_ticks)
{
    check_ticks(weft_ticks_around(0, 0.55, 6), 0, 0.2, 4);
    check_ticks(weft_ticks_around(0.14, 0.44, 6), 0.1, 0.1, 5);
    check_ticks(weft_ticks_around(84, 95, 6), 80, 5, 4);
    check_ticks(weft_ticks_around(0, 100, 6), 0, 20, 6);
    check_ticks(weft_ticks_around(97.1, 100, 6), 97, 1, 4);
    check_ticks(weft_ticks_within(1, 10, 10), 1, 1, 10);
    check_ticks(weft_ticks_within(1, 1, 10), 1, 1, 1);
    check_ticks(weft_ticks_within(1, 20, 10), 2, 2, 10);
    check_ticks(weft_ticks_within(1, 300, 10), 50, 50, 6);
}
END_TEST

/* The outermost ticks embrace the range, whatever it is. */
START_TEST(test_ticks_embrace)
{
    for (double low = -7; low < 60; low += 0.77)
        for (double width = 1e-5; width < 1e6; width *= 1.9) {
            const double high = low + width;
            const weft_ticks t = weft_ticks_around(low, high, 6);
            const double slack = t.step * 1e-6, last = t.first + t.step * (t.count - 1);
            ck_assert(t.count >= 2 && t.count <= 6);
            ck_assert(t.first <= low + slack && last >= high - slack);
            ck_assert(t.first > low - t.step - slack && last < high + t.step + slack);
        }
}
END_TEST

int main(void)
{
    enum { ODD = sizeof odd_values / sizeof *odd_values };
    Suite *suite = suite_create("curves");
    TCase *tests = tcase_create("curves");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, test_both_lines);
    tcase_add_test(tests, test_svg_is_xml);
    tcase_add_test(tests, test_one_file);
    tcase_add_test(tests, test_no_validation);
    tcase_add_test(tests, test_best_epoch);
    tcase_add_test(tests, test_lengths);
    tcase_add_loop_test(tests, test_odd_values, 0, ODD);
    tcase_add_test(tests, test_odd_titles);
    tcase_add_test(tests, test_unwritable);
    tcase_add_test(tests, test_ticks);
    tcase_add_test(tests, test_ticks_embrace);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
