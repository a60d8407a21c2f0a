/* What the figures say of their data: where bars end, what is named, what is left out. */
#define _XOPEN_SOURCE 700

#include <stdio.h>
#include <stdlib.h>

#include "report/class_bars.h"
#include "report/compare_chart.h"
#include "report/confusion.h"
#include "report/reliability.h"
#include "report/scatter.h"
#include "report/spend.h"
#include "tests/chart_look.h"
#include "tests/drawn_figure.h"
#include "tests/suite.h"

/* ---- pixels ---- */

/* Where pixels of a colour lie in a stretch of a row or of the whole picture. */
typedef struct found {
    int count, left, top, right, bottom; /* right and bottom are behind the last */
} found;

static found find_in(const drawn_figure *drawn, weft_colour colour, weft_box box)
{
    const weft_rgb wanted = rgb_of(colour);
    found f = {0, drawn->width, drawn->height, 0, 0};
    for (int y = (int)box.top; y < (int)(box.top + box.height); y++)
        for (int x = (int)box.left; x < (int)(box.left + box.width); x++) {
            if (!same_rgb(drawn_at(drawn, x, y), wanted)) continue;
            f.count++;
            f.left = x < f.left ? x : f.left;
            f.top = y < f.top ? y : f.top;
            f.right = x + 1 > f.right ? x + 1 : f.right;
            f.bottom = y + 1 > f.bottom ? y + 1 : f.bottom;
        }
    return f;
}

static found find(const drawn_figure *drawn, int series)
{
    const weft_box all = {0, 0, drawn->width, drawn->height};
    return find_in(drawn, weft_palette_of(WEFT_LIGHT)->series[series], all);
}

/* Draw, look at the texts, and hand the pixels over. */
static drawn_figure look(weft_figure figure)
{
    chart_look(&figure);
    return draw_figure(figure, WEFT_LIGHT, 1);
}

static double middle_x(const char *text)
{
    const chart_text *t = chart_find(text);
    ck_assert_msg(t != NULL, "%s was not drawn", text);
    return (t->left + t->right) / 2;
}

static double middle_y(const char *text)
{
    const chart_text *t = chart_find(text);
    ck_assert_msg(t != NULL, "%s was not drawn", text);
    return (t->top + t->bottom) / 2;
}

/* ---- curves ---- */

START_TEST(test_curves_say)
{
    weft_curve_point point[] = {{1, 1.0, 0.5, 0.9, 0.6, 0.002},
                                {2, 0.8, 0.6, 0.5, 0.711, 0.001},
                                {3, 0.7, 0.7, 0.55, 0.72, NAN}};
    const weft_curves curves = {"t", "s", point, 3};
    drawn_figure drawn = look(weft_curves_figure(&curves));
    ck_assert_ptr_nonnull(chart_find("best epoch 2: 0.5000"));
    ck_assert_ptr_nonnull(chart_find("best epoch 2: 71.1 %"));
    ck_assert_ptr_nonnull(chart_find("0.5500"));
    ck_assert_ptr_nonnull(chart_find("72.0 %"));
    const chart_text *rate = chart_find("Learning rate (at the end of the epoch)");
    ck_assert_ptr_nonnull(rate);
    ck_assert_double_gt(rate->top, middle_y("Loss (mean per sample)") + 300);
    ck_assert_double_gt(middle_y("0.002"), rate->bottom);
    free(drawn.rgb);
    for (int i = 0; i < 3; i++)
        point[i].learning_rate = NAN;
    drawn_figure lower = look(weft_curves_figure(&curves));
    ck_assert_ptr_null(chart_find("Learning rate (at the end of the epoch)"));
    ck_assert_int_lt(lower.height, drawn.height);
    free(lower.rgb);
}
END_TEST

/* Of ten thousand epochs some hundred share a column of the picture; one that sticks out is seen,
 * whichever it is, and so is a gap as wide as some columns. */
START_TEST(test_every_peak_is_drawn)
{
    enum { MANY = 10000, PEAK = 7777 };
    static weft_curve_point point[MANY];
    for (int i = 0; i < MANY; i++)
        point[i] = (weft_curve_point){i + 1, i == PEAK + _i ? 1 : 0.1, NAN, NAN, NAN, NAN};
    for (int i = 2000; i < 3000; i++)
        point[i].train_loss = NAN;
    const weft_curves curves = {"t", "s", point, MANY};
    drawn_figure drawn = look(weft_curves_figure(&curves));
    const double first = middle_x("2000"), last = middle_x("10000"), unit = (last - first) / 8000;
    const double x = first + (PEAK - 2000) * unit - 500; /* the text found is the right panel's */
    const weft_colour blue = weft_palette_of(WEFT_LIGHT)->series[0];
    const found peak = find_in(&drawn, blue, (weft_box){x - 4, 100, 8, 200});
    const found around = find_in(&drawn, blue, (weft_box){x - 60, 100, 50, 200});
    const found gap = find_in(&drawn, blue, (weft_box){first - 500 + 4, 100, 1000 * unit - 8, 260});
    ck_assert_int_gt(peak.count, 100);
    ck_assert_int_eq(around.count, 0);
    ck_assert_int_eq(gap.count, 0);
    free(drawn.rgb);
}
END_TEST

