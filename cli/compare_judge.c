/* Differences, and the verdict on each contender. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/output.h"
#include "cli/self.h"
#include "cli/signals.h"
#include "core/number.h"

enum { DIFF_SECONDS = 600 };

/* ---- measuring ---- */

static void measure(const cli_compare *c, cli_contender *to)
{
    const cli_contender *reference = &c->list[c->reference];
    const cli_figures is = cli_figures_of(to), wanted = cli_figures_of(reference);
    cli_evidence *e = &to->evidence;
    const int count =
        to->first_count < reference->first_count ? to->first_count : reference->first_count;
    cli_gaps(&is, &wanted, &e->loss, &e->accuracy);
    e->chance[0] = e->chance[1] = (double)NAN;
    if (*to->other) return; /* other options, so the steps were never the same */
    e->step_count = count;
    e->parted_step = cli_parted_step(to->first, reference->first, count);
}

static void find_levels(cli_compare *c)
{
    cli_figures figures[CLI_CONTENDERS];
    int count = 0;
    for (int i = 0; i < c->count; i++)
        if (!c->list[i].failed) figures[count++] = cli_figures_of(&c->list[i]);
    c->level_count = cli_levels(figures, count, c->level);
}

/* ---- whether an op is wrong ---- */

/* Rounding that grew, or an op that computes something else? `weft diff` gives each op the numbers
 * of the reference, so that nothing can grow. */
static void ask_diff(const cli_compare *c, cli_contender *to)
{
    char devices[2 * WEFT_NAME_MAX + 2], batch[32];
    int code;
    (void)snprintf(devices, sizeof devices, "%s,%s", to->entry->id,
                   c->list[c->reference].entry->id);
    (void)snprintf(batch, sizeof batch, "%lld",
                   (long long)cli_integer(c->args, CLI_OPT_BATCH_SIZE, 64));
    const char *const words[] = {c->program,
                                 "diff",
                                 c->model,
                                 "--devices",
                                 devices,
                                 "--quiet",
                                 "--batch-size",
                                 batch,
                                 "--family",
                                 cli_compare_family(c),
                                 "--gemm",
                                 cli_compare_gemm(c),
                                 cli_given(c->args, CLI_OPT_NO_FUSION) ? "--no-fusion" : NULL,
                                 NULL};
    char *text = cli_self_text(words, DIFF_SECONDS, &code, to->reason, sizeof to->reason);
    to->evidence.op_is_wrong = code == weft_status_exit_code(WEFT_ERR_CHECK);
    free(text);
}

/* ---- why ---- */

static void say_step(const cli_compare *c, cli_contender *to)
{
    char is[WEFT_NUMBER_TEXT], wanted[WEFT_NUMBER_TEXT];
    (void)snprintf(to->reason, sizeof to->reason,
                   "the loss of step 1 is %s instead of %s, and nothing was learnt before it",
                   weft_format(to->first[0], 9, is),
                   weft_format(c->list[c->reference].first[0], 9, wanted));
}

/* A figure of the end beside those of the seeds: the one with the smaller chance. */
static void say_end(const cli_compare *c, cli_contender *to)
{
    char end[WEFT_NUMBER_TEXT], mean[WEFT_NUMBER_TEXT], deviation[WEFT_NUMBER_TEXT],
        chance[WEFT_NUMBER_TEXT];
    static const char *const names[] = {"loss", "accuracy"};
    const double *p = to->evidence.chance;
    const int worst = p[1] < p[0] ? 1 : 0;
    (void)snprintf(
        to->reason, sizeof to->reason,
        "it ends with %s %s; %d seeds on %s end with %s +- %s (chance of such a distance: "
        "%s)",
        names[worst], weft_fixed(cli_end_of(to, worst), 4, end), c->spread[worst].count,
        c->list[c->reference].name, weft_fixed(c->spread[worst].mean, 4, mean),
        weft_fixed(c->spread[worst].deviation, 4, deviation), weft_format(p[worst], 2, chance));
}

