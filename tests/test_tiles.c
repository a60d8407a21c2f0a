/* Grids of images: where things stand, sharp pixels, colours, marks, odd data. */
#define _XOPEN_SOURCE 700

#include <stdio.h>

#include "report/svg_names.h"
#include "report/tiles.h"
#include "tests/drawn_figure.h"

enum { TILES = 100, PIXELS_MAX = 224 * 224 * 3 };

static uint8_t pixels[PIXELS_MAX];
static float values[PIXELS_MAX];
static weft_tile tile[TILES];

/* 60 characters of two bytes. */
static char long_name[2 * 60 + 1];

static void fill_data(void)
{
    for (int i = 0; i < PIXELS_MAX; i++) {
        pixels[i] = (uint8_t)((uint32_t)(i + 1) * 2654435761u >> 24);
        values[i] = (float)((i * 7) % 23) - 5;
    }
    for (int i = 0; i < 120; i++)
        long_name[i] = i % 2 ? '\xa4' : '\xc3';
}

static weft_picture picture(int width, int height, int channels)
{
    return (weft_picture){width, height, channels, pixels};
}

static weft_matrix matrix(int width, int height)
{
    return (weft_matrix){width, height, values};
}

static weft_tiles tiles_of(weft_tile each, int count)
{
    for (int i = 0; i < count; i++)
        tile[i] = each;
    return (weft_tiles){.title = "title",
                        .subtitle = "subtitle",
                        .tile = tile,
                        .count = count,
                        .map = WEFT_MAP_SEQUENTIAL};
}

/* ---- where things stand ---- */

/* No two boxes of a grid overlap, and all lie within the figure, below its heading. */
static void check_places(const weft_tiles *t)
{
    static weft_box box[3 * TILES + 1];
    const weft_tiles_layout l = weft_tiles_place(t);
    int count = 0;
    for (int i = 0; i < t->count; i++) {
        box[count++] = weft_tiles_picture(t, &l, i);
        for (int line = 0; line < l.lines; line++)
            box[count++] = weft_tiles_caption(&l, i, line);
    }
    if (l.legend.width > 0) box[count++] = l.legend;
    int outside = 0, together = 0;
    for (int i = 0; i < count; i++) {
        outside += !box_within(box[i], l.width, l.height);
        outside += box[i].top < (t->title ? WEFT_HEADING_HEIGHT : 0);
        for (int k = 0; k < i; k++)
            together += !boxes_apart(box[i], box[k]);
    }
    ck_assert_msg(outside == 0 && together == 0, "%d of %d boxes outside, %d pairs overlap",
                  outside, count, together);
    ck_assert_int_le((l.rows - 1) * l.columns, t->count);
    ck_assert_int_ge(l.rows * l.columns, t->count);
}

START_TEST(nothing_overlaps)
{
    static const int counts[] = {0, 1, 2, 13, 41, TILES};
    static const weft_tile kinds[] = {
        {.picture = {28, 28, 1, pixels}},
        {.picture = {224, 224, 3, pixels}, .caption = "one"},
        {.picture = {1, 1, 1, pixels}, .caption = long_name, .caption2 = long_name},
        {.heat = {3, 3, values}, .caption = "7"},
        {.picture = {32, 8, 3, pixels}, .heat = {4, 4, values}, .mark = WEFT_MARK_WRONG},
        {.caption = "nothing"},
    };
    enum { KINDS = sizeof kinds / sizeof *kinds };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int columns = 0; columns < 9; columns += 4)
            for (int k = 0; k < KINDS; k++) {
                weft_tiles t = tiles_of(kinds[k], counts[i]);
                t.columns = columns;
                check_places(&t);
                t.title = t.subtitle = NULL;
                check_places(&t);
            }
}
END_TEST

