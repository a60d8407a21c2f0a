/* The training driver, one for all backends: epochs, validation, checkpoints, curves' data, resume.
 *
 * With a run folder it writes (design: "The training driver"):
 *   config.json env.json metrics.csv steps.csv events.jsonl (core/events.md)
 * checkpoints/{last,prev,best}.safetensors summary.json Without one (out NULL) it touches no file.
 * Pictures are made by observers, not here. */
#ifndef WEFT_CORE_TRAIN_H
#define WEFT_CORE_TRAIN_H

#include <signal.h>

#include "core/data.h"
#include "core/model.h"
#include "core/numerics.h"
#include "core/optimizer.h"

enum { WEFT_NONE = -1 }; /* where 0 means the default: "not at all" */

/* Every option that changes a result or a run: type, name, what it is. config.json and checkpoints
 * are written and read from this list; the program's options have the same names with dashes.
 * types: i64, u64, f32, b (bool), enum of its own (optimizer, schedule, loss, augment) */
typedef struct weft_train_options {
    int64_t epochs;     /* 0: 10 */
    int64_t batch_size; /* 0: 64 */
    weft_optimizer optimizer;
    weft_schedule_kind schedule;
    weft_loss loss;
    float label_smoothing;
    weft_augment augment;
    bool no_shuffle;
    bool no_fusion; /* run every op by itself, to see whether a fused kernel is to blame */
    uint64_t seed;
    int64_t
        val_count; /* 0: the last 5,000 (at most a tenth of the set); WEFT_NONE: no validation */
    int64_t limit; /* 0: all; else use the first N samples */
    int64_t max_steps;    /* 0: no limit */
    int64_t log_every;    /* 0: 1; WEFT_NONE: no steps.csv */
    int64_t save_every;   /* steps; 0: at each epoch's end only */
    int64_t patience;     /* 0: off; stop after N epochs without a better validation loss */
    const char *freeze;   /* patterns of layers; NULL: none */
    bool fixed_normalize; /* take `normalize` as given instead of measuring it */
    weft_normalize normalize;
} weft_train_options;

/* Fill every default in. Called by the driver; useful to show what will be used. */
WEFT_API void weft_train_defaults(weft_train_options *options, int64_t samples);

/* WEFT_ERR_USAGE names the option that is out of range. */
WEFT_API weft_status weft_train_check(const weft_train_options *options, int64_t samples);

/* One finished step. Arrives in order, at most 16 steps late. */
typedef struct weft_step_report {
    uint64_t step;                          /* from 1 */
    uint64_t steps;                         /* of the whole run */
    uint32_t epoch;                         /* from 1 */
    int64_t step_in_epoch, steps_per_epoch; /* from 1 */
    double loss, accuracy;                  /* means of this batch */
    double mean_loss, mean_accuracy;        /* of the epoch so far */
    double learning_rate;
    double images_per_second; /* of the epoch so far */
    double seconds_left;      /* of the whole run, estimated */
} weft_step_report;

/* One finished epoch; also a line of metrics.csv. Validation values are NAN without validation. */
typedef struct weft_epoch_report {
    uint32_t epoch; /* from 1 */
    double train_loss, train_accuracy, val_loss, val_accuracy, learning_rate, seconds,
        images_per_second;
    bool best; /* lowest validation loss so far */
} weft_epoch_report;

typedef enum weft_outcome { WEFT_FINISHED, WEFT_STOPPED, WEFT_DIVERGED } weft_outcome;

typedef struct weft_train_result {
    weft_outcome outcome;
    uint32_t epochs; /* finished */
    uint64_t steps;
    double seconds, images_per_second;
    double train_loss, train_accuracy, val_loss,
        val_accuracy; /* of the last epoch; NAN when there is none */
    double test_loss,
        test_accuracy;      /* of the last weights; NAN without a test set or when not finished */
    uint32_t best_epoch;    /* 0: none */
    double start_seconds;   /* from open_seconds before weft_trainer_new until it returned */
    double compile_seconds; /* of it, in making the device's programs; 0: nothing was compiled */
    int64_t device_bytes;   /* that the training needs on the device; 0: not counted */
} weft_train_result;