/* ---- classes ---- */

static const char *const animals[] = {"cat", "dog", "cow"};

START_TEST(test_class_bars_end_at_their_values)
{
    static const double precision[] = {1, 0.5, NAN}, recall[] = {0.2, 0.5, 0}, f1[] = {0, 0, NAN};
    const weft_class_bars bars = {"t", "s", 3, animals, precision, recall, f1};
    drawn_figure drawn = look(weft_class_bars_figure(&bars));
    const double zero = middle_x("0.0"), one = middle_x("1.0");
    const weft_box cat = {zero - 9, middle_y("cat") - 14, one - zero + 18, 28};
    const found blue = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[0], cat);
    const found yellow = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[5], cat);
    ck_assert_double_eq_tol(blue.left, zero, 1.5);
    ck_assert_double_eq_tol(blue.right, one, 1.5);
    ck_assert_double_eq_tol(yellow.right, zero + 0.2 * (one - zero), 1.5);
    ck_assert_int_ge(yellow.top, blue.bottom);
    const weft_box cow = {zero, middle_y("cow") - 14, one - zero - 2, 28};
    ck_assert_int_eq(find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[0], cow).count, 0);
    ck_assert_double_eq_tol(middle_y("undefined"), middle_y("cow"), 2);
    ck_assert_ptr_nonnull(chart_find("0.200"));
    free(drawn.rgb);
}
END_TEST

/* Of too many classes the worst are there, in their order. */
START_TEST(test_worst_classes)
{
    enum { MANY = 150 };
    double f1[MANY];
    for (int i = 0; i < MANY; i++)
        f1[i] = i % 3 == 0 ? 0.9 : i == 100 ? (double)NAN : 0.1;
    const weft_class_bars bars = {"t", "s", MANY, NULL, f1, f1, f1};
    drawn_figure drawn = look(weft_class_bars_figure(&bars));
    ck_assert_ptr_nonnull(chart_find("the 100 of 150 classes with the lowest F1"));
    ck_assert_ptr_null(chart_find("147"));
    ck_assert_ptr_null(chart_find("3"));
    ck_assert_double_lt(middle_y("100"), middle_y("149"));
    ck_assert_double_lt(middle_y("1"), middle_y("100"));
    free(drawn.rgb);
}
END_TEST

START_TEST(test_confusion_cells)
{
    static const int64_t count[] = {6, 2, 0, 0, 1234567, 0, 0, 0, 0};
    const weft_confusion_chart chart = {"t", "s", count, 3, animals};
    const weft_confusion_layout l = weft_confusion_layout_of(&chart);
    drawn_figure drawn = look(weft_confusion_figure(&chart));
    ck_assert(l.text);
    const chart_text *hits = chart_find("6"), *share = chart_find("75.0 %");
    ck_assert(hits && share);
    ck_assert_double_gt(hits->left, l.left);
    ck_assert_double_lt(hits->right, l.left + l.cell);
    ck_assert_double_lt(hits->bottom, share->top);
    ck_assert_double_eq_tol(middle_x("2"), l.left + 1.5 * l.cell, 2);
    ck_assert_double_eq_tol(middle_x("1234567"), l.left + 1.5 * l.cell, 1);
    ck_assert_double_lt(chart_find("1234567")->right, l.left + 2 * l.cell);
    ck_assert_double_eq_tol(middle_y("-"), l.top + 2.75 * l.cell, 3); /* no sample of that class */
    /* A full cell has the colour of hits, an error that of errors, nothing that of paper. */
    const weft_colour blue = weft_palette_of(WEFT_LIGHT)->series[0];
    const weft_box middle = {l.left + l.cell, l.top + l.cell, l.cell, l.cell};
    ck_assert_int_gt(find_in(&drawn, blue, middle).count, 1500);
    const weft_rgb error = drawn_at(&drawn, l.left + 1.1 * l.cell, l.top + 0.1 * l.cell);
    ck_assert_int_gt(error.red, error.blue + 50);
    const weft_rgb none = drawn_at(&drawn, l.left + 2.1 * l.cell, l.top + 0.1 * l.cell);
    ck_assert(same_rgb(none, (weft_rgb){255, 255, 255}));
    free(drawn.rgb);
}
END_TEST

