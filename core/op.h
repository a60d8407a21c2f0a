/* Ops: plain data that says what to compute. The CPU backend defines what each one means.
 *
 * Letters, used by the host, the CPU backend and the kernels alike:
 *   N batch   H W input height, width   P Q output height, width   C input channels   K output
 * channels R S kernel height, width            M rows                     T targets or classes
 *
 *   x: N x H x W x C     w: R x S x C x K     y: N x P x Q x K     dense w: in x out
 */
#ifndef WEFT_CORE_OP_H
#define WEFT_CORE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/activation.h"
#include "core/tensor.h"

enum { WEFT_MAX_IN = 9, WEFT_MAX_OUT = 5, WEFT_MAX_RANGES = 4, WEFT_SLOTS = 64 };
enum { WEFT_INSPECT_COLUMNS = 5 };

// clang-format off
/* Kind, inputs, outputs. In the formulas "=" is "=" or "+=", as the output's mode says; [x] is
 * optional.
 *
 * gather             images (u8 or f32), order (i32), norm (f32, 2 x C) -> x
 *                    with.gather, core/rng.h
 *                    x[r] = augment(images[order[first + r]]) * norm[0] + norm[1]
 * gather_rows        table (f32 or i32, count x T), order -> rows
 *                    rows[r] = table[order[first + r]]
 * conv2d             x, w, [bias K] -> y                                           with.window
 * conv2d_data_grad   dy, w -> dx                                                   with.window
 * conv2d_weight_grad x, dy -> dw                                                   with.window
 * gemm               a, b, [bias n] -> c (m x n): c = op(a) op(b) + bias           with.gemm
 * sum_rows           x (M x C) -> s (C): the sum over rows (gradient of a bias)
 * activation         v -> y                                                        with.activation
 * activation_grad    s (saved input or output), dy -> dx                           with.activation
 * maxpool            x -> y, where                                                    with.window
 *                    where (u8): r * S + s of the first maximum; a NaN counts as one
 * maxpool_grad       dy, where -> dx                                               with.window
 * avgpool            x -> y: mean over R x S, padding counted as zeros             with.window
 * avgpool_grad       dy -> dx                                                      with.window
 * batchnorm_stats    x -> mean, inv_std, running_mean, running_var (the last two are inout)
 *                    over all but the last axis; inv_std = 1 / sqrt(biased variance + eps);
 *                    running = (1 - momentum) * running + momentum * new,
 *                    the variance over max(n - 1, 1)
 * batchnorm          x, mean, spread, gamma, beta -> y: gamma * (x - mean) * inv_std + beta
 *                    spread is inv_std, or the variance when with.batchnorm.running
 * batchnorm_sums     x, mean, spread, dy -> dgamma = sum dy * xhat, dbeta = sum dy
 * batchnorm_grad     dy, spread, gamma, [x, mean, dgamma, dbeta] -> dx
 *                    gamma * inv_std * (dy - dbeta / n - xhat * dgamma / n);
 *                    when running: gamma * inv_std * dy
 * dropout            x -> y                                                           with.dropout
 *                    0 where dropped, else x / (1 - rate); its own backward too
 * copy               x -> y
 * softmax_xent       logits (N x T), classes (i32, N) -> [dlogits], slots           with.loss
 *                    slots (f32, 64 x 2, inout):
 *                    slot step % 64 = {sum of losses, correct};
 *                    dlogits = (softmax - target) * loss_scale,
 *                    target = (1 - smoothing) * onehot + smoothing / T
 * mse                y (N x T), targets (f32) -> [dy], slots: row loss = mean over T of (y - t)^2,
 *                    correct = 0; dy = 2 (y - t) / T * loss_scale
 * sgd                gradients -> parameters, [momentum]: PyTorch's SGD            with.update
 * adam               gradients -> parameters, m, v: PyTorch's Adam, or AdamW when decoupled
 * inspect            x (n numbers) -> rows (S x WEFT_INSPECT_COLUMNS, S at most n): row s looks at
 *                    elements s * n / S to (s + 1) * n / S and gives the number of NaN, of
 *                    infinities, then of the finite ones the least, the largest (both 0 where
 *                    there is none) and sum / elements of the row. No plan has it: see numerics.h
 *
 * Loss and accuracy are exact counts and sums in row order (double on the CPU, float
 * per device slice). All gradients are multiplied by grad_scale in the update.
 */
