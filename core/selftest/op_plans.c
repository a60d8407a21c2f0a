#include "core/selftest/op_plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/made_up.h"

/* ---- how to try an op ---- */

/* What a fused op is allowed: the bounds of op_table.c, added up over the ops it stands for. */
static const double fused_bounds[WEFT_KIND_COUNT] = {
    [WEFT_OP_conv2d_stats] = 1.1e-11,       [WEFT_OP_conv2d_block] = 3e-12,
    [WEFT_OP_batchnorm_block] = 2e-12,      [WEFT_OP_batchnorm_block_sums] = 1.2e-11,
    [WEFT_OP_batchnorm_block_grad] = 3e-12, [WEFT_OP_dense_block] = 2e-12,
    [WEFT_OP_dense_weight_grad] = 1e-14,    [WEFT_OP_dropout_act_grad] = 2e-12,
};

static int64_t area_of(const weft_window *w)
{
    return (int64_t)w->kernel[0] * w->kernel[1];
}

/* The longest sum in an op. */
static int64_t terms_of(const weft_op *op)
{
    const weft_fused *f = &op->with.fused;
    const int64_t channels = op->in[0].shape.dim[op->in[0].shape.rank - 1];
    switch (op->kind) {
    case WEFT_OP_conv2d:
    case WEFT_OP_conv2d_data_grad:
        return area_of(&op->with.window) * channels;
    case WEFT_OP_conv2d_weight_grad:
        return op_count(&op->in[1]) / op->in[1].shape.dim[3];
    case WEFT_OP_avgpool:
    case WEFT_OP_avgpool_grad:
        return area_of(&op->with.window);
    case WEFT_OP_gemm:
        return op->with.gemm.k;
    case WEFT_OP_conv2d_stats:
        return area_of(&f->window) * channels + op_count(&op->out[0]);
    case WEFT_OP_conv2d_block:
        return area_of(&f->window) * channels;
    case WEFT_OP_dense_block:
    case WEFT_OP_dense_weight_grad:
        return f->gemm.k;
    default:
        return op_count(&op->in[0]) / channels;
    }
}

double op_bound(const weft_op *op)
{
    const bool plain = op->kind < WEFT_OP_COUNT;
    const double bound = plain ? op_kind_bound(op->kind) : fused_bounds[op->kind];
    return bound + OP_SUM_ERROR * (double)terms_of(op);
}

int op_summed_input(const weft_op *op, int output)
{
    switch (op->kind) {
    case WEFT_OP_sum_rows:
        return 0;
    case WEFT_OP_dense_weight_grad:
        return output == 1 ? 1 : -1;
    case WEFT_OP_batchnorm_sums:
        return 3;
    case WEFT_OP_batchnorm_block_sums:
        return 5;
    default:
        return -1;
    }
}

/* Where variances, deviations and positions stand. */
static void set_fills(op_case *c)
{
    switch (c->op.kind) {
    case WEFT_OP_conv2d_stats:
        c->out[4] = OP_FILL_POSITIVE;
        break;
    case WEFT_OP_conv2d_block:
        c->in[4] = OP_FILL_POSITIVE;
        break;
    case WEFT_OP_batchnorm_block:
    case WEFT_OP_batchnorm_block_sums:
        c->in[2] = OP_FILL_POSITIVE;
        break;
    case WEFT_OP_batchnorm_block_grad:
        c->in[4] = OP_FILL_POSITIVE;
        c->in[2] = OP_FILL_WHERE;
        break;
    default:
        break;
    }
}

/* A function whose gradient jumps: on which side a rounded number falls is not for a tolerance to
 * say, so these see numbers whose products and sums are exact. */
static bool jumps(const weft_fused *f)
{
    const weft_activation kind = f->activation.kind;
    return f->activated &&
           (kind == WEFT_ACT_relu || kind == WEFT_ACT_leaky_relu || kind == WEFT_ACT_elu);
}