/* Pixels are whole numbers of units wide, whatever the size of the image. */
START_TEST(pixels_are_enlarged_evenly)
{
    static const int sizes[][2] = {{1, 1},   {3, 5},    {28, 28},   {32, 32},
                                   {17, 90}, {112, 64}, {224, 224}, {300, 10}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const weft_tiles t =
            tiles_of((weft_tile){.picture = picture(sizes[i][0], sizes[i][1], 1)}, 20);
        const weft_tiles_layout l = weft_tiles_place(&t);
        const weft_box box = weft_tiles_picture(&t, &l, 3);
        const double scale = box.width / sizes[i][0];
        ck_assert_double_eq_tol(box.height, scale * sizes[i][1], 1e-9);
        ck_assert_double_eq(box.left, floor(box.left));
        ck_assert_double_eq(box.top, floor(box.top));
        if (sizes[i][0] <= 224)
            ck_assert(scale >= 1 && scale == floor(scale));
        else
            ck_assert_double_eq_tol(box.width, 224, 1e-9);
    }
}
END_TEST

START_TEST(columns_are_even)
{
    weft_tiles t = tiles_of((weft_tile){.picture = picture(28, 28, 1)}, 16);
    weft_tiles_layout l = weft_tiles_place(&t);
    ck_assert_int_eq(l.columns, 8);
    ck_assert_int_eq(l.rows, 2);
    t.columns = 5;
    l = weft_tiles_place(&t);
    ck_assert_int_eq(l.columns, 5);
    ck_assert_int_eq(l.rows, 4);
    t.columns = 0;
    t.count = 1;
    l = weft_tiles_place(&t);
    ck_assert_int_eq(l.columns, 1);
    ck_assert_int_ge(l.width, 360);
}
END_TEST

/* ---- pixels ---- */

static weft_rgb pixel(const weft_picture *p, int x, int y)
{
    const uint8_t *at =
        p->pixels + ((size_t)y * (size_t)p->width + (size_t)x) * (size_t)p->channels;
    return p->channels == 3 ? (weft_rgb){at[0], at[1], at[2]} : (weft_rgb){at[0], at[0], at[0]};
}

/* Every point of the figure within a picture's box has exactly the colour of its pixel. */
START_TEST(pixels_are_sharp)
{
    static const weft_picture kinds[] = {{1, 1, 3, pixels},
                                         {2, 3, 3, pixels},
                                         {28, 28, 1, pixels},
                                         {60, 7, 3, pixels},
                                         {224, 224, 1, pixels}};
    const weft_picture *p = &kinds[_i];
    for (int scale = 1; scale <= 2; scale++) {
        const weft_tiles t = tiles_of((weft_tile){.picture = *p}, 3);
        const weft_tiles_layout l = weft_tiles_place(&t);
        const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_DARK, scale);
        const weft_box box = weft_tiles_picture(&t, &l, 1);
        const double each = scale * box.width / p->width;
        int other = 0;
        for (int y = 0; y < (int)box.height * scale; y++)
            for (int x = 0; x < (int)box.width * scale; x++) {
                const weft_rgb got = drawn_at(&d, box.left * scale + x, box.top * scale + y);
                other += !same_rgb(got, pixel(p, (int)(x / each), (int)(y / each)));
            }
        ck_assert_msg(other == 0, "%d points at scale %d", other, scale);
        free(d.rgb);
    }
}
END_TEST

/* A large image is made smaller and keeps its mean. */
START_TEST(large_images_shrink)
{
    const weft_tiles t = tiles_of((weft_tile){.picture = picture(300, 300, 1)}, 1);
    const weft_tiles_layout l = weft_tiles_place(&t);
    const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
    const weft_box box = weft_tiles_picture(&t, &l, 0);
    double sum = 0, want = 0;
    for (int y = 1; y < 223; y++)
        for (int x = 1; x < 223; x++)
            sum += drawn_at(&d, box.left + x, box.top + y).green;
    for (int i = 0; i < 300 * 300; i++)
        want += pixels[i];
    ck_assert_double_eq_tol(sum / (222 * 222), want / (300 * 300), 3);
    free(d.rgb);
}
END_TEST

/* ---- numbers in colours ---- */

static weft_rgb colour_in(const drawn_figure *d, weft_box box, int width, int x, int y)
{
    const double each = box.width / width;
    return drawn_at(d, box.left + (x + 0.5) * each, box.top + (y + 0.5) * each);
}

