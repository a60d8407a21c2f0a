/* The fusion pass and its tables: which ops are merged, and what a merged op is made of.
 *
 * A pattern finds the parts of a group in a recorded plan: an anchor, the ops that follow it one
 * after the other, and their partners of the backward pass. Recipes say how fused ops are built
 * from these parts. */
#ifndef WEFT_CORE_FUSE_H
#define WEFT_CORE_FUSE_H

#include "core/model_private.h"

/* What an op is in its group. */
typedef enum weft_part {
    WEFT_PART_NONE,
    WEFT_PART_CONV,
    WEFT_PART_STATS,
    WEFT_PART_NORM,
    WEFT_PART_GEMM,
    WEFT_PART_ACT,
    WEFT_PART_POOL,
    WEFT_PART_DROP,
    WEFT_PART_POOL_GRAD,
    WEFT_PART_ACT_GRAD,
    WEFT_PART_SUMS,
    WEFT_PART_NORM_GRAD,
    WEFT_PART_BIAS_GRAD,
    WEFT_PART_SAVED, /* the part whose output backward reads though the group does not end there */
    WEFT_PART_PEAK,  /* a new tensor: the normalised op's input where the pool's maximum is */
    WEFT_PART_COUNT
} weft_part;

/* How a part is found. */
typedef enum weft_bond {
    WEFT_BOND_NONE,    /* end of the list */
    WEFT_BOND_FOLLOWS, /* reads, in `slot`, what the last part of the chain has written */
    WEFT_BOND_PAIRS    /* was recorded by the layer of part `of` */
} weft_bond;

typedef struct weft_fuse_link {
    weft_bond bond;
    weft_part part;
    weft_op_kind kind;
    weft_part of;
    int slot;
    bool must; /* there is no group without it */
} weft_fuse_link;

enum { WEFT_FUSE_LINKS = 7, WEFT_FUSE_RECIPES = 3, WEFT_FUSE_PARTS = 4, WEFT_FUSE_REFS = 3 };

/* A group. least: parts of the chain, the anchor counted, below which there is no group. */
typedef struct weft_fuse_pattern {
    weft_part part; /* the anchor */
    weft_op_kind kind;
    weft_phase phase;
    bool training, still; /* in which plans: training; evaluation and prediction */
    int least;
    weft_fuse_link link[WEFT_FUSE_LINKS];
    weft_op_kind fused[WEFT_FUSE_RECIPES]; /* 0 ends the list: gather is never fused */
} weft_fuse_pattern;

/* An input or output of a part; of several, the first one that is there counts. */
typedef struct weft_fuse_ref {
    weft_part part;
    int slot;
} weft_fuse_ref;

/* A fused op is made when its key part is there. parts: the ops it stands for, in their order. */
typedef struct weft_fuse_recipe {
    weft_part key;
    weft_part part[WEFT_FUSE_PARTS];
    weft_fuse_ref in[WEFT_MAX_IN][WEFT_FUSE_REFS];
    weft_fuse_ref out[WEFT_MAX_OUT][WEFT_FUSE_REFS];
} weft_fuse_recipe;

/* Patterns in the order in which they are tried; recipes by fused kind. */
const weft_fuse_pattern *weft_fuse_patterns(int *count);
const weft_fuse_recipe *weft_fuse_recipe_of(weft_op_kind kind);

/* Add an op's parameters to those of the fused op that stands for it. */
void weft_fuse_parameters(const weft_op *op, weft_fused *fused);

#endif
