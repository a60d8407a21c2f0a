#include "core/fuse.h"

#include <stddef.h>
#include <string.h>

#define FOLLOWS(name, kind, slot, must)                                                 \
    {                                                                                   \
        WEFT_BOND_FOLLOWS, WEFT_PART_##name, WEFT_OP_##kind, WEFT_PART_NONE, slot, must \
    }
#define PAIRS(name, kind, with, must)                                                \
    {                                                                                \
        WEFT_BOND_PAIRS, WEFT_PART_##name, WEFT_OP_##kind, WEFT_PART_##with, 0, must \
    }

/* A block's forward part writes what its backward part reads instead of the tensors between, so
 * both stand in one group. Where backward reads the same tensors either way, its ops are groups of
 * their own: a device may have one without the other. */
static const weft_fuse_pattern PATTERNS[] = {
    {
        .part = WEFT_PART_NORM,
        .kind = WEFT_OP_batchnorm,
        .phase = WEFT_PHASE_FORWARD,
        .training = true,
        .least = 2,
        .link = {FOLLOWS(ACT, activation, 0, true), FOLLOWS(POOL, maxpool, 0, false),
                 PAIRS(POOL_GRAD, maxpool_grad, POOL, false),
                 PAIRS(ACT_GRAD, activation_grad, ACT, false),
                 PAIRS(SUMS, batchnorm_sums, NORM, false),
                 PAIRS(NORM_GRAD, batchnorm_grad, NORM, false)},
        .fused = {WEFT_OP_batchnorm_block, WEFT_OP_batchnorm_block_sums,
                  WEFT_OP_batchnorm_block_grad},
    },
    {
        .part = WEFT_PART_CONV,
        .kind = WEFT_OP_conv2d,
        .phase = WEFT_PHASE_FORWARD,
        .training = true,
        .least = 2,
        .link = {FOLLOWS(STATS, batchnorm_stats, 0, true)},
        .fused = {WEFT_OP_conv2d_stats},
    },
    {
        .part = WEFT_PART_CONV,
        .kind = WEFT_OP_conv2d,
        .phase = WEFT_PHASE_FORWARD,
        .training = true,
        .least = 2,
        .link = {FOLLOWS(ACT, activation, 0, true)},
        .fused = {WEFT_OP_conv2d_block},
    },
    {
        .part = WEFT_PART_CONV,
        .kind = WEFT_OP_conv2d,
        .phase = WEFT_PHASE_FORWARD,
        .still = true,
        .least = 2,
        .link = {FOLLOWS(NORM, batchnorm, 0, false), FOLLOWS(ACT, activation, 0, false),
                 FOLLOWS(POOL, maxpool, 0, false)},
        .fused = {WEFT_OP_conv2d_block},
    },
    {
        .part = WEFT_PART_GEMM,
        .kind = WEFT_OP_gemm,
        .phase = WEFT_PHASE_FORWARD,
        .training = true,
        .still = true,
        .least = 2,
        .link = {FOLLOWS(ACT, activation, 0, true), FOLLOWS(DROP, dropout, 0, false),
                 PAIRS(ACT_GRAD, activation_grad, ACT, false)},
        .fused = {WEFT_OP_dense_block},
    },
    {
        .part = WEFT_PART_DROP,
        .kind = WEFT_OP_dropout,
        .phase = WEFT_PHASE_BACKWARD,
        .training = true,
        .least = 2,
        .link = {FOLLOWS(ACT_GRAD, activation_grad, 1, true)},
        .fused = {WEFT_OP_dropout_act_grad},
    },
    {
        .part = WEFT_PART_GEMM,
        .kind = WEFT_OP_gemm,
        .phase = WEFT_PHASE_BACKWARD,
        .training = true,
        .least = 1,
        .link = {PAIRS(BIAS_GRAD, sum_rows, GEMM, true)},
        .fused = {WEFT_OP_dense_weight_grad},
    },
};

const weft_fuse_pattern *weft_fuse_patterns(int *count)
{
    *count = (int)(sizeof PATTERNS / sizeof PATTERNS[0]);
    return PATTERNS;
}

/* ---- recipes ---- */

#define REF(name, slot)            \
    {                              \
        {                          \
            WEFT_PART_##name, slot \
        }                          \
    }
