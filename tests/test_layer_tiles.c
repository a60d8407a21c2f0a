/* Grids of filters and feature maps: which numbers stand where, under which name, in which colours.
 */
#include "report/layer_tiles.h"
#include "tests/suite.h"

enum { MOST = 1000 };

static float values[MOST];

/* 0, 1, 2, ... */
static void count_up(void)
{
    for (int i = 0; i < MOST; i++)
        values[i] = (float)i;
}

START_TEST(filters_of_one_channel)
{
    weft_layer_tiles t;
    const weft_filters filters = {values, 4, 1, 3, 2};
    count_up();
    ck_weft(weft_filter_tiles("conv1", &filters, MOST, &t));
    ck_assert_int_eq(t.tiles.count, 4);
    ck_assert_int_eq(t.tiles.map, WEFT_MAP_DIVERGING);
    ck_assert_str_eq(t.tiles.title, "Filters of conv1");
    ck_assert_str_eq(t.tiles.subtitle, "4 filters of 3 x 2 over 1 channel");
    ck_assert_str_eq(t.tiles.tile[3].caption, "3");
    ck_assert_int_eq(t.tiles.tile[3].heat.width, 2);
    ck_assert_int_eq(t.tiles.tile[3].heat.height, 3);
    ck_assert_float_eq(t.tiles.tile[3].heat.values[0], 18);
    weft_layer_tiles_free(&t);
}
END_TEST

/* Behind each other lie the channels of a filter, not the filters. */
START_TEST(filters_of_colours)
{
    weft_layer_tiles t;
    const weft_filters filters = {values, 5, 3, 3, 3};
    count_up();
    ck_weft(weft_filter_tiles("stem", &filters, MOST, &t));
    ck_assert_int_eq(t.tiles.count, 15);
    ck_assert_str_eq(t.tiles.tile[0].caption, "0, 0");
    ck_assert_str_eq(t.tiles.tile[2].caption, "0, 2");
    ck_assert_str_eq(t.tiles.tile[3].caption, "1, 0");
    ck_assert_str_eq(t.tiles.tile[14].caption, "4, 2");
    ck_assert_float_eq(t.tiles.tile[14].heat.values[0], 14 * 9);
    ck_assert_str_eq(t.tiles.subtitle, "5 filters of 3 x 3 over 3 channels, by filter and channel");
    weft_layer_tiles_free(&t);

    ck_weft(weft_filter_tiles("stem", &filters, 4, &t));
    ck_assert_int_eq(t.tiles.count, 4);
    ck_assert_str_eq(t.tiles.subtitle, "5 filters of 3 x 3 over 3 channels, by filter and channel; "
                                       "the first 4 are shown");
    weft_layer_tiles_free(&t);
}
END_TEST

/* A channel is every third number. */
START_TEST(maps_by_channel)
{
    weft_layer_tiles t;
    const weft_maps maps = {values, 2, 4, 3};
    count_up();
    ck_weft(weft_map_tiles("relu1", &maps, MOST, &t));
    ck_assert_int_eq(t.tiles.count, 3);
    ck_assert_int_eq(t.tiles.map, WEFT_MAP_SEQUENTIAL);
    ck_assert_str_eq(t.tiles.title, "Feature maps of relu1");
    ck_assert_str_eq(t.tiles.subtitle, "3 channels of 2 x 4, by number");
    ck_assert_str_eq(t.tiles.tile[2].caption, "2");
    ck_assert_int_eq(t.tiles.tile[2].heat.width, 4);
    for (int i = 0; i < 8; i++)
        ck_assert_float_eq(t.tiles.tile[2].heat.values[i], (float)(3 * i + 2));
    weft_layer_tiles_free(&t);
}
END_TEST

/* Of those that are shown only. */
START_TEST(maps_below_zero_have_it_in_the_middle)
{
    weft_layer_tiles t;
    const weft_maps maps = {values, 2, 4, 3};
    count_up();
    values[3 * 5 + 2] = -0.5f;
    ck_weft(weft_map_tiles("conv1", &maps, MOST, &t));
    ck_assert_int_eq(t.tiles.map, WEFT_MAP_DIVERGING);
    weft_layer_tiles_free(&t);
    ck_weft(weft_map_tiles("conv1", &maps, 2, &t));
    ck_assert_int_eq(t.tiles.count, 2);
    ck_assert_int_eq(t.tiles.map, WEFT_MAP_SEQUENTIAL);
    ck_assert_str_eq(t.tiles.subtitle, "3 channels of 2 x 4, by number; the first 2 are shown");
    weft_layer_tiles_free(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layer_tiles");
    TCase *tests = tcase_create("grids");
    tcase_add_test(tests, filters_of_one_channel);
    tcase_add_test(tests, filters_of_colours);
    tcase_add_test(tests, maps_by_channel);
    tcase_add_test(tests, maps_below_zero_have_it_in_the_middle);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