bool op_chooses(const weft_op *op)
{
    const weft_fused *f = &op->with.fused;
    const bool block = op->kind == WEFT_OP_batchnorm_block ||
                       op->kind == WEFT_OP_batchnorm_block_sums ||
                       op->kind == WEFT_OP_batchnorm_block_grad;
    return block && (jumps(f) || (f->pooled && !f->activated));
}

/* Kinds with more than one kernel: which one runs depends on the shape. */
static bool is_tried(weft_op_kind kind)
{
    return kind >= WEFT_OP_COUNT || weft_op_is_product(kind);
}

static void blank(weft_tensor *tensor)
{
    tensor->buffer = NULL;
    tensor->offset = 0;
}

bool op_case_of(const weft_op *op, const char *where, op_case *out)
{
    *out = (op_case){.op = *op, .bound = op_bound(op), .zeros = 1, .whole = op_chooses(op)};
    if (!is_tried(op->kind)) return false;
    for (int i = 0; i < WEFT_MAX_IN; i++)
        blank(&out->op.in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        blank(&out->op.out[i]);
    out->padded = op->kind == WEFT_OP_gemm ? 0 : 2;
    out->op.scratch = (weft_tensor){.shape = {0, {0}}};
    out->values = op_values(op->in[0].shape.dim[0]);
    set_fills(out);
    op_case_name(out, where);
    return true;
}

/* ---- lists ---- */

void op_list_free(op_list *list)
{
    free(list->list);
    *list = (op_list){.count = 0};
}

static bool has(const op_list *list, const weft_op *op)
{
    for (int i = 0; i < list->count; i++)
        if (memcmp(&list->list[i].op, op, sizeof *op) == 0) return true;
    return false;
}

weft_status op_list_add(const weft_op *op, const char *where, op_list *list)
{
    op_case c;
    if (!op_case_of(op, where, &c) || has(list, &c.op)) return WEFT_OK;
    op_case *grown = realloc(list->list, ((size_t)list->count + 1) * sizeof *grown);
    if (!grown) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the cases of a selftest");
    grown[list->count++] = c;
    list->list = grown;
    return WEFT_OK;
}

static weft_status add_plan(const weft_plan *plan, const char *name, weft_op_kind kind,
                            op_list *list)
{
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        const weft_op *op = weft_plan_op(plan, i);
        if (kind != WEFT_KIND_COUNT && op->kind != kind) continue;
        WEFT_TRY(op_list_add(op, name, list));
    }
    return WEFT_OK;
}

static weft_status add_model(weft_model *model, const weft_source *source, const char *name,
                             int32_t batch, weft_op_kind kind, op_list *list)
{
    static const weft_mode modes[] = {WEFT_MODE_TRAIN, WEFT_MODE_PREDICT};
    for (int i = 0; i < 2; i++) {
        const weft_plan_desc desc = {.mode = modes[i], .batch = batch, .source = source};
        weft_plan *plan = NULL; /* freed with the model */
        WEFT_TRY(weft_plan_new(model, &desc, &plan));
        WEFT_TRY(add_plan(plan, name, kind, list));
    }
    return WEFT_OK;
}

weft_status op_list_add_plans(weft_device *device, const weft_graph *graph, const char *name,
                              int32_t batch, weft_op_kind kind, op_list *list)
{
    static const weft_optimizer adam = {.kind = WEFT_ADAM};
    const weft_model_desc desc = {.optimizer = &adam};
    weft_normalize norm;
    weft_made_up made_up;
    weft_source *source = NULL;
    weft_model *model = NULL;
    weft_status status = weft_made_up_new(graph, batch, &made_up);
    if (status == WEFT_OK) status = weft_normalize_measure(&made_up.data, NULL, batch, &norm);
    if (status == WEFT_OK) status = weft_source_new(device, &made_up.data, &norm, batch, &source);
    if (status == WEFT_OK) status = weft_model_new(graph, device, &desc, &model);
    if (status == WEFT_OK) status = add_model(model, source, name, batch, kind, list);
    weft_model_free(model);
    weft_source_free(source);
    weft_made_up_free(&made_up);
    return status;
}
