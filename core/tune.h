/* The tuner: which settings of each step's kernel are fastest on a device.
 *
 * Every candidate gives the same bits as the prior on random numbers, and the prior is checked
 * against the definition, or it is dropped: tuning never changes a result. What wins is stored
 * through the backend and used by whatever is prepared afterwards. */
#ifndef WEFT_CORE_TUNE_H
#define WEFT_CORE_TUNE_H

#include "core/model.h"
#include "core/op_key.h"

typedef struct weft_tune_desc {
    int32_t batch;           /* 0: 64 */
    weft_device *reference;  /* of the CPU backend, which defines every op; borrowed */
    double seconds;          /* 0: 2; for timing the candidates of one op */
    double longest;          /* 0: 10; seconds; a candidate with a longer launch is dropped */
    weft_progress *progress; /* hears of every candidate that was checked; may be NULL */
    void *user;
    double (*clock)(void *user); /* NULL: weft_clock */
    weft_log log;                /* why candidates were dropped */
} weft_tune_desc;

/* A step of the plans; equal ones are tuned once. */
typedef struct weft_tune_row {
    weft_key key;
    weft_op_kind kind;
    char layer[WEFT_TENSOR_NAME_MAX]; /* of the first step of this kind */
    int32_t times;                    /* steps like it in the plans */
    int candidates, dropped;
    weft_choice prior, best; /* best is prior unless it is at least 2 % faster */
    double prior_seconds, best_seconds;
} weft_tune_row;

typedef struct weft_tune_result {
    weft_tune_row *row;
    int32_t count;
    double prior_seconds, best_seconds; /* sums over all steps of the rows */
} weft_tune_result;

/* Tune the steps of the training and the prediction plan. WEFT_ERR_UNSUPPORTED names the op that no
 * candidate of the device's can run, and why; WEFT_ERR_DEVICE: the device fails, or its prior does
 * not compute what the definition says. Free the result whatever is returned. */
WEFT_API weft_status weft_tune(const weft_graph *graph, weft_device *device,
                               const weft_tune_desc *desc, weft_tune_result *result);
WEFT_API void weft_tune_result_free(weft_tune_result *result);

#endif