/* Who listens. Any may be NULL; returning true asks for a stop (after this step; a checkpoint is
 * written). */
typedef struct weft_observer {
    void (*on_prepare)(void *user, int done, int total);
    bool (*on_step)(void *user, const weft_step_report *report);
    /* A checkpoint after so many steps comes next; report: of the epoch that it ends, or NULL. What
     * is written here is there whenever a resume goes on from it. Needs a run folder. */
    void (*on_save)(void *user, uint64_t step, const weft_epoch_report *report);
    bool (*on_epoch)(void *user, const weft_epoch_report *report); /* behind its checkpoint */
    void (*on_end)(void *user, const weft_train_result *result);
    void *user;
} weft_observer;

/* What pointers point to is borrowed until the trainer is freed. Accuracies are NAN throughout
 * where the data have targets instead of classes. */
typedef struct weft_train_desc {
    const weft_graph *graph;
    const char
        *model_name; /* as the user named it; goes into config.json, summary.json, checkpoints */
    const weft_dataset *data; /* training (and validation) samples, borrowed */
    const weft_dataset *test; /* evaluated once at the end; NULL: none */
    const char *data_spec; /* as the user named the data: goes into config.json and summary.json */
    const char *data_dir;  /* NULL, or where it was found by the user's wish: config.json only */
    const weft_device_entry
        *device_entry; /* what is written into config.json and env.json; NULL: "custom" */
    weft_train_options options;
    const char *out;    /* run folder; NULL: no files */
    bool overwrite;     /* a run in the folder is replaced */
    const char *resume; /* folder of a run to continue from its last checkpoint; NULL: a new run.
                           out is ignored and options must be those of its config.json */
    const char *init;   /* weights to start from (safetensors); NULL: drawn from the seed */
    const char *init_partial; /* patterns of layers that are drawn afresh though init is given */
    double open_seconds;      /* what opening the device took: the start-up begins with it */
    bool check_numerics; /* look at the outputs of every op, to name the first that is not finite;
                            slow, and changes no result */
    const char *family;  /* wishes that change results, NULL: "auto"; the device was opened */
    const char *gemm;    /* with them, config.json and checkpoints tell them */
    const volatile sig_atomic_t *stop; /* a flag that asks for a stop when not 0; NULL: none */
    weft_observer observer;
    weft_log log;
} weft_train_desc;

/* A training that is ready to take its first step: data uploaded, plans recorded, prepared and
 * launched once, weights drawn or read. Everything that a device can refuse has happened when
 * weft_trainer_new returns, and nothing has been written to disk. */
typedef struct weft_trainer weft_trainer;
WEFT_API weft_status weft_trainer_new(weft_device *device, const weft_train_desc *desc,
                                      weft_trainer **out);

/* Train to the end (or the stop). WEFT_ERR_DIVERGED when the loss is not finite; result is filled
 * then too. */
WEFT_API weft_status weft_trainer_run(weft_trainer *trainer, weft_train_result *result);

/* Put a warning into the record of the run (events.jsonl): one that the device's log or the caller
 * has said. What the trainer itself says through desc.log is there already. */
WEFT_API void weft_trainer_warn(weft_trainer *trainer, const char *text);

/* The model with its current weights, and the normalisation in use; owned by the trainer. */
WEFT_API weft_model *weft_trainer_model(weft_trainer *trainer);
WEFT_API const weft_normalize *weft_trainer_normalize(const weft_trainer *trainer);

/* With check_numerics, after WEFT_ERR_DIVERGED: the op where it began, owned by the trainer; NULL
 * when there is none. */
WEFT_API const weft_bad_op *weft_trainer_bad_op(const weft_trainer *trainer);
WEFT_API void weft_trainer_free(weft_trainer *trainer);

/* Loss and accuracy of a model over a data set, in batches of at most `batch`; the same model may
 * be used for training at the same time (between steps). logits: count x T floats, or NULL. */
typedef struct weft_score {
    int64_t samples;
    double loss, accuracy;
} weft_score;
WEFT_API weft_status weft_evaluate(weft_model *model, const weft_dataset *data,
                                   const weft_normalize *norm, int32_t batch, float *logits,
                                   weft_score *score);

#endif
