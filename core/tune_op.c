/* One op: its candidates checked, then timed by turns. */
#include <stdlib.h>
#include <string.h>

#include "core/compose.h"
#include "core/posix.h"
#include "core/tune_private.h"

enum { ROUNDS = 9, REPEATS_MAX = 64 };

static const double block_seconds = 2e-3; /* of one timing, well above the cost of a launch */
static const double hopeless = 1.5;       /* times the best: not timed again */
static const double near = 1.05;          /* times the best: timed once more, beside the prior */
static const double worth = 0.98;         /* of the prior's time: below, a candidate wins */

typedef struct candidate {
    weft_choice choice;
    weft_step *step; /* NULL: dropped */
    double best;     /* seconds of one run */
} candidate;

typedef struct trial {
    weft_device *device;
    const weft_tune_desc *desc;
    weft_tune_row *row;
    weft_tune_set set;
    candidate list[WEFT_TUNE_CANDIDATES]; /* the prior first */
    int count;
    unsigned char *prior, *other; /* outputs; prior: of the first candidate */
    int *done, total;
} trial;

static double now(const weft_tune_desc *desc)
{
    return desc->clock ? desc->clock(desc->user) : weft_clock();
}

/* ---- right ---- */

/* Float sums of random numbers differ from their exact value by u^2 / 6 a term in normalised mean
 * square, u = 2^-24: four times that is allowed, for two of them. */
static double bound_of(const weft_op *op)
{
    const int64_t count = weft_shape_count(op->out[0].shape);
    const double terms = (double)weft_op_operations(op) / 2.0 / (double)(count > 0 ? count : 1);
    return (op->kind < WEFT_OP_COUNT ? 1e-14 : 1e-11) + terms * 4 * 0x1p-48 / 6;
}

static weft_status run_once(const trial *t, weft_step *step, unsigned char *outputs)
{
    const weft_backend *be = t->device->backend;
    const weft_values values = weft_tune_values(&t->set.op);
    WEFT_TRY(weft_tune_set_reset(&t->set));
    WEFT_TRY(be->enqueue(step, &values));
    WEFT_TRY(be->finish(t->device));
    return weft_tune_set_read(&t->set, outputs);
}

static weft_status define(const trial *t, unsigned char *outputs)
{
    const weft_values values = weft_tune_values(&t->set.op);
    weft_composed *composed = NULL;
    weft_tune_set set;
    WEFT_TRY(weft_tune_set_open(t->desc->reference, &t->set.op, 0, &set));
    weft_status status = weft_tune_set_reset(&set);
    if (status == WEFT_OK) status = weft_composed_new(set.device, &set.op, &composed);
    if (status == WEFT_OK) status = weft_composed_run(composed, &values);
    if (status == WEFT_OK) status = weft_tune_set_read(&set, outputs);
    weft_composed_free(composed);
    weft_tune_set_close(&set);
    return status;
}

/* The prior is what runs without a tuner: if it is wrong, so is every training. */
static weft_status check_prior(trial *t)
{
    WEFT_TRY(run_once(t, t->list[0].step, t->prior));
    WEFT_TRY(define(t, t->other));
    const double difference = weft_tune_difference(&t->set.op, t->prior, t->other);
    if (difference <= bound_of(&t->set.op)) return WEFT_OK;
    return weft_fail(WEFT_ERR_DEVICE,
                     "the device's result differs from the CPU backend's by %.2g (normalised mean "
                     "square), at most %.2g is rounding: another driver or --device may help",
                     difference, bound_of(&t->set.op));
}

static void drop(trial *t, candidate *one, const char *why)
{
    weft_say(&t->desc->log, WEFT_INFO, "%s (%s): %s is left out: %s",
             weft_op_describe(t->row->kind)->name, t->row->layer, one->choice.text, why);
    t->device->backend->release(one->step);
    one->step = NULL;
    t->row->dropped++;
}

static void tell_done(trial *t)
{
    ++*t->done;
    if (t->desc->progress) t->desc->progress(t->desc->user, *t->done, t->total);
}

/* ---- fast ---- */

/* Seconds of one run, the mean of `repeats` in a row. */
static weft_status time_block(const trial *t, weft_step *step, int repeats, double *seconds)
{
    const weft_backend *be = t->device->backend;
    const weft_values values = weft_tune_values(&t->set.op);
    const double start = now(t->desc);
    for (int i = 0; i < repeats; i++)
        WEFT_TRY(be->enqueue(step, &values));
    WEFT_TRY(be->finish(t->device));
    *seconds = (now(t->desc) - start) / repeats;
    return WEFT_OK;
}

