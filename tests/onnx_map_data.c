/* Copies, sums and updates of ONNX.
 *
 *   Add Sum      copy, then copy added, as the layer add does
 *   Gradient     of Add: the same copies, backwards
 *   Identity     copy
 *   Dropout      while testing, copy; while training at rate 0, dropout
 *   Momentum     sgd: at ONNX's step 0 PyTorch's rule is the same
 *   Adam         adam without corrections, as at ONNX's step 0: in later steps ONNX adds epsilon
 *                before it corrects the second moment
 */
#include <string.h>

#include "tests/onnx_trial.h"

/* ---- copies ---- */

/* One copy, set or added to `to`, which the trial makes where it is NULL. */
static weft_status copy(onnx_trial *t, int64_t count, float *from, bool add, float **to)
{
    weft_op op = {.kind = WEFT_OP_copy, .mode = {add ? WEFT_OUT_ADD : WEFT_OUT_SET}};
    op.in[0] = op.out[0] = onnx_f32(count, 0, 0, 0);
    op_data data = {.in = {from}, .out = {*to}};
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    *to = data.out[0];
    return WEFT_OK;
}

static bool same_shape(const onnx_tensor *a, const onnx_tensor *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, sizeof a->dim) == 0;
}

weft_status onnx_map_sum(onnx_trial *t)
{
    const onnx_tensor *first = NULL, *x = NULL;
    float *value = NULL, *sum = NULL;
    WEFT_TRY(onnx_take(t, 0, &first, &value));
    for (int i = 0; i < t->c->in_count; i++) {
        WEFT_TRY(onnx_take(t, i, &x, &value));
        if (!same_shape(x, first)) return onnx_refuse("a sum of different shapes");
        WEFT_TRY(copy(t, x->count, value, i > 0, &sum));
    }
    return onnx_check(t, 0, sum, first->count);
}

weft_status onnx_map_add_gradient(onnx_trial *t)
{
    const onnx_tensor *x = NULL;
    float *value = NULL;
    WEFT_TRY(onnx_map_sum(t));
    WEFT_TRY(onnx_take(t, 0, &x, &value));
    float *ones = onnx_floats(t, x->count);
    for (int64_t i = 0; i < x->count; i++)
        ones[i] = 1;
    for (int i = 0; i < t->c->in_count; i++) {
        float *gradient = NULL;
        WEFT_TRY(copy(t, x->count, ones, false, &gradient));
        WEFT_TRY(onnx_check(t, 1 + i, gradient, x->count));
    }
    return WEFT_OK;
}

weft_status onnx_map_no_mul(onnx_trial *t)
{
    (void)t;
    return onnx_refuse("a product of elements");
}

weft_status onnx_map_identity(onnx_trial *t)
{
    const onnx_tensor *x = NULL;
    float *value = NULL, *y = NULL;
    WEFT_TRY(onnx_take(t, 0, &x, &value));
    WEFT_TRY(copy(t, x->count, value, false, &y));
    return onnx_check(t, 0, y, x->count);
}

weft_status onnx_map_dropout(onnx_trial *t)
{
    const onnx_tensor *ratio = onnx_case_in(t->c, 1), *training = onnx_case_in(t->c, 2), *x = NULL;
    op_data data = {{0}, {0}};
    float *value = NULL;
    if (t->c->out_count > 1) return onnx_refuse("a mask that is kept");
    if (!training || training->value[0] == 0) return onnx_map_identity(t);
    if (!ratio || ratio->value[0] != 0) return onnx_refuse("random numbers of another generator");
    WEFT_TRY(onnx_take(t, 0, &x, &value));
    data.in[0] = value;
    weft_op op = {.kind = WEFT_OP_dropout, .mode = {WEFT_OUT_SET}};
    op.in[0] = op.out[0] = onnx_f32(x->dim[0], onnx_extent(x, 1, x->rank), 0, 0);
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return onnx_check(t, 0, data.out[0], x->count);
}

/* ---- updates ---- */

enum { FIRST = 2, MOST_KINDS = 4 }; /* inputs R and T, then all X, all G, all V, all H */