START_TEST(matrices_take_the_colours_of_their_map)
{
    weft_tiles t = tiles_of((weft_tile){.heat = matrix(3, 3)}, 4);
    t.map = (weft_colour_map)_i;
    values[4] = -20;
    const weft_tiles_layout l = weft_tiles_place(&t);
    ck_assert_double_eq(l.scale.low, -20);
    ck_assert_double_eq(l.scale.high, t.map == WEFT_MAP_DIVERGING ? 20 : 16);
    ck_assert_double_gt(l.legend.width, 0);
    const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
    const weft_box box = weft_tiles_picture(&t, &l, 2);
    for (int i = 0; i < 9; i++) {
        const double share = weft_scale_share(&l.scale, (double)values[i]);
        ck_assert(same_rgb(colour_in(&d, box, 3, i % 3, i / 3), weft_colour_map_at(t.map, share)));
    }
    /* The legend's ends are the map's. */
    const double middle = l.legend.top + l.legend.height / 2;
    ck_assert(same_rgb(drawn_at(&d, l.legend.left, middle), weft_colour_map_at(t.map, 0)));
    ck_assert(same_rgb(drawn_at(&d, l.legend.left + l.legend.width - 1, middle),
                       weft_colour_map_at(t.map, 1)));
    free(d.rgb);
}
END_TEST

static bool is_grey(weft_rgb c)
{
    return c.red == c.green && c.green == c.blue;
}

START_TEST(missing_numbers_are_in_no_map)
{
    weft_tiles t = tiles_of((weft_tile){.heat = matrix(3, 3)}, 1);
    weft_tiles_layout l = weft_tiles_place(&t);
    const weft_box legend = {l.legend.left + l.legend.width + 4, l.legend.top, 150, 12};
    drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
    ck_assert_int_eq(drawn_in(&d, WEFT_LIGHT, legend), 0);
    free(d.rgb);

    values[4] = _i == 0 ? (float)NAN : (float)INFINITY;
    l = weft_tiles_place(&t);
    ck_assert(l.scale.missing);
    d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
    ck_assert_int_gt(drawn_in(&d, WEFT_LIGHT, legend), 100);
    const weft_box box = weft_tiles_picture(&t, &l, 0);
    const double each = box.width / 3;
    int light = 0, dark = 0;
    for (int i = 0; i < (int)(each * each); i++) {
        const weft_rgb c =
            drawn_at(&d, box.left + each + i % (int)each, box.top + each + (double)(i / (int)each));
        ck_assert(is_grey(c));
        light += c.red > 200;
        dark += c.red < 150;
    }
    ck_assert_int_eq(light + dark, (int)(each * each));
    ck_assert(light > dark / 2 && dark > light / 2);
    ck_assert(!is_grey(colour_in(&d, box, 3, 0, 0)));
    free(d.rgb);
}
END_TEST

/* With a scale of their own, matrices that differ by a factor look alike. */
START_TEST(own_scales)
{
    static float larger[9];
    weft_tiles t = tiles_of((weft_tile){.heat = matrix(3, 3)}, 2);
    for (int i = 0; i < 9; i++)
        larger[i] = (values[i] = (float)(i + 1)) * 8;
    tile[1].heat.values = larger;
    for (int own = 0; own < 2; own++) {
        t.own_scales = own;
        const weft_tiles_layout l = weft_tiles_place(&t);
        const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
        const weft_box a = weft_tiles_picture(&t, &l, 0), b = weft_tiles_picture(&t, &l, 1);
        for (int i = 1; i < 9; i++)
            ck_assert_int_eq(
                same_rgb(colour_in(&d, a, 3, i % 3, i / 3), colour_in(&d, b, 3, i % 3, i / 3)),
                own);
        free(d.rgb);
    }
}
END_TEST

/* Over a picture: a high number colours it, a low one leaves it nearly grey; a coarse map is
 * stretched to the picture. */
