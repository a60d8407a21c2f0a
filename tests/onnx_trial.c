#include "tests/onnx_trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *ops;
    onnx_map *map;
} maps[] = {
    {"Conv", onnx_map_conv},
    {"ConvTranspose", onnx_map_conv_transpose},
    {"MaxPool", onnx_map_max_pool},
    {"GlobalMaxPool", onnx_map_global_max_pool},
    {"MaxUnpool", onnx_map_max_unpool},
    {"AveragePool", onnx_map_average_pool},
    {"GlobalAveragePool", onnx_map_global_average_pool},
    {"BatchNormalization", onnx_map_batchnorm},
    {"Gemm", onnx_map_gemm},
    {"MatMul", onnx_map_matmul},
    {"Relu", onnx_map_activation},
    {"LeakyRelu", onnx_map_activation},
    {"Elu", onnx_map_activation},
    {"Gelu", onnx_map_activation},
    {"Sigmoid", onnx_map_activation},
    {"Tanh", onnx_map_activation},
    {"Softmax", onnx_map_softmax},
    {"LogSoftmax", onnx_map_log_softmax},
    {"SoftmaxCrossEntropyLoss", onnx_map_loss},
    {"Dropout", onnx_map_dropout},
    {"Add", onnx_map_sum},
    {"Sum", onnx_map_sum},
    {"Identity", onnx_map_identity},
    {"Add Gradient", onnx_map_add_gradient},
    {"Add Mul Gradient", onnx_map_no_mul},
    {"Momentum", onnx_map_momentum},
    {"Adam", onnx_map_adam},
};

onnx_map *onnx_map_of(const char *ops)
{
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (strcmp(maps[i].ops, ops) == 0) return maps[i].map;
    return NULL;
}

void onnx_trial_free(onnx_trial *t)
{
    for (int i = 0; i < t->owned_count; i++)
        free(t->owned[i]);
    t->owned_count = 0;
}

void *onnx_memory(onnx_trial *t, int64_t count, size_t bytes)
{
    void *memory = calloc((size_t)count + 1, bytes);
    if (!memory || t->owned_count == ONNX_MAX_OWNED) abort();
    t->owned[t->owned_count++] = memory;
    return memory;
}

float *onnx_floats(onnx_trial *t, int64_t count)
{
    return onnx_memory(t, count, sizeof(float));
}

weft_status onnx_take(onnx_trial *t, int index, const onnx_tensor **out, float **values)
{
    if (t->c->not_tensors) return onnx_refuse("an input is no tensor");
    const onnx_tensor *tensor = onnx_case_in(t->c, index);
    if (!tensor) return weft_fail(WEFT_ERR_FORMAT, "input %d is missing", index);
    if (tensor->type != ONNX_FLOAT) return onnx_refuse("numbers are not float32");
    *out = tensor;
    *values = onnx_floats(t, tensor->count);
    for (int64_t i = 0; i < tensor->count; i++)
        (*values)[i] = (float)tensor->value[i];
    return WEFT_OK;
}

/* Memory for the outputs of an op that it sets. */
static void make_outputs(onnx_trial *t, const weft_op *op, op_data *data)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        if (op->out[i].shape.rank > 0 && !data->out[i])
            data->out[i] =
                onnx_memory(t, op_count(&op->out[i]), weft_dtype_bytes(op->out[i].dtype));
}

/* Backends refuse in words of their own; the list of refusals is one for all of them. */
static weft_status say_window(const weft_op *op, weft_status status)
{
    const bool windowed = op->kind == WEFT_OP_conv2d || op->kind == WEFT_OP_conv2d_data_grad ||
                          op->kind == WEFT_OP_maxpool || op->kind == WEFT_OP_avgpool;
    if (status != WEFT_ERR_UNSUPPORTED || !windowed) return status;
    const weft_window *w = &op->with.window;
    if (w->groups != 1) return onnx_refuse("groups");
    if (w->dilation[0] != 1 || w->dilation[1] != 1) return onnx_refuse("dilation");
    return status;
}

weft_status onnx_run(onnx_trial *t, const weft_op *op, const weft_values *values, op_data *data)
{
    const op_case c = {.op = *op, .values = *values};
    op_bench bench;
    make_outputs(t, op, data);
    weft_status status = op_bench_open(t->device, &c, &bench);
    if (status == WEFT_OK) status = op_bench_run(&bench, data, data);
    op_bench_close(&bench);
    return say_window(op, status);
}

/* The bounds of ONNX's own runner. */
static bool close_enough(double ours, double theirs)
{
    const double relative = 1e-4, absolute = 1e-7;
    if (isnan(theirs)) return isnan(ours);
    if (isinf(theirs)) return ours == theirs;
    return fabs(ours - theirs) <= absolute + relative * fabs(theirs);
}

weft_status onnx_check(const onnx_trial *t, int output, const float *ours, int64_t count)
{
    if (output >= t->c->out_count)
        return weft_fail(WEFT_ERR_FORMAT, "output %d is missing", output);
    const onnx_tensor *theirs = &t->c->out[output];
    if (theirs->count != count)
        return weft_fail(WEFT_ERR_SHAPE, "output %d has %lld numbers instead of %lld", output,
                         (long long)count, (long long)theirs->count);
    for (int64_t i = 0; i < count; i++)
        if (!close_enough((double)ours[i], theirs->value[i]))
            return weft_fail(WEFT_ERR_DEVICE, "output %d, number %lld: %.9g instead of %.9g",
                             output, (long long)i, (double)ours[i], theirs->value[i]);
    return WEFT_OK;
}

float *onnx_turn(onnx_trial *t, const float *from, int64_t outer, int64_t rows, int64_t columns)
{
    const int64_t block = rows * columns;
    float *to = onnx_floats(t, outer * block);
    for (int64_t i = 0; i < outer * block; i++) {
        const int64_t row = i % block / columns, column = i % columns;
        to[i - i % block + column * rows + row] = from[i];
    }
    return to;
}

int64_t onnx_extent(const onnx_tensor *tensor, int first, int end)
{
    int64_t product = 1;
    for (int i = first; i < end; i++)
        product *= tensor->dim[i];
    return product;
}

weft_tensor onnx_f32(int64_t a, int64_t b, int64_t c, int64_t d)
{
    const int64_t dim[WEFT_MAX_RANK] = {a, b, c, d};
    weft_tensor tensor = {.dtype = WEFT_F32};
    while (tensor.shape.rank < WEFT_MAX_RANK && dim[tensor.shape.rank] > 0) {
        tensor.shape.dim[tensor.shape.rank] = (int32_t)dim[tensor.shape.rank];
        tensor.shape.rank++;
    }
    return tensor;
}
