/* Ops over rows of ONNX.
 *
 *   BatchNormalization        batchnorm; in training mode batchnorm_stats, then batchnorm. ONNX
 *                             mixes the biased variance into the running one, PyTorch and Weft
 *                             the unbiased: what was mixed in is scaled by (n - 1) / n
 *   Gemm                      gemm with a bias, or added to C
 *   MatMul                    gemm
 *   Relu Elu Tanh ..          activation
 *   Softmax                   the gradient of softmax_xent plus one at the class; weft_softmax too
 *   LogSoftmax                the logarithm of that
 *   SoftmaxCrossEntropyLoss   softmax_xent; without reduction, row by row
 */
#include <math.h>
#include <string.h>

#include "core/model.h"
#include "tests/onnx_trial.h"

/* ---- batch normalisation ---- */

typedef struct batchnorm {
    const onnx_tensor *x;
    int64_t outer, channels, inner;
    float *value[5]; /* x (channels last), scale, bias, mean, variance */
    weft_batchnorm with;
} batchnorm;

static weft_status batchnorm_of(onnx_trial *t, batchnorm *out)
{
    const onnx_tensor *other = NULL;
    WEFT_TRY(onnx_take(t, 0, &out->x, &out->value[0]));
    for (int i = 1; i < 5; i++)
        WEFT_TRY(onnx_take(t, i, &other, &out->value[i]));
    out->outer = out->x->dim[0];
    out->channels = out->x->dim[1];
    out->inner = onnx_extent(out->x, 2, out->x->rank);
    out->value[0] = onnx_turn(t, out->value[0], out->outer, out->channels, out->inner);
    out->with = (weft_batchnorm){.eps = onnx_case_float(t->c, "epsilon", 1e-5f),
                                 .momentum = 1 - onnx_case_float(t->c, "momentum", 0.9f),
                                 .running = onnx_case_int(t->c, "training_mode", 0) == 0};
    return WEFT_OK;
}

static weft_tensor rows_of(const batchnorm *b)
{
    return onnx_f32(b->outer * b->inner, b->channels, 0, 0);
}

/* Statistics of the batch in place of the mean and the variance; the running ones are checked. */
static weft_status take_stats(onnx_trial *t, batchnorm *b)
{
    weft_op op = {.kind = WEFT_OP_batchnorm_stats, .with.batchnorm = b->with};
    const int64_t n = b->outer * b->inner;
    op_data data = {.in = {b->value[0]}, .out = {NULL, NULL, b->value[3], b->value[4]}};
    op.in[0] = rows_of(b);
    for (int i = 0; i < 4; i++) {
        op.out[i] = onnx_f32(b->channels, 0, 0, 0);
        op.mode[i] = i < 2 ? WEFT_OUT_SET : WEFT_OUT_INOUT;
    }
    float *variance = onnx_floats(t, b->channels);
    for (int64_t c = 0; c < b->channels; c++)
        variance[c] = (1 - b->with.momentum) * b->value[4][c];
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    for (int64_t c = 0; c < b->channels; c++)
        variance[c] += (b->value[4][c] - variance[c]) * (float)(n - 1) / (float)n;
    WEFT_TRY(onnx_check(t, 1, b->value[3], b->channels));
    WEFT_TRY(onnx_check(t, 2, variance, b->channels));
    b->value[3] = data.out[0];
    b->value[4] = data.out[1];
    return WEFT_OK;
}

weft_status onnx_map_batchnorm(onnx_trial *t)
{
    batchnorm b;
    WEFT_TRY(batchnorm_of(t, &b));
    if (!b.with.running) WEFT_TRY(take_stats(t, &b));
    weft_op op = {.kind = WEFT_OP_batchnorm, .with.batchnorm = b.with, .mode = {WEFT_OUT_SET}};
    op_data data = {.in = {b.value[0], b.value[3], b.value[4], b.value[1], b.value[2]}};
    op.in[0] = op.out[0] = rows_of(&b);
    for (int i = 1; i < 5; i++)
        op.in[i] = onnx_f32(b.channels, 0, 0, 0);
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return onnx_check(t, 0, onnx_turn(t, data.out[0], b.outer, b.inner, b.channels), b.x->count);
}

/* ---- products ---- */

/* C is a bias of columns, which one number stands for too, or a matrix that is added to. */
static weft_status add_third(onnx_trial *t, weft_op *op, op_data *data)
{
    const weft_gemm *g = &op->with.gemm;
    const onnx_tensor *c = NULL;
    float *values = NULL;
    if (!onnx_case_in(t->c, 2)) return WEFT_OK;
    WEFT_TRY(onnx_take(t, 2, &c, &values));
    if (c->count == (int64_t)g->m * g->n && g->m > 1) {
        op->mode[0] = WEFT_OUT_ADD;
        data->out[0] = values;
        return WEFT_OK;
    }
    if (c->count != 1 && c->count != g->n) return onnx_refuse("a bias of rows");
    op->in[2] = onnx_f32(g->n, 0, 0, 0);
    float *bias = onnx_floats(t, g->n);
    for (int64_t i = 0; i < g->n; i++)
        bias[i] = values[c->count == 1 ? 0 : i];
    data->in[2] = bias;
    return WEFT_OK;
}

