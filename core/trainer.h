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
 * that fits when the device has too little memory for the plans. */
weft_status weft_trainer_check_memory(const weft_trainer *t);

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

/* trainer_files.c: nothing happens without a run folder. */
weft_status weft_trainer_files_begin(weft_trainer *t);
weft_status weft_trainer_files_stop(weft_trainer *t, const char *reason);
weft_status weft_trainer_files_end(weft_trainer *t, const weft_train_result *result);

/* Put behind the thread's message which checkpoint is the last good one, and return the status. */
weft_status weft_trainer_fail_saved(const weft_trainer *t, weft_status status);

/* Write a checkpoint; at an epoch's end (report not NULL) also the epoch's row and, when it is the
 * best so far, `best`. WEFT_ERR_DIVERGED, and nothing written, when a weight is not finite. */
weft_status weft_trainer_save(weft_trainer *t, const weft_epoch_report *report);

#endif
