/* Watching numbers: after each op of a plan, on the device, whether its outputs are finite, and the
 * first op that made one that is not. For finding out where a training goes wrong; every op is
 * waited for, so it is slow. */
#ifndef WEFT_CORE_NUMERICS_H
#define WEFT_CORE_NUMERICS_H

#include "core/model.h"

/* What a tensor holds. */
typedef struct weft_numbers {
    int64_t count, nan, infinite;
    double least, largest, mean; /* of the finite ones; 0 where there is none */
} weft_numbers;

typedef enum weft_seen_as {
    WEFT_SEEN_INPUT,
    WEFT_SEEN_BEFORE, /* what an output that is updated or added to held */
    WEFT_SEEN_OUTPUT
} weft_seen_as;

typedef struct weft_seen {
    char name[WEFT_TENSOR_NAME_MAX]; /* as in the plan: "conv1/out/forward" */
    weft_seen_as as;
    weft_shape shape;
    weft_dtype dtype;
    weft_numbers numbers; /* of float tensors, else zero */
} weft_seen;

enum { WEFT_SEEN_MAX = WEFT_MAX_IN + 2 * WEFT_MAX_OUT + 2 };

/* The op that made the first number that is not finite. */
typedef struct weft_bad_op {
    const char *kind;                 /* "conv2d" */
    char from[WEFT_TENSOR_NAME_MAX];  /* of a fused op: what it stands for, as "gemm+activation" */
    char layer[WEFT_TENSOR_NAME_MAX]; /* of an update: that of the first weight that went bad */
    const char *pass;                 /* "input", "forward", "loss", "backward", "update" */
    uint64_t step;     /* global, from 1; of an evaluation: number of the batch, from 1 */
    uint32_t epoch;    /* from 1; 0: in an evaluation */
    int64_t sample;    /* where the input already was not finite: the first such sample; else -1 */
    weft_numbers made; /* all outputs together, without least, largest and mean */
    int seen_count;
    weft_seen seen[WEFT_SEEN_MAX]; /* inputs, then outputs */
} weft_bad_op;

/* From now on weft_plan_run of this model's plans, which are prepared, looks at the outputs of each
 * op, and ends with WEFT_ERR_DIVERGED after the first bad one. */
WEFT_API weft_status weft_model_watch(weft_model *model);

/* What was found; NULL: nothing so far. */
WEFT_API const weft_bad_op *weft_model_bad_op(const weft_model *model);

#endif
