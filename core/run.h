/* The folder of a run: its lock, its logs, its checkpoints and its JSON files. */
#ifndef WEFT_CORE_RUN_H
#define WEFT_CORE_RUN_H

#include <jansson.h>

#include "core/checkpoint.h"
#include "core/train.h"

typedef struct weft_run weft_run;

/* WEFT_ERR_USAGE when the folder holds a run and that may not be replaced. Touches nothing. */
weft_status weft_run_refuse(const char *folder, bool overwrite);

/* Make the folder, lock it, remove the run that it holds (overwrite) or refuse. */
weft_status weft_run_create(const char *folder, bool overwrite, weft_run **out);

/* Lock the folder of an existing run; WEFT_ERR_IO when another process works on it. */
weft_status weft_run_reopen(const char *folder, weft_run **out);
void weft_run_free(weft_run *run);

/* WEFT_ERR_IO when a file of a run folder is a link, a pipe or a device: the folder may come from
 * anybody, and nothing in it may lead a write elsewhere. */
weft_status weft_run_refuse_strange(const char *path);

/* A path in the folder, NULL when out of memory; free() it. */
char *weft_run_path(const weft_run *run, const char *name);

/* Remove a file of the folder; it need not be there. */
weft_status weft_run_drop(const weft_run *run, const char *name);

/* ---- logs ---- */

/* Open the logs; what they say beyond this step and these finished epochs is cut off first. */
weft_status weft_run_logs_open(weft_run *run, bool steps, uint64_t step, uint32_t epochs);
bool weft_run_logs_are_open(const weft_run *run);

/* Once they are open: the process that wrote the checkpoint was killed before events.jsonl had a
 * line of it. */
bool weft_run_checkpoint_is_untold(const weft_run *run);
weft_status weft_run_log_step(weft_run *run, uint64_t step, double loss, double accuracy,
                              double learning_rate);
weft_status weft_run_log_epoch(weft_run *run, const weft_epoch_report *report);

/* A line of events.jsonl, flushed: name, time, step, and what `more` holds (taken over; NULL: there
 * was no memory for it). */
weft_status weft_run_log_event(weft_run *run, const char *name, uint64_t step, json_t *more);
weft_status weft_run_logs_flush(weft_run *run);

/* ---- JSON files ---- */

/* Put a number, or null where it is not finite. Non-zero: out of memory. */
int weft_run_number(json_t *object, const char *key, double value);

weft_status weft_run_write_json(const weft_run *run, const char *name, const json_t *object);
weft_status weft_run_write_config(const weft_run *run, const weft_train_desc *desc,
                                  const char *routes, const weft_train_options *options);
weft_status weft_run_write_env(const weft_run *run, const weft_device_entry *device);

/* What summary.json says besides the result. */
typedef struct weft_run_facts {
    const char *model, *data, *device;
    uint64_t seed;
    int64_t parameters;
} weft_run_facts;
weft_status weft_run_write_summary(const weft_run *run, const weft_run_facts *facts,
                                   const weft_train_result *result);

/* Did the run in the folder come to its end? */
bool weft_run_is_finished(const weft_run *run);

/* ---- checkpoints ---- */

/* "last", "prev" or "best" as a path; NULL when out of memory. */
char *weft_run_checkpoint(const weft_run *run, const char *which);

/* Write a whole file, then let last become prev: at no moment is there no last, where the file
 * system can link. */
weft_status weft_run_save_last(const weft_run *run, weft_model *model, const weft_meta *meta);
weft_status weft_run_save_best(const weft_run *run, weft_model *model, const weft_meta *meta);

#endif
