/* How far apart two trainings are, and what that says. Plain numbers in and out.
 *
 * Two devices add up in another order, so their losses differ in the last digits from the first
 * step on; every later step makes the difference larger, and after some epochs the curves are as
 * far apart as those of two seeds. So the first steps are held to what rounding explains, and the
 * end is held to the spread of seeds on the reference device. */
#ifndef WEFT_CLI_COMPARE_STATS_H
#define WEFT_CLI_COMPARE_STATS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/selftest.h"
#include "core/train.h"

/* ---- curves ---- */

/* The largest difference of two curves. */
typedef struct cli_gap {
    double value;      /* absolute; NAN: nothing was in both */
    double relative;   /* the largest |a - b| / |b|, which may be another point's */
    uint32_t epoch;    /* 0: the test set, or none */
    const char *curve; /* "train", "validation" or "test" */
} cli_gap;

typedef struct cli_figures {
    const weft_epoch_report *epoch; /* borrowed, rising */
    int count;
    double test_loss, test_accuracy; /* NAN: none */
} cli_figures;

/* Of the epochs that both have, and of the test set when both have tested. A value of an epoch that
 * one has and the other does not is an infinite difference. */
void cli_gaps(const cli_figures *is, const cli_figures *reference, cli_gap *loss,
              cli_gap *accuracy);

/* Seconds of training and validation until an accuracy is reached: of validation, of training
 * where there is none. NAN: it never is, or an epoch before is missing, whose time nobody knows. */
double cli_seconds_to(const weft_epoch_report *epoch, int count, double accuracy);

/* The four highest round accuracies that one of the runs reaches, rising; how many. */
enum { CLI_LEVELS = 4 };
int cli_levels(const cli_figures *runs, int count, double level[CLI_LEVELS]);

/* ---- first steps ---- */

/* The first of the steps, from 1, whose losses differ by more than weft_selftest_loss_bound of the
 * reference's; 0: none. A loss that is not finite differs. */
int cli_parted_step(const double *is, const double *reference, int count);

/* ---- the spread of seeds ---- */

typedef struct cli_spread {
    int count;
    double mean, deviation; /* of a sample: divisor count - 1; NAN below two values */
} cli_spread;
cli_spread cli_spread_of(const double *values, int count);

/* Probability that |T| is larger than t, for Student's T with `freedom` degrees of freedom (from
 * 1): Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. */
double cli_student(double t, int freedom);

/* Probability that one more draw lies at least so far from the mean as `value`: by the prediction
 * interval for one future observation of a normal distribution, of which a sample is known,
 *   t = |value - mean| / (deviation sqrt(1 + 1 / count)),   count - 1 degrees of freedom
 * (Hahn and Meeker, Statistical Intervals, section 4.7). NAN with less than two values, or when one
 * of them is; 0 for a value that is no number. */
double cli_spread_chance(const cli_spread *spread, double value);

/* ---- the verdict ---- */

/* Both figures of the end, loss and accuracy, are asked, so each gets half of it: when nothing is
 * wrong, one verdict in a hundred says that something is (Bonferroni). */
#define CLI_CHANCE_LEAST 0.01

/* Two curves are the same when no loss is further off than the bound of the first steps (relative)
 * and no accuracy by more than this: near ties turn with a rounding. */
#define CLI_ACCURACY_SAME 1e-3

typedef enum cli_likeness {
    CLI_NOT_JUDGED,
    CLI_REFERENCE,
    CLI_SAME,
    CLI_WITHIN_NOISE,
    CLI_DIFFERENT
} cli_likeness;

/* What is known of a device when it is judged. */
typedef struct cli_evidence {
    int step_count;   /* first steps that were compared; 0: they were not */
    int parted_step;  /* of cli_parted_step */
    bool op_is_wrong; /* an op of its own computes something else: weft diff says so */
    cli_gap loss, accuracy;
    int seeds;        /* trainings of the reference with several seeds; below 2: no spread */
    double chance[2]; /* of the end's loss and accuracy; NAN: there is no such figure */
} cli_evidence;

/* Different when the first step parts (nothing was learnt yet, so rounding cannot have grown), when
 * an op is wrong, or when the end lies outside the spread. Same when no curve parts. Within the
 * noise when the end lies inside the spread. Not judged when there is no spread. */
cli_likeness cli_judge(const cli_evidence *evidence);

/* As JSON and tables say it: "same", "within noise", "different", "reference", "not judged". */
const char *cli_likeness_text(cli_likeness likeness);

#endif
