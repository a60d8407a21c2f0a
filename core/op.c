#include "core/op.h"

#include "core/checked.h"

#define OP_INFO(name, inputs, outputs) [WEFT_OP_##name] = {#name, inputs, outputs},
static const weft_op_info infos[WEFT_KIND_COUNT] = {WEFT_OP_LIST(OP_INFO) WEFT_FUSED_LIST(OP_INFO)};

const char *weft_phase_name(weft_phase phase)
{
    static const char *const names[] = {"input", "forward", "loss", "backward", "update"};
    return names[phase];
}

const weft_op_info *weft_op_describe(weft_op_kind kind)
{
    return &infos[kind];
}

bool weft_op_is_product(weft_op_kind kind)
{
    return kind == WEFT_OP_gemm || kind == WEFT_OP_conv2d || kind == WEFT_OP_conv2d_data_grad ||
           kind == WEFT_OP_conv2d_weight_grad;
}

/* What a figure would be if it fitted. */
static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return weft_mul_i64(a, b, &product) ? INT64_MAX : product;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;
    return weft_add_i64(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t elements(weft_tensor tensor)
{
    return weft_shape_count(tensor.shape);
}

static int64_t last_extent(weft_tensor tensor)
{
    return tensor.shape.rank > 0 ? tensor.shape.dim[tensor.shape.rank - 1] : 1;
}

/* y and w of any of the three: 2 N P Q K times R S C. */
static int64_t convolution(weft_tensor y, weft_tensor w)
{
    return times(times(2, elements(y)), elements(w) / last_extent(w));
}

static int64_t window(const weft_op *op, weft_tensor y)
{
    const int32_t *kernel = op->with.window.kernel;
    return times(elements(y), times(kernel[0], kernel[1]));
}

static int64_t product(const weft_gemm *g)
{
    return times(2, times(g->m, times(g->n, g->k)));
}

/* A pooled result is as many times smaller than the convolution's as the pool's stride says. */
static int64_t fused_convolution(const weft_op *op)
{
    const weft_fused *f = &op->with.fused;
    const int64_t one = convolution(op->out[0], op->in[1]);
    return f->pooled ? times(one, times(f->pool.stride[0], f->pool.stride[1])) : one;
}

/* Operations per element of the first input, for everything without a formula of its own. A
 * transcendental function counts as one. */
static const int per_element[WEFT_KIND_COUNT] = {
    [WEFT_OP_sum_rows] = 1,
    [WEFT_OP_activation] = 1,
    [WEFT_OP_activation_grad] = 2,
    [WEFT_OP_maxpool_grad] = 1,
    [WEFT_OP_batchnorm_stats] = 4,
    [WEFT_OP_batchnorm] = 4,
    [WEFT_OP_batchnorm_sums] = 5,
    [WEFT_OP_batchnorm_grad] = 7,
    [WEFT_OP_dropout] = 1,
    [WEFT_OP_softmax_xent] = 6,
    [WEFT_OP_mse] = 4,
    [WEFT_OP_sgd] = 5,
    [WEFT_OP_adam] = 14,
    [WEFT_OP_inspect] = 4,
    [WEFT_OP_batchnorm_block] = 6,
    [WEFT_OP_batchnorm_block_sums] = 8,
    [WEFT_OP_dropout_act_grad] = 3,
};

int64_t weft_op_operations(const weft_op *op)
{
    switch (op->kind) {
    case WEFT_OP_conv2d_stats:
        return plus(convolution(op->out[0], op->in[1]), times(4, elements(op->out[0])));
    case WEFT_OP_batchnorm_block_grad:
        return times(8, elements(op->in[1]));
    case WEFT_OP_dense_block:
    case WEFT_OP_dense_weight_grad:
        return product(&op->with.fused.gemm);
    case WEFT_OP_conv2d_block:
        return fused_convolution(op);
    case WEFT_OP_conv2d:
        return convolution(op->out[0], op->in[1]);
    case WEFT_OP_conv2d_data_grad:
        return convolution(op->in[0], op->in[1]);
    case WEFT_OP_conv2d_weight_grad:
        return convolution(op->in[1], op->out[0]);
    case WEFT_OP_gemm:
        return product(&op->with.gemm);
    case WEFT_OP_maxpool:
    case WEFT_OP_avgpool:
        return window(op, op->out[0]);
    case WEFT_OP_avgpool_grad:
        return window(op, op->in[0]);
    case WEFT_OP_gather:
        return times(2, elements(op->out[0]));
    default:
        return times(per_element[op->kind], elements(op->in[0]));
    }
}

static int64_t tensor_bytes(weft_tensor tensor)
{
    return times(elements(tensor), (int64_t)weft_dtype_bytes(tensor.dtype));
}

/* A gather reads as many rows of its table as it writes, however long the table is. */
static int64_t gathered_bytes(const weft_op *op)
{
    const int64_t rows = op->out[0].shape.dim[0];
    const int64_t table = times(elements(op->out[0]), (int64_t)weft_dtype_bytes(op->in[0].dtype));
    const int64_t order = times(rows, (int64_t)weft_dtype_bytes(op->in[1].dtype));
    return plus(plus(table, order), plus(tensor_bytes(op->in[2]), tensor_bytes(op->out[0])));
}

int64_t weft_op_bytes(const weft_op *op)
{
    int64_t sum = 0;
    if (op->kind == WEFT_OP_gather || op->kind == WEFT_OP_gather_rows) return gathered_bytes(op);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        sum = plus(sum, tensor_bytes(op->in[i]));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        sum = plus(sum, tensor_bytes(op->out[i]));
    return sum;
}
