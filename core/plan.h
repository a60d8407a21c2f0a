/* A plan: the flat list of ops of one batch size, recorded once and run every step.
 *
 * Order of making: record (layers and the model), fuse, place (offsets from lifetimes), prepare
 * (the backend). The functions that layers use stand first; those that run a plan follow. */
#ifndef WEFT_CORE_PLAN_H
#define WEFT_CORE_PLAN_H

#include <stdio.h>

#include "core/op.h"

typedef struct weft_plan weft_plan;
typedef struct weft_model weft_model;
typedef struct weft_source weft_source;

/* Index into the plan's tensor table, from 1. */
typedef int32_t weft_id;
enum { WEFT_NO_TENSOR = 0 };

/* Where a tensor lives. */
typedef enum weft_role {
    WEFT_ROLE_PARAMETER,
    WEFT_ROLE_GRADIENT, /* of a parameter */
    WEFT_ROLE_MOMENT,
    WEFT_ROLE_STATE,
    WEFT_ROLE_ACTIVATION, /* and its gradient: offset planned by lifetime */
    WEFT_ROLE_SLOTS,      /* loss and correct of the last 64 steps */
    WEFT_ROLE_SOURCE      /* samples, answers, order, norm */
} weft_role;

enum { WEFT_TENSOR_NAME_MAX = 96 };

typedef struct weft_plan_tensor {
    weft_tensor tensor; /* buffer and offset are known after placing */
    weft_role role;
    weft_id root;        /* itself, or the tensor whose numbers it sees in another shape */
    bool keep;           /* not reused after its last reader */
    int32_t first, last; /* ops that write it first and use it last; -1: none */
    int64_t bytes;
    char name[WEFT_TENSOR_NAME_MAX]; /* "conv1/out/forward": layer, role, pass */
} weft_plan_tensor;

/* ---- recording: for layers and the model ---- */

/* A new tensor with planned lifetime. Failures are remembered and reported by weft_plan_new. */
weft_id weft_plan_temporary(weft_plan *plan, weft_shape shape, weft_dtype dtype, const char *name);

/* The numbers of another tensor seen in another shape; WEFT_NO_TENSOR for WEFT_NO_TENSOR. */
weft_id weft_plan_alias(weft_plan *plan, weft_id id, weft_shape shape);

/* The tensors of an op that is recorded, in the order of WEFT_OP_LIST; places left out have none.
 */
typedef struct weft_op_ids {
    weft_id in[WEFT_MAX_IN];
    weft_id out[WEFT_MAX_OUT];
} weft_op_ids;
#define WEFT_IDS(...) ((weft_op_ids){__VA_ARGS__})

/* Record one op; of `op` only kind and with are read. Outputs without a tensor are dropped, and an
 * op without any wanted output is not recorded. The first op that writes a tensor sets it, later
 * ones add; STATE, PARAMETER, MOMENT and SLOTS tensors are updated in place (INOUT). */
void weft_record(weft_plan *plan, weft_op op, const weft_op_ids *ids);

/* ---- making and running: for the library's users ---- */

typedef enum weft_mode {
    WEFT_MODE_TRAIN,   /* forward, loss, backward, update */
    WEFT_MODE_EVAL,    /* forward with running statistics, loss and accuracy */
    WEFT_MODE_PREDICT, /* forward with running statistics */
    WEFT_MODE_GRADIENT /* the same, then backward from the gradient of the output that the source
                          holds as targets; no gradients of parameters, no update */
} weft_mode;

typedef struct weft_plan_desc {
    weft_mode mode;
    int32_t batch;
    bool apart;   /* no two tensors share memory, so that all can be looked at after a run */
    bool unfused; /* leave out the fusion pass; a model may wish it for all */
    /* Names of layers, ended by NULL; NULL: none. Read while the plan is made. */
    const char *const *keep;   /* whose outputs are there after a run */
    const char *const *wants;  /* GRADIENT: the gradients of whose outputs are there after a run */
    const weft_source *source; /* borrowed for the plan's life */
} weft_plan_desc;

/* Record and place a plan of a model; weft_model_prepare makes it runnable. The plan is freed with
 * the model or before it. */
WEFT_API weft_status weft_plan_new(weft_model *model, const weft_plan_desc *desc, weft_plan **out);
WEFT_API void weft_plan_free(weft_plan *plan);

/* Enqueue the ops of phases from .. to, both included. Returns before the work is done. */
WEFT_API weft_status weft_plan_run(weft_plan *plan, const weft_values *values, weft_phase from,
                                   weft_phase to);

/* The network's output tensor (batch x T) of the plan. */
WEFT_API weft_tensor weft_plan_output(const weft_plan *plan);

/* The output of a layer in `keep` (batch x its shape), and the gradient of a layer in `wants`: the
 * derivative of sum(output * targets) by its output. Rank 0 for any other layer. */
WEFT_API weft_tensor weft_plan_value(const weft_plan *plan, const char *layer);
WEFT_API weft_tensor weft_plan_gradient(const weft_plan *plan, const char *layer);

WEFT_API int32_t weft_plan_batch(const weft_plan *plan);
WEFT_API int32_t weft_plan_count(const weft_plan *plan);
WEFT_API const weft_op *weft_plan_op(const weft_plan *plan, int32_t index);

/* The kinds of the ops that a fused op stands for, as "conv2d+batchnorm_stats"; "" for every other
 * op. Owned by the plan. */
WEFT_API const char *weft_plan_fused_from(const weft_plan *plan, int32_t index);
WEFT_API const weft_plan_tensor *weft_plan_tensor_of(const weft_plan *plan, weft_id id);

typedef struct weft_plan_totals {
    int32_t ops, launches; /* launches are known after prepare, else 0 */
    int64_t operations, bytes;
    int64_t activation_bytes; /* arena this plan needs */
    int64_t live_peak_bytes;  /* largest sum of live tensors: the lower bound of the arena */
    int64_t scratch_bytes;
} weft_plan_totals;
WEFT_API weft_status weft_plan_sum(const weft_plan *plan, weft_plan_totals *totals);

/* Print one line per op: number, phase, kind, tensors with shapes, variant, what was fused. */
WEFT_API void weft_plan_print(const weft_plan *plan, FILE *to);

#endif