/* A hundred classes: no text in cells, but colours where they belong and every name. */
START_TEST(test_confusion_of_many)
{
    enum { MANY = 100 };
    static int64_t count[MANY * MANY];
    for (int i = 0; i < MANY; i++)
        count[i * MANY + (i == 7 ? 90 : i)] = 5;
    const weft_confusion_chart chart = {"t", "s", count, MANY, NULL};
    const weft_confusion_layout l = weft_confusion_layout_of(&chart);
    const weft_palette *p = weft_palette_of(WEFT_LIGHT);
    drawn_figure drawn = look(weft_confusion_figure(&chart));
    ck_assert(!l.text);
    ck_assert_int_eq(l.step, 1);
    for (int i = 0; i < MANY; i++) {
        const double y = l.top + (i + 0.5) * l.cell;
        const double x = l.left + ((i == 7 ? 90 : i) + 0.5) * l.cell;
        if (!same_rgb(drawn_at(&drawn, x, y), rgb_of(p->series[i == 7 ? 1 : 0])))
            ck_abort_msg("row %d has no colour at %g, %g", i, x, y);
    }
    ck_assert_ptr_nonnull(chart_find("99"));
    free(drawn.rgb);
}
END_TEST

/* ---- calibration ---- */

START_TEST(test_reliability_bars)
{
    static const double confidence[] = {NAN, 0.3, 0.6, 0.9}, accuracy[] = {NAN, 0.5, 0.6, 0.75};
    static const int64_t count[] = {0, 10, 1500, 40};
    const weft_reliability r = {"t", "s", 4, confidence, accuracy, count, 0.01234};
    drawn_figure drawn = look(weft_reliability_figure(&r));
    ck_assert_ptr_nonnull(chart_find("ECE 1.23 %"));
    ck_assert_ptr_nonnull(chart_find("1.5k"));
    ck_assert_ptr_nonnull(chart_find("40"));
    /* Line and disc of a gap lie at the mean confidence, from the accuracy to the diagonal. */
    const found red = find(&drawn, 1);
    const chart_text *title = chart_find("Accuracy (%)");
    const double left = title->left, side = 380, bottom = 130 + side;
    const weft_box last = {left + 0.8 * side, 130, 0.2 * side, side};
    const found gap = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[1], last);
    ck_assert_int_gt(red.count, gap.count);
    ck_assert_double_eq_tol((gap.left + gap.right) / 2.0, left + 0.9 * side, 1.5);
    ck_assert_double_eq_tol(gap.top, bottom - 0.9 * side, 1.5);
    ck_assert_double_eq_tol(gap.bottom, bottom - 0.75 * side, 5);
    free(drawn.rgb);
}
END_TEST

/* ---- points ---- */

START_TEST(test_scatter_places)
{
    static const float x[] = {0, 10, NAN, 5}, y[] = {0, 10, 5, 5};
    static const int32_t class[] = {0, 1, 0, 7};
    const weft_scatter s = {"t", "s", "right", "up", 4, x, y, class, 2, animals};
    drawn_figure drawn = look(weft_scatter_figure(&s));
    ck_assert_ptr_nonnull(chart_find("2 points, 2 left out (no position)"));
    const double left = middle_x("0"), right = middle_x("10");
    const weft_box plot = {left - 30, 100, right - left + 60, 520};
    const found first = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[0], plot);
    const found second = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[1], plot);
    ck_assert_double_eq_tol((first.left + first.right) / 2.0, left, 1.5);
    ck_assert_double_eq_tol((second.left + second.right) / 2.0, right, 1.5);
    ck_assert_int_gt(first.top, second.bottom);
    ck_assert_double_gt(middle_y("dog"), middle_y("cat"));
    free(drawn.rgb);
}
END_TEST

/* Many points become pixels of an image: in the same places as few. */
START_TEST(test_scatter_of_many)
{
    enum { MANY = 2000 };
    static float x[MANY], y[MANY];
    static int32_t class[MANY];
    for (int i = 0; i < MANY; i++) {
        x[i] = i % 2 ? 10 : 0;
        y[i] = x[i];
        class[i] = i % 2;
    }
    weft_scatter s = {"t", "s", "right", "up", 10, x, y, class, 2, animals};
    drawn_figure few = look(weft_scatter_figure(&s));
    s.count = MANY;
    drawn_figure many = look(weft_scatter_figure(&s));
    const weft_box plot = {60, 100, 630, 520};
    for (int series = 0; series < 2; series++) {
        const weft_colour colour = weft_palette_of(WEFT_LIGHT)->series[series];
        const found a = find_in(&few, colour, plot), b = find_in(&many, colour, plot);
        ck_assert_int_gt(b.count, 0);
        ck_assert_double_eq_tol((a.left + a.right) / 2.0, (b.left + b.right) / 2.0, 1);
        ck_assert_double_eq_tol((a.top + a.bottom) / 2.0, (b.top + b.bottom) / 2.0, 1);
    }
    char *svg;
    size_t count;
    const weft_figure figure = weft_scatter_figure(&s);
    ck_weft(weft_figure_svg(&figure, WEFT_LIGHT, &svg, &count));
    ck_assert_ptr_nonnull(strstr(svg, "<image"));
    free(svg);
    free(few.rgb);
    free(many.rgb);
}
END_TEST

