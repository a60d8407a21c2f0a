/* Evaluation of a model over a source: plans for a batch and for the last smaller one. Validation,
 * the test at the end and weft_evaluate are this. */
#ifndef WEFT_CORE_TRAINER_EVAL_H
#define WEFT_CORE_TRAINER_EVAL_H

#include <signal.h>

#include "core/train.h"

typedef struct weft_eval {
    weft_model *model;
    weft_source *source;    /* owned */
    weft_plan *full, *tail; /* tail NULL: the batches come out even */
    int64_t count;
    int32_t batch;
    bool classes; /* accuracy has a meaning */
} weft_eval;

/* Does the data set fit the network's input and output? WEFT_ERR_SHAPE names both. */
weft_status weft_eval_check(const weft_graph *graph, const weft_dataset *data);

/* Record the plans; weft_model_prepare makes them runnable. Takes the source over, also when it
 * fails; its order list has `count` entries. Close it even after a failure, while the model
 * lives. */
weft_status weft_eval_open(weft_eval *eval, weft_model *model, weft_source *source, int64_t count,
                           int32_t batch, bool classes);
void weft_eval_close(weft_eval *eval);

/* Launch each plan once, whatever the weights are. */
weft_status weft_eval_warm_up(weft_eval *eval);

/* logits: count x T floats, or NULL. stop: given up between batches when it is set, then *stopped;
 * both may be NULL. */
weft_status weft_eval_run(weft_eval *eval, const volatile sig_atomic_t *stop, float *logits,
                          weft_score *score, bool *stopped);

#endif
