/* Every figure over sizes from nothing to more than it can show, with odd numbers and long names.
 */
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

enum { CLASSES = 130, POINTS = 1500, EPOCHS = 50 };

/* Names of 60 characters, most of them two bytes long, and some that are not UTF-8. */
static char long_name[CLASSES][160];
static const char *names[CLASSES];

static void make_names(void)
{
    for (int i = 0; i < CLASSES; i++) {
        char *end = long_name[i] + snprintf(long_name[i], sizeof long_name[i], "%d ", i);
        const size_t digits = (size_t)(end - long_name[i]);
        for (size_t c = digits; c < 60; c++)
            end += snprintf(end, 4, "%s", i == 1 ? "\xff" : c % 9 == 0 ? " " : "\xc3\x9c");
        names[i] = long_name[i];
    }
}

/* Numbers from 0 to 1 that look like chance and are the same each time. */
static double chance(int i)
{
    const double x = sin(i * 12.9898 + 1) * 43758.5453;
    return x - floor(x);
}

static const char *const title = "A title that goes on for as long as it takes to be wider than "
                                 "every figure in this file, <&> \xe2\x82\xac included, "
                                 "and then still somewhat further than that, because titles do";

static const int class_counts[] = {0, 1, 2, 10, 25, 41, 100, CLASSES};
enum { CLASS_COUNTS = sizeof class_counts / sizeof *class_counts };

START_TEST(test_confusion)
{
    const int n = class_counts[_i];
    int64_t *count = calloc((size_t)n * (size_t)n + 1, sizeof *count);
    for (int i = 0; i < n * n; i++)
        count[i] = chance(i) < 0.4 ? 0 : i % (n + 1) == 0 ? 123456789 : (int64_t)(50 * chance(i));
    for (int i = 0; i < n && n > 1; i++)
        count[n + i] = 0; /* a class without samples */
    const weft_confusion_chart chart = {title, title, count, n, n == 2 ? NULL : names};
    const weft_figure figure = weft_confusion_figure(&chart);
    chart_look(&figure);
    ck_assert_int_eq(chart_find("no data") != NULL, n == 0);
    ck_assert_int_le(figure.height, 1400);
    free(count);
}
END_TEST

START_TEST(test_class_bars)
{
    const int n = class_counts[_i];
    double value[3][CLASSES];
    for (int i = 0; i < 3 * CLASSES; i++)
        value[i / CLASSES][i % CLASSES] = chance(i) < 0.1 ? (double)NAN : chance(i + 1);
    const weft_class_bars bars = {title, title, n, names, value[0], value[1], value[2]};
    const weft_figure figure = weft_class_bars_figure(&bars);
    chart_look(&figure);
    ck_assert_int_eq(chart_find("no data") != NULL, n == 0);
    ck_assert_int_le(figure.height, 2400);
}
END_TEST

START_TEST(test_spend)
{
    const int n = class_counts[_i];
    double value[CLASSES];
    for (int i = 0; i < CLASSES; i++)
        value[i] = i % 13 == 5 ? (double)NAN : 1e4 * pow(chance(i), 6);
    const weft_spend spend = {title, title, "ms per step", n, names, value};
    const weft_figure figure = weft_spend_figure(&spend);
    chart_look(&figure);
    ck_assert_int_eq(chart_find("no data") != NULL, n == 0);
}
END_TEST

START_TEST(test_scatter)
{
    static const int counts[] = {0, 1, 5, 900, POINTS};
    static float x[POINTS], y[POINTS];
    static int32_t class[POINTS];
    const int classes = class_counts[_i];
    const size_t first = classes == 10 ? 0 : sizeof counts / sizeof *counts - 1;
    for (size_t c = first; c < sizeof counts / sizeof *counts; c++) {
        for (int i = 0; i < POINTS; i++) {
            x[i] = i % 7 == 3 ? NAN : (float)(1e3 * chance(i));
            y[i] = i % 11 == 4 ? INFINITY : (float)(1e-6 * chance(i + 1));
            class[i] = i % (classes + 1);
        }
        const weft_scatter scatter = {title, title, "first", "second", counts[c],
                                      x,     y,     class,   classes,  names};
        const weft_figure figure = weft_scatter_figure(&scatter);
        chart_look(&figure);
        ck_assert_int_eq(chart_find("no data") != NULL, counts[c] == 0 || classes == 0);
    }
}
END_TEST

