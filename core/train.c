/* The loop: epochs of steps, validation, checkpoints, the end. */
#include <math.h>
#include <stdio.h>

#include "core/posix.h"
#include "core/trainer.h"

enum { MESSAGE_TEXT = 4096 };

/* ---- where are we? ---- */

/* Steps of the epoch that is under way; the last one is cut short by max_steps. */
static int64_t steps_of_epoch(const weft_trainer *t)
{
    const uint64_t before = (uint64_t)t->state.epoch * (uint64_t)t->steps_per_epoch;
    const uint64_t left = t->steps - before;
    return left < (uint64_t)t->steps_per_epoch ? (int64_t)left : t->steps_per_epoch;
}

static bool out_of_patience(const weft_trainer *t)
{
    return t->options.patience > 0 && t->state.waited >= t->options.patience;
}

static bool at_end(const weft_trainer *t)
{
    const uint64_t finished = (uint64_t)t->state.epoch * (uint64_t)t->steps_per_epoch;
    return finished >= t->steps || out_of_patience(t);
}

static bool stopping(weft_trainer *t)
{
    if (t->desc.stop && *t->desc.stop) t->stopping = true;
    return t->stopping;
}

static double rate_of(const weft_trainer *t, uint64_t step)
{
    return (double)weft_schedule_rate(t->options.schedule, t->options.optimizer.lr, step, t->steps);
}

/* Mean of a sum over the epoch's samples so far. */
static double mean(double sum, int64_t samples)
{
    return samples > 0 ? sum / (double)samples : (double)NAN;
}

/* Accuracy means nothing where there are no classes. */
static double accuracy(const weft_trainer *t, double correct, int64_t samples)
{
    return t->data.classes ? mean(correct, samples) : (double)NAN;
}

static double per_second(int64_t samples, double seconds)
{
    return samples > 0 && seconds > 0.0 ? (double)samples / seconds : (double)NAN;
}

/* ---- a step ---- */

/* 1 - beta^(step + 1), in double: the power of the very float that the kernels use. */
static float correction(const weft_trainer *t, float beta)
{
    if (t->options.optimizer.kind == WEFT_SGD) return 1.0f;
    return (float)(1.0 - pow((double)beta, (double)(t->state.step + 1)));
}

weft_status weft_trainer_launch(weft_trainer *t, weft_plan *plan, int64_t first)
{
    const int32_t rows = weft_plan_batch(plan);
    const weft_optimizer *o = &t->options.optimizer;
    const weft_values values = {
        .step = t->state.step,
        .epoch = t->state.epoch,
        .first = (int32_t)((t->state.epoch % 2) * t->train_count + first),
        .row0 = 0,
        .batch_global = rows,
        .lr = (float)rate_of(t, t->state.step),
        .correction1 = correction(t, o->beta1),
        .correction2 = correction(t, o->beta2),
        .grad_scale = 1.0f,
        .loss_scale = 1.0f / (float)rows,
    };
    return weft_plan_run(plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_UPDATE);
}

static weft_status diverged(const weft_trainer *t, const char *what, uint64_t step)
{
    char copy[MESSAGE_TEXT / 2]; /* what may be this thread's message, which is about to change */
    snprintf(copy, sizeof copy, "%s", what);
    weft_fail(WEFT_ERR_DIVERGED,
              "%s in epoch %u, step %llu: try a smaller lr (it is %g) or look for broken samples",
              copy, (unsigned)t->state.epoch + 1, (unsigned long long)step,
              (double)t->options.optimizer.lr);
    return weft_trainer_fail_saved(t, WEFT_ERR_DIVERGED);
}

static double seconds_left(const weft_trainer *t, uint64_t step, double now)
{
    const uint64_t done = step - t->first_step;
    return done > 0 ? (now - t->start) / (double)done * (double)(t->steps - step) : (double)NAN;
}

