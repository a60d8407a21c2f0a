/* What a training tells its run folder. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/trainer.h"

static weft_status new_folder(weft_trainer *t)
{
    weft_train_options options = t->options;
    options.normalize = t->norm;
    WEFT_TRY(weft_run_create(t->desc.out, t->desc.overwrite, &t->run));
    WEFT_TRY(weft_run_write_config(t->run, &t->desc, t->device->routes, &options));
    return weft_run_write_env(t->run, t->desc.device_entry);
}

/* What a process that was killed behind its checkpoint would have said of it. */
static weft_status tell_untold(weft_trainer *t)
{
    const weft_train_state *s = &t->state;
    if (!t->resumed || !weft_run_checkpoint_is_untold(t->run)) return WEFT_OK;
    return weft_trainer_tell_checkpoint(t, s->step_in_epoch == 0 && s->best_epoch == s->epoch);
}

weft_status weft_trainer_files_begin(weft_trainer *t)
{
    if (!t->desc.out && !t->run) return WEFT_OK;
    if (!t->run) WEFT_TRY(new_folder(t));
    if (t->from_prev) WEFT_TRY(weft_run_drop(t->run, "checkpoints/last.safetensors"));
    if (t->resumed) {
        WEFT_TRY(weft_run_drop(t->run, "summary.json"));
        t->saved_step = t->state.step;
        t->saved_epoch = t->state.epoch;
        t->saved_in = t->from_prev ? "prev" : "last";
    }
    WEFT_TRY(weft_run_logs_open(t->run, t->options.log_every != WEFT_NONE, t->state.step,
                                t->state.epoch));
    WEFT_TRY(tell_untold(t));
    return weft_trainer_tell_start(t);
}

/* What is told comes before its checkpoint: a row without a checkpoint is cut off by a resume, a
 * checkpoint without its row would leave a gap. And best comes before last, so that what last says
 * of best is true. */
static weft_status save(weft_trainer *t, const weft_meta *meta, const weft_epoch_report *report)
{
    const weft_observer *o = &t->desc.observer;
    const bool best = report && report->best;
    if (report) {
        WEFT_TRY(weft_run_log_epoch(t->run, report));
        WEFT_TRY(weft_trainer_tell_epoch(t, report));
    }
    WEFT_TRY(weft_run_logs_flush(t->run));
    if (o->on_save) o->on_save(o->user, t->state.step, report);
    if (best) WEFT_TRY(weft_run_save_best(t->run, t->model, meta));
    WEFT_TRY(weft_run_save_last(t->run, t->model, meta));
    t->saved_step = t->state.step;
    t->saved_epoch = t->state.epoch;
    t->saved_in = "last";
    return weft_trainer_tell_checkpoint(t, best);
}

weft_status weft_trainer_save(weft_trainer *t, const weft_epoch_report *report)
{
    weft_meta *meta = NULL;
    if (!t->run) return WEFT_OK;
    WEFT_TRY(weft_trainer_meta(t, &meta));
    const weft_status status = save(t, meta, report);
    weft_meta_free(meta);
    return status;
}

weft_status weft_trainer_fail_saved(const weft_trainer *t, weft_status status)
{
    if (!t->run) return status;
    if (!t->saved_in) return weft_fail(status, "%s; there is no checkpoint yet", weft_error());
    char *path = weft_run_checkpoint(t->run, t->saved_in);
    if (!path) return status;
    weft_fail(status, "%s; the last good checkpoint is %s (step %" PRIu64 ")", weft_error(), path,
              t->saved_step);
    free(path);
    return status;
}

weft_status weft_trainer_files_end(weft_trainer *t, const weft_train_result *result)
{
    static const char *const OUTCOMES[] = {"finished", "stopped", "diverged"};
    if (!t->run) return WEFT_OK;
    const weft_run_facts facts = {.model = t->desc.model_name,
                                  .data = t->desc.data_spec,
                                  .device =
                                      t->desc.device_entry ? t->desc.device_entry->id : "custom",
                                  .seed = t->options.seed,
                                  .parameters = weft_graph_parameters(t->desc.graph)};
    const char *why = result->outcome == WEFT_DIVERGED ? weft_error() : NULL;
    WEFT_TRY(weft_trainer_tell_end(t, OUTCOMES[result->outcome], why));
    WEFT_TRY(weft_run_logs_flush(t->run));
    return weft_run_write_summary(t->run, &facts, result);
}