START_TEST(test_reliability)
{
    static const int bins[] = {1, 2, 15, 50};
    for (size_t b = 0; b < sizeof bins / sizeof *bins; b++) {
        double confidence[50], accuracy[50];
        int64_t count[50];
        for (int i = 0; i < bins[b]; i++) {
            confidence[i] = (i + chance(i)) / bins[b];
            accuracy[i] = i % 5 == 0 ? (double)NAN : chance(i);
            count[i] = (int64_t)pow(10, 18 * chance(i + _i));
        }
        if (_i == 0) memset(count, 0, sizeof count);
        const weft_reliability r = {
            title, title, bins[b], confidence, accuracy, count, _i == 1 ? (double)NAN : 0.1};
        const weft_figure figure = weft_reliability_figure(&r);
        chart_look(&figure);
        if (_i == 0) ck_assert_ptr_nonnull(chart_find("no data"));
    }
}
END_TEST

START_TEST(test_compare)
{
    static weft_curve_point points[10][EPOCHS];
    weft_compare_line line[10];
    for (int d = 0; d < 10; d++) {
        for (int i = 0; i < EPOCHS; i++) {
            const double loss = i % 17 == 3 ? (double)NAN : exp(-i / 9.0) + 0.1 * chance(i + d);
            points[d][i] = (weft_curve_point){i + 1, loss, 1 - loss, loss, 1 - loss, 0.1};
        }
        line[d] = (weft_compare_line){names[d], points[d], d == 2 ? 0 : EPOCHS - 9 * d % 50,
                                      d == 3 ? (double)NAN : 1e5 * chance(d)};
    }
    static const int counts[] = {0, 1, 2, 3, 8, 10};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        const weft_compare_chart chart = {title, title, line, counts[c]};
        const weft_figure figure = weft_compare_chart_figure(&chart);
        chart_look(&figure);
        ck_assert_int_eq(chart_find("failed") != NULL, counts[c] > 2);
        ck_assert_int_eq(chart_find("not shown: 2 more") != NULL, counts[c] == 10);
    }
}
END_TEST

START_TEST(test_curves)
{
    static weft_curve_point points[10000];
    static const int counts[] = {0, 1, 2, 9, 100, 10000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (int i = 0; i < counts[c]; i++) {
            const double loss = i % 7 == _i ? (double)NAN : exp(-i / 9.0) + 0.1 * chance(i);
            points[i] = (weft_curve_point){i + 1, loss, 1 - loss, loss + 0.001, 1 - loss, 1e-7};
        }
        const weft_curves curves = {title, title, points, counts[c]};
        const weft_figure figure = weft_curves_figure(&curves);
        chart_look(&figure);
        ck_assert_int_eq(chart_find("no data") != NULL,
                         counts[c] == 0 || (_i == 0 && counts[c] == 1));
    }
}
END_TEST

/* Points and cells that become pixels have names in the SVG; those must not count up. */
START_TEST(test_same_bytes)
{
    enum { MANY = 50 };
    static int64_t count[MANY * MANY];
    for (int i = 0; i < MANY * MANY; i++)
        count[i] = i % 7;
    const weft_confusion_chart chart = {"t", "s", count, MANY, NULL};
    check_same_bytes(weft_confusion_figure(&chart), WEFT_LIGHT);
    check_same_bytes(weft_confusion_figure(&chart), WEFT_DARK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("charts");
    TCase *tests = tcase_create("charts");
    tcase_set_timeout(tests, 120);
    make_names();
    tcase_add_loop_test(tests, test_confusion, 0, CLASS_COUNTS);
    tcase_add_loop_test(tests, test_class_bars, 0, CLASS_COUNTS);
    tcase_add_loop_test(tests, test_spend, 0, CLASS_COUNTS);
    tcase_add_loop_test(tests, test_scatter, 0, CLASS_COUNTS);
    tcase_add_loop_test(tests, test_reliability, 0, 3);
    tcase_add_test(tests, test_compare);
    tcase_add_loop_test(tests, test_curves, 0, 2);
    tcase_add_test(tests, test_same_bytes);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
