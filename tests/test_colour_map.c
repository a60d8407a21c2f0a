/* Colour maps: their ends, that lightness tells order, and the scales they are drawn with. */
#include <math.h>
#include <stdlib.h>

#include "report/colour_map.h"
#include "tests/suite.h"

enum { STEPS = 1000 };

/* CIE L* of an sRGB colour (IEC 61966-2-1, D65): 0 black to 100 white. */
static double lightness(weft_rgb colour)
{
    const double part[] = {colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0};
    static const double weight[] = {0.2126729, 0.7151522, 0.0721750};
    double y = 0;
    for (int i = 0; i < 3; i++)
        y += weight[i] *
             (part[i] <= 0.04045 ? part[i] / 12.92 : pow((part[i] + 0.055) / 1.055, 2.4));
    return y > 0.008856 ? 116 * cbrt(y) - 16 : 903.3 * y;
}

static double lightness_at(weft_colour_map map, int step)
{
    return lightness(weft_colour_map_at(map, (double)step / STEPS));
}

static void check_colour(weft_colour_map map, double share, int red, int green, int blue)
{
    const weft_rgb got = weft_colour_map_at(map, share);
    ck_assert_msg(got.red == red && got.green == green && got.blue == blue,
                  "map %d at %g: %d %d %d", (int)map, share, got.red, got.green, got.blue);
}

START_TEST(ends)
{
    check_colour(WEFT_MAP_GREY, 0, 0, 0, 0);
    check_colour(WEFT_MAP_GREY, 1, 255, 255, 255);
    check_colour(WEFT_MAP_SEQUENTIAL, 0, 68, 1, 84);
    check_colour(WEFT_MAP_SEQUENTIAL, 1, 253, 231, 37);
    check_colour(WEFT_MAP_DIVERGING, 0, 0, 59, 146);
    check_colour(WEFT_MAP_DIVERGING, 0.5, 245, 245, 245);
    check_colour(WEFT_MAP_DIVERGING, 1, 128, 7, 1);
    for (int map = WEFT_MAP_GREY; map <= WEFT_MAP_DIVERGING; map++)
        for (double share = -2; share < 0; share += 0.5) {
            const weft_rgb low = weft_colour_map_at((weft_colour_map)map, 0);
            const weft_rgb high = weft_colour_map_at((weft_colour_map)map, 1);
            check_colour((weft_colour_map)map, share, low.red, low.green, low.blue);
            check_colour((weft_colour_map)map, 1 - share, high.red, high.green, high.blue);
        }
}
END_TEST

/* Rounding to bytes may take back a little of a step, never more. */
static const double SLACK = 0.35;

START_TEST(lightness_rises)
{
    static const weft_colour_map maps[] = {WEFT_MAP_GREY, WEFT_MAP_SEQUENTIAL};
    const weft_colour_map map = maps[_i];
    for (int i = 0; i < STEPS; i++)
        ck_assert_double_gt(lightness_at(map, i + 1), lightness_at(map, i) - SLACK);
    /* Evenly: each tenth takes its share. */
    const double whole = lightness_at(map, STEPS) - lightness_at(map, 0);
    ck_assert_double_gt(whole, 70);
    for (int i = 0; i < STEPS; i += STEPS / 10) {
        const double tenth = lightness_at(map, i + STEPS / 10) - lightness_at(map, i);
        ck_assert_double_gt(tenth, 0.06 * whole);
        ck_assert_double_lt(tenth, 0.14 * whole);
    }
}
END_TEST

START_TEST(diverging_is_lightest_in_the_middle)
{
    for (int i = 0; i < STEPS / 2; i++) {
        const double left = lightness_at(WEFT_MAP_DIVERGING, i);
        const double right = lightness_at(WEFT_MAP_DIVERGING, STEPS - i);
        ck_assert_double_gt(lightness_at(WEFT_MAP_DIVERGING, i + 1), left - SLACK);
        ck_assert_double_gt(lightness_at(WEFT_MAP_DIVERGING, STEPS - i - 1), right - SLACK);
        ck_assert_double_lt(fabs(left - right), 7);
    }
    const weft_rgb low = weft_colour_map_at(WEFT_MAP_DIVERGING, 0.25);
    const weft_rgb high = weft_colour_map_at(WEFT_MAP_DIVERGING, 0.75);
    ck_assert(low.blue > low.red + 100 && high.red > high.blue + 100);
}
END_TEST

static weft_scale scale_of(weft_colour_map map, const float *values, int count)
{
    weft_scale scale = weft_scale_empty();
    weft_scale_add(&scale, &(weft_matrix){count, 1, values});
    return weft_scale_fit(scale, map);
}

static void check_scale(weft_scale scale, double low, double high, bool missing)
{
    ck_assert_double_eq(scale.low, low);
    ck_assert_double_eq(scale.high, high);
    ck_assert_int_eq(scale.missing, missing);
}

START_TEST(scales)
{
    const float nan = (float)NAN, inf = (float)INFINITY;
    const float mixed[] = {-2, 1, nan, 3}, above[] = {2, 5, inf}, same[] = {4, 4},
                below[] = {-3, -1};
    const float none[] = {nan, -inf}, zero[] = {0};
    check_scale(scale_of(WEFT_MAP_SEQUENTIAL, mixed, 4), -2, 3, true);
    check_scale(scale_of(WEFT_MAP_DIVERGING, mixed, 4), -3, 3, true);
    check_scale(scale_of(WEFT_MAP_GREY, above, 3), 0, 5, true);
    check_scale(scale_of(WEFT_MAP_SEQUENTIAL, same, 2), 0, 4, false);
    check_scale(scale_of(WEFT_MAP_SEQUENTIAL, below, 2), -3, -1, false);
    check_scale(scale_of(WEFT_MAP_SEQUENTIAL, below, 1), -3, 0, false);
    check_scale(scale_of(WEFT_MAP_DIVERGING, below, 2), -3, 3, false);
    check_scale(scale_of(WEFT_MAP_SEQUENTIAL, none, 2), 0, 1, true);
    check_scale(scale_of(WEFT_MAP_SEQUENTIAL, zero, 1), 0, 1, false);
    check_scale(scale_of(WEFT_MAP_DIVERGING, zero, 1), -1, 1, false);
    check_scale(scale_of(WEFT_MAP_DIVERGING, NULL, 1), -1, 1, false);
    const weft_scale scale = scale_of(WEFT_MAP_DIVERGING, mixed, 4);
    ck_assert_double_eq(weft_scale_share(&scale, 0), 0.5);
    ck_assert_double_eq(weft_scale_share(&scale, 3), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("colour_map");
    TCase *tests = tcase_create("colour_map");
    tcase_add_test(tests, ends);
    tcase_add_loop_test(tests, lightness_rises, 0, 2);
    tcase_add_test(tests, diverging_is_lightest_in_the_middle);
    tcase_add_test(tests, scales);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
