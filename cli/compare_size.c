/* How much to train when nobody says: measured on the devices themselves. */
#include <math.h>
#include <stdio.h>

#include "cli/compare.h"
#include "cli/output.h"

enum { PROBE = 2560, EPOCHS = 3, STEP = 1000, SMALLEST = 2000, LARGEST = 60000 };

static const double whole_seconds = 120;

/* Seconds of a sample on a device, by its short training; validation and the test set cost a few
 * per cent of that, start-up comes once more. */
static double sample_seconds(const cli_contender *to)
{
    return 1 / cli_summary_number(to, "images_per_second");
}

/* Time that does not depend on the number of samples: start-ups, and the test set of everybody,
 * which takes a third of a training's time for a sample. */
static double fixed_seconds(const cli_contender *to)
{
    enum { TEST = 10000 };
    return 1 + TEST * sample_seconds(to) / 3;
}

/* Trainings of a contender that may come: the reference's with its further seeds. */
static int trainings(const cli_compare *c, int index)
{
    return index == c->reference ? c->seeds : 1;
}

static void choose(cli_compare *c)
{
    double fixed = 0, each = 0;
    for (int i = 0; i < c->count; i++) {
        if (c->list[i].failed) continue;
        fixed += trainings(c, i) * fixed_seconds(&c->list[i]);
        each += trainings(c, i) * sample_seconds(&c->list[i]);
    }
    const double samples = (whole_seconds - fixed) / each / EPOCHS;
    c->epochs = EPOCHS;
    c->limit = !isfinite(samples) || samples < SMALLEST ? SMALLEST
               : samples > LARGEST                      ? LARGEST
                                                        : (int64_t)(samples / STEP) * STEP;
}

void cli_compare_size(cli_compare *c)
{
    weft_say(&c->log, WEFT_INFO, "a moment on every device first, to see how fast they are");
    c->limit = PROBE;
    c->epochs = 1;
    const bool together = c->together;
    c->together = false;
    cli_compare_train(c, c->list, c->count, (const char *[]){"--no-test", NULL});
    c->together = together;
    for (int i = 0; i < c->count; i++) {
        cli_contender *to = &c->list[i];
        if (!to->failed && cli_compare_read(c, to) != WEFT_OK) cli_contender_fail(to);
    }
    choose(c);
    weft_say(&c->log, WEFT_INFO,
             "%d epochs of %lld samples on each, and %d seeds on %s where a verdict needs them: "
             "about two minutes in all",
             (int)c->epochs, (long long)c->limit, c->seeds, c->list[c->reference].name);
}
