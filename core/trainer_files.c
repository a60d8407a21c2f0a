/* What a training tells its run folder. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/trainer.h"

static json_t *pairs(const char *key, const char *value)
{
    return json_pack("{s:s}", key, value);
}

static weft_status new_folder(weft_trainer *t)
{
    weft_train_options options = t->options;
    options.normalize = t->norm;
    WEFT_TRY(weft_run_create(t->desc.out, t->desc.overwrite, &t->run));
    WEFT_TRY(weft_run_write_config(t->run, &t->desc, t->device->routes, &options));
    return weft_run_write_env(t->run, t->desc.device_entry);
}

static json_t *start_event(const weft_trainer *t)
{
    const weft_device_entry *device = t->desc.device_entry;
    return json_pack("{s:b,s:s,s:s,s:I,s:I}", "resumed", t->resumed ? 1 : 0, "device",
                     device ? device->id : "custom", "device_name",
                     device ? device->info.name : "custom", "epochs", (json_int_t)t->options.epochs,
                     "steps", (json_int_t)t->steps);
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
    return weft_run_log_event(t->run, "start", t->state.step, start_event(t));
}

static json_t *epoch_event(const weft_epoch_report *r)
{
    json_t *event = json_object();
    if (!event) return NULL;
    int bad = json_object_set_new(event, "epoch", json_integer(r->epoch));
    bad |= weft_run_number(event, "train_loss", r->train_loss);
    bad |= weft_run_number(event, "train_accuracy", r->train_accuracy);
    bad |= weft_run_number(event, "val_loss", r->val_loss);
    bad |= weft_run_number(event, "val_accuracy", r->val_accuracy);
    bad |= weft_run_number(event, "seconds", r->seconds);
    bad |= json_object_set_new(event, "best", json_boolean(r->best));
    if (bad == 0) return event;
    json_decref(event);
    return NULL;
}

weft_status weft_trainer_files_stop(weft_trainer *t, const char *reason)
{
    if (!t->run) return WEFT_OK;
    return weft_run_log_event(t->run, "stop", t->state.step, pairs("reason", reason));
}

/* The row comes before its checkpoint: a row without a checkpoint is cut off by a resume, a
 * checkpoint without its row would leave a gap. And best comes before last, so that what last says
 * of best is true. */
static weft_status save(weft_trainer *t, const weft_meta *meta, const weft_epoch_report *report)
{
    const bool best = report && report->best;
    if (report) {
        WEFT_TRY(weft_run_log_epoch(t->run, report));
        WEFT_TRY(weft_run_log_event(t->run, "epoch", t->state.step, epoch_event(report)));
    }
    WEFT_TRY(weft_run_logs_flush(t->run));
    if (best) WEFT_TRY(weft_run_save_best(t->run, t->model, meta));
    WEFT_TRY(weft_run_save_last(t->run, t->model, meta));
    t->saved_step = t->state.step;
    t->saved_epoch = t->state.epoch;
    t->saved_in = "last";
    return weft_run_log_event(t->run, "checkpoint", t->state.step,
                              json_pack("{s:s,s:b}", "file", "last", "best", best ? 1 : 0));
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
    WEFT_TRY(weft_run_log_event(t->run, "end", result->steps,
                                pairs("outcome", OUTCOMES[result->outcome])));
    WEFT_TRY(weft_run_logs_flush(t->run));
    return weft_run_write_summary(t->run, &facts, result);
}
