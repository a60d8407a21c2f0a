/* How far two trainings are apart, and the verdicts of weft compare, on numbers made by hand. */
#include <math.h>

#include "cli/compare_stats.h"
#include "tests/suite.h"

#define NONE ((double)NAN)

static weft_epoch_report epoch(uint32_t number, double loss, double accuracy, double val_loss,
                               double val_accuracy)
{
    return (weft_epoch_report){.epoch = number,
                               .train_loss = loss,
                               .train_accuracy = accuracy,
                               .val_loss = val_loss,
                               .val_accuracy = val_accuracy,
                               .seconds = 2};
}

static cli_figures figures(const weft_epoch_report *rows, int count)
{
    return (cli_figures){rows, count, NONE, NONE};
}

static void ck_near(double is, double wanted, double tolerance)
{
    ck_assert_msg(fabs(is - wanted) <= tolerance, "%.9g instead of %.9g", is, wanted);
}

/* ---- curves ---- */

START_TEST(the_largest_gap_is_named)
{
    const weft_epoch_report a[] = {epoch(1, 1.0, 0.5, 0.9, 0.6), epoch(2, 0.5, 0.7, 0.6, 0.65)};
    const weft_epoch_report b[] = {epoch(1, 1.01, 0.5, 0.9, 0.6), epoch(2, 0.5, 0.7, 0.55, 0.61)};
    cli_gap loss, accuracy;
    const cli_figures is = figures(a, 2), wanted = figures(b, 2);
    cli_gaps(&is, &wanted, &loss, &accuracy);
    ck_near(loss.value, 0.05, 1e-12);
    ck_near(loss.relative, 0.05 / 0.55, 1e-12);
    ck_assert_uint_eq(loss.epoch, 2);
    ck_assert_str_eq(loss.curve, "validation");
    ck_near(accuracy.value, 0.04, 1e-12);
    ck_assert_uint_eq(accuracy.epoch, 2);
}
END_TEST

START_TEST(epochs_are_matched_by_number)
{
    const weft_epoch_report a[] = {epoch(1, 1, 0.5, NONE, NONE), epoch(3, 0.3, 0.7, NONE, NONE)};
    const weft_epoch_report b[] = {epoch(2, 9, 0.1, NONE, NONE), epoch(3, 0.4, 0.7, NONE, NONE),
                                   epoch(4, 7, 0.2, NONE, NONE)};
    cli_gap loss, accuracy;
    const cli_figures is = figures(a, 2), wanted = figures(b, 3);
    cli_gaps(&is, &wanted, &loss, &accuracy);
    ck_near(loss.value, 0.1, 1e-12);
    ck_assert_uint_eq(loss.epoch, 3);
    ck_assert_str_eq(loss.curve, "train");
    ck_assert_double_eq(accuracy.value, 0);

    const cli_figures first = figures(a, 1);
    cli_gaps(&first, &wanted, &loss, &accuracy);
    ck_assert_msg(isnan(loss.value) && isnan(accuracy.value), "no epoch is in both");
}
END_TEST

START_TEST(a_value_that_only_one_has)
{
    const weft_epoch_report a[] = {epoch(1, 1, 0.5, 0.9, 0.6)};
    const weft_epoch_report b[] = {epoch(1, 1, 0.5, NONE, 0.6)};
    cli_gap loss, accuracy;
    cli_figures is = figures(a, 1), wanted = figures(b, 1);
    cli_gaps(&is, &wanted, &loss, &accuracy);
    ck_assert_msg(isinf(loss.value), "%g", loss.value);
    ck_assert_double_eq(accuracy.value, 0);

    wanted = figures(a, 1);
    is.test_loss = 0.5;
    wanted.test_loss = 0.25;
    cli_gaps(&is, &wanted, &loss, &accuracy);
    ck_near(loss.value, 0.25, 0);
    ck_assert_str_eq(loss.curve, "test");
}
END_TEST

