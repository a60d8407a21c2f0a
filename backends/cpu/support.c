/* Which ops the CPU backend takes, and the scratch they want. Every refusal names the op and the
 * value; what passes here runs without a further check. */
#include "backends/cpu/check.h"
#include "core/checked.h"

weft_status weft_cpu_refuse(const weft_op *op, const char *what, int64_t value, const char *wanted)
{
    return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: %s is %lld; the CPU backend takes %s",
                     weft_op_describe(op->kind)->name, what, (long long)value, wanted);
}

weft_status weft_cpu_mismatch(const weft_op *op, const char *what, weft_shape a, weft_shape b)
{
    char left[WEFT_SHAPE_TEXT], right[WEFT_SHAPE_TEXT];
    return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: %s do not agree: %s and %s",
                     weft_op_describe(op->kind)->name, what, weft_shape_print(a, left),
                     weft_shape_print(b, right));
}

/* ---- products and sums ---- */

static weft_status check_gemm(const weft_op *op, int64_t *elements)
{
    const weft_gemm with = op->with.gemm;
    const int64_t m = with.m, n = with.n, k = with.k;
    if (m < 1) return weft_cpu_refuse(op, "m", m, "1 or more");
    if (n < 1) return weft_cpu_refuse(op, "n", n, "1 or more");
    if (k < 1) return weft_cpu_refuse(op, "k", k, "1 or more");
    if (count_of(&op->in[0]) != m * k)
        return weft_cpu_refuse(op, "the size of a", count_of(&op->in[0]), "m x k");
    if (count_of(&op->in[1]) != k * n)
        return weft_cpu_refuse(op, "the size of b", count_of(&op->in[1]), "k x n");
    if (count_of(&op->out[0]) != m * n)
        return weft_cpu_refuse(op, "the size of c", count_of(&op->out[0]), "m x n");
    if (present(&op->in[2]) && op->mode[0] == WEFT_OUT_ADD)
        return weft_cpu_refuse(op, "the mode", op->mode[0], "a bias only when c is set");
    *elements = with.trans_a ? slices_count(k, m * n) : weft_panels_count(k, n);
    return per_channel(op, &(weft_tensor){.shape = {1, {with.n}}}, &op->in[2]);
}

static weft_status check_sum_rows(const weft_op *op, int64_t *elements)
{
    *elements = weft_tiles(rows_of(&op->in[0])) * columns_of(&op->in[0]);
    return per_channel(op, &op->in[0], &op->out[0]);
}

/* ---- element-wise ---- */

static weft_status check_copy(const weft_op *op, int64_t *elements)
{
    (void)elements;
    return same_count(op, &op->in[0], &op->out[0]);
}

static weft_status check_dropout(const weft_op *op, int64_t *elements)
{
    const double rate = (double)op->with.dropout.rate;
    if (!(rate >= 0 && rate < 1))
        return weft_fail(WEFT_ERR_UNSUPPORTED, "dropout: rate is %g; wants 0 or more, less than 1",
                         rate);
    return check_copy(op, elements);
}

static weft_status check_activation(const weft_op *op, int64_t *elements)
{
    const int64_t kind = (int64_t)op->with.activation.kind;
    if (kind < 0 || kind >= WEFT_ACTIVATION_COUNT)
        return weft_cpu_refuse(op, "the activation", kind, "those of the list");
    return check_copy(op, elements);
}

static weft_status check_activation_grad(const weft_op *op, int64_t *elements)
{
    WEFT_TRY(check_activation(op, elements));
    return same_count(op, &op->in[0], &op->in[1]);
}

/* ---- batch normalisation ---- */

static weft_status check_batchnorm_stats(const weft_op *op, int64_t *elements)
{
    const weft_tensor *const x = &op->in[0];
    *elements = 2 * weft_tiles(rows_of(x)) * columns_of(x);
    for (int i = 0; i < 4; i++)
        WEFT_TRY(per_channel(op, x, &op->out[i]));
    return WEFT_OK;
}

static weft_status check_batchnorm(const weft_op *op, int64_t *elements)
{
    (void)elements;
    for (int i = 1; i < 5; i++)
        WEFT_TRY(per_channel(op, &op->in[0], &op->in[i]));
    return same_count(op, &op->in[0], &op->out[0]);
}

static weft_status check_batchnorm_sums(const weft_op *op, int64_t *elements)
{
    const weft_tensor *const x = &op->in[0];
    *elements = 2 * weft_tiles(rows_of(x)) * columns_of(x);
    WEFT_TRY(per_channel(op, x, &op->in[1]));
    WEFT_TRY(per_channel(op, x, &op->in[2]));
    WEFT_TRY(per_channel(op, x, &op->out[0]));
    WEFT_TRY(per_channel(op, x, &op->out[1]));
    return same_count(op, x, &op->in[3]);
}