#define EITHER(a, a_slot, b, b_slot) \
    {                                \
        {WEFT_PART_##a, a_slot},     \
        {                            \
            WEFT_PART_##b, b_slot    \
        }                            \
    }
#define LAST_OF(a, b, c)                        \
    {                                           \
        {WEFT_PART_##c, 0}, {WEFT_PART_##b, 0}, \
        {                                       \
            WEFT_PART_##a, 0                    \
        }                                       \
    }

/* Of a pooled block only the peaks matter to the sums: every other gradient is zero. */
static const weft_fuse_recipe RECIPES[WEFT_KIND_COUNT] =
    {
        [WEFT_OP_conv2d_stats] =
            {
                .key = WEFT_PART_STATS,
                .part = {WEFT_PART_CONV, WEFT_PART_STATS},
                .in = {REF(CONV, 0), REF(CONV, 1), REF(CONV, 2)},
                .out = {REF(CONV, 0), REF(STATS, 0), REF(STATS, 1), REF(STATS, 2), REF(STATS, 3)},
            },
        [WEFT_OP_conv2d_block] =
            {
                .key = WEFT_PART_CONV,
                .part = {WEFT_PART_CONV, WEFT_PART_NORM, WEFT_PART_ACT, WEFT_PART_POOL},
                .in = {REF(CONV, 0), REF(CONV, 1), REF(CONV, 2), REF(NORM, 1), REF(NORM, 2),
                       REF(NORM, 3), REF(NORM, 4)},
                .out = {LAST_OF(NORM, ACT, POOL)},
            },
        [WEFT_OP_batchnorm_block] =
            {
                .key = WEFT_PART_NORM,
                .part = {WEFT_PART_NORM, WEFT_PART_ACT, WEFT_PART_POOL},
                .in = {REF(NORM, 0), REF(NORM, 1), REF(NORM, 2), REF(NORM, 3), REF(NORM, 4)},
                .out = {EITHER(POOL, 0, ACT, 0), REF(POOL, 1), REF(PEAK, 0)},
            },
        [WEFT_OP_batchnorm_block_sums] =
            {
                .key = WEFT_PART_SUMS,
                .part = {WEFT_PART_POOL_GRAD, WEFT_PART_ACT_GRAD, WEFT_PART_SUMS},
                .in = {EITHER(PEAK, 0, SUMS, 0), REF(SUMS, 1), REF(SUMS, 2), REF(NORM, 3),
                       REF(NORM, 4), EITHER(POOL_GRAD, 0, ACT_GRAD, 1)},
                .out = {REF(SUMS, 0), REF(SUMS, 1)},
            },
        [WEFT_OP_batchnorm_block_grad] =
            {
                .key = WEFT_PART_NORM_GRAD,
                .part = {WEFT_PART_POOL_GRAD, WEFT_PART_ACT_GRAD, WEFT_PART_NORM_GRAD},
                .in = {EITHER(POOL_GRAD, 0, ACT_GRAD, 1), REF(NORM_GRAD, 3), REF(POOL_GRAD, 1),
                       REF(NORM_GRAD, 4), REF(NORM_GRAD, 1), REF(NORM_GRAD, 2), REF(NORM, 4),
                       REF(NORM_GRAD, 5), REF(NORM_GRAD, 6)},
                .out = {REF(NORM_GRAD, 0)},
            },
        [WEFT_OP_dense_block] =
            {
                .key = WEFT_PART_GEMM,
                .part = {WEFT_PART_GEMM, WEFT_PART_ACT, WEFT_PART_DROP},
                .in = {REF(GEMM, 0), REF(GEMM, 1), REF(GEMM, 2)},
                .out = {EITHER(DROP, 0, ACT, 0), REF(SAVED, 0)},
            },
        [WEFT_OP_dense_weight_grad] =
            {
                .key = WEFT_PART_GEMM,
                .part = {WEFT_PART_GEMM, WEFT_PART_BIAS_GRAD},
                .in = {REF(GEMM, 0), REF(GEMM, 1)},
                .out = {REF(GEMM, 0), REF(BIAS_GRAD, 0)},
            },
        [WEFT_OP_dropout_act_grad] =
            {
                .key = WEFT_PART_DROP,
                .part = {WEFT_PART_DROP, WEFT_PART_ACT_GRAD},
                .in = {REF(ACT_GRAD, 0), REF(DROP, 0)},
                .out = {REF(ACT_GRAD, 0)},
            },
};

const weft_fuse_recipe *weft_fuse_recipe_of(weft_op_kind kind)
{
    return &RECIPES[kind];
}

/* ---- parameters ---- */

/* Where a kind's parameters go. */
typedef struct home {
    size_t at, bytes;
    bool normed, activated, pooled, dropped;
} home;

#define HOME(member) .at = offsetof(weft_fused, member), .bytes = sizeof((weft_fused *)0)->member

static const home HOMES[WEFT_KIND_COUNT] = {
    [WEFT_OP_conv2d] = {HOME(window)},
    [WEFT_OP_gemm] = {HOME(gemm)},
    [WEFT_OP_batchnorm_stats] = {HOME(batchnorm)},
    [WEFT_OP_batchnorm] = {HOME(batchnorm), .normed = true},
    [WEFT_OP_batchnorm_sums] = {HOME(batchnorm), .normed = true},
    [WEFT_OP_batchnorm_grad] = {HOME(batchnorm), .normed = true},
    [WEFT_OP_activation] = {HOME(activation), .activated = true},
    [WEFT_OP_activation_grad] = {HOME(activation), .activated = true},
    [WEFT_OP_maxpool] = {HOME(pool), .pooled = true},
    [WEFT_OP_maxpool_grad] = {HOME(pool), .pooled = true},
    [WEFT_OP_dropout] = {HOME(dropout), .dropped = true},
};

void weft_fuse_parameters(const weft_op *op, weft_fused *fused)
{
    const home *h = &HOMES[op->kind];
    memcpy((char *)fused + h->at, &op->with, h->bytes);
    fused->normed = fused->normed || h->normed;
    fused->activated = fused->activated || h->activated;
    fused->pooled = fused->pooled || h->pooled;
    fused->dropped = fused->dropped || h->dropped;
}