START_TEST(seconds_to_an_accuracy)
{
    const weft_epoch_report rows[] = {epoch(1, 1, 0.9, 1, 0.5), epoch(2, 1, 0.9, 1, 0.8),
                                      epoch(3, 1, 0.9, 1, 0.7)};
    const weft_epoch_report plain[] = {epoch(1, 1, 0.85, NONE, NONE)};
    const weft_epoch_report gap[] = {epoch(1, 1, 0.9, 1, 0.5), epoch(3, 1, 0.9, 1, 0.8)};
    ck_near(cli_seconds_to(rows, 3, 0.5), 2, 0);
    ck_near(cli_seconds_to(rows, 3, 0.75), 4, 0);
    ck_assert(isnan(cli_seconds_to(rows, 3, 0.81)));
    ck_near(cli_seconds_to(plain, 1, 0.85), 2, 0);
    ck_near(cli_seconds_to(gap, 2, 0.5), 2, 0);
    ck_assert(isnan(cli_seconds_to(gap, 2, 0.8)));
}
END_TEST

START_TEST(levels_are_those_that_somebody_reached)
{
    const weft_epoch_report low[] = {epoch(1, 1, 0.9, 1, 0.25)};
    const weft_epoch_report high[] = {epoch(1, 1, 0.9, 1, 0.5), epoch(2, 1, 0.9, 1, 0.921)};
    const weft_epoch_report none[] = {epoch(1, 1, 0.9, 1, 0.05)};
    const weft_epoch_report targets[] = {epoch(1, 1, NONE, 1, NONE)};
    double level[CLI_LEVELS];
    const cli_figures both[] = {figures(low, 1), figures(high, 2)};
    ck_assert_int_eq(cli_levels(both, 2, level), 4);
    ck_near(level[0], 0.8, 0);
    ck_near(level[3], 0.92, 0);
    ck_assert_int_eq(cli_levels(both, 1, level), 2);
    ck_near(level[1], 0.2, 0);
    const cli_figures few = figures(none, 1), answers = figures(targets, 1);
    ck_assert_int_eq(cli_levels(&few, 1, level), 0);
    ck_assert_int_eq(cli_levels(&answers, 1, level), 0);
}
END_TEST

/* ---- first steps ---- */

START_TEST(the_first_step_that_parts)
{
    const double wanted[] = {2.0, 1.5, 1.0};
    const double rounded[] = {2.0 + 1.9e-4, 1.5 - 1.4e-4, 1.0};
    const double second[] = {2.0, 1.5 + 1.6e-4, 3.0}, none[] = {2.0, 1.5, NONE};
    ck_assert_int_eq(cli_parted_step(rounded, wanted, 3), 0);
    ck_assert_int_eq(cli_parted_step(second, wanted, 3), 2);
    ck_assert_int_eq(cli_parted_step(none, wanted, 3), 3);
    ck_assert_int_eq(cli_parted_step(second, wanted, 0), 0);
}
END_TEST

/* ---- the spread of seeds ---- */

/* Quantiles from printed tables of Student's distribution. */
static const struct {
    int freedom;
    double t, chance;
} students[] = {{1, 1.0, 0.5},      {1, 12.7062, 0.05},  {2, 4.30265, 0.05}, {2, 9.92484, 0.01},
                {3, 3.18245, 0.05}, {4, 2.77645, 0.05},  {5, 4.03214, 0.01}, {10, 2.22814, 0.05},
                {30, 2.75, 0.01},   {31, 2.03951, 0.05}, {7, 0.0, 1.0}};
enum { STUDENTS = sizeof students / sizeof *students };

START_TEST(students_distribution)
{
    ck_near(cli_student(students[_i].t, students[_i].freedom), students[_i].chance, 2e-6);
    ck_near(cli_student(-students[_i].t, students[_i].freedom), students[_i].chance, 2e-6);
}
END_TEST

START_TEST(one_more_draw)
{
    const double values[] = {1, 2, 3};
    const cli_spread spread = cli_spread_of(values, 3);
    ck_near(spread.mean, 2, 0);
    ck_near(spread.deviation, 1, 1e-12);
    ck_near(cli_spread_chance(&spread, 2), 1, 1e-12);
    ck_near(cli_spread_chance(&spread, 2 + 4.30265 * sqrt(4.0 / 3)), 0.05, 1e-6);
    ck_near(cli_spread_chance(&spread, 2 - 4.30265 * sqrt(4.0 / 3)), 0.05, 1e-6);
    ck_assert_double_eq(cli_spread_chance(&spread, NONE), 0);
}
END_TEST

