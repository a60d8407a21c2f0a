/* Figures of a classification: small cases worked out by hand. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/score.h"
#include "tests/suite.h"

enum { C = 3 }; /* classes of the cases by hand */

#define NAN_F ((float)NAN)

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

/* ---- what is said ---- */

START_TEST(the_first_of_the_largest)
{
    ck_assert_int_eq(weft_predicted_class((float[]){1, 3, 2}, C), 1);
    ck_assert_int_eq(weft_predicted_class((float[]){2, 3, 3}, C), 1);
    ck_assert_int_eq(weft_predicted_class((float[]){-INFINITY, -INFINITY, -INFINITY}, C), 0);
    ck_assert_int_eq(weft_predicted_class((float[]){1, INFINITY, 2}, C), 1);
    ck_assert_int_eq(weft_predicted_class((float[]){7}, 1), 0);
    for (int i = 0; i < C; i++) {
        float row[C] = {1, 2, 3};
        row[i] = NAN_F;
        ck_assert_int_eq(weft_predicted_class(row, C), -1);
    }
}
END_TEST

/* ---- classes ---- */

/* Class 2 has no sample and is never predicted. */
static const float logits[] = {2, 1, 0, 0, 3, 1, 1, 0, 0, 5, 5, 0};
static const int32_t classes[] = {0, 1, 1, 0};

START_TEST(confusion_and_scores)
{
    int64_t confusion[C * C];
    weft_class_score s[C];
    ck_assert_int_eq(weft_confusion(logits, classes, 4, C, confusion), 0);
    const int64_t wanted[C * C] = {2, 0, 0, 1, 1, 0, 0, 0, 0};
    ck_assert_mem_eq(confusion, wanted, sizeof wanted);

    weft_class_scores(confusion, classes, 4, C, s);
    ck_assert(near(s[0].precision, 2.0 / 3.0) && s[0].recall == 1.0 && near(s[0].f1, 0.8));
    ck_assert(s[1].precision == 1.0 && s[1].recall == 0.5 && near(s[1].f1, 2.0 / 3.0));
    ck_assert_int_eq(s[1].count, 2);
    ck_assert(isnan(s[2].precision) && isnan(s[2].recall) && isnan(s[2].f1));
    ck_assert_int_eq(s[2].count, 0);

    const weft_class_means mean = weft_class_scores_mean(s, C);
    ck_assert(near(mean.macro.precision, 5.0 / 9.0) && near(mean.macro.recall, 0.5));
    ck_assert(near(mean.macro.f1, (0.8 + 2.0 / 3.0) / 3));
    ck_assert(near(mean.weighted.precision, 5.0 / 6.0) && near(mean.weighted.recall, 0.75));
    ck_assert(near(mean.weighted.f1, (0.8 + 2.0 / 3.0) / 2));
    ck_assert_int_eq(mean.macro.count, 4);
    ck_assert_int_eq(mean.weighted.count, 4);
}
END_TEST

/* A class with samples that is never predicted, and one that is predicted without samples. */
START_TEST(half_defined_scores)
{
    const float said[] = {0, 0, 1, 0, 0, 1, 0, 1, 0};
    const int32_t is[] = {0, 0, 1};
    int64_t confusion[C * C];
    weft_class_score s[C];
    weft_confusion(said, is, 3, C, confusion);
    weft_class_scores(confusion, is, 3, C, s);
    ck_assert(isnan(s[0].precision) && s[0].recall == 0 && s[0].f1 == 0);
    ck_assert(s[1].precision == 1 && s[1].recall == 1 && s[1].f1 == 1);
    ck_assert(s[2].precision == 0 && isnan(s[2].recall) && s[2].f1 == 0);
}
END_TEST

/* Nothing is said about the second sample: it counts for its class and in no column. */
START_TEST(rows_that_are_not_numbers)
{
    const float said[] = {2, 1, 0, NAN_F, 0, 0, 0, 3, 1};
    const int32_t is[] = {0, 0, 1};
    int64_t confusion[C * C];
    weft_class_score s[C];
    ck_assert_int_eq(weft_confusion(said, is, 3, C, confusion), 1);
    const int64_t wanted[C * C] = {1, 0, 0, 0, 1, 0, 0, 0, 0};
    ck_assert_mem_eq(confusion, wanted, sizeof wanted);
    weft_class_scores(confusion, is, 3, C, s);
    ck_assert(s[0].precision == 1 && s[0].recall == 0.5 && s[0].count == 2);
    ck_assert(near(weft_top_accuracy(said, is, 3, C, C), 2.0 / 3.0));
}
END_TEST