static weft_status check_batchnorm_grad(const weft_op *op, int64_t *elements)
{
    (void)elements;
    const weft_tensor *const dy = &op->in[0];
    WEFT_TRY(per_channel(op, dy, &op->in[1]));
    WEFT_TRY(per_channel(op, dy, &op->in[2]));
    WEFT_TRY(same_count(op, dy, &op->out[0]));
    if (op->with.batchnorm.running) return WEFT_OK;
    WEFT_TRY(same_count(op, dy, &op->in[3]));
    for (int i = 4; i < 7; i++) {
        if (!present(&op->in[i]))
            return weft_cpu_refuse(op, "the rank of a sum", 0, "mean, dgamma and dbeta");
        WEFT_TRY(per_channel(op, dy, &op->in[i]));
    }
    return WEFT_OK;
}

/* ---- data, losses, updates ---- */

static weft_status check_gather(const weft_op *op, int64_t *elements)
{
    (void)elements;
    const weft_tensor *const images = &op->in[0], *const x = &op->out[0];
    const weft_augment augment = op->with.gather.augment;
    if (count_of(images) / images->shape.dim[0] != count_of(x) / x->shape.dim[0])
        return weft_cpu_mismatch(op, "samples and rows", images->shape, x->shape);
    const int64_t channels = images->shape.rank == 4 ? columns_of(images) : 1;
    if (count_of(&op->in[2]) != 2 * channels)
        return weft_cpu_mismatch(op, "images and norm", images->shape, op->in[2].shape);
    if (augment.shift < 0 || augment.shift > 1 << 20)
        return weft_cpu_refuse(op, "shift", augment.shift, "0 to 1048576");
    return WEFT_OK;
}

static weft_status check_gather_rows(const weft_op *op, int64_t *elements)
{
    (void)elements;
    const weft_tensor *const table = &op->in[0], *const rows = &op->out[0];
    if (table->dtype != rows->dtype)
        return weft_cpu_refuse(op, "the data type of the rows", rows->dtype, "that of the table");
    if (count_of(table) / table->shape.dim[0] != count_of(rows) / rows->shape.dim[0])
        return weft_cpu_mismatch(op, "table and rows", table->shape, rows->shape);
    return WEFT_OK;
}

static weft_status check_loss(const weft_op *op, int64_t answers, int64_t *elements)
{
    enum { RESULT = 2 * sizeof(double) / sizeof(float) }; /* numbers of a row */
    const weft_tensor *const y = &op->in[0];
    *elements = rows_of(y) * RESULT;
    if (count_of(&op->in[1]) != answers)
        return weft_cpu_mismatch(op, "results and answers", y->shape, op->in[1].shape);
    if (present(&op->out[1]) && count_of(&op->out[1]) != (int64_t)2 * WEFT_SLOTS)
        return weft_cpu_refuse(op, "the size of the slots", count_of(&op->out[1]), "64 x 2");
    return present(&op->out[0]) ? same_count(op, y, &op->out[0]) : WEFT_OK;
}

static weft_status check_softmax_xent(const weft_op *op, int64_t *elements)
{
    return check_loss(op, rows_of(&op->in[0]), elements);
}

static weft_status check_mse(const weft_op *op, int64_t *elements)
{
    return check_loss(op, count_of(&op->in[0]), elements);
}

static weft_status check_update(const weft_op *op, int64_t *elements)
{
    (void)elements;
    const weft_update *const with = &op->with.update;
    if (with->range_count < 0 || with->range_count > WEFT_MAX_RANGES)
        return weft_cpu_refuse(op, "the number of ranges", with->range_count, "0 to 4");
    for (int32_t r = 0; r < with->range_count; r++) {
        int64_t end = 0;
        bool fits = !weft_add_i64(with->range[r].first, with->range[r].count, &end);
        fits = fits && end <= count_of(&op->in[0]);
        for (int i = 0; i < WEFT_MAX_OUT; i++)
            fits = fits && (!present(&op->out[i]) || end <= count_of(&op->out[i]));
        if (!fits)
            return weft_cpu_refuse(op, "the end of a range", end, "ranges inside every tensor");
    }
    return WEFT_OK;
}

static weft_status check_inspect(const weft_op *op, int64_t *elements)
{
    (void)elements;
    const weft_tensor *const rows = &op->out[0];
    if (columns_of(rows) != WEFT_INSPECT_COLUMNS)
        return weft_cpu_refuse(op, "the width of a row", columns_of(rows), "5");
    if (rows_of(rows) <= count_of(&op->in[0])) return WEFT_OK;
    return weft_cpu_refuse(op, "the number of rows", rows_of(rows), "no more rows than elements");
}

/* ---- every op ---- */

/* What an op's tensors are, one letter each, a capital where it may be absent: f float, i int32,
 * u byte, x byte or float, t float or int32. add: the first output may be added to. */
typedef struct rule {
    weft_cpu_check check;
    const char *in, *out;
    bool add;
} rule;