/* ---- devices and time ---- */

START_TEST(test_compare_names_the_failed)
{
    static const weft_curve_point point[] = {{1, 1, 0.5, 0.9, 0.6, 0.1},
                                             {2, 0.8, 0.6, 0.7, 0.7, 0}};
    const weft_compare_line line[] = {
        {"cpu", point, 2, 1000}, {"gone", NULL, 0, NAN}, {"silent", point, 1, NAN}};
    const weft_compare_chart chart = {"t", "s", line, 3};
    drawn_figure drawn = look(weft_compare_chart_figure(&chart));
    ck_assert_double_gt(middle_y("failed"), middle_y("gone"));
    ck_assert_double_lt(middle_y("failed"), middle_y("silent"));
    ck_assert_double_gt(middle_y("speed unknown"), middle_y("silent"));
    /* The bar of the only speed ends at its value. */
    const chart_text *speed = chart_find("Training speed");
    const weft_box bars = {speed->left, 124, 260, 40};
    const found bar = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[0], bars);
    ck_assert_double_eq_tol(bar.left, speed->left, 1.5);
    ck_assert_double_eq_tol(bar.right, speed->left + 240, 1.5); /* where the axis ends */
    ck_assert_double_gt(chart_find("1000")->left, bar.right);
    ck_assert_int_gt(find(&drawn, 2).count, 50); /* a line of one point is a dot */
    free(drawn.rgb);
}
END_TEST

START_TEST(test_compare_without_validation)
{
    static const weft_curve_point point[] = {{1, 1, 0.5, NAN, NAN, 0}, {2, 0.8, 0.6, NAN, NAN, 0}};
    const weft_compare_line line[] = {{"cpu", point, 2, 1000}};
    const weft_compare_chart chart = {"t", "s", line, 1};
    drawn_figure drawn = look(weft_compare_chart_figure(&chart));
    ck_assert_ptr_nonnull(chart_find("training"));
    ck_assert_ptr_null(chart_find("solid: validation, dashed: training"));
    free(drawn.rgb);
}
END_TEST

START_TEST(test_spend_rows)
{
    static const double value[] = {6, 2, NAN};
    const weft_spend spend = {"t", "s", "ms per step", 3, animals, value};
    drawn_figure drawn = look(weft_spend_figure(&spend));
    ck_assert_ptr_nonnull(chart_find("6  (75.0 %)"));
    ck_assert_ptr_nonnull(chart_find("2  (25.0 %)"));
    ck_assert_double_eq_tol(middle_y("unknown"), middle_y("cow"), 1);
    const double zero = middle_x("0"), six = middle_x("6");
    const weft_box cat = {zero - 2, middle_y("cat") - 10, six - zero + 20, 20};
    const found bar = find_in(&drawn, weft_palette_of(WEFT_LIGHT)->series[0], cat);
    ck_assert_double_eq_tol(bar.left, zero, 1.5);
    ck_assert_double_eq_tol(bar.right, six, 1.5);
    free(drawn.rgb);
}
END_TEST

START_TEST(test_spend_sums_the_rest)
{
    enum { MANY = 60 };
    double value[MANY];
    for (int i = 0; i < MANY; i++)
        value[i] = i < WEFT_SPEND_ROWS ? 1 : 0.5;
    const weft_spend spend = {"t", "s", "ms", MANY, NULL, value};
    drawn_figure drawn = look(weft_spend_figure(&spend));
    ck_assert_ptr_nonnull(chart_find("20 others"));
    ck_assert_ptr_nonnull(chart_find("10  (20.0 %)"));
    free(drawn.rgb);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("charts_data");
    TCase *tests = tcase_create("charts_data");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_curves_say);
    tcase_add_loop_test(tests, test_every_peak_is_drawn, 0, 4);
    tcase_add_test(tests, test_class_bars_end_at_their_values);
    tcase_add_test(tests, test_worst_classes);
    tcase_add_test(tests, test_confusion_cells);
    tcase_add_test(tests, test_confusion_of_many);
    tcase_add_test(tests, test_reliability_bars);
    tcase_add_test(tests, test_scatter_places);
    tcase_add_test(tests, test_scatter_of_many);
    tcase_add_test(tests, test_compare_names_the_failed);
    tcase_add_test(tests, test_compare_without_validation);
    tcase_add_test(tests, test_spend_rows);
    tcase_add_test(tests, test_spend_sums_the_rest);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
