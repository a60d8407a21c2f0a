/* A model: a network on a device, with its parameters, gradients, moments and states in flat
 * arenas. */
#ifndef WEFT_CORE_MODEL_H
#define WEFT_CORE_MODEL_H

#include "core/backend.h"
#include "core/data.h"
#include "core/graph.h"
#include "core/optimizer.h"
#include "core/plan.h"

typedef struct weft_model_desc {
    uint64_t seed;
    const weft_optimizer *optimizer; /* NULL: prediction only, no gradients and no moments */
    weft_loss loss;
    float label_smoothing;
    weft_augment augment; /* of training plans */
    bool no_fusion;       /* no plan merges ops: to see whether a fused kernel is to blame */
    bool plan_only;       /* no memory on the device: its plans can be counted, not run */
    const char *freeze; /* comma-separated shell patterns of layer names ("conv*,bn1"); NULL: none.
                           WEFT_ERR_USAGE when one matches no layer with weights */
    weft_log log;
} weft_model_desc;

/* One tensor of the model under its name in files. */
typedef struct weft_parameter {
    char name[WEFT_TENSOR_NAME_MAX]; /* "conv1.weight", "bn1.running_mean" */
    int32_t node;                    /* layer in the graph */
    weft_shape shape;                /* on the device */
    weft_shape file_shape;           /* in files: PyTorch's order */
    weft_axis axis[WEFT_MAX_RANK];
    int32_t flat_from[3];
    weft_init init;
    int64_t fan_in;
    int64_t offset; /* in its arena, elements */
    bool state;     /* lives in the state arena, is not trained */
    bool frozen;
    bool decay;
} weft_parameter;

/* The graph and the device are borrowed and must outlive the model. Weights are undefined until
 * weft_model_init or a load. */
WEFT_API weft_status weft_model_new(const weft_graph *graph, weft_device *device,
                                    const weft_model_desc *desc, weft_model **out);
WEFT_API void weft_model_free(weft_model *model);

WEFT_API const weft_graph *weft_model_graph(const weft_model *model);
WEFT_API weft_device *weft_model_device(const weft_model *model);

/* Draw initial weights from the seed; zero moments and biases, batchnorm 1 and 0. */
WEFT_API weft_status weft_model_init(weft_model *model);

/* The same for one tensor only (its moments become zero too). */
WEFT_API weft_status weft_model_init_parameter(weft_model *model, int32_t index);

/* Make every plan runnable: arenas of the largest plan, steps prepared. `progress` (may be NULL)
 * hears of each prepared step. Called again after a plan was added, it prepares what is new. */
typedef void weft_progress(void *user, int done, int total);
WEFT_API weft_status weft_model_prepare(weft_model *model, weft_progress *progress, void *user);

WEFT_API int32_t weft_model_parameter_count(const weft_model *model);
WEFT_API const weft_parameter *weft_model_parameter(const weft_model *model, int32_t index);

/* Moments: slot 0 .. weft_optimizer_slots - 1, in the order of the op (sgd: momentum; adam: m, v).
 * Copies between device and host in the files' order; count = elements of file_shape. slot -1: the
 * values. */
WEFT_API weft_status weft_model_read(weft_model *model, int32_t parameter, int slot, float *values);
WEFT_API weft_status weft_model_write(weft_model *model, int32_t parameter, int slot,
                                      const float *values);
WEFT_API int weft_model_slots(const weft_model *model);

/* The gradient of a trained parameter as the last step left it (of the mean loss over its batch),
 * in the files' order. WEFT_ERR_USAGE where there is none: states, frozen ones, models without an
 * optimizer. */
WEFT_API weft_status weft_model_read_gradient(weft_model *model, int32_t parameter, float *values);

/* Queue a read of {loss sum, correct} of a step of a train or eval plan. dst: two floats. */
WEFT_API weft_status weft_model_read_slot(weft_model *model, uint64_t step, float *dst,
                                          weft_ticket *ticket);

/* Bytes on the device: parameters with gradients, moments and states; activations; scratch. */
typedef struct weft_model_memory {
    int64_t weights, activations, scratch;
} weft_model_memory;
WEFT_API weft_model_memory weft_model_memory_use(const weft_model *model);

/* Forward for `count` samples in the caller's memory (any number; they go through in batches of at
 * most 64). outputs: count x T floats, the network's output (logits for a classifier). norm is that
 * of the training. */
WEFT_API weft_status weft_model_predict(weft_model *model, const void *samples, weft_dtype dtype,
                                        int64_t count, const weft_normalize *norm, float *outputs);

/* The same up to a layer: its output for each sample, count x its numbers. */
WEFT_API weft_status weft_model_features(weft_model *model, const char *layer, const void *samples,
                                         weft_dtype dtype, int64_t count,
                                         const weft_normalize *norm, float *values);

/* probabilities[i] = exp(logit[i]) / sum, computed against the largest logit, in double. May be in
 * place. */
WEFT_API void weft_softmax(const float *logits, int32_t count, float *probabilities);

#endif