static weft_status product(onnx_trial *t, bool trans_a, bool trans_b)
{
    const onnx_tensor *a = NULL, *b = NULL;
    op_data data = {{0}, {0}};
    float *left = NULL, *right = NULL;
    WEFT_TRY(onnx_take(t, 0, &a, &left));
    WEFT_TRY(onnx_take(t, 1, &b, &right));
    if (a->rank != 2 || b->rank != 2) return onnx_refuse("a product of more than two axes");
    const weft_gemm g = {.m = (int32_t)a->dim[trans_a],
                         .n = (int32_t)b->dim[!trans_b],
                         .k = (int32_t)a->dim[!trans_a],
                         .trans_a = trans_a,
                         .trans_b = trans_b};
    weft_op op = {.kind = WEFT_OP_gemm, .with.gemm = g, .mode = {WEFT_OUT_SET}};
    op.in[0] = onnx_f32(a->dim[0], a->dim[1], 0, 0);
    op.in[1] = onnx_f32(b->dim[0], b->dim[1], 0, 0);
    op.out[0] = onnx_f32(g.m, g.n, 0, 0);
    data.in[0] = left;
    data.in[1] = right;
    WEFT_TRY(add_third(t, &op, &data));
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return onnx_check(t, 0, data.out[0], (int64_t)g.m * g.n);
}

weft_status onnx_map_gemm(onnx_trial *t)
{
    if (onnx_case_float(t->c, "alpha", 1) != 1) return onnx_refuse("an alpha other than 1");
    if (onnx_case_float(t->c, "beta", 1) != 1) return onnx_refuse("a beta other than 1");
    return product(t, onnx_case_int(t->c, "transA", 0) != 0, onnx_case_int(t->c, "transB", 0) != 0);
}

weft_status onnx_map_matmul(onnx_trial *t)
{
    return product(t, false, false);
}

/* ---- activations ---- */

static const struct {
    const char *op;
    weft_activation kind;
    float a; /* ONNX's default of alpha */
} activations[] = {
    {"Relu", WEFT_ACT_relu, 0}, {"LeakyRelu", WEFT_ACT_leaky_relu, 0.01f},
    {"Elu", WEFT_ACT_elu, 1},   {"Sigmoid", WEFT_ACT_sigmoid, 0},
    {"Tanh", WEFT_ACT_tanh, 0}, {"Gelu", WEFT_ACT_gelu, 0},
};

static weft_act act_of(const onnx_case *c)
{
    weft_act act = {WEFT_ACTIVATION_COUNT, 0};
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (strcmp(activations[i].op, c->ops) == 0)
            act = (weft_act){activations[i].kind, activations[i].a};
    act.a = onnx_case_float(c, "alpha", act.a);
    return act;
}

weft_status onnx_map_activation(onnx_trial *t)
{
    const onnx_tensor *x = NULL;
    op_data data = {{0}, {0}};
    float *values = NULL;
    WEFT_TRY(onnx_take(t, 0, &x, &values));
    data.in[0] = values;
    weft_op op = {
        .kind = WEFT_OP_activation, .with.activation = act_of(t->c), .mode = {WEFT_OUT_SET}};
    op.in[0] = op.out[0] = onnx_f32(x->count, 0, 0, 0);
    WEFT_TRY(onnx_run(t, &op, &(weft_values){0}, &data));
    return onnx_check(t, 0, data.out[0], x->count);
}

/* ---- softmax and its loss ---- */

/* Logits as rows: the axis of the classes last. */
typedef struct logits {
    int64_t outer, classes, inner, rows;
    float *value; /* rows x classes */
} logits;

/* Up to version 12 the axes from `axis` on are one. */
static weft_status logits_of(onnx_trial *t, int64_t axis, bool flat, logits *out)
{
    const onnx_tensor *x = NULL;
    WEFT_TRY(onnx_take(t, 0, &x, &out->value));
    const int at = (int)(axis < 0 ? axis + x->rank : axis);
    const int end = flat ? x->rank : at + 1;
    out->outer = onnx_extent(x, 0, at);
    out->classes = onnx_extent(x, at, end);
    out->inner = onnx_extent(x, end, x->rank);
    out->rows = out->outer * out->inner;
    out->value = onnx_turn(t, out->value, out->outer, out->classes, out->inner);
    return WEFT_OK;
}

static const weft_values unscaled = {.loss_scale = 1};

static weft_op loss_of(int64_t rows, int64_t columns, bool gradient)
{
    weft_op op = {.kind = WEFT_OP_softmax_xent, .mode = {WEFT_OUT_NONE, WEFT_OUT_INOUT}};
    op.in[0] = onnx_f32(rows, columns, 0, 0);
    op.in[1] = onnx_f32(rows, 0, 0, 0);
    op.in[1].dtype = WEFT_I32;
    op.out[1] = onnx_f32(WEFT_SLOTS, 2, 0, 0);
    if (gradient) op.mode[0] = WEFT_OUT_SET;
    if (gradient) op.out[0] = op.in[0];
    return op;
}