static void say_nothing(const cli_compare *c, cli_contender *to)
{
    if (c->list[c->reference].failed)
        (void)snprintf(to->reason, sizeof to->reason, "%s, the reference, failed",
                       c->list[c->reference].name);
    else if (*to->other)
        (void)snprintf(to->reason, sizeof to->reason, "%s", to->other);
    else
        (void)snprintf(to->reason, sizeof to->reason,
                       "the curves part; whether that is noise, the spread of seeds tells: %s",
                       c->trains ? "--seeds " CLI_DIGITS(CLI_SEEDS)
                                 : "name runs of other seeds on the reference's device too");
}

static void say_why(const cli_compare *c, cli_contender *to)
{
    if (to->likeness == CLI_NOT_JUDGED) say_nothing(c, to);
    if (to->likeness == CLI_SAME)
        (void)snprintf(to->reason, sizeof to->reason, "the curves do not part");
    if (to->likeness == CLI_WITHIN_NOISE) say_end(c, to);
    if (to->likeness != CLI_DIFFERENT || to->evidence.op_is_wrong) return;
    if (to->evidence.parted_step == 1)
        say_step(c, to);
    else
        say_end(c, to);
}

/* ---- judging ---- */

/* Failed ones and the reference have no verdict; a run of other options is not the same training.
 */
static bool is_judged(const cli_compare *c, int index)
{
    return index != c->reference && !c->list[index].failed;
}

static void judge(const cli_compare *c, cli_contender *to)
{
    const bool comparable = !c->list[c->reference].failed && !*to->other;
    to->likeness = comparable ? cli_judge(&to->evidence) : CLI_NOT_JUDGED;
    say_why(c, to);
}

/* Some curve has parted, later than in the first step. An op that is wrong by little may show
 * neither in the first steps nor at the end, yet it is wrong. */
static bool needs_diff(const cli_compare *c, const cli_contender *to)
{
    const bool comparable = c->trains && !c->list[c->reference].failed && !*to->other;
    return comparable && to->evidence.parted_step != 1 && cli_judge(&to->evidence) != CLI_SAME;
}

void cli_compare_measure(cli_compare *c)
{
    find_levels(c);
    for (int i = 0; i < c->count && cli_signals_exit_code() == 0; i++) {
        cli_contender *to = &c->list[i];
        if (!is_judged(c, i)) continue;
        if (!c->list[c->reference].failed) measure(c, to);
        if (needs_diff(c, to)) ask_diff(c, to);
        judge(c, to);
    }
}

bool cli_compare_in_doubt(const cli_compare *c)
{
    if (c->list[c->reference].failed) return false; /* its further seeds would fail as well */
    for (int i = 0; i < c->count; i++) {
        const cli_contender *to = &c->list[i];
        if (is_judged(c, i) && to->likeness == CLI_NOT_JUDGED && !*to->other) return true;
    }
    return false;
}

double cli_end_of(const cli_contender *contender, int figure)
{
    const weft_epoch_report *last = &contender->files.epoch[contender->files.epoch_count - 1];
    if (figure == 0) return isnan(last->val_loss) ? last->train_loss : last->val_loss;
    return isnan(last->val_loss) ? last->train_accuracy : last->val_accuracy;
}

/* The reference, its further seeds, and runs that turned out to be such. */
static int ends(const cli_compare *c, int figure, double *values)
{
    int count = 0;
    values[count++] = cli_end_of(&c->list[c->reference], figure);
    for (int i = 0; i < c->seed_count; i++)
        if (!c->seed[i].failed) values[count++] = cli_end_of(&c->seed[i], figure);
    for (int i = 0; i < c->count; i++)
        if (c->list[i].is_seed && !c->list[i].failed)
            values[count++] = cli_end_of(&c->list[i], figure);
    return count;
}

void cli_compare_judge(cli_compare *c)
{
    double values[CLI_SEEDS_MAX + CLI_CONTENDERS];
    if (c->list[c->reference].failed) return;
    for (int figure = 0; figure < 2; figure++)
        c->spread[figure] = cli_spread_of(values, ends(c, figure, values));
    for (int i = 0; i < c->count; i++) {
        cli_contender *to = &c->list[i];
        if (!is_judged(c, i)) continue;
        to->evidence.seeds = c->spread[0].count;
        for (int figure = 0; figure < 2; figure++)
            to->evidence.chance[figure] =
                cli_spread_chance(&c->spread[figure], cli_end_of(to, figure));
        judge(c, to);
    }
}
