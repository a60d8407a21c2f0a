/* What a training tells of itself while it runs: the lines of events.jsonl (core/events.md). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/posix.h"
#include "core/trainer.h"
#include "core/utf8.h"

enum { SCHEMA = 1, MESSAGE_TEXT = 4096 };

static const double group_seconds = 1.0;

/* Bytes that are not UTF-8, as paths may hold them, become question marks. */
static json_t *text_json(const char *text)
{
    char copy[MESSAGE_TEXT];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; *at;) {
        const size_t bytes = weft_utf8_bytes(at, strlen(at));
        if (bytes == 0) *at = '?';
        at += bytes > 0 ? bytes : 1;
    }
    return json_string(copy);
}

static weft_status tell(weft_trainer *t, const char *name, uint64_t step, json_t *more)
{
    if (t->warning_lost) {
        json_decref(more);
        return weft_fail(WEFT_ERR_IO, "cannot write events.jsonl: a warning could not be kept; "
                                      "check the folder and the free space");
    }
    return weft_run_log_event(t->run, name, step, more);
}

/* ---- a run, its epochs, its checkpoints ---- */

static weft_status tell_warning(weft_trainer *t, const char *text)
{
    return tell(t, "warning", t->state.step, json_pack("{s:o}", "text", text_json(text)));
}

static weft_status tell_early(weft_trainer *t)
{
    for (int i = 0; i < t->early_warnings; i++)
        WEFT_TRY(tell_warning(t, t->early_warning[i]));
    weft_trainer_drop_warnings(t);
    return WEFT_OK;
}

weft_status weft_trainer_tell_start(weft_trainer *t)
{
    const weft_device_entry *device = t->desc.device_entry;
    json_t *more =
        json_pack("{s:i,s:b,s:s,s:s,s:I,s:I,s:f,s:f}", "schema", SCHEMA, "resumed",
                  t->resumed ? 1 : 0, "device", device ? device->id : "custom", "device_name",
                  device ? device->info.name : "custom", "epochs", (json_int_t)t->options.epochs,
                  "steps", (json_int_t)t->steps, "start_seconds", t->start_seconds,
                  "compile_seconds", t->device->compile_seconds);
    WEFT_TRY(tell(t, "start", t->state.step, more));
    return tell_early(t);
}

static json_t *epoch_json(const weft_epoch_report *r)
{
    json_t *event = json_object();
    if (!event) return NULL;
    int bad = json_object_set_new(event, "epoch", json_integer(r->epoch));
    bad |= weft_run_number(event, "train_loss", r->train_loss);
    bad |= weft_run_number(event, "train_accuracy", r->train_accuracy);
    bad |= weft_run_number(event, "val_loss", r->val_loss);
    bad |= weft_run_number(event, "val_accuracy", r->val_accuracy);
    bad |= weft_run_number(event, "learning_rate", r->learning_rate);
    bad |= weft_run_number(event, "seconds", r->seconds);
    bad |= weft_run_number(event, "images_per_second", r->images_per_second);
    bad |= json_object_set_new(event, "best", json_boolean(r->best));
    if (bad == 0) return event;
    json_decref(event);
    return NULL;
}

weft_status weft_trainer_tell_epoch(weft_trainer *t, const weft_epoch_report *report)
{
    return tell(t, "epoch", t->state.step, epoch_json(report));
}

weft_status weft_trainer_tell_checkpoint(weft_trainer *t, bool best)
{
    return tell(t, "checkpoint", t->state.step,
                json_pack("{s:s,s:b}", "file", "last", "best", best ? 1 : 0));
}

weft_status weft_trainer_tell_stop(weft_trainer *t, const char *reason)
{
    if (!t->run) return WEFT_OK;
    return tell(t, "stop", t->state.step, json_pack("{s:s}", "reason", reason));
}

weft_status weft_trainer_tell_end(weft_trainer *t, const char *outcome, const char *text)
{
    if (!t->run || !weft_run_logs_are_open(t->run)) return WEFT_OK;
    WEFT_TRY(weft_trainer_group_end(t));
    json_t *more = json_pack("{s:s}", "outcome", outcome);
    if (more && text && json_object_set_new(more, "text", text_json(text)) != 0) {
        json_decref(more);
        more = NULL;
    }
    return tell(t, "end", t->state.step, more);
}

/* ---- groups of steps ---- */

void weft_trainer_group_start(weft_trainer *t)
{
    t->group = (weft_step_group){.first = 1, .since = weft_clock()};
}

static double mean(double sum, int64_t samples)
{
    return sum / (double)samples;
}

static json_t *group_json(const weft_trainer *t, double now)
{
    const weft_step_group *g = &t->group;
    json_t *event =
        json_pack("{s:I,s:I}", "first", (json_int_t)g->first, "epoch", (json_int_t)g->epoch);
    if (!event) return NULL;
    const double accuracy = t->data.classes ? mean(g->correct_sum, g->samples) : (double)NAN;
    const double seconds = now - g->since;
    int bad = weft_run_number(event, "loss", mean(g->loss_sum, g->samples));
    bad |= weft_run_number(event, "accuracy", accuracy);
    bad |= weft_run_number(event, "learning_rate", g->learning_rate);
    bad |= weft_run_number(event, "images_per_second", (double)g->samples / seconds);
    bad |= weft_run_number(event, "seconds_left", g->seconds_left);
    if (bad == 0) return event;
    json_decref(event);
    return NULL;
}

weft_status weft_trainer_group_end(weft_trainer *t)
{
    const double now = weft_clock();
    if (!t->run || t->group.samples == 0) return WEFT_OK;
    const weft_status status = tell(t, "steps", t->group.last, group_json(t, now));
    weft_trainer_group_start(t);
    t->group.since = now;
    return status;
}

weft_status weft_trainer_group_add(weft_trainer *t, const weft_step_report *r, int32_t rows)
{
    weft_step_group *g = &t->group;
    if (!t->run) return WEFT_OK;
    if (g->samples == 0) g->first = r->step;
    g->last = r->step;
    g->epoch = r->epoch;
    g->loss_sum += r->loss * rows;
    if (t->data.classes) g->correct_sum += r->accuracy * rows;
    g->samples += rows;
    g->learning_rate = r->learning_rate;
    g->seconds_left = r->seconds_left;
    return weft_clock() - g->since >= group_seconds ? weft_trainer_group_end(t) : WEFT_OK;
}

/* ---- warnings ---- */

void weft_trainer_warn(weft_trainer *t, const char *text)
{
    if (!t->run && !t->desc.out) return;
    if (t->run && weft_run_logs_are_open(t->run)) {
        if (tell_warning(t, text) != WEFT_OK) t->warning_lost = true;
        return;
    }
    if (t->early_warnings == WEFT_EARLY_WARNINGS) return;
    char *copy = weft_path_join("", text);
    if (copy) t->early_warning[t->early_warnings++] = copy;
}

void weft_trainer_say_warning(weft_trainer *t, const char *text)
{
    weft_say(&t->desc.log, WEFT_WARNING, "%s", text);
    weft_trainer_warn(t, text);
}

void weft_trainer_drop_warnings(weft_trainer *t)
{
    for (int i = 0; i < t->early_warnings; i++)
        free(t->early_warning[i]);
    t->early_warnings = 0;
}