// clang-format on
#define WEFT_OP_LIST(X)         \
    X(gather, 3, 1)             \
    X(gather_rows, 2, 1)        \
    X(conv2d, 3, 1)             \
    X(conv2d_data_grad, 2, 1)   \
    X(conv2d_weight_grad, 2, 1) \
    X(gemm, 3, 1)               \
    X(sum_rows, 1, 1)           \
    X(activation, 1, 1)         \
    X(activation_grad, 2, 1)    \
    X(maxpool, 1, 2)            \
    X(maxpool_grad, 2, 1)       \
    X(avgpool, 1, 1)            \
    X(avgpool_grad, 1, 1)       \
    X(batchnorm_stats, 1, 4)    \
    X(batchnorm, 5, 1)          \
    X(batchnorm_sums, 4, 2)     \
    X(batchnorm_grad, 7, 1)     \
    X(dropout, 1, 1)            \
    X(copy, 1, 1)               \
    X(softmax_xent, 2, 2)       \
    X(mse, 2, 2)                \
    X(sgd, 1, 2)                \
    X(adam, 1, 3)               \
    X(inspect, 1, 1)

// clang-format off
/* Fused ops: what the fusion pass puts in the place of several ops, on devices whose
 * supports() says yes. Each is defined by the ops it stands for, so the CPU backend has none of
 * them. Parameters: with.fused.
 *
 * conv2d_stats          x, w, [bias] -> y, mean, inv_std, [running_mean, running_var (inout)]
 *                       conv2d, then batchnorm_stats of y
 * conv2d_block          x, w, [bias], [mean, variance, gamma, beta] -> y
 *                       conv2d, then as present: batchnorm (running), activation, maxpool
 * batchnorm_block       x, mean, inv_std, gamma, beta -> y, [where (u8)], [peak]
 *                       batchnorm, activation, then maxpool when pooled;
 *                       peak: x where the maximum is
 * batchnorm_block_sums  x, mean, inv_std, gamma, beta, dy -> dgamma, dbeta
 *                       activation_grad at the recomputed v, then batchnorm_sums;
 *                       when pooled, x is the peak and both have the pooled shape: all
 *                       other gradients are zero
 * batchnorm_block_grad  dy, x, [where], mean, inv_std, gamma, beta, dgamma, dbeta -> dx
 *                       maxpool_grad when pooled, activation_grad, batchnorm_grad
 * dense_block           a, b, [bias] -> y, [saved]: gemm, activation, dropout as present;
 *                       saved is what the activation's gradient reads (its input or its output)
 * dense_weight_grad     x, dy -> dw, db: gemm (trans_a) and sum_rows of dy
 * dropout_act_grad      saved, dy -> dx: dropout, then activation_grad
 */
// clang-format on
#define WEFT_FUSED_LIST(X)        \
    X(conv2d_stats, 3, 5)         \
    X(conv2d_block, 7, 1)         \
    X(batchnorm_block, 5, 3)      \
    X(batchnorm_block_sums, 6, 2) \
    X(batchnorm_block_grad, 9, 1) \
    X(dense_block, 3, 2)          \
    X(dense_weight_grad, 2, 2)    \
    X(dropout_act_grad, 2, 1)

/* WEFT_OP_COUNT ops have a definition; fused ones follow up to WEFT_KIND_COUNT. */
#define WEFT_OP_ENUM(name, inputs, outputs) WEFT_OP_##name,
typedef enum weft_op_kind {
    WEFT_OP_LIST(WEFT_OP_ENUM) WEFT_OP_COUNT,
    WEFT_BEFORE_FUSED = WEFT_OP_COUNT - 1,
    WEFT_FUSED_LIST(WEFT_OP_ENUM) WEFT_KIND_COUNT
} weft_op_kind;
#undef WEFT_OP_ENUM

/* Where in a step an op stands; a plan is run by ranges of phases. */
typedef enum weft_phase {
    WEFT_PHASE_INPUT,
    WEFT_PHASE_FORWARD,
    WEFT_PHASE_LOSS,
    WEFT_PHASE_BACKWARD,
    WEFT_PHASE_UPDATE
} weft_phase;

/* What happens to an output. ADD occurs only for: gemm without bias, conv2d_data_grad,
 * activation_grad, maxpool_grad, avgpool_grad, batchnorm_grad, dropout, copy, and
 * the gradients among the fused ones. */
typedef enum weft_out_mode {
    WEFT_OUT_NONE,
    WEFT_OUT_SET,
    WEFT_OUT_ADD,
    WEFT_OUT_INOUT
} weft_out_mode;

/* Convolution and pooling. pad: top, left, bottom, right. dilation and groups are 1 today. */
typedef struct weft_window {
    int32_t kernel[2];
    int32_t stride[2];
    int32_t pad[4];
    int32_t dilation[2];
    int32_t groups;
} weft_window;

/* c (m x n) = op(a) (m x k) times op(b) (k x n). Stored row-major and dense: a is m x k, or k x m
 * when trans_a; b is k x n, or n x k when trans_b. */
typedef struct weft_gemm {
    int32_t m, n, k;
    bool trans_a, trans_b;
} weft_gemm;

