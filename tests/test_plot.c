/* The losses as text: what the picture's ends stand for, and what is left out. */
#include "cli/plot.h"
#include "tests/suite.h"

enum { STEPS = CLI_PLOT_BINS, EARLY = 7, LABEL = 10 };

static cli_plot plot;
static char text[CLI_PLOT_LINES][CLI_PLOT_TEXT];

/* A step for each bin: it falls evenly through the first twentieth, then from 1.7 to 0.4. */
static void draw(double first, double last_of_early, int steps)
{
    const cli_terminal plain = {.live = true};
    memset(&plot, 0, sizeof plot);
    for (int i = 0; i < steps; i++) {
        const double loss = i < EARLY ? first + (last_of_early - first) * i / (EARLY - 1)
                                      : 1.7 - 1.3 * (i - EARLY) / (STEPS - 1 - EARLY);
        cli_plot_add(&plot.training, (uint64_t)i + 1, STEPS, loss);
    }
    cli_plot_draw(&plot, &plain, "3 epochs", text);
}

/* The row of the highest dots of a column, -1: it is empty. */
static int top_of(int column)
{
    for (int row = 1; row <= CLI_PLOT_ROWS; row++) {
        const char *line = text[row];
        if ((int)strlen(line) > LABEL + column && line[LABEL + column] != ' ') return row - 1;
    }
    return -1;
}

static void check_ends(const char *top, const char *bottom)
{
    ck_assert_ptr_nonnull(strstr(text[1], top));
    ck_assert_ptr_nonnull(strstr(text[CLI_PLOT_ROWS], bottom));
}

START_TEST(far_losses_are_left_out_and_said)
{
    draw(3.5, 2.4, STEPS);
    check_ends("1.7 |", "0.4 |");
    ck_assert_ptr_nonnull(strstr(text[0], "   first losses up to 3.5 lie above"));
    for (int column = 0; column < EARLY / 2; column++)
        ck_assert_int_eq(top_of(column), -1);
    ck_assert_int_eq(top_of((EARLY + 1) / 2), 0);
    ck_assert_int_eq(top_of(CLI_PLOT_COLUMNS - 1), CLI_PLOT_ROWS - 1);
}
END_TEST

START_TEST(near_losses_are_drawn)
{
    draw(2.5, 1.8, STEPS);
    check_ends("2.5 |", "0.4 |");
    ck_assert_ptr_null(strstr(text[0], "above"));
    ck_assert_int_eq(top_of(0), 0);
    ck_assert_int_gt(top_of(EARLY / 2), 0);
}
END_TEST

/* At first there is nothing else. */
START_TEST(the_beginning_alone_is_drawn)
{
    draw(3.5, 2.4, EARLY);
    check_ends("3.5 |", "2.4 |");
    ck_assert_ptr_null(strstr(text[0], "above"));
    ck_assert_int_eq(top_of(0), 0);
}
END_TEST

/* Losses that rise: the beginning is the lower end. */
START_TEST(low_first_losses_are_drawn)
{
    draw(0.1, 0.3, STEPS);
    check_ends("1.7 |", "0.1 |");
    ck_assert_int_eq(top_of(0), CLI_PLOT_ROWS - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plot");
    TCase *tests = tcase_create("plot");
    tcase_add_test(tests, far_losses_are_left_out_and_said);
    tcase_add_test(tests, near_losses_are_drawn);
    tcase_add_test(tests, the_beginning_alone_is_drawn);
    tcase_add_test(tests, low_first_losses_are_drawn);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
