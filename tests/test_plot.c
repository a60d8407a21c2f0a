/* The plot of a terminal: what its rows show of losses that fall from a height. */
#include "cli/plot.h"
#include "tests/suite.h"

enum { STEPS = 1360, STEPS_A_COLUMN = STEPS / CLI_PLOT_COLUMNS, LEFT = 10 };

static const cli_terminal ascii = {.live = true};

/* The first columns fall from 10 to 2.5; behind them the loss goes straight from 2 to 1. */
static void fall(cli_plot *plot, uint64_t steps)
{
    for (uint64_t step = 1; step <= steps; step++) {
        const double share = (double)step / STEPS;
        const double loss = share < 0.05 ? 10 - 150 * share : 2 - share;
        cli_plot_add(&plot->training, step, STEPS, loss);
    }
}

static bool is_empty(const char *row, int first, int last)
{
    for (int column = first; column < last; column++)
        if (row[LEFT + column] && row[LEFT + column] != ' ') return false;
    return true;
}

/* What lies above the upper end is not drawn along it. */
START_TEST(a_high_start_is_left_out)
{
    static cli_plot plot;
    char text[CLI_PLOT_LINES][CLI_PLOT_TEXT];
    fall(&plot, STEPS);
    cli_plot_draw(&plot, &ascii, "end", text);
    ck_assert(strncmp(text[1], "    1.95", 8) == 0 || strncmp(text[1], "    1.94", 8) == 0);
    for (int row = 1; row <= CLI_PLOT_ROWS; row++)
        ck_assert_msg(is_empty(text[row], 0, 3), "\"%s\"", text[row]);
    ck_assert(!is_empty(text[1], 3, CLI_PLOT_COLUMNS));
    ck_assert(!is_empty(text[CLI_PLOT_ROWS], CLI_PLOT_COLUMNS - 3, CLI_PLOT_COLUMNS));
}
END_TEST

/* As long as there is little else, the start is what is shown. */
START_TEST(a_short_run_shows_its_start)
{
    static cli_plot plot;
    char text[CLI_PLOT_LINES][CLI_PLOT_TEXT];
    fall(&plot, 4 * STEPS_A_COLUMN);
    cli_plot_draw(&plot, &ascii, "end", text);
    ck_assert(!is_empty(text[1], 0, 1));
    ck_assert(!is_empty(text[CLI_PLOT_ROWS], 3, 4));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plot");
    TCase *tests = tcase_create("plot");
    tcase_add_test(tests, a_high_start_is_left_out);
    tcase_add_test(tests, a_short_run_shows_its_start);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