/* The tensors of each kind one after the other in an arena, as a model has them. */
typedef struct arena {
    int tensors, kinds;
    int64_t count;
    weft_update update;
    weft_values values;
    float *kind[MOST_KINDS];
} arena;

static weft_status place(onnx_trial *t, arena *a)
{
    const onnx_tensor *x = NULL;
    float *value = NULL;
    if (a->tensors > WEFT_MAX_RANGES) return weft_fail(WEFT_ERR_FORMAT, "too many tensors");
    for (int i = 0; i < a->tensors; i++) {
        WEFT_TRY(onnx_take(t, FIRST + i, &x, &value));
        a->update.range[i] =
            (weft_range){a->count, x->count, onnx_case_float(t->c, "norm_coefficient", 0), 1};
        a->count += (x->count + WEFT_ALIGN - 1) / WEFT_ALIGN * WEFT_ALIGN;
    }
    a->update.range_count = a->tensors;
    for (int k = 0; k < a->kinds; k++) {
        a->kind[k] = onnx_floats(t, a->count);
        for (int i = 0; i < a->tensors; i++) {
            const weft_range *range = &a->update.range[i];
            WEFT_TRY(onnx_take(t, FIRST + k * a->tensors + i, &x, &value));
            if (x->count != range->count) return weft_fail(WEFT_ERR_SHAPE, "input %d", i);
            memcpy(a->kind[k] + range->first, value, (size_t)x->count * sizeof *value);
        }
    }
    return WEFT_OK;
}

static weft_status arena_of(onnx_trial *t, int kinds, arena *out)
{
    const onnx_tensor *rate = NULL;
    float *value = NULL;
    *out = (arena){.kinds = kinds, .tensors = (t->c->in_count - FIRST) / kinds};
    WEFT_TRY(onnx_take(t, 0, &rate, &value));
    const onnx_tensor *step = onnx_case_in(t->c, 1);
    if (!step || step->value[0] != 0) return onnx_refuse("a step after the first");
    out->values = (weft_values){
        .lr = value[0], .correction1 = 1, .correction2 = 1, .grad_scale = 1, .loss_scale = 1};
    return place(t, out);
}

/* Outputs: all new X, all new V, all new H. The gradient is no output. */
static weft_status update(onnx_trial *t, weft_op_kind kind, arena *a)
{
    weft_op op = {.kind = kind, .with.update = a->update};
    op_data data = {.in = {a->kind[1]}, .out = {a->kind[0], a->kind[2], a->kind[3]}};
    op.in[0] = onnx_f32(a->count, 0, 0, 0);
    for (int i = 0; i < a->kinds - 1; i++) {
        op.out[i] = op.in[0];
        op.mode[i] = WEFT_OUT_INOUT;
    }
    WEFT_TRY(onnx_run(t, &op, &a->values, &data));
    for (int k = 0; k < a->kinds - 1; k++)
        for (int i = 0; i < a->tensors; i++) {
            const weft_range *range = &a->update.range[i];
            const float *ours = (const float *)data.out[k] + range->first;
            WEFT_TRY(onnx_check(t, k * a->tensors + i, ours, range->count));
        }
    return WEFT_OK;
}

weft_status onnx_map_momentum(onnx_trial *t)
{
    arena a;
    WEFT_TRY(arena_of(t, 3, &a));
    a.update.momentum = onnx_case_float(t->c, "alpha", 0);
    a.update.nesterov = strcmp(onnx_case_text(t->c, "mode", ""), "nesterov") == 0;
    return update(t, WEFT_OP_sgd, &a);
}

weft_status onnx_map_adam(onnx_trial *t)
{
    arena a;
    WEFT_TRY(arena_of(t, 4, &a));
    if (onnx_case_float(t->c, "norm_coefficient_post", 0) != 0)
        return onnx_refuse("a decay after the update");
    if (onnx_case_float(t->c, "epsilon", 0) == 0)
        return onnx_refuse("outputs made with an epsilon that the model does not name");
    a.update.beta1 = onnx_case_float(t->c, "alpha", 0.9f);
    a.update.beta2 = onnx_case_float(t->c, "beta", 0.999f);
    a.update.eps = onnx_case_float(t->c, "epsilon", 0);
    return update(t, WEFT_OP_adam, &a);
}