static weft_status report_step(weft_trainer *t, const weft_ring_entry *e)
{
    const weft_train_state *s = &t->state;
    const double now = weft_clock();
    const uint64_t before = (uint64_t)s->epoch * (uint64_t)t->steps_per_epoch;
    const weft_step_report report = {
        .step = e->step + 1,
        .steps = t->steps,
        .epoch = s->epoch + 1,
        .step_in_epoch = (int64_t)(e->step + 1 - before),
        .steps_per_epoch = t->steps_per_epoch,
        .loss = (double)e->value[0] / e->rows,
        .accuracy = accuracy(t, (double)e->value[1], e->rows),
        .mean_loss = mean(s->loss_sum, s->samples),
        .mean_accuracy = accuracy(t, s->correct_sum, s->samples),
        .learning_rate = rate_of(t, e->step),
        .images_per_second = per_second(t->epoch_samples, now - t->epoch_start),
        .seconds_left = seconds_left(t, e->step + 1, now),
    };
    if (t->run && t->options.log_every > 0 && report.step % (uint64_t)t->options.log_every == 0)
        WEFT_TRY(weft_run_log_step(t->run, report.step, report.loss, report.accuracy,
                                   report.learning_rate));
    WEFT_TRY(weft_trainer_group_add(t, &report, e->rows));
    const weft_observer *o = &t->desc.observer;
    if (o->on_step && o->on_step(o->user, &report)) t->stopping = true;
    return WEFT_OK;
}

/* Take the oldest step's loss in. */
static weft_status take_step(weft_trainer *t, bool wait, bool *got)
{
    weft_ring_entry e;
    WEFT_TRY(weft_ring_pop(&t->ring, wait, got, &e));
    if (!*got) return WEFT_OK;
    if (!isfinite(e.value[0])) return diverged(t, "the loss is not a finite number", e.step + 1);

    t->state.loss_sum += (double)e.value[0];
    t->state.correct_sum += (double)e.value[1];
    t->state.samples += e.rows;
    t->epoch_samples += e.rows;
    return report_step(t, &e);
}

static weft_status drain(weft_trainer *t)
{
    bool got = true;
    while (t->ring.count > 0)
        WEFT_TRY(take_step(t, true, &got));
    return weft_trainer_group_end(t);
}

/* Steps that are done are taken in at once; only a step 16 steps old is waited for. */
static weft_status take_finished(weft_trainer *t)
{
    bool got = true;
    while (got && t->ring.count > 0)
        WEFT_TRY(take_step(t, weft_ring_full(&t->ring), &got));
    return WEFT_OK;
}

static weft_status one_step(weft_trainer *t)
{
    const int64_t first = t->state.step_in_epoch * t->batch;
    const bool whole = t->train_count - first >= t->batch;
    weft_plan *plan = whole ? t->full : t->tail;
    const weft_status status = weft_trainer_launch(t, plan, first);
    if (status == WEFT_ERR_DIVERGED) return diverged(t, weft_error(), t->state.step + 1);
    WEFT_TRY(status);
    WEFT_TRY(weft_ring_push(&t->ring, t->state.step, weft_plan_batch(plan)));
    t->state.step++;
    t->state.step_in_epoch++;
    return take_finished(t);
}

/* ---- an epoch ---- */

/* A checkpoint between the ends of epochs. */
static weft_status save_middle(weft_trainer *t)
{
    const weft_status status = weft_trainer_save(t, NULL);
    return status == WEFT_ERR_DIVERGED ? diverged(t, weft_error(), t->state.step) : status;
}

static weft_status save_between(weft_trainer *t)
{
    const int64_t every = t->options.save_every;
    if (every == 0 || t->state.step % (uint64_t)every != 0) return WEFT_OK;
    WEFT_TRY(drain(t));
    WEFT_TRY(save_middle(t));
    weft_trainer_group_start(t);
    return WEFT_OK;
}