START_TEST(one_class)
{
    const float said[] = {3, -1};
    const int32_t is[] = {0, 0};
    int64_t confusion[1];
    weft_class_score s[1];
    weft_confused_pair pair[1];
    weft_calibration c;
    weft_confusion(said, is, 2, 1, confusion);
    weft_class_scores(confusion, is, 2, 1, s);
    ck_assert(s[0].precision == 1 && s[0].recall == 1 && s[0].f1 == 1 && s[0].count == 2);
    ck_assert_int_eq(weft_confused_pairs(confusion, 1, pair, 1), 0);
    ck_assert(weft_top_accuracy(said, is, 2, 1, 1) == 1);
    weft_calibration_measure(said, is, 2, 1, &c);
    ck_assert(c.error == 0 && c.count[WEFT_CALIBRATION_BINS - 1] == 2);
}
END_TEST

/* The mean of many classes is that of their sum in blocks; of equal figures it is that figure. */
START_TEST(means_of_many_classes)
{
    static weft_class_score s[1000];
    for (int32_t n = 1; n <= 1000; n++) {
        s[n - 1] = (weft_class_score){0.25, 0.5, 0.75, n};
        const weft_class_means mean = weft_class_scores_mean(s, n);
        ck_assert(mean.macro.precision == 0.25 && mean.macro.recall == 0.5);
        ck_assert(mean.macro.f1 == 0.75 && mean.weighted.f1 == 0.75);
        ck_assert_int_eq(mean.macro.count, n * (n + 1) / 2);
    }
}
END_TEST

/* ---- ranks ---- */

START_TEST(top_accuracy)
{
    const float said[] = {3, 2, 1, 3, 2, 1, 3, 2, 1, 1, 1, 1};
    const int32_t is[] = {0, 1, 2, 1};
    ck_assert(weft_top_accuracy(said, is, 4, C, 1) == 0.25);
    ck_assert(weft_top_accuracy(said, is, 4, C, 2) == 0.75); /* of equals the first is larger */
    ck_assert(weft_top_accuracy(said, is, 4, C, 3) == 1);
}
END_TEST

START_TEST(confused_pairs)
{
    const int64_t confusion[C * C] = {9, 2, 5, 5, 9, 0, 1, 7, 9};
    weft_confused_pair pair[C * C];
    ck_assert_int_eq(weft_confused_pairs(confusion, C, pair, C * C), 5);
    const weft_confused_pair wanted[] = {{7, 2, 1}, {5, 0, 2}, {5, 1, 0}, {2, 0, 1}, {1, 2, 0}};
    for (int most = 1; most <= 5; most++) {
        ck_assert_int_eq(weft_confused_pairs(confusion, C, pair, most), most);
        for (int i = 0; i < most; i++) {
            ck_assert_int_eq(pair[i].count, wanted[i].count);
            ck_assert_int_eq(pair[i].class, wanted[i].class);
            ck_assert_int_eq(pair[i].predicted, wanted[i].predicted);
        }
    }
}
END_TEST

/* ---- calibration ---- */

/* Two classes: the logit 0 beside ln(p / (1 - p)) has the probability p. */
static float logit_of(double p)
{
    return (float)log(p / (1 - p));
}

START_TEST(calibration)
{
    const float said[] = {logit_of(0.9), 0, logit_of(0.9), 0, logit_of(0.9), 0, 0, logit_of(0.7),
                          NAN_F,         0, INFINITY,      0};
    const int32_t is[] = {0, 0, 1, 1, 0, 1};
    weft_calibration c;
    weft_calibration_measure(said, is, 6, 2, &c);
    ck_assert_int_eq(c.samples, 4); /* a NaN and an infinity have no probability */
    for (int i = 0; i < WEFT_CALIBRATION_BINS; i++) {
        const bool empty = i != 10 && i != 13; /* (0.667, 0.733] and (0.867, 0.933] */
        ck_assert(isnan(c.confidence[i]) == empty && isnan(c.accuracy[i]) == empty);
        ck_assert_int_eq(c.count[i], empty ? 0 : i == 13 ? 3 : 1);
    }
    ck_assert(fabs(c.confidence[13] - 0.9) < 1e-6 && near(c.accuracy[13], 2.0 / 3.0));
    ck_assert(fabs(c.confidence[10] - 0.7) < 1e-6 && c.accuracy[10] == 1);
    ck_assert(fabs(c.error - (3 * (0.9 - 2.0 / 3.0) + (1 - 0.7)) / 4) < 1e-6);
}
END_TEST

