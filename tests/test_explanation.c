/* The figure of two grids, one below the other. */
#include <stdlib.h>

#include "report/explanation.h"
#include "tests/suite.h"

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

/* Pixels of the drawing that are not paper, in the rows from .. to. */
static int drawn(const weft_figure *figure, double from, double to)
{
    int count = 0;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, figure->width, figure->height);
    cairo_t *cr = cairo_create(surface);
    const weft_canvas canvas = {cr, weft_palette_of(WEFT_LIGHT)};
    weft_colour_set(cr, canvas.palette->paper);
    cairo_paint(cr);
    figure->draw(&canvas, figure->data);
    cairo_surface_flush(surface);
    const unsigned char *bytes = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = (int)from; y < (int)to; y++) {
        for (int x = 0; x < figure->width; x++)
            count += memcmp(bytes + y * stride + 4 * x, bytes, 3) != 0;
    }
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return count;
}

START_TEST(both_are_drawn)
{
    const weft_explanation both = explanation(MORE), alone = explanation(0);
    const weft_figure two = weft_explanation_figure(&both), one = weft_explanation_figure(&alone);
    const double top = weft_explanation_more(&both);
    const int upper = drawn(&one, 0, one.height);
    ck_assert_int_gt(upper, 1000);
    ck_assert_int_eq(drawn(&two, 0, top), upper);
    ck_assert_int_gt(drawn(&two, top, two.height), upper);
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
    return weft_suite_run(suite);
}
