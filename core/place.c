/* Offsets for the tensors of a plan: those that never live at the same time share memory. */
#include <stdlib.h>

#include "core/checked.h"
#include "core/model_private.h"

enum { PLACE_ALIGN = WEFT_ALIGN * 4 }; /* bytes */

/* ---- scratch ---- */

static weft_status ask_scratch(weft_plan *plan, weft_op *op)
{
    weft_device *device = plan->model->device;
    weft_support support = {.scratch_bytes = 0};
    const weft_status status = device->backend->supports(device, op, &support);
    if (status != WEFT_OK) {
        const weft_node *node = weft_graph_node(plan->model->graph, op->layer);
        return node ? weft_fail_in(status, "layer %s", node->name) : status;
    }
    if (support.scratch_bytes == 0) return WEFT_OK;

    int64_t bytes = 0;
    if (support.scratch_bytes > INT64_MAX / 2 ||
        weft_round_i64((int64_t)support.scratch_bytes, WEFT_ALIGN, &bytes) ||
        bytes / WEFT_ALIGN > INT32_MAX) {
        return weft_fail(WEFT_ERR_MEMORY, "%s wants too much scratch memory",
                         weft_op_describe(op->kind)->name);
    }
    op->scratch = (weft_tensor){
        .shape = {2, {(int32_t)(bytes / WEFT_ALIGN), WEFT_ALIGN}},
        .dtype = WEFT_U8,
    };
    if (bytes > plan->scratch_bytes) plan->scratch_bytes = bytes;
    return WEFT_OK;
}

/* ---- lifetimes ---- */

typedef struct block {
    weft_id id;
    int32_t first, last;
    int64_t bytes, at;
} block;

static bool wants_place(const weft_plan *plan, weft_id id)
{
    const weft_plan_tensor *t = &plan->tensor[id];
    return t->role == WEFT_ROLE_ACTIVATION && t->root == id && t->first >= 0;
}

static weft_status collect(weft_plan *plan, block *blocks, int32_t *count)
{
    for (weft_id id = 1; id < plan->tensor_count; id++) {
        if (!wants_place(plan, id)) continue;
        const weft_plan_tensor *t = &plan->tensor[id];
        const bool keep = t->keep || plan->desc.apart;
        block b = {.id = id, .first = t->first, .last = keep ? plan->op_count : t->last};
        if (weft_round_i64(t->bytes, PLACE_ALIGN, &b.bytes)) {
            return weft_fail(WEFT_ERR_MEMORY, "tensor %s is too large", t->name);
        }
        blocks[(*count)++] = b;
    }
    return WEFT_OK;
}

/* Large blocks first; among equals, the order of recording. */
static int by_size(const void *a_, const void *b_)
{
    const block *a = a_, *b = b_;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->id < b->id ? -1 : 1;
}

static bool live_together(const block *a, const block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static bool overlap(const block *a, int64_t at, int64_t bytes)
{
    return a->at < at + bytes && at < a->at + a->bytes;
}

/* The lowest place that no placed block of the same time covers. */
static int64_t lowest_place(const block *placed, int32_t count, const block *b)
{
    int64_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int32_t i = 0; i < count; i++) {
            if (!live_together(&placed[i], b) || !overlap(&placed[i], at, b->bytes)) continue;
            at = placed[i].at + placed[i].bytes;
            moved = true;
        }
    }
    return at;
}

static weft_status place_blocks(weft_plan *plan, block *blocks, int32_t count)
{
    int64_t sum = 0;
    qsort(blocks, (size_t)count, sizeof *blocks, by_size);
    for (int32_t i = 0; i < count; i++) {
        if (weft_add_i64(sum, blocks[i].bytes, &sum)) {
            return weft_fail(WEFT_ERR_MEMORY, "the activations of this batch are too large");
        }
        blocks[i].at = lowest_place(blocks, i, &blocks[i]);
        const int64_t end = blocks[i].at + blocks[i].bytes;
        if (end > plan->activation_bytes) plan->activation_bytes = end;

        weft_tensor *tensor = &plan->tensor[blocks[i].id].tensor;
        tensor->offset = blocks[i].at / (int64_t)weft_dtype_bytes(tensor->dtype);
    }
    return WEFT_OK;
}

static int64_t live_peak(const weft_plan *plan, const block *blocks, int32_t count)
{
    int64_t peak = 0;
    for (int32_t op = 0; op < plan->op_count; op++) {
        int64_t live = 0;
        for (int32_t i = 0; i < count; i++) {
            if (blocks[i].first <= op && op <= blocks[i].last) live += blocks[i].bytes;
        }
        if (live > peak) peak = live;
    }
    return peak;
}

weft_status weft_plan_place(weft_plan *plan)
{
    for (int32_t i = 0; i < plan->op_count; i++)
        WEFT_TRY(ask_scratch(plan, &plan->op[i]));

    int32_t count = 0;
    block *blocks = calloc((size_t)plan->tensor_count, sizeof *blocks);
    if (!blocks)
        return weft_fail(WEFT_ERR_MEMORY, "no memory to place %d tensors", plan->tensor_count);
    weft_status status = collect(plan, blocks, &count);
    if (status == WEFT_OK) status = place_blocks(plan, blocks, count);
    if (status == WEFT_OK) plan->live_peak_bytes = live_peak(plan, blocks, count);
    free(blocks);
    return status;
}
