/* Curves as dots of cells: which dots of which cells, and what they look like as text. */
#include <math.h>

#include "report/dots.h"
#include "tests/suite.h"

enum { WIDE = 4, HIGH = 2, CELLS = WIDE * HIGH };

static uint8_t cell[CELLS];
static const weft_dots dots = {WIDE, HIGH, cell};
/* One unit a dot: x 0 to 7 from the left, y 0 to 7 from the bottom. */
static const weft_dots_range range = {0, 7, 0, 7};

static void draw(const double *x, const double *y, int count)
{
    memset(cell, 0, sizeof cell);
    weft_dots_curve(dots, &range, x, y, count);
}

static void draw_point(double x, double y)
{
    draw(&x, &y, 1);
}

static int dots_set(void)
{
    int count = 0;
    for (int i = 0; i < CELLS; i++)
        for (int bit = 0; bit < 8; bit++)
            count += cell[i] >> bit & 1;
    return count;
}

static void check_cells(const uint8_t wanted[CELLS])
{
    for (int i = 0; i < CELLS; i++)
        ck_assert_msg(cell[i] == wanted[i], "cell %d is %02x instead of %02x", i, cell[i],
                      wanted[i]);
}

/* Dots 1 to 8 of Unicode: down the left side 1 2 3 7, down the right 4 5 6 8. */
START_TEST(every_dot_of_a_cell)
{
    static const int at[8][2] = {{0, 7}, {0, 6}, {0, 5}, {1, 7}, {1, 6}, {1, 5}, {0, 4}, {1, 4}};
    for (int dot = 0; dot < 8; dot++) {
        draw_point(at[dot][0], at[dot][1]);
        const uint8_t wanted[CELLS] = {(uint8_t)(1u << dot)};
        check_cells(wanted);
    }
}
END_TEST

START_TEST(the_corners)
{
    draw_point(0, 0);
    check_cells((uint8_t[CELLS]){0, 0, 0, 0, 0x40, 0, 0, 0});
    draw_point(7, 7);
    check_cells((uint8_t[CELLS]){0, 0, 0, 0x08, 0, 0, 0, 0});
    draw_point(7, 0);
    check_cells((uint8_t[CELLS]){0, 0, 0, 0, 0, 0, 0, 0x80});
    ck_assert_int_eq(weft_dots_cell(dots, &range, 0, 7), 0);
    ck_assert_int_eq(weft_dots_cell(dots, &range, 7, 0), CELLS - 1);
    ck_assert_int_eq(weft_dots_cell(dots, &range, 3, 4), 1);
    ck_assert_int_eq(weft_dots_cell(dots, &range, 3, 3.4), WIDE + 1);
}
END_TEST

START_TEST(lines)
{
    const double across[] = {0, 7}, level[] = {7, 7}, down[] = {7, 0}, upright[] = {2, 2};
    draw(across, level, 2);
    check_cells((uint8_t[CELLS]){0x09, 0x09, 0x09, 0x09, 0, 0, 0, 0});
    draw(across, down, 2);
    check_cells((uint8_t[CELLS]){0x11, 0x84, 0, 0, 0, 0, 0x11, 0x84});
    draw(upright, down, 2);
    check_cells((uint8_t[CELLS]){0, 0x47, 0, 0, 0, 0x47, 0, 0});
    /* The same way back. */
    const double up[] = {0, 7};
    draw(upright, up, 2);
    check_cells((uint8_t[CELLS]){0, 0x47, 0, 0, 0, 0x47, 0, 0});
}
END_TEST

START_TEST(steep_lines_have_no_holes)
{
    const double x[] = {1, 3}, y[] = {0, 7};
    draw(x, y, 2);
    ck_assert_int_eq(dots_set(), 8); /* one for each row */
}
END_TEST

/* What is missing or outside leaves a gap; what stands alone is a dot. */
START_TEST(gaps)
{
    static const double holes[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 7.5, -0.5,
                                   1e300};
    for (size_t i = 0; i < sizeof holes / sizeof *holes; i++) {
        const double x[] = {0, 3, 6}, y[] = {0, holes[i], 0};
        draw(x, y, 3);
        ck_assert_int_eq(dots_set(), 2);
        draw(y + 1, x, 1);
        ck_assert_int_eq(dots_set(), 0);
        ck_assert_int_eq(weft_dots_cell(dots, &range, 3, holes[i]), -1);
    }
    draw(NULL, NULL, 0);
    ck_assert_int_eq(dots_set(), 0);
}
END_TEST

/* Nothing is written outside of the cells, whatever the numbers are. */
START_TEST(nothing_outside)
{
    uint8_t guarded[CELLS + 2] = {0};
    const weft_dots inner = {WIDE, HIGH, guarded + 1};
    double x[64], y[64];
    for (int i = 0; i < 64; i++) {
        x[i] = (i * 37 % 101 - 20) / 6.0;
        y[i] = (i * 53 % 97 - 20) / 6.0;
    }
    weft_dots_curve(inner, &range, x, y, 64);
    ck_assert_uint_eq(guarded[0], 0);
    ck_assert_uint_eq(guarded[CELLS + 1], 0);
    const weft_dots single = {1, 1, guarded + 1};
    memset(guarded, 0, sizeof guarded);
    weft_dots_curve(single, &range, x, y, 64);
    for (int i = 2; i < CELLS + 2; i++)
        ck_assert_uint_eq(guarded[i], 0);
}
END_TEST

START_TEST(cells_as_text)
{
    char text[WEFT_BRAILLE_BYTES + 1] = "";
    weft_dots_braille(0x00, text);
    ck_assert_str_eq(text, "\u2800");
    weft_dots_braille(0xff, text);
    ck_assert_str_eq(text, "\u28ff");
    weft_dots_braille(0x47, text);
    ck_assert_str_eq(text, "\u2847");
    weft_dots_braille(0x80, text);
    ck_assert_str_eq(text, "\u2880");
    ck_assert_int_eq(weft_dots_ascii(0x00), ' ');
    ck_assert_int_eq(weft_dots_ascii(0x01), '\'');
    ck_assert_int_eq(weft_dots_ascii(0x10), '\'');
    ck_assert_int_eq(weft_dots_ascii(0x04), '.');
    ck_assert_int_eq(weft_dots_ascii(0x80), '.');
    ck_assert_int_eq(weft_dots_ascii(0x88), ':');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dots");
    TCase *tests = tcase_create("dots");
    tcase_add_test(tests, every_dot_of_a_cell);
    tcase_add_test(tests, the_corners);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, steep_lines_have_no_holes);
    tcase_add_test(tests, gaps);
    tcase_add_test(tests, nothing_outside);
    tcase_add_test(tests, cells_as_text);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