static const rule rules[WEFT_OP_COUNT] = {
    [WEFT_OP_gather] = {check_gather, "xif", "f", false},
    [WEFT_OP_gather_rows] = {check_gather_rows, "ti", "t", false},
    [WEFT_OP_conv2d] = {weft_cpu_check_conv2d, "ffF", "f", false},
    [WEFT_OP_conv2d_data_grad] = {weft_cpu_check_conv2d_data_grad, "ff", "f", true},
    [WEFT_OP_conv2d_weight_grad] = {weft_cpu_check_conv2d_weight_grad, "ff", "f", false},
    [WEFT_OP_gemm] = {check_gemm, "ffF", "f", true},
    [WEFT_OP_sum_rows] = {check_sum_rows, "f", "f", false},
    [WEFT_OP_activation] = {check_activation, "f", "f", false},
    [WEFT_OP_activation_grad] = {check_activation_grad, "ff", "f", true},
    [WEFT_OP_maxpool] = {weft_cpu_check_maxpool, "f", "fU", false},
    [WEFT_OP_maxpool_grad] = {weft_cpu_check_maxpool_grad, "fu", "f", true},
    [WEFT_OP_avgpool] = {weft_cpu_check_avgpool, "f", "f", false},
    [WEFT_OP_avgpool_grad] = {weft_cpu_check_avgpool_grad, "f", "f", true},
    [WEFT_OP_batchnorm_stats] = {check_batchnorm_stats, "f", "FFFF", false},
    [WEFT_OP_batchnorm] = {check_batchnorm, "fffff", "f", false},
    [WEFT_OP_batchnorm_sums] = {check_batchnorm_sums, "ffff", "FF", false},
    [WEFT_OP_batchnorm_grad] = {check_batchnorm_grad, "fffFFFF", "f", true},
    [WEFT_OP_dropout] = {check_dropout, "f", "f", true},
    [WEFT_OP_copy] = {check_copy, "f", "f", true},
    [WEFT_OP_softmax_xent] = {check_softmax_xent, "fi", "FF", false},
    [WEFT_OP_mse] = {check_mse, "ff", "FF", false},
    [WEFT_OP_sgd] = {check_update, "f", "fF", false},
    [WEFT_OP_adam] = {check_update, "f", "fff", false},
    [WEFT_OP_inspect] = {check_inspect, "f", "f", false},
};

static bool allowed(char letter, weft_dtype dtype)
{
    switch (letter) {
    case 'i':
        return dtype == WEFT_I32;
    case 'u':
    case 'U':
        return dtype == WEFT_U8;
    case 'x':
        return dtype == WEFT_U8 || dtype == WEFT_F32;
    case 't':
        return dtype == WEFT_I32 || dtype == WEFT_F32;
    default:
        return dtype == WEFT_F32;
    }
}

static weft_status check_tensors(const weft_op *op, const char *letters, const weft_tensor *tensors,
                                 const char *side)
{
    const char *const name = weft_op_describe(op->kind)->name;
    for (int i = 0; letters[i] != 0; i++) {
        const weft_tensor *const tensor = &tensors[i];
        const bool optional = letters[i] >= 'A' && letters[i] <= 'Z';
        if (!present(tensor) && optional) continue;
        if (!present(tensor))
            return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: %s %d is missing", name, side, i);
        int64_t count = 0;
        if (weft_shape_check(tensor->shape, &count) != WEFT_OK)
            return weft_fail_in(WEFT_ERR_UNSUPPORTED, "%s: %s %d", name, side, i);
        if (!allowed(letters[i], tensor->dtype))
            return weft_fail(WEFT_ERR_UNSUPPORTED,
                             "%s: %s %d has data type %d, which it does not take", name, side, i,
                             (int)tensor->dtype);
    }
    return WEFT_OK;
}

weft_status weft_cpu_supports(const weft_op *op, size_t *scratch_bytes)
{
    int64_t elements = 0, bytes = 0;
    *scratch_bytes = 0;
    if ((unsigned)op->kind >= WEFT_OP_COUNT)
        return weft_fail(WEFT_ERR_UNSUPPORTED, "op %d: no op of this version", (int)op->kind);
    const rule *const rule_ = &rules[op->kind];
    WEFT_TRY(check_tensors(op, rule_->in, op->in, "input"));
    WEFT_TRY(check_tensors(op, rule_->out, op->out, "output"));
    if (op->mode[0] == WEFT_OUT_ADD && !rule_->add)
        return weft_cpu_refuse(op, "the mode", op->mode[0], "only outputs that are set");
    WEFT_TRY(rule_->check(op, &elements));
    if (weft_mul_i64(elements, sizeof(float), &bytes) || (uint64_t)bytes > SIZE_MAX)
        return weft_cpu_refuse(op, "the scratch", elements, "what the machine can address");
    *scratch_bytes = (size_t)bytes;
    return WEFT_OK;
}