/* A confidence on the border of two bins belongs to the lower one: 1/5 = 3/15. */
START_TEST(borders_of_bins)
{
    const float said[] = {0, 0, 0, 0, 0};
    const int32_t is[] = {0};
    weft_calibration c;
    weft_calibration_measure(said, is, 1, 5, &c);
    ck_assert_int_eq(c.count[2], 1);
    ck_assert(near(c.error, 0.8));
    weft_calibration_measure(said, is, 1, 1, &c);
    ck_assert_int_eq(c.count[WEFT_CALIBRATION_BINS - 1], 1);
    weft_calibration_measure((float[]){NAN_F}, is, 1, 1, &c);
    ck_assert(isnan(c.error) && c.samples == 0);
}
END_TEST

/* ---- samples ---- */

enum { SAMPLES = 6 };

/* Right, wrong and sure, right and unsure, wrong and unsure, not a number, wrong and sure again. */
static const float sample_logits[SAMPLES * 2] = {4, 0, 0, 3, 0.1f, 0, 0, 0.5f, NAN_F, 0, 0, 3};
static const int32_t sample_classes[SAMPLES] = {0, 0, 0, 0, 0, 0};

static void ck_samples(weft_sample_choice choice, const int64_t *wanted, int64_t total)
{
    for (int64_t most = 0; most <= total + 1; most++) {
        weft_sample_score *list;
        int64_t found, all;
        ck_weft(weft_samples_choose(sample_logits, sample_classes, SAMPLES, 2, choice, most, &list,
                                    &found, &all));
        ck_assert_int_eq(all, total);
        ck_assert_int_eq(found, most < total ? most : total);
        ck_assert((list != NULL) == (found > 0));
        for (int64_t i = 0; i < found; i++)
            ck_assert_int_eq(list[i].index, wanted[i]);
        free(list);
    }
}

START_TEST(samples_in_order)
{
    ck_samples(WEFT_WORST_ERRORS, (int64_t[]){4, 1, 5, 3}, 4);
    ck_samples(WEFT_SURE_ERRORS, (int64_t[]){1, 5, 3, 4}, 4);
    ck_samples(WEFT_UNSURE_HITS, (int64_t[]){2, 0}, 2);
}
END_TEST

START_TEST(figures_of_a_sample)
{
    const double p = 1 / (1 + exp(-3));
    weft_sample_score *list;
    int64_t found;
    ck_weft(weft_samples_choose(sample_logits, sample_classes, SAMPLES, 2, WEFT_WORST_ERRORS, 2,
                                &list, &found, NULL));
    ck_assert_int_eq(list[0].predicted, -1);
    ck_assert(isnan(list[0].probability) && isnan(list[0].class_probability));
    ck_assert(isnan(list[0].loss));
    ck_assert_int_eq(list[1].class, 0);
    ck_assert_int_eq(list[1].predicted, 1);
    ck_assert(near(list[1].probability, p) && near(list[1].class_probability, 1 - p));
    ck_assert(near(list[1].loss, -log(1 - p)));
    free(list);
}
END_TEST

/* A probability too small for a double has a loss all the same. */
START_TEST(a_loss_beyond_the_probabilities)
{
    weft_sample_score *list;
    int64_t found;
    ck_weft(weft_samples_choose((float[]){5000, 0}, (int32_t[]){1}, 1, 2, WEFT_WORST_ERRORS, 1,
                                &list, &found, NULL));
    ck_assert(list[0].class_probability == 0 && list[0].loss == 5000);
    free(list);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score");
    TCase *tests = tcase_create("score");
    tcase_add_test(tests, the_first_of_the_largest);
    tcase_add_test(tests, confusion_and_scores);
    tcase_add_test(tests, half_defined_scores);
    tcase_add_test(tests, rows_that_are_not_numbers);
    tcase_add_test(tests, one_class);
    tcase_add_test(tests, means_of_many_classes);
    tcase_add_test(tests, top_accuracy);
    tcase_add_test(tests, confused_pairs);
    tcase_add_test(tests, calibration);
    tcase_add_test(tests, borders_of_bins);
    tcase_add_test(tests, samples_in_order);
    tcase_add_test(tests, figures_of_a_sample);
    tcase_add_test(tests, a_loss_beyond_the_probabilities);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
