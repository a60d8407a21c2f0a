/* The figure of two grids, one below the other. */
#define _XOPEN_SOURCE 700

#include "report/explanation.h"
#include "tests/drawn_figure.h"

enum { SIDE = 4, MORE = 40 };

static float values[SIDE * SIDE];
static weft_tile maps[3], more[MORE];

static weft_explanation explanation(int count)
{
    for (int i = 0; i < SIDE * SIDE; i++)
        values[i] = (float)i;
    for (int i = 0; i < MORE; i++)
        more[i] = (weft_tile){.heat = {SIDE, SIDE, values}, .caption = "a map"};
    for (int i = 0; i < 3; i++)
        maps[i] = more[0];
    return (weft_explanation){
        .maps = {.title = "upper", .tile = maps, .count = 3, .map = WEFT_MAP_SEQUENTIAL},
        .more = {.title = "lower", .tile = more, .count = count, .map = WEFT_MAP_DIVERGING}};
}

START_TEST(one_grid_below_the_other)
{
    const weft_explanation both = explanation(MORE);
    const weft_figure figure = weft_explanation_figure(&both);
    const weft_tiles_layout upper = weft_tiles_place(&both.maps);
    const weft_tiles_layout lower = weft_tiles_place(&both.more);
    const double top = weft_explanation_more(&both);
    ck_assert_int_eq(figure.height, upper.height + lower.height);
    ck_assert_int_eq(figure.width, lower.width > upper.width ? lower.width : upper.width);
    ck_assert_double_ge(top, upper.legend.top + upper.legend.height);
    ck_assert_double_le(top + lower.legend.top + lower.legend.height, figure.height);
}
END_TEST

START_TEST(one_grid_alone)
{
    const weft_explanation alone = explanation(0);
    const weft_figure figure = weft_explanation_figure(&alone);
    const weft_tiles_layout upper = weft_tiles_place(&alone.maps);
    ck_assert_int_eq(figure.height, upper.height);
    ck_assert_int_eq(figure.width, upper.width);
}
END_TEST

/* Pixels of the rows from .. to that are not paper. */
static int drawn(weft_figure figure, double from, double to)
{
    const drawn_figure pixels = draw_figure(figure, WEFT_LIGHT, 1);
    const int count = drawn_in(&pixels, WEFT_LIGHT, (weft_box){0, from, figure.width, to - from});
    free(pixels.rgb);
    return count;
}

START_TEST(both_are_drawn)
{
    const weft_explanation both = explanation(MORE), alone = explanation(0);
    const weft_figure two = weft_explanation_figure(&both), one = weft_explanation_figure(&alone);
    const double top = weft_explanation_more(&both);
    const int upper = drawn(one, 0, one.height);
    ck_assert_int_gt(upper, 1000);
    ck_assert_int_eq(drawn(two, 0, top), upper);
    ck_assert_int_gt(drawn(two, top, two.height), upper);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explanation");
    TCase *tests = tcase_create("figure");
    tcase_add_test(tests, one_grid_below_the_other);
    tcase_add_test(tests, one_grid_alone);
    tcase_add_test(tests, both_are_drawn);
    suite_add_tcase(suite, tests);
    const int code = weft_suite_run(suite);
    forget_fonts();
    return code;
}
