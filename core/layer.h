/* Layers: what a line of the network text can be. A layer never computes: it states what it needs
 * and records ops. To add one: a file in core/layers, a line in WEFT_LAYER_LIST, a row in the
 * tests' table. */
#ifndef WEFT_CORE_LAYER_H
#define WEFT_CORE_LAYER_H

#include "core/op.h"
#include "core/plan.h"
#include "core/tensor.h"

enum {
    WEFT_LAYER_MAX_IN = 8,
    WEFT_LAYER_MAX_WEIGHTS = 2,
    WEFT_LAYER_MAX_STATE = 2,
    WEFT_LAYER_MAX_SAVED = 3
};

/* What flows between layers, without the batch: H x W x C, or features. flat_from is the H, W, C
 * that a flatten folded (all zero: none); whoever stores weights by feature permutes by it for
 * files. */
typedef struct weft_feature {
    weft_shape shape;
    int32_t flat_from[3];
} weft_feature;

typedef enum weft_field_type {
    WEFT_FIELD_INT,    /* int32_t */
    WEFT_FIELD_FLOAT,  /* float */
    WEFT_FIELD_BOOL,   /* bool: yes, no */
    WEFT_FIELD_PAIR,   /* int32_t[2]: 3 or 3x1 (height x width) */
    WEFT_FIELD_SHAPE,  /* weft_shape: 28x28x1 or 784 */
    WEFT_FIELD_PADDING /* weft_padding: same, valid or a number */
} weft_field_type;

enum { WEFT_PAD_SAME = -1 };
typedef int32_t weft_padding; /* WEFT_PAD_SAME, or pixels on each side (valid: 0) */

/* A key of a layer's line: parses, prints, checks and documents it. A list ends with a NULL name.
 */
typedef struct weft_field {
    const char *name;
    weft_field_type type;
    size_t offset;             /* in the layer's config */
    const char *default_value; /* as in the text; NULL: must be given */
    double low, high;          /* allowed range of each number */
    const char *help;
} weft_field;

typedef enum weft_init { WEFT_INIT_ZERO, WEFT_INIT_ONE, WEFT_INIT_HE_NORMAL } weft_init;

/* What an axis of a weight means; files hold the ecosystem's order, converted by role
 * (core/weights.c). */
typedef enum weft_axis {
    WEFT_AXIS_PLAIN,   /* stored as it is */
    WEFT_AXIS_OUT,     /* output channels or units: first in files */
    WEFT_AXIS_IN,      /* input channels: second in files */
    WEFT_AXIS_IN_FLAT, /* input features: second in files, permuted when they come from a flatten */
    WEFT_AXIS_CHANNEL_FLAT, /* one number a feature (batchnorm after a flatten): permuted alike */
    WEFT_AXIS_KERNEL        /* kernel height or width: last in files, in order */
} weft_axis;

typedef struct weft_weight_need {
    const char *name; /* "weight", "bias", "running_mean" */
    weft_shape shape;
    weft_axis axis[WEFT_MAX_RANK];
    weft_init init;
    int64_t fan_in; /* for WEFT_INIT_HE_NORMAL: standard deviation sqrt(2 / fan_in) */
    bool decay;     /* gets weight decay */
} weft_weight_need;

typedef struct weft_saved_need {
    const char *name;
    weft_shape shape; /* without the batch unless per_batch */
    weft_dtype dtype;
    bool per_sample; /* the batch stands in front of shape */
} weft_saved_need;

typedef struct weft_layer_needs {
    weft_feature out;
    bool alias;       /* the output is the input seen in another shape: no tensor of its own */
    bool still_alias; /* the same outside training (dropout) */
    int weight_count;
    weft_weight_need weight[WEFT_LAYER_MAX_WEIGHTS];
    int state_count; /* not trained, but saved */
    weft_weight_need state[WEFT_LAYER_MAX_STATE];
    int saved_count; /* written forward, read backward */
    weft_saved_need saved[WEFT_LAYER_MAX_SAVED];
} weft_layer_needs;

/* Tensor ids of a plan; WEFT_NO_TENSOR where a gradient is not wanted. */
typedef struct weft_pair {
    weft_id value, grad;
} weft_pair;

/* What a layer sees while it records. */
typedef struct weft_layer_io {
    int32_t batch;
    int32_t line; /* number of the layer in the network, from 0 */
    uint64_t seed;
    bool training; /* batch statistics and dropout; false: running statistics, no dropout */
    int input_count;
    weft_pair in[WEFT_LAYER_MAX_IN];
    weft_feature in_feature[WEFT_LAYER_MAX_IN];
    weft_pair out;
    weft_feature out_feature;
    weft_pair weight[WEFT_LAYER_MAX_WEIGHTS];
    weft_id state[WEFT_LAYER_MAX_STATE];
    weft_id saved[WEFT_LAYER_MAX_SAVED];
} weft_layer_io;

typedef struct weft_layer_def {
    const char *name;
    const char *help;
    int input_min, input_max;
    size_t config_bytes;
    const weft_field *fields;
    weft_status (*plan)(const void *config, const weft_feature *in, int count,
                        weft_layer_needs *needs);
    void (*forward)(const void *config, const weft_layer_io *io, weft_plan *plan);
    void (*backward)(const void *config, const weft_layer_io *io, weft_plan *plan);
} weft_layer_def;

/* The layers that have a file of their own; every line of WEFT_ACTIVATION_LIST is a layer too. */
#define WEFT_LAYER_LIST(X) \
    X(input)               \
    X(conv2d)              \
    X(batchnorm)           \
    X(maxpool)             \
    X(avgpool)             \
    X(global_avgpool)      \
    X(flatten)             \
    X(dense)               \
    X(dropout)             \
    X(add)

#define WEFT_LAYER_EXTERN(name) extern const weft_layer_def weft_layer_##name;
WEFT_LAYER_LIST(WEFT_LAYER_EXTERN)
#define WEFT_ACTIVATION_EXTERN(name, value, gradient, saves, default_a, key) WEFT_LAYER_EXTERN(name)
WEFT_ACTIVATION_LIST(WEFT_ACTIVATION_EXTERN)
#undef WEFT_ACTIVATION_EXTERN
#undef WEFT_LAYER_EXTERN

/* All layers; index from 0, NULL past the end. */
WEFT_API const weft_layer_def *weft_layer_at(int index);
WEFT_API const weft_layer_def *weft_layer_find(const char *name);

/* Fill a config with its defaults; those that must be given stay zero. */
void weft_fields_default(const weft_field *fields, void *config);

/* Set one key from its text. WEFT_ERR_FORMAT: no such key (with the nearest), bad or out of range.
 */
weft_status weft_fields_set(const weft_field *fields, void *config, const char *key,
                            const char *value);

#endif
