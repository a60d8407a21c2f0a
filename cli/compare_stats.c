#include "cli/compare_stats.h"

#include <math.h>

/* ---- curves ---- */

/* What differs by more than the largest so far is the new largest. */
static void widen(cli_gap *gap, double a, double b, uint32_t epoch, const char *curve)
{
    if (!isfinite(a) && !isfinite(b)) return;
    const bool both = isfinite(a) && isfinite(b);
    const double value = both ? fabs(a - b) : (double)INFINITY;
    const double relative = value == 0 ? 0 : value / fabs(b);
    if (isnan(gap->value) || value > gap->value) {
        gap->value = value;
        gap->epoch = epoch;
        gap->curve = curve;
    }
    if (isnan(gap->relative) || relative > gap->relative) gap->relative = relative;
}

static void widen_epoch(const weft_epoch_report *is, const weft_epoch_report *wanted, cli_gap *loss,
                        cli_gap *accuracy)
{
    const uint32_t epoch = is->epoch;
    widen(loss, is->train_loss, wanted->train_loss, epoch, "train");
    widen(loss, is->val_loss, wanted->val_loss, epoch, "validation");
    widen(accuracy, is->train_accuracy, wanted->train_accuracy, epoch, "train");
    widen(accuracy, is->val_accuracy, wanted->val_accuracy, epoch, "validation");
}

void cli_gaps(const cli_figures *is, const cli_figures *reference, cli_gap *loss, cli_gap *accuracy)
{
    const double none = (double)NAN;
    *loss = *accuracy = (cli_gap){.value = none, .relative = none, .curve = ""};
    for (int i = 0, k = 0; i < is->count && k < reference->count;) {
        const uint32_t a = is->epoch[i].epoch, b = reference->epoch[k].epoch;
        if (a == b) widen_epoch(&is->epoch[i], &reference->epoch[k], loss, accuracy);
        i += a <= b;
        k += b <= a;
    }
    if (isnan(is->test_loss) || isnan(reference->test_loss)) return; /* not every run has tested */
    widen(loss, is->test_loss, reference->test_loss, 0, "test");
    widen(accuracy, is->test_accuracy, reference->test_accuracy, 0, "test");
}

static double accuracy_of(const weft_epoch_report *epoch)
{
    return isnan(epoch->val_accuracy) ? epoch->train_accuracy : epoch->val_accuracy;
}

double cli_seconds_to(const weft_epoch_report *epoch, int count, double accuracy)
{
    double sum = 0;
    for (int i = 0; i < count && epoch[i].epoch == (uint32_t)i + 1; i++) {
        sum += epoch[i].seconds;
        if (accuracy_of(&epoch[i]) >= accuracy) return sum;
    }
    return (double)NAN;
}

static double best_of(const cli_figures *runs, int count)
{
    double best = -1;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < runs[i].count; k++)
            best = fmax(best, accuracy_of(&runs[i].epoch[k]));
    return best;
}

int cli_levels(const cli_figures *runs, int count, double level[CLI_LEVELS])
{
    static const double ladder[] = {0.1,  0.2,  0.3,  0.4,  0.5,  0.6,  0.7,  0.8,   0.85, 0.9,
                                    0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 1.0};
    const int rungs = (int)(sizeof ladder / sizeof *ladder);
    const double best = best_of(runs, count);
    int reached = 0;
    while (reached < rungs && ladder[reached] <= best)
        reached++;
    const int levels = reached < CLI_LEVELS ? reached : CLI_LEVELS;
    for (int i = 0; i < levels; i++)
        level[i] = ladder[reached - levels + i];
    return levels;
}

/* ---- first steps ---- */

int cli_parted_step(const double *is, const double *reference, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabs(is[i] - reference[i]) <= weft_selftest_loss_bound * fabs(reference[i])))
            return i + 1;
    return 0;
}

/* ---- the spread of seeds ---- */

cli_spread cli_spread_of(const double *values, int count)
{
    cli_spread spread = {.count = count, .mean = (double)NAN, .deviation = (double)NAN};
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    if (count > 0) spread.mean = sum / count;
    for (int i = 0; i < count; i++)
        squares += (values[i] - spread.mean) * (values[i] - spread.mean);
    if (count > 1) spread.deviation = sqrt(squares / (count - 1));
    return spread;
}

/* 1 + a1 c^2 + a2 c^4 + ... with the coefficients of 26.7.3 (odd) or 26.7.4 (even). */
static double series(double cosine, int freedom)
{
    double term = 1, sum = 1;
    const bool odd = freedom % 2 == 1;
    for (int k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
        term *= (double)(k - 1) / k * cosine * cosine;
        sum += term;
    }
    return sum;
}

double cli_student(double t, int freedom)
{
    static const double pi = 3.14159265358979323846;
    const double angle = atan(fabs(t) / sqrt((double)freedom));
    const double sine = sin(angle), cosine = cos(angle);
    if (freedom == 1) return 1 - 2 * angle / pi;
    if (freedom % 2 == 0) return 1 - sine * series(cosine, freedom);
    return 1 - 2 / pi * (angle + sine * cosine * series(cosine, freedom));
}

double cli_spread_chance(const cli_spread *spread, double value)
{
    if (spread->count < 2 || isnan(spread->mean)) return (double)NAN;
    const double distance = fabs(value - spread->mean);
    const double width = spread->deviation * sqrt(1 + 1.0 / spread->count);
    if (isnan(distance)) return 0;
    if (!(width > 0)) return distance <= weft_selftest_loss_bound * fabs(spread->mean) ? 1 : 0;
    return cli_student(distance / width, spread->count - 1);
}

/* ---- the verdict ---- */

static bool curves_are_same(const cli_evidence *e)
{
    return e->loss.relative <= weft_selftest_loss_bound && !(e->accuracy.value > CLI_ACCURACY_SAME);
}

static bool is_outside(double chance)
{
    return chance < CLI_CHANCE_LEAST / 2;
}

cli_likeness cli_judge(const cli_evidence *e)
{
    if (e->parted_step == 1 || e->op_is_wrong) return CLI_DIFFERENT;
    if (e->parted_step == 0 && curves_are_same(e)) return CLI_SAME;
    if (e->seeds < 2) return CLI_NOT_JUDGED;
    return is_outside(e->chance[0]) || is_outside(e->chance[1]) ? CLI_DIFFERENT : CLI_WITHIN_NOISE;
}

const char *cli_likeness_text(cli_likeness likeness)
{
    static const char *const texts[] = {[CLI_NOT_JUDGED] = "not judged",
                                        [CLI_REFERENCE] = "reference",
                                        [CLI_SAME] = "same",
                                        [CLI_WITHIN_NOISE] = "within noise",
                                        [CLI_DIFFERENT] = "different"};
    return texts[likeness];
}
