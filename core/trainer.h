/* A training run from the inside. train.c runs it, trainer_setup.c makes it, trainer_state.c moves
 * it to and from checkpoints, trainer_files.c tells the run folder. */
#ifndef WEFT_CORE_TRAINER_H
#define WEFT_CORE_TRAINER_H

#include "core/run.h"
#include "core/trainer_eval.h"
#include "core/trainer_ring.h"

/* Where the training stands; with the weights and moments it is all that a resume needs. */
typedef struct weft_train_state {
    uint32_t epoch;               /* finished ones */
    int64_t step_in_epoch;        /* taken in the current one */
    uint64_t step;                /* taken in all */
    double loss_sum, correct_sum; /* of the current epoch */
    int64_t samples;
    double best_loss; /* INFINITY before the first validation */
    uint32_t best_epoch;
    int64_t waited;                                            /* epochs since then */
    double train_loss, train_accuracy, val_loss, val_accuracy; /* of the last finished epoch */
} weft_train_state;

/* Steps that are told of in one line of events.jsonl. */
typedef struct weft_step_group {
    uint64_t first, last;         /* counted from 1; last < first: none yet */
    double loss_sum, correct_sum; /* over their samples */
    int64_t samples;
    double learning_rate, seconds_left; /* of the last one */
    uint32_t epoch;
    double since; /* clock: when its first step began */
} weft_step_group;

enum { WEFT_EARLY_WARNINGS = 16 };

struct weft_trainer {
    weft_device *device;
    weft_train_desc desc;       /* strings are borrowed */
    weft_train_options options; /* resolved */
    weft_dataset data;          /* cut by the limit */
    weft_normalize norm;
    char data_hash[33];
    char *options_text; /* the options that change a result, as JSON; NULL without files */

    int32_t *train_ids; /* rising */
    int32_t *order;     /* of the current epoch */
    int64_t train_count, val_count;
    int32_t batch;
    int64_t steps_per_epoch;
    uint64_t steps; /* of the whole run */

    weft_model *model;
    weft_source *source;
    weft_plan *full, *tail;
    weft_eval validation, test; /* count 0: none */

    weft_run *run;  /* NULL: no files */
    bool from_prev; /* resumed from the older checkpoint */
    bool resumed, ran;

    weft_train_state state;
    uint64_t saved_step; /* where `last` stands; UINT64_MAX: there is none of this run */
    uint32_t saved_epoch;
    const char *saved_in; /* the file that holds it, "last" or "prev" */
    bool stopping;        /* somebody asked for it */
    weft_ring ring;
    weft_step_group group;
    char *early_warning[WEFT_EARLY_WARNINGS]; /* from before events.jsonl was open */
    int early_warnings;
    bool warning_lost; /* it could not be written: the next line says so */

    double start_seconds;               /* of the start-up */
    int64_t device_bytes;               /* 0: not counted */
    double start, epoch_start;          /* clocks */
    double train_seconds;               /* without validation and files */
    int64_t epoch_samples, run_samples; /* seen by this process */
    uint64_t first_step;                /* of this process */
};

/* trainer_setup.c: the epoch's order of samples, at its place of the device's list. */
weft_status weft_trainer_order(weft_trainer *t);

/* What the model is made of. */
weft_model_desc weft_trainer_model_desc(const weft_trainer *t);

/* trainer_memory.c: before the first buffer, WEFT_ERR_MEMORY with the sizes and the largest batch
 * that fits when the device has too little memory for the plans. Sets device_bytes. */
weft_status weft_trainer_check_memory(weft_trainer *t);

/* One step: `step` decides learning rate and corrections. */
weft_status weft_trainer_launch(weft_trainer *t, weft_plan *plan, int64_t first);

/* trainer_state.c: what a checkpoint says besides tensors. WEFT_ERR_DIVERGED when a weight is not
 * finite. */
weft_status weft_trainer_meta(weft_trainer *t, weft_meta **out);

/* Before any work: refuse a run that is finished, or of other data, network or options
 * (WEFT_ERR_USAGE names the difference), and take its normalisation. */
weft_status weft_trainer_resume_check(weft_trainer *t);

/* Weights, moments and state from last, or from prev with a warning when last is damaged. */
weft_status weft_trainer_resume(weft_trainer *t);

/* trainer_events.c: lines of events.jsonl (core/events.md); nothing happens without a run folder.
 */
weft_status weft_trainer_tell_start(weft_trainer *t);
weft_status weft_trainer_tell_epoch(weft_trainer *t, const weft_epoch_report *report);
weft_status weft_trainer_tell_checkpoint(weft_trainer *t, bool best);
weft_status weft_trainer_tell_stop(weft_trainer *t, const char *reason);
/* text: why, or NULL. */
weft_status weft_trainer_tell_end(weft_trainer *t, const char *outcome, const char *text);

/* The steps that follow begin now: what came before (validation, a checkpoint) is not their time.
 */
void weft_trainer_group_start(weft_trainer *t);
/* A step more; about once a second the group is written. */
weft_status weft_trainer_group_add(weft_trainer *t, const weft_step_report *report, int32_t rows);
/* Write what there is: before a checkpoint and at an epoch's end, so that a resume leaves no gap.
 */
weft_status weft_trainer_group_end(weft_trainer *t);

/* Say it to the caller, and put it into the record. */
void weft_trainer_say_warning(weft_trainer *t, const char *text);
void weft_trainer_drop_warnings(weft_trainer *t);

/* trainer_files.c: nothing happens without a run folder. */
weft_status weft_trainer_files_begin(weft_trainer *t);
weft_status weft_trainer_files_end(weft_trainer *t, const weft_train_result *result);

/* Put behind the thread's message which checkpoint is the last good one, and return the status. */
weft_status weft_trainer_fail_saved(const weft_trainer *t, weft_status status);

/* Write a checkpoint; at an epoch's end (report not NULL) also the epoch's row and, when it is the
 * best so far, `best`. WEFT_ERR_DIVERGED, and nothing written, when a weight is not finite. */
weft_status weft_trainer_save(weft_trainer *t, const weft_epoch_report *report);

#endif
