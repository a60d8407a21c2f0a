/* The sheet of a data set: where things stand for few and many classes, bars, long names. */
#define _XOPEN_SOURCE 700

#include <stdio.h>

#include "report/data_sheet.h"
#include "tests/drawn_figure.h"

enum { CLASSES = 256, EACH = 10, SIDE = 6, DRAWS = 17 };

static uint8_t pixels[SIDE * SIDE * 3];
static char long_name[2 * 60 + 1]; /* 60 characters of two bytes */
static weft_data_class class[CLASSES];
static weft_picture sample[CLASSES * EACH];
static weft_tile draws[DRAWS], grid[60];

static void fill_data(void)
{
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(200 + i % 50);
    for (int i = 0; i < 120; i++)
        long_name[i] = i % 2 ? '\xa4' : '\xc3';
    for (int c = 0; c < CLASSES; c++)
        class[c] = (weft_data_class){c % 3 ? "name" : long_name, c};
    for (int i = 0; i < CLASSES * EACH; i++)
        sample[i] = (weft_picture){SIDE, SIDE, 3, pixels};
    for (int i = 0; i < DRAWS; i++)
        draws[i] = (weft_tile){.picture = {SIDE, SIDE, 3, pixels}, .caption = "epoch 1"};
    for (int i = 0; i < 60; i++)
        grid[i] = (weft_tile){.picture = {SIDE, SIDE, 3, pixels}, .caption = "12345"};
}

static weft_data_sheet sheet_of(int classes)
{
    return (weft_data_sheet){.title = "title",
                             .subtitle = long_name,
                             .note = "note",
                             .class = class,
                             .classes = classes,
                             .sample = sample,
                             .per_class = EACH,
                             .draws = {.title = "draws", .tile = draws, .count = DRAWS}};
}

START_TEST(nothing_overlaps)
{
    static const int counts[] = {1, 2, 10, 16, 17, 60, 61, 100, CLASSES};
    static weft_box box[CLASSES * (EACH + 2)];
    const weft_data_sheet sheet = sheet_of(counts[_i]);
    const weft_data_layout l = weft_data_place(&sheet);
    int count = 0, outside = 0, together = 0;
    for (int c = 0; c < sheet.classes; c++) {
        box[count++] = weft_data_name(&l, c);
        for (int i = 0; i < l.thumbs; i++)
            box[count++] = weft_data_thumb(&l, c, i);
        weft_box bar = weft_data_bar(&sheet, &l, c);
        ck_assert_double_le(bar.width, l.bar);
        bar.width += 40; /* its number */
        box[count++] = bar;
    }
    for (int i = 0; i < count; i++) {
        outside += !box_within(box[i], l.width, l.draws_top - 40) || box[i].top < 90;
        for (int k = 0; k < i; k++)
            together += !boxes_apart(box[i], box[k]);
    }
    ck_assert_msg(outside == 0 && together == 0, "%d of %d boxes outside, %d pairs overlap",
                  outside, count, together);
    ck_assert_int_ge(l.thumbs, 3);
    ck_assert_double_ge(l.bar, 30);
    ck_assert_int_lt(l.height, 5000);
}
END_TEST

/* Bars are as long as the counts say, in the colour of the first series. */
START_TEST(bars_tell_counts)
{
    const weft_data_sheet sheet = sheet_of(5);
    const weft_data_layout l = weft_data_place(&sheet);
    const weft_rgb colour = rgb_of(weft_palette_of(WEFT_LIGHT)->series[0]);
    const drawn_figure d = draw_figure(weft_data_sheet_figure(&sheet), WEFT_LIGHT, 1);
    for (int c = 0; c < 5; c++) {
        const weft_box bar = weft_data_bar(&sheet, &l, c);
        const double middle = bar.top + bar.height / 2;
        ck_assert_double_eq_tol(bar.width, l.bar * c / 4, 1e-9);
        int length = 0;
        while (same_rgb(drawn_at(&d, ceil(bar.left) + length, middle), colour))
            length++;
        ck_assert_int_le(abs(length - (int)bar.width), 1);
    }
    free(d.rgb);
}
END_TEST

