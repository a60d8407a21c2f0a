/* What plan, recorder, placement and model know of each other. */
#ifndef WEFT_CORE_MODEL_PRIVATE_H
#define WEFT_CORE_MODEL_PRIVATE_H

#include "core/model.h"

enum { WEFT_FUSED_TEXT = 64 };

struct weft_plan {
    weft_model *model;
    weft_plan_desc desc;
    weft_status status; /* the first failure while recording */

    weft_plan_tensor *tensor; /* [0] stands for "no tensor" */
    int32_t tensor_count, tensor_capacity;

    weft_op *op;
    weft_op_ids *ids;
    weft_step **step;              /* NULL until prepared */
    char (*from)[WEFT_FUSED_TEXT]; /* kinds that a fused op stands for; "" for others */
    int32_t op_count, op_capacity;
    struct weft_watch *watch; /* per op, while the model's numbers are watched; else NULL */

    weft_phase phase; /* of the ops that are being recorded */
    int32_t layer;
    weft_id output;
    weft_pair *looked_at; /* per layer: what keep and wants ask for */

    int64_t activation_bytes, live_peak_bytes, scratch_bytes;
};

/* Arenas of one size class each; NULL while there is nothing to hold. */
struct weft_model {
    const weft_graph *graph;
    weft_device *device;
    weft_model_desc desc; /* optimizer points to the copy below; freeze is not kept */
    weft_optimizer optimizer;

    weft_parameter *parameter;
    int32_t parameter_count;
    int32_t *node_first; /* index of each node's first parameter: weights, then states */

    int64_t decayed, trained,
        total; /* elements: [0, decayed) [decayed, trained) [trained, total) */
    int64_t state_total;
    weft_buffer *parameters, *gradients, *moments, *states, *slots;
    weft_buffer *activations, *scratch;

    weft_plan **plan;
    int32_t plan_count, plan_capacity;

    struct weft_numerics *numerics;   /* NULL: nobody watches the numbers */
    struct weft_predictor *predictor; /* made by the first weft_model_predict */
};

/* model.c: bytes of the arenas that do not depend on a batch, and of the largest of them. */
int64_t weft_model_arena_bytes(const weft_model *model, int64_t *largest);

/* record.c: walk the graph and record a plan's ops. */
void weft_plan_record(weft_plan *plan);

/* fuse.c: merge ops where the device can run several as one. */
weft_status weft_plan_fuse(weft_plan *plan);

/* place.c: scratch from supports(), lifetimes, offsets in the activation arena. */
weft_status weft_plan_place(weft_plan *plan);

/* plan.c: a tensor with a home of its own in an arena or a source. */
weft_id weft_plan_bound(weft_plan *plan, weft_role role, weft_tensor tensor, const char *name);

/* plan.c: how an op writes a tensor of this role that was or was not written before. */
weft_out_mode weft_plan_write_mode(weft_role role, bool written);

/* plan.c: tensors, modes and lifetimes of all ops anew, from their ids. */
void weft_plan_settle(weft_plan *plan);

/* plan.c: let go of prepared steps; give ops their buffers; prepare what is not yet prepared. */
void weft_plan_release(weft_plan *plan);
void weft_plan_bind(weft_plan *plan);
weft_status weft_plan_prepare(weft_plan *plan, weft_progress *progress, void *user, int *done,
                              int total);

/* weights.c: order of numbers in files (PyTorch's) from and to the device's. */
weft_shape weft_file_shape(const weft_parameter *p);
void weft_to_file_order(const weft_parameter *p, const float *device, float *file);
void weft_to_device_order(const weft_parameter *p, const float *file, float *device);

/* numerics.c: run one op of a plan under watch; WEFT_ERR_DIVERGED: weft_model_bad_op describes it.
 */
weft_status weft_numerics_run(weft_plan *plan, int32_t index, const weft_values *values);
void weft_numerics_release(weft_plan *plan);
void weft_numerics_free(weft_model *model);

/* predict.c */
void weft_predictor_free(struct weft_predictor *predictor);

#endif
