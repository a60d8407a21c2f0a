/* Two devices train the same network step by step, and the first op that computes something else is
 * named: the search that otherwise is done by hand.
 *
 * Every op of the first device gets the numbers that the second one has, so that an error is found
 * where it is made and not where it has grown. Where several ops add to one tensor, the sum is
 * compared behind each of them; behind the last alone when fusion has put them in another order.
 * Tensors that only one of them has, because it fuses more, are left to it. */
#ifndef WEFT_CORE_LOCKSTEP_H
#define WEFT_CORE_LOCKSTEP_H

#include "core/model.h"

typedef struct weft_lockstep_desc {
    const weft_graph *graph;
    weft_device *device[2];                   /* borrowed; the first one's ops are named */
    const weft_device_entry *device_entry[2]; /* a batch must fit their memory; NULL: unchecked */
    int32_t batch;                            /* 0: 64 */
    int32_t steps;                            /* 0: 5 */
    uint64_t seed;
    bool no_fusion;
    weft_progress *progress; /* hears of every step; may be NULL */
    void *user;
} weft_lockstep_desc;

/* An op of the first device's plan. */
typedef struct weft_lockstep_op {
    const char *kind;                 /* "conv2d" */
    char from[WEFT_TENSOR_NAME_MAX];  /* of a fused op: what it stands for */
    char layer[WEFT_TENSOR_NAME_MAX]; /* "" when it belongs to none */
    weft_phase phase;
    char tensor[WEFT_TENSOR_NAME_MAX]; /* output of the worst error; "": none was compared */
    double nmse, bound;                /* worst of all steps: error, and what rounding explains */
} weft_lockstep_op;

typedef struct weft_lockstep_result {
    weft_lockstep_op *op;
    int32_t count;
    int32_t parted; /* index of the first op beyond its bound, -1: none; nothing was run after it */
    int32_t step;   /* of that op, from 1; else the number of steps that were run */
    int64_t first;  /* first differing element of its tensor */
    double value[2];
} weft_lockstep_result;

/* Samples are made up. Free the result whatever is returned. */
WEFT_API weft_status weft_lockstep(const weft_lockstep_desc *desc, weft_lockstep_result *result);
WEFT_API void weft_lockstep_free(weft_lockstep_result *result);

#endif