/* A class with fewer samples than there is room for leaves the room empty. */
START_TEST(missing_samples_stay_empty)
{
    const weft_data_sheet sheet = sheet_of(3);
    sample[EACH + 4].pixels = NULL;
    const weft_data_layout l = weft_data_place(&sheet);
    const drawn_figure d = draw_figure(weft_data_sheet_figure(&sheet), WEFT_DARK, 1);
    ck_assert_int_eq(drawn_in(&d, WEFT_DARK, weft_data_thumb(&l, 1, 4)), 0);
    ck_assert_int_gt(drawn_in(&d, WEFT_DARK, weft_data_thumb(&l, 1, 3)), 1000);
    ck_assert_int_gt(drawn_in(&d, WEFT_DARK, weft_data_thumb(&l, 2, 4)), 1000);
    free(d.rgb);
}
END_TEST

/* A name of 60 characters ends before the samples begin. */
START_TEST(names_are_cut)
{
    static const int counts[] = {3, 30, 100};
    const weft_data_sheet sheet = sheet_of(counts[_i]);
    const weft_data_layout l = weft_data_place(&sheet);
    const drawn_figure d = draw_figure(weft_data_sheet_figure(&sheet), WEFT_LIGHT, 1);
    for (int c = 0; c < sheet.classes; c++) {
        const weft_box name = weft_data_name(&l, c);
        const weft_box gap = {name.left + name.width + 1, name.top, 10, name.height};
        ck_assert_int_gt(drawn_in(&d, WEFT_LIGHT, name), 20);
        ck_assert_int_eq(drawn_in(&d, WEFT_LIGHT, gap), 0);
    }
    free(d.rgb);
}
END_TEST

/* One class: a grid in the place of rows, with the draws below. */
START_TEST(one_class_alone)
{
    weft_data_sheet sheet = sheet_of(0);
    sheet.grid = (weft_tiles){.tile = grid, .count = 60};
    const weft_data_layout l = weft_data_place(&sheet);
    const drawn_figure d = draw_figure(weft_data_sheet_figure(&sheet), WEFT_LIGHT, 1);
    const weft_box above = {0, l.grid_top, l.width, l.draws_top - 60 - l.grid_top};
    const weft_box below = {0, l.draws_top, l.width, l.height - l.draws_top};
    ck_assert_double_lt(l.grid_top, l.draws_top);
    ck_assert_int_gt(drawn_in(&d, WEFT_LIGHT, above), 60 * 84 * 84);
    ck_assert_int_gt(drawn_in(&d, WEFT_LIGHT, below), DRAWS * 84 * 84);
    free(d.rgb);
}
END_TEST

START_TEST(no_data_is_said)
{
    const weft_data_sheet sheet = {.title = "title"};
    const weft_data_layout l = weft_data_place(&sheet);
    const drawn_figure d = draw_figure(weft_data_sheet_figure(&sheet), WEFT_LIGHT, 1);
    ck_assert_int_gt(drawn_in(&d, WEFT_LIGHT, (weft_box){0, 60, l.width, l.height - 60}), 100);
    ck_assert_int_eq(drawn_in(&d, WEFT_LIGHT, (weft_box){0, l.height - 8, l.width, 8}), 0);
    free(d.rgb);
}
END_TEST

START_TEST(equal_drawings_are_equal_files)
{
    const weft_data_sheet sheet = sheet_of(20);
    check_same_bytes(weft_data_sheet_figure(&sheet), WEFT_LIGHT);
    check_same_bytes(weft_data_sheet_figure(&sheet), WEFT_DARK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data_sheet");
    TCase *tests = tcase_create("data_sheet");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, fill_data, NULL);
    tcase_add_loop_test(tests, nothing_overlaps, 0, 9);
    tcase_add_test(tests, bars_tell_counts);
    tcase_add_test(tests, missing_samples_stay_empty);
    tcase_add_loop_test(tests, names_are_cut, 0, 3);
    tcase_add_test(tests, one_class_alone);
    tcase_add_test(tests, no_data_is_said);
    tcase_add_test(tests, equal_drawings_are_equal_files);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