/* The steps that are left of the epoch; when it returns, all losses have been seen. */
static weft_status epoch_steps(weft_trainer *t)
{
    const int64_t count = steps_of_epoch(t);
    t->epoch_start = weft_clock();
    t->epoch_samples = 0;
    WEFT_TRY(weft_trainer_order(t));
    weft_trainer_group_start(t);
    while (t->state.step_in_epoch < count && !stopping(t)) {
        WEFT_TRY(one_step(t));
        if (t->state.step_in_epoch < count) WEFT_TRY(save_between(t));
    }
    WEFT_TRY(drain(t));
    const double seconds = weft_clock() - t->epoch_start;
    t->train_seconds += seconds;
    t->run_samples += t->epoch_samples;
    return WEFT_OK;
}

/* Validation figures into the report; *stopped when somebody would not wait for them. */
static weft_status validate(weft_trainer *t, weft_epoch_report *report, bool *stopped)
{
    weft_score score;
    *stopped = false;
    if (t->validation.count == 0) return WEFT_OK;
    const weft_status status = weft_eval_run(&t->validation, t->desc.stop, NULL, &score, stopped);
    if (status == WEFT_ERR_DIVERGED) {
        weft_fail_in(status, "validation");
        return diverged(t, weft_error(), t->state.step);
    }
    WEFT_TRY(status);
    if (*stopped) return WEFT_OK;
    if (!isfinite(score.loss))
        return diverged(t, "the validation loss is not a finite number", t->state.step);
    report->val_loss = score.loss;
    report->val_accuracy = score.accuracy;
    report->best = score.loss < t->state.best_loss;
    return WEFT_OK;
}

/* Close the epoch in the state. */
static void advance(weft_trainer *t, const weft_epoch_report *report)
{
    weft_train_state *s = &t->state;
    s->waited = report->best ? 0 : s->waited + 1;
    if (report->best) {
        s->best_loss = report->val_loss;
        s->best_epoch = report->epoch;
    }
    s->train_loss = report->train_loss;
    s->train_accuracy = report->train_accuracy;
    s->val_loss = report->val_loss;
    s->val_accuracy = report->val_accuracy;
    s->epoch++;
    s->step_in_epoch = 0;
    s->samples = 0;
    s->loss_sum = s->correct_sum = 0.0;
}

static weft_status finish_epoch(weft_trainer *t)
{
    bool stopped;
    const double trained = weft_clock();
    weft_epoch_report report = {
        .epoch = t->state.epoch + 1,
        .train_loss = mean(t->state.loss_sum, t->state.samples),
        .train_accuracy = accuracy(t, t->state.correct_sum, t->state.samples),
        .val_loss = (double)NAN,
        .val_accuracy = (double)NAN,
        .learning_rate = rate_of(t, t->state.step - 1),
        .images_per_second = per_second(t->epoch_samples, trained - t->epoch_start),
    };
    WEFT_TRY(validate(t, &report, &stopped));
    if (stopped) return WEFT_OK;

    const weft_train_state before = t->state;
    report.seconds = weft_clock() - t->epoch_start;
    advance(t, &report);
    const weft_status status = weft_trainer_save(t, &report);
    if (status == WEFT_ERR_DIVERGED) {
        t->state = before;
        return diverged(t, weft_error(), t->state.step);
    }
    WEFT_TRY(status);
    const weft_observer *o = &t->desc.observer;
    if (o->on_epoch && o->on_epoch(o->user, &report)) t->stopping = true;
    return WEFT_OK;
}

/* ---- a run ---- */

static weft_status train(weft_trainer *t)
{
    while (!at_end(t) && !stopping(t)) {
        WEFT_TRY(epoch_steps(t));
        if (!stopping(t)) WEFT_TRY(finish_epoch(t));
    }
    return WEFT_OK;
}

/* The state of a stop in the middle; at the end of an epoch it is already on disk. */
static weft_status save_stop(weft_trainer *t)
{
    if (t->saved_step == t->state.step && t->saved_epoch == t->state.epoch) return WEFT_OK;
    return save_middle(t);
}

/* All epochs are behind us, so the weights are sound: it is the samples, or the range of floats. */
static weft_status test_diverged(const weft_trainer *t, const char *what)
{
    char copy[MESSAGE_TEXT / 2];
    snprintf(copy, sizeof copy, "%s", what);
    weft_fail(WEFT_ERR_DIVERGED, "%s: look for broken samples in the test set", copy);
    return weft_trainer_fail_saved(t, WEFT_ERR_DIVERGED);
}