START_TEST(heat_over_a_picture)
{
    const weft_tiles t =
        tiles_of((weft_tile){.picture = picture(28, 28, 1), .heat = matrix(2, 1)}, 1);
    for (int i = 0; i < 28 * 28; i++)
        pixels[i] = 128;
    values[0] = 0;
    values[1] = 1;
    const weft_tiles_layout l = weft_tiles_place(&t);
    const weft_box box = weft_tiles_picture(&t, &l, 0);
    ck_assert_double_eq(box.width, 112);
    const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
    int before = 0;
    for (int x = 0; x < 28; x++) { /* green grows along viridis */
        const weft_rgb c = colour_in(&d, box, 28, x, 14);
        ck_assert_int_ge(c.green, before);
        before = c.green;
        ck_assert(same_rgb(c, colour_in(&d, box, 28, x, 3)));
    }
    const weft_rgb low = colour_in(&d, box, 28, 0, 0), high = colour_in(&d, box, 28, 27, 0);
    ck_assert_int_lt(abs(low.green - low.red) + abs(low.red - low.blue), 60);
    ck_assert_int_gt(high.green - high.blue, 100);
    free(d.rgb);
}
END_TEST

/* ---- words and marks ---- */

/* Which points of a mark's place are drawn, whatever their colour. */
static int mark_shape(weft_tile_mark mark, bool *shape, weft_rgb *frame)
{
    const weft_tiles t =
        tiles_of((weft_tile){.picture = picture(28, 28, 1), .caption = "", .mark = mark}, 1);
    const weft_tiles_layout l = weft_tiles_place(&t);
    const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
    const weft_box caption = weft_tiles_caption(&l, 0, 0), box = weft_tiles_picture(&t, &l, 0);
    const weft_rgb paper = rgb_of(weft_palette_of(WEFT_LIGHT)->paper);
    int count = 0;
    for (int i = 0; i < 144; i++) {
        shape[i] = !same_rgb(drawn_at(&d, caption.left + i % 12, caption.top + i / 12.0), paper);
        count += shape[i];
    }
    *frame = drawn_at(&d, box.left + 20, box.top - 1);
    free(d.rgb);
    return count;
}

START_TEST(marks_differ_in_shape)
{
    bool right[144], wrong[144], none[144];
    weft_rgb frame_right, frame_wrong, frame_none;
    int differ = 0;
    ck_assert_int_eq(mark_shape(WEFT_MARK_NONE, none, &frame_none), 0);
    ck_assert_int_gt(mark_shape(WEFT_MARK_RIGHT, right, &frame_right), 15);
    ck_assert_int_gt(mark_shape(WEFT_MARK_WRONG, wrong, &frame_wrong), 15);
    for (int i = 0; i < 144; i++)
        differ += right[i] != wrong[i];
    ck_assert_int_gt(differ, 20);
    ck_assert(same_rgb(frame_right, frame_none) && !same_rgb(frame_wrong, frame_right));
}
END_TEST

