/* What a user sees of `weft train` on a terminal, whatever its size is and becomes. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE 1 /* struct winsize */

#include "tests/live_run.h"

enum { EPOCHS = 12 };

#define RUN_12 TRAIN_ "--epochs 12 "

/* Rows of the table say what metrics.csv says. */
static void check_numbers(int epochs)
{
    char line[256];
    FILE *file = fopen("run/metrics.csv", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double value[4];
        char wanted[64];
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        ck_assert_int_eq(
            sscanf(line, "%*d,%lf,%lf,%lf,%lf", value, value + 1, value + 2, value + 3), 4);
        (void)snprintf(wanted, sizeof wanted, " %10.4f %10.4f %10.4f %10.4f ", value[0], value[1],
                       value[2], value[3]);
        ck_says(emulator_text(&screen, find_epoch(epoch, epochs)), wanted);
    }
    fclose(file);
}

START_TEST(a_table_and_a_plot)
{
    const int width = _i == 0 ? 80 : 200;
    session s = begin(width, TALL, RUN_12 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    ck_assert_int_eq(count(HEAD), 1);
    check_plot(check_epochs(EPOCHS));
    check_numbers(EPOCHS);
    ck_says(emulator_text(&screen, find_epoch(1, EPOCHS)), "   *");
}
END_TEST

START_TEST(a_table_alone)
{
    session s = begin(80, TALL, RUN_4);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(SHORT);
    check_numbers(SHORT);
    ck_assert_int_eq(count(HEAD), 1);
    ck_assert_int_eq(count(LEGEND), 0);
}
END_TEST

START_TEST(a_narrow_terminal_has_lines)
{
    session s = begin(79, TALL, RUN_4 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(SHORT);
    ck_assert_int_eq(count(HEAD), 0);
    ck_assert_int_eq(count(LEGEND), 0);
    ck_says(emulator_text(&screen, find_epoch(3, SHORT)), "epoch 3/4  loss 0.");
}
END_TEST

START_TEST(a_low_terminal_has_no_plot)
{
    session s = begin(80, 15, RUN_4 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(SHORT);
    ck_assert_int_eq(count(LEGEND), 0);
}
END_TEST

/* The lowest one that has a plot: all that scrolls out must be rows. */
START_TEST(a_terminal_that_is_just_high_enough)
{
    session s = begin(80, 16, RUN_12 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_plot(check_epochs(EPOCHS));
}
END_TEST

START_TEST(resized_in_the_middle)
{
    session s = begin(200, TALL, RUN_12 "--plot");
    take_until(&s, " 3/12 ");
    resize(&s, 90, 30);
    take_until(&s, " 6/12 ");
    resize(&s, 80, 16);
    take_until(&s, " 9/12 ");
    resize(&s, 120, 50);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    ck_assert_int_eq(count(HEAD), 1);
    check_plot(check_epochs(EPOCHS));
    check_numbers(EPOCHS);
}
END_TEST

/* Both kinds of terminals. The table goes on with its head. */
START_TEST(narrow_for_a_while)
{
    session s = begin(100, TALL, TRAIN_ "--epochs 30 --plot");
    screen.cuts = _i == 1;
    take_until(&s, " 14/30 ");
    resize(&s, 60, TALL);
    take_until(&s, "epoch 18/30");
    resize(&s, 100, TALL);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(30);
    ck_assert_int_eq(count("ETA"), 0);
    ck_assert_int_eq(count(HEAD), screen.cuts ? 1 : 2);
    ck_assert_int_eq(count(LEGEND), 1);
}
END_TEST

/* Too few rows above: the plot is broken into more of them than there is room for, and what is
 * pushed out at the top must not come back. */
START_TEST(narrow_at_once)
{
    session s = begin(100, TALL, RUN_12 "--plot");
    screen.cuts = _i == 1;
    take_until(&s, " 1/12 ");
    resize(&s, 60, TALL);
    take_until(&s, "epoch  4/12");
    resize(&s, 100, TALL);
    take_until(&s, " 8/12 ");
    resize(&s, 100, TALL + 10);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(EPOCHS);
    ck_assert_int_eq(count_seen(HEAD), 1);
    ck_assert_int_eq(count_seen(LEGEND), 1);
    ck_assert_int_eq(count("weft: tiny"), 1);
}
END_TEST

/* Rows and lines of epochs, of which none may be missing or there twice. */
static int count_epochs(void)
{
    int epochs = 0;
    for (int row = 0; row < screen.rows; row++) {
        const char *text = emulator_text(&screen, row);
        int epoch = 0, end = 0;
        double loss;
        (void)sscanf(text, "epoch %d/4000  loss%n", &epoch, &end);
        if (end == 0 && sscanf(text, " %d/4000 %lf", &epoch, &loss) < 2) continue;
        ck_assert_int_eq(epoch, ++epochs);
    }
    return epochs;
}

START_TEST(many_sizes)
{
    static const int widths[] = {30, 45, 60, 79, 80, 100, 130, 200};
    static const int heights[] = {10, 16, 24, TALL, 60};
    uint32_t draw = (uint32_t)_i / 2;
    const bool tall = _i % 4 < 2;
    session s = begin(100, tall ? TALL : 20, RUN_LONG "--plot");
    screen.cuts = _i % 2;
    take_until(&s, _i < 4 ? " 1/4000 " : tall ? " 30/4000 " : " 10/4000 "); /* a full page */
    for (int i = 0; i < 12; i++) {
        draw = draw * 1664525 + 1013904223;
        resize(&s, widths[draw >> 29], draw & 1 << 20 ? screen.height : heights[(draw >> 8) % 5]);
        take_frames(&s, 3);
        halt(&s);
        check_seen();
        ck_assert_int_eq(kill(s.child, SIGCONT), 0);
    }
    ck_assert_int_eq(kill(s.child, SIGKILL), 0);
    (void)finish(&s);
    ck_assert_int_gt(count_epochs(), 12);
    ck_assert_int_eq(count("weft: tiny"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_sizes_slow");
    TCase *tests = tcase_create("sizes");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, start_raw, program_close);
    tcase_add_loop_test(tests, a_table_and_a_plot, 0, 2);
    tcase_add_test(tests, a_table_alone);
    tcase_add_test(tests, a_narrow_terminal_has_lines);
    tcase_add_test(tests, a_low_terminal_has_no_plot);
    tcase_add_test(tests, a_terminal_that_is_just_high_enough);
    tcase_add_test(tests, resized_in_the_middle);
    tcase_add_loop_test(tests, narrow_for_a_while, 0, 2);
    tcase_add_loop_test(tests, narrow_at_once, 0, 2);
    tcase_add_loop_test(tests, many_sizes, 0, 8);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