/* Draws per sample (purpose AUGMENT, element): 0 shift down, 1 shift right: draw % (2 shift + 1) -
 * shift; 2 flip left-right when odd; 3 erase when below the rate; 4 height, 5 width: low + draw %
 * (high - low + 1), low = max(H / 8, 1), high = max(H / 2, low), W alike; 6 top, 7 left: draw % (H
 * - height + 1), alike. Order: shift, flip, erase. Pixels from outside, and erased ones, are byte 0
 * (float images: 0). With shift 0, flip false and erase 0 nothing is drawn. */
typedef struct weft_augment {
    int32_t shift;
    bool flip;
    float erase; /* probability */
} weft_augment;

typedef struct weft_gather {
    weft_augment augment;
    uint64_t seed;
} weft_gather;

typedef struct weft_act {
    weft_activation kind;
    float a;
} weft_act;

typedef struct weft_batchnorm {
    float eps, momentum;
    bool running; /* mean and variance are given (evaluation, frozen layers) */
} weft_batchnorm;

/* rate in [0, 1). Element e of row r (counted in the global batch: row0 + r) is dropped where
 * weft_draw(seed, DROPOUT, layer, step, row0 + r, e) < weft_rate_threshold(rate); e counts within
 * the row. */
typedef struct weft_dropout {
    float rate;
    uint64_t seed;
    int32_t layer;
} weft_dropout;

typedef struct weft_loss_op {
    float label_smoothing;
} weft_loss_op;

/* A stretch of the parameter arena: decay is the weight decay, lr_scale multiplies the learning
 * rate. */
typedef struct weft_range {
    int64_t first, count;
    float decay, lr_scale;
} weft_range;

typedef struct weft_update {
    int32_t range_count;
    weft_range range[WEFT_MAX_RANGES]; /* in order, without overlap */
    float momentum;                    /* sgd; 0: no momentum output */
    float beta1, beta2, eps;           /* adam */
    bool nesterov;                     /* sgd */
    bool decoupled;                    /* adam: AdamW's decay */
} weft_update;

/* The parameters of the ops that a fused op stands for; of those that are absent, zero. */
typedef struct weft_fused {
    bool normed, activated, pooled, dropped; /* which of the optional parts are there */
    weft_window window;                      /* convolution */
    weft_gemm gemm;
    weft_batchnorm batchnorm;
    weft_act activation;
    weft_window pool;
    weft_dropout dropout;
} weft_fused;

/* One op. Absent inputs and outputs have rank 0. The tensors of a recorded op have no buffer yet.
 */
typedef struct weft_op {
    weft_op_kind kind;
    weft_phase phase;
    int32_t layer; /* line of the network, from 0; -1: none */
    weft_tensor in[WEFT_MAX_IN];
    weft_tensor out[WEFT_MAX_OUT];
    weft_out_mode mode[WEFT_MAX_OUT];
    weft_tensor scratch; /* u8, as many bytes as supports() asked for; rank 0 when none */
    union {
        weft_gather gather;
        weft_window window;
        weft_gemm gemm;
        weft_act activation;
        weft_batchnorm batchnorm;
        weft_dropout dropout;
        weft_loss_op loss;
        weft_update update;
        weft_fused fused;
    } with;
} weft_op;

/* Values that change from step to step; handed to every enqueue, never baked into a step. */
typedef struct weft_values {
    uint64_t step;        /* global step, from 0; evaluation: number of the batch */
    uint32_t epoch;       /* from 0 */
    int32_t first;        /* place in the order list of the batch's first sample */
    uint32_t row0;        /* row of the global batch that is our row 0 */
    int32_t batch_global; /* rows of the global batch */
    float lr;
    float correction1, correction2; /* 1 - beta^(step + 1) */
    float grad_scale;               /* multiplies every gradient in the update; normally 1 */
    float loss_scale; /* multiplies the gradient of the loss; normally 1 / batch_global */
} weft_values;

/* "input", "forward", "loss", "backward", "update" */
WEFT_API const char *weft_phase_name(weft_phase phase);

typedef struct weft_op_info {
    const char *name;
    int inputs, outputs;
} weft_op_info;

/* Name and counts of an op kind, fused or not. */
WEFT_API const weft_op_info *weft_op_describe(weft_op_kind kind);

/* gemm, conv2d and its two gradients: where the operations of a network are. Fused ops are none. */
WEFT_API bool weft_op_is_product(weft_op_kind kind);

/* Nominal floating-point operations (2 N P Q K R S C for a convolution, padding included) and the
 * bytes of all inputs and outputs; of a gather's table, only the rows that it takes. */
WEFT_API int64_t weft_op_operations(const weft_op *op);
WEFT_API int64_t weft_op_bytes(const weft_op *op);

#endif