static weft_status test(weft_trainer *t, weft_train_result *result)
{
    weft_score score;
    bool stopped;
    if (t->test.count == 0) return WEFT_OK;
    const weft_status status = weft_eval_run(&t->test, t->desc.stop, NULL, &score, &stopped);
    if (status == WEFT_ERR_DIVERGED) {
        weft_fail_in(status, "test set");
        return test_diverged(t, weft_error());
    }
    WEFT_TRY(status);
    if (stopped) t->stopping = true;
    if (!stopped && !isfinite(score.loss))
        return test_diverged(t, "the test loss is not a finite number");
    result->test_loss = score.loss;
    result->test_accuracy = score.accuracy;
    return WEFT_OK;
}

static void fill_result(const weft_trainer *t, weft_train_result *result)
{
    const weft_train_state *s = &t->state;
    result->epochs = s->epoch;
    result->steps = s->step;
    result->seconds = weft_clock() - t->start;
    result->images_per_second = per_second(t->run_samples, t->train_seconds);
    result->train_loss = s->train_loss;
    result->train_accuracy = s->train_accuracy;
    result->val_loss = s->val_loss;
    result->val_accuracy = s->val_accuracy;
    result->best_epoch = s->best_epoch;
    result->start_seconds = t->start_seconds;
    result->compile_seconds = t->device->compile_seconds;
    result->device_bytes = t->device_bytes;
}

static weft_status run(weft_trainer *t, weft_train_result *result)
{
    WEFT_TRY(weft_trainer_files_begin(t));
    t->start = weft_clock();
    t->first_step = t->state.step;
    WEFT_TRY(train(t));
    if (out_of_patience(t)) WEFT_TRY(weft_trainer_tell_stop(t, "patience"));
    if (!stopping(t)) WEFT_TRY(test(t, result));
    if (!stopping(t)) return WEFT_OK;
    result->outcome = WEFT_STOPPED;
    WEFT_TRY(weft_trainer_tell_stop(t, "asked"));
    return save_stop(t);
}

/* A diverged run has a summary and an end too; its message is what the caller hears. */
static weft_status end(weft_trainer *t, weft_status status, weft_train_result *result)
{
    char message[MESSAGE_TEXT];
    if (status == WEFT_ERR_DIVERGED) {
        snprintf(message, sizeof message, "%s", weft_error());
        result->outcome = WEFT_DIVERGED;
    }
    fill_result(t, result);
    const weft_status written = weft_trainer_files_end(t, result);
    if (status == WEFT_OK) WEFT_TRY(written);
    const weft_observer *o = &t->desc.observer;
    if (o->on_end) o->on_end(o->user, result);
    return status == WEFT_OK ? WEFT_OK : weft_fail(status, "%s", message);
}

/* What failed first is what the caller hears, whether or not events.jsonl can still be written. */
static weft_status end_failed(weft_trainer *t, weft_status status)
{
    char message[MESSAGE_TEXT];
    snprintf(message, sizeof message, "%s", weft_error());
    (void)weft_trainer_tell_end(t, "failed", message);
    return weft_fail(status, "%s", message);
}

weft_status weft_trainer_run(weft_trainer *t, weft_train_result *result)
{
    const double none = (double)NAN;
    *result = (weft_train_result){.outcome = WEFT_FINISHED,
                                  .train_loss = none,
                                  .train_accuracy = none,
                                  .val_loss = none,
                                  .val_accuracy = none,
                                  .test_loss = none,
                                  .test_accuracy = none};
    if (t->ran) return weft_fail(WEFT_ERR_USAGE, "a trainer runs once: make a new one");
    t->ran = true;

    const weft_status status = run(t, result);
    weft_ring_abandon(&t->ring);
    if (status == WEFT_OK || status == WEFT_ERR_DIVERGED) return end(t, status, result);
    return end_failed(t, status);
}