/* Whatever the captions are, the gap right of a tile stays empty, and the value is there. */
START_TEST(captions_are_cut)
{
    static const char *const names[] = {long_name, "", "a\xff\xfe<&>\"z", "\xe2\x82\xac\xe2\x82",
                                        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"};
    const weft_tile each = {.picture = picture(28, 28, 1),
                            .caption = names[_i],
                            .caption2 = names[_i],
                            .value = "99.9 %",
                            .mark = WEFT_MARK_RIGHT};
    const weft_tiles t = tiles_of(each, 15);
    const weft_tiles_layout l = weft_tiles_place(&t);
    for (int theme = WEFT_LIGHT; theme <= WEFT_DARK; theme++) {
        const drawn_figure d = draw_figure(weft_tiles_figure(&t), (weft_theme)theme, 1);
        for (int i = 0; i < t.count; i++)
            for (int line = 0; line < 2; line++) {
                const weft_box box = weft_tiles_caption(&l, i, line);
                const weft_box gap = {box.left + box.width + 1, box.top, 8, box.height};
                const weft_box end = {box.left + box.width - 30, box.top, 30, box.height};
                ck_assert_int_eq(drawn_in(&d, (weft_theme)theme, gap), 0);
                if (line == 0) ck_assert_int_gt(drawn_in(&d, (weft_theme)theme, end), 30);
            }
        free(d.rgb);
    }
}
END_TEST

START_TEST(no_data_is_said)
{
    weft_tiles t = tiles_of((weft_tile){0}, 1);
    for (t.count = 0; t.count < 2; t.count++) {
        const weft_tiles_layout l = weft_tiles_place(&t);
        const weft_box below = {l.left + 4, l.top + 4, 100, l.height - l.top - WEFT_MARGIN - 4};
        const weft_box wide = {l.left + 4, l.top + 4, l.width - 40, l.high - 8};
        const drawn_figure d = draw_figure(weft_tiles_figure(&t), WEFT_LIGHT, 1);
        ck_assert_int_gt(drawn_in(&d, WEFT_LIGHT, t.count ? below : wide), 40);
        free(d.rgb);
    }
}
END_TEST

/* ---- files ---- */

START_TEST(equal_drawings_are_equal_files)
{
    weft_tiles t = tiles_of(
        (weft_tile){.picture = picture(28, 28, 3), .heat = matrix(7, 7), .caption = "a"}, 30);
    check_same_bytes(weft_tiles_figure(&t), WEFT_LIGHT);
    check_same_bytes(weft_tiles_figure(&t), WEFT_DARK);
}
END_TEST

START_TEST(names_in_svg)
{
    static const char text[] = "<image id=\"image17\" w/><use href=\"#image17\"/>"
                               "<image id=\"image9\"/><g id=\"surface16\">"
                               "<use href=\"#image9\"/><use href=\"#image17\"/> image8";
    static const char wanted[] = "<image id=\"image0\" image-rendering=\"pixelated\" w/>"
                                 "<use href=\"#image0\"/>"
                                 "<image id=\"image1\" image-rendering=\"pixelated\"/><g>"
                                 "<use href=\"#image1\"/><use href=\"#image0\"/> image8";
    weft_bytes out = {0};
    ck_assert(weft_svg_rename(text, sizeof text - 1, &out));
    ck_assert_uint_eq(out.count, sizeof wanted - 1);
    ck_assert_mem_eq(out.data, wanted, out.count);
    /* What ends too early is copied, not read past. */
    for (size_t count = 0; count < sizeof text; count++) {
        char *cut = malloc(count + 1);
        memcpy(cut, text, count);
        out.count = 0;
        ck_assert(weft_svg_rename(cut, count, &out));
        free(cut);
    }
    free(out.data);
}
END_TEST

/* More than a surface can hold is an error of the figure, not a crash. */
START_TEST(too_large)
{
    weft_tiles t = tiles_of((weft_tile){.picture = {40000, 40000, 1, pixels}}, 1);
    weft_figure figure = weft_tiles_figure(&t);
    char *bytes;
    size_t count;
    ck_weft_refused(weft_figure_png(&figure, WEFT_LIGHT, 1, &bytes, &count), WEFT_ERR_IO,
                    "cannot draw");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tiles");
    TCase *tests = tcase_create("tiles");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, fill_data, NULL);
    tcase_add_test(tests, nothing_overlaps);
    tcase_add_test(tests, pixels_are_enlarged_evenly);
    tcase_add_test(tests, columns_are_even);
    tcase_add_loop_test(tests, pixels_are_sharp, 0, 5);
    tcase_add_test(tests, large_images_shrink);
    tcase_add_loop_test(tests, matrices_take_the_colours_of_their_map, 0, 3);
    tcase_add_loop_test(tests, missing_numbers_are_in_no_map, 0, 2);
    tcase_add_test(tests, own_scales);
    tcase_add_test(tests, heat_over_a_picture);
    tcase_add_test(tests, marks_differ_in_shape);
    tcase_add_loop_test(tests, captions_are_cut, 0, 5);
    tcase_add_test(tests, no_data_is_said);
    tcase_add_test(tests, equal_drawings_are_equal_files);
    tcase_add_test(tests, names_in_svg);
    tcase_add_test(tests, too_large);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    forget_fonts();
    return result;
}