static weft_status agree(const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (fabsf(a[i] - b[i]) > 1e-6f)
            return weft_fail(WEFT_ERR_DEVICE, "softmax: the loss knows %.9g, prediction %.9g",
                             (double)a[i], (double)b[i]);
    return WEFT_OK;
}

/* Class 0 is asked for in every row: its gradient is softmax - 1. */
static weft_status probabilities(onnx_trial *t, const logits *x, float **out)
{
    const weft_op op = loss_of(x->rows, x->classes, true);
    op_data data = {.in = {x->value, onnx_memory(t, x->rows, sizeof(int32_t))}};
    float *predicted = onnx_floats(t, x->rows * x->classes);
    WEFT_TRY(onnx_run(t, &op, &unscaled, &data));
    *out = data.out[0];
    for (int64_t row = 0; row < x->rows; row++) {
        (*out)[row * x->classes] += 1;
        weft_softmax(x->value + row * x->classes, (int32_t)x->classes,
                     predicted + row * x->classes);
    }
    return agree(*out, predicted, x->rows * x->classes);
}

static weft_status check_softmax(onnx_trial *t, int output, const logits *x, bool logarithm)
{
    float *value = NULL;
    WEFT_TRY(probabilities(t, x, &value));
    for (int64_t i = 0; logarithm && i < x->rows * x->classes; i++)
        value[i] = logf(value[i]);
    return onnx_check(t, output, onnx_turn(t, value, x->outer, x->inner, x->classes),
                      x->rows * x->classes);
}

static weft_status map_softmax(onnx_trial *t, bool logarithm)
{
    enum { AXES_APART = 13 };
    logits x;
    const bool flat = t->c->opset < AXES_APART;
    WEFT_TRY(logits_of(t, onnx_case_int(t->c, "axis", flat ? 1 : -1), flat, &x));
    return check_softmax(t, 0, &x, logarithm);
}

weft_status onnx_map_softmax(onnx_trial *t)
{
    return map_softmax(t, false);
}

weft_status onnx_map_log_softmax(onnx_trial *t)
{
    return map_softmax(t, true);
}

/* The loss op sums over rows, so each is a run of its own. */
static weft_status run_rows(op_bench *bench, const logits *x, int32_t *classes, float *each)
{
    float slots[2 * WEFT_SLOTS] = {0};
    for (int64_t row = 0; row < x->rows; row++) {
        op_data data = {.in = {x->value + row * x->classes, classes + row}, .out = {NULL, slots}};
        WEFT_TRY(op_bench_run(bench, &data, &data));
        each[row] = slots[0];
    }
    return WEFT_OK;
}

static weft_status loss_by_row(onnx_trial *t, const logits *x, int32_t *classes)
{
    const op_case c = {.op = loss_of(1, x->classes, false), .values = unscaled};
    float *each = onnx_floats(t, x->rows);
    op_bench bench;
    weft_status status = op_bench_open(t->device, &c, &bench);
    if (status == WEFT_OK) status = run_rows(&bench, x, classes, each);
    op_bench_close(&bench);
    return status == WEFT_OK ? onnx_check(t, 0, each, x->rows) : status;
}

static weft_status loss_of_all(onnx_trial *t, const logits *x, int32_t *classes, bool mean)
{
    const weft_op op = loss_of(x->rows, x->classes, false);
    op_data data = {.in = {x->value, classes}};
    WEFT_TRY(onnx_run(t, &op, &unscaled, &data));
    const float sum = *(const float *)data.out[1];
    const float reduced = mean ? sum / (float)x->rows : sum;
    return onnx_check(t, 0, &reduced, 1);
}

weft_status onnx_map_loss(onnx_trial *t)
{
    const int64_t none = INT64_MIN;
    const char *reduction = onnx_case_text(t->c, "reduction", "mean");
    const onnx_tensor *asked = onnx_case_in(t->c, 1);
    logits x;
    if (onnx_case_in(t->c, 2)) return onnx_refuse("weights of classes");
    if (onnx_case_int(t->c, "ignore_index", none) != none) return onnx_refuse("ignore_index");
    WEFT_TRY(logits_of(t, 1, false, &x));
    if (!asked || asked->count != x.rows) return weft_fail(WEFT_ERR_SHAPE, "no classes");
    int32_t *classes = onnx_memory(t, x.rows, sizeof *classes);
    for (int64_t row = 0; row < x.rows; row++)
        classes[row] = (int32_t)asked->value[row];
    if (strcmp(reduction, "none") == 0)
        WEFT_TRY(loss_by_row(t, &x, classes));
    else
        WEFT_TRY(loss_of_all(t, &x, classes, strcmp(reduction, "mean") == 0));
    return t->c->out_count > 1 ? check_softmax(t, 1, &x, true) : WEFT_OK;
}