/* What is right is run once more: the first launch may compile. */
static weft_status check_time(trial *t, candidate *one)
{
    const double longest = t->desc->longest > 0 ? t->desc->longest : 10.0;
    WEFT_TRY(time_block(t, one->step, 1, &one->best));
    if (one->best > longest && one != t->list) drop(t, one, "a launch takes too long");
    return WEFT_OK;
}

static weft_status check_candidate(trial *t, candidate *one)
{
    const weft_backend *be = t->device->backend;
    const weft_status status = be->prepare(t->device, &t->set.op, one->choice.text, &one->step);
    if (status == WEFT_ERR_MEMORY || (status != WEFT_OK && one == t->list)) return status;
    if (status != WEFT_OK) {
        drop(t, one, weft_error());
        return WEFT_OK;
    }
    if (one == t->list) {
        WEFT_TRY(check_prior(t));
    } else {
        WEFT_TRY(run_once(t, one->step, t->other));
        if (memcmp(t->prior, t->other, t->set.bytes) != 0) {
            drop(t, one, "its result is not the prior's, bit for bit");
            return WEFT_OK;
        }
    }
    return check_time(t, one);
}

static double best_of(const trial *t)
{
    double best = t->list[0].best;
    for (int i = 1; i < t->count; i++) {
        if (t->list[i].step && t->list[i].best < best) best = t->list[i].best;
    }
    return best;
}

static int repeats_of(const trial *t)
{
    const double best = best_of(t);
    const double blocks = best > 1e-9 ? block_seconds / best : REPEATS_MAX;
    return blocks < 1 ? 1 : blocks > REPEATS_MAX ? REPEATS_MAX : (int)blocks;
}

/* The shortest of some blocks each, by turns, so that other load on the machine meets all. Whoever
 * is behind by more than `limit` drops out; the prior never does. */
static weft_status race(trial *t, double limit)
{
    const double budget = (t->desc->seconds > 0 ? t->desc->seconds : 2.0) / 2;
    const double start = now(t->desc);
    const int repeats = repeats_of(t);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < t->count; i++) {
            candidate *one = &t->list[i];
            double seconds = 0;
            if (!one->step || (i > 0 && one->best > limit * best_of(t))) continue;
            WEFT_TRY(time_block(t, one->step, repeats, &seconds));
            if (seconds < one->best) one->best = seconds;
        }
        if (now(t->desc) - start > budget) break;
    }
    return WEFT_OK;
}

static void choose(trial *t)
{
    const candidate *best = &t->list[0];
    for (int i = 1; i < t->count; i++) {
        const candidate *one = &t->list[i];
        if (one->step && one->best < worth * t->list[0].best && one->best < best->best) best = one;
    }
    t->row->prior = t->list[0].choice;
    t->row->prior_seconds = t->list[0].best;
    t->row->best = best->choice;
    t->row->best_seconds = best->best;
}

/* ---- an op ---- */

static weft_status tune(trial *t)
{
    t->prior = malloc(t->set.bytes);
    t->other = malloc(t->set.bytes);
    if (!t->prior || !t->other) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a trial");
    for (int i = 0; i < t->count; i++) {
        WEFT_TRY(check_candidate(t, &t->list[i]));
        tell_done(t);
    }
    WEFT_TRY(race(t, hopeless));
    WEFT_TRY(race(t, near));
    choose(t);
    const char *text =
        strcmp(t->row->best.text, t->row->prior.text) != 0 ? t->row->best.text : NULL;
    return t->device->backend->store(t->device, &t->set.op, text);
}

static weft_status list_candidates(trial *t, const weft_op *op, size_t *scratch_bytes)
{
    weft_choice list[WEFT_TUNE_CANDIDATES] = {{.scratch_bytes = 0}};
    t->count = WEFT_TUNE_CANDIDATES;
    *scratch_bytes = 0;
    WEFT_TRY(t->device->backend->candidates(t->device, op, list, &t->count));
    for (int i = 0; i < t->count; i++) {
        t->list[i].choice = list[i];
        if (list[i].scratch_bytes > *scratch_bytes) *scratch_bytes = list[i].scratch_bytes;
    }
    t->row->candidates = t->count;
    return WEFT_OK;
}

weft_status weft_tune_op(weft_device *device, const weft_op *op, const weft_tune_desc *desc,
                         int *done, int total, weft_tune_row *row)
{
    trial t = {.device = device, .desc = desc, .row = row, .done = done, .total = total};
    size_t scratch_bytes = 0;
    WEFT_TRY(list_candidates(&t, op, &scratch_bytes));
    WEFT_TRY(weft_tune_set_open(device, op, scratch_bytes, &t.set));
    const weft_status status = tune(&t);
    for (int i = 0; i < t.count; i++)
        device->backend->release(t.list[i].step);
    weft_tune_set_close(&t.set);
    free(t.prior);
    free(t.other);
    return status;
}