START_TEST(spreads_that_say_nothing)
{
    const double equal[] = {1, 1, 1}, missing[] = {NONE, NONE, NONE};
    const cli_spread none = cli_spread_of(equal, 1), flat = cli_spread_of(equal, 3);
    const cli_spread empty = cli_spread_of(missing, 3);
    ck_assert(isnan(none.deviation));
    ck_assert(isnan(cli_spread_chance(&none, 1)));
    ck_assert_double_eq(cli_spread_chance(&flat, 1.00001), 1);
    ck_assert_double_eq(cli_spread_chance(&flat, 1.1), 0);
    ck_assert(isnan(cli_spread_chance(&empty, 1)));
}
END_TEST

/* ---- the verdict ---- */

static const struct {
    const char *what;
    cli_evidence evidence;
    cli_likeness likeness;
} verdicts[] = {
    {"no curve parts",
     {5, 0, false, {1e-5, 9e-5, 1, ""}, {1e-3, 1, 1, ""}, 0, {NONE, NONE}},
     CLI_SAME},
    {"no accuracies",
     {5, 0, false, {1e-5, 9e-5, 1, ""}, {NONE, NONE, 0, ""}, 0, {NONE, NONE}},
     CLI_SAME},
    {"the first step", {5, 1, false, {1e-5, 9e-5, 1, ""}, {0, 0, 1, ""}, 3, {1, 1}}, CLI_DIFFERENT},
    {"a wrong op", {5, 3, true, {0.1, 0.1, 1, ""}, {0, 0, 1, ""}, 3, {1, 1}}, CLI_DIFFERENT},
    {"rounding that grew",
     {5, 3, false, {0.1, 0.1, 1, ""}, {0, 0, 1, ""}, 3, {0.5, 0.5}},
     CLI_WITHIN_NOISE},
    {"the curves part",
     {5, 0, false, {0.1, 0.1, 1, ""}, {0, 0, 1, ""}, 1, {NONE, NONE}},
     CLI_NOT_JUDGED},
    {"accuracies part",
     {5, 0, false, {0, 0, 1, ""}, {2e-3, 1, 1, ""}, 1, {NONE, NONE}},
     CLI_NOT_JUDGED},
    {"inside", {5, 0, false, {0.1, 0.1, 1, ""}, {0, 0, 1, ""}, 3, {0.0051, 0.3}}, CLI_WITHIN_NOISE},
    {"a loss outside",
     {5, 0, false, {0.1, 0.1, 1, ""}, {0, 0, 1, ""}, 3, {0.0049, 0.3}},
     CLI_DIFFERENT},
    {"an accuracy outside",
     {5, 0, false, {0.1, 0.1, 1, ""}, {0, 0, 1, ""}, 3, {0.3, 0.0049}},
     CLI_DIFFERENT},
    {"nothing in common",
     {0, 0, false, {NONE, NONE, 0, ""}, {NONE, NONE, 0, ""}, 0, {NONE, NONE}},
     CLI_NOT_JUDGED},
};
enum { VERDICTS = sizeof verdicts / sizeof *verdicts };

START_TEST(evidence_and_verdict)
{
    const cli_likeness is = cli_judge(&verdicts[_i].evidence);
    ck_assert_msg(is == verdicts[_i].likeness, "%s: %s", verdicts[_i].what, cli_likeness_text(is));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare_stats");
    TCase *tests = tcase_create("compare_stats");
    tcase_add_test(tests, the_largest_gap_is_named);
    tcase_add_test(tests, epochs_are_matched_by_number);
    tcase_add_test(tests, a_value_that_only_one_has);
    tcase_add_test(tests, seconds_to_an_accuracy);
    tcase_add_test(tests, levels_are_those_that_somebody_reached);
    tcase_add_test(tests, the_first_step_that_parts);
    tcase_add_loop_test(tests, students_distribution, 0, STUDENTS);
    tcase_add_test(tests, one_more_draw);
    tcase_add_test(tests, spreads_that_say_nothing);
    tcase_add_loop_test(tests, evidence_and_verdict, 0, VERDICTS);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
