/* Losses: per-row values into scratch, then their sum in row order, in double.
 *
 * The result goes to slot step % WEFT_SLOTS: {sum of the rows' losses, rows that are right}. */
#include <math.h>

#include "backends/cpu/ops.h"

typedef struct row_result {
    double loss, correct;
} row_result;

static row_result *results_of(const weft_op *op)
{
    return (row_result *)(void *)weft_cpu_scratch(op);
}

static void put_slot(const weft_op *op, const weft_values *values, int64_t rows)
{
    const row_result *const results = results_of(op);
    weft_real *const slot = weft_cpu_real(&op->out[1]);
    if (!slot) return;
    double loss = 0, correct = 0;
    for (int64_t r = 0; r < rows; r++) {
        loss += results[r].loss;
        correct += results[r].correct;
    }
    const uint64_t at = values->step % WEFT_SLOTS * 2;
    slot[at] = REAL(loss);
    slot[at + 1] = REAL(correct);
}

/* Place of the first maximum; -1 when a logit is not a number. */
static int64_t first_maximum(const weft_real *logits, int64_t classes)
{
    int64_t best = 0;
    for (int64_t t = 0; t < classes; t++) {
        if (logits[t] != logits[t]) return -1;
        if (logits[t] > logits[best]) best = t;
    }
    return best;
}

/* ln(sum of exp(logit)), by the row's maximum. A NaN or a row of infinities gives NaN. */
static double log_sum_exp(const weft_real *logits, int64_t classes)
{
    double maximum = (double)logits[0], sum = 0;
    for (int64_t t = 1; t < classes; t++)
        if ((double)logits[t] > maximum) maximum = (double)logits[t];
    for (int64_t t = 0; t < classes; t++)
        sum += exp((double)logits[t] - maximum);
    /* cppcheck-suppress invalidFunctionArg ; the largest logit alone adds 1 to the sum */
    return maximum + log(sum);
}

/* A class beyond the row's gives NaN: wrong data must not pass unseen. */
static row_result cross_entropy(const weft_op *op, double scale, const weft_real *logits,
                                int32_t class, int64_t classes, weft_real *dlogits)
{
    const double smoothing = (double)op->with.loss.label_smoothing;
    const double low = smoothing / (double)classes, high = 1 - smoothing + low;
    const bool known = class >= 0 && class < classes;
    const double lse = known ? log_sum_exp(logits, classes) : (double)NAN;
    double expected = 0; /* sum of target * logit */
    for (int64_t t = 0; t < classes; t++) {
        const double target = t == class ? high : low;
        if (target > 0) expected += target * (double)logits[t];
        if (dlogits) dlogits[t] = REAL((exp((double)logits[t] - lse) - target) * scale);
    }
    return (row_result){lse - expected, known && first_maximum(logits, classes) == class};
}

WEFT_CPU_OP(softmax_xent)
{
    const int64_t rows = weft_cpu_rows(&op->in[0]), classes = weft_cpu_columns(&op->in[0]);
    const weft_real *const logits = weft_cpu_real(&op->in[0]);
    const int32_t *const class = weft_cpu_i32(&op->in[1]);
    weft_real *const dlogits = weft_cpu_real(&op->out[0]);
    row_result *const results = results_of(op);
    WEFT_PARALLEL(threads)
    for (int64_t r = 0; r < rows; r++)
        results[r] = cross_entropy(op, (double)values->loss_scale, logits + r * classes, class[r],
                                   classes, dlogits ? dlogits + r * classes : NULL);
    put_slot(op, values, rows);
}

WEFT_CPU_OP(mse)
{
    const int64_t rows = weft_cpu_rows(&op->in[0]), columns = weft_cpu_columns(&op->in[0]);
    const weft_real *const y = weft_cpu_real(&op->in[0]), *const t = weft_cpu_real(&op->in[1]);
    weft_real *const dy = weft_cpu_real(&op->out[0]);
    row_result *const results = results_of(op);
    const double scale = 2 * (double)values->loss_scale / (double)columns;
    WEFT_PARALLEL(threads)
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t i = r * columns; i < (r + 1) * columns; i++) {
            const double error = (double)y[i] - (double)t[i];
            sum += error * error;
            if (dy) dy[i] = REAL(error * scale);
        }
        results[r] = (row_result){sum / (double)columns, 0};
    }
    put_slot(op, values, rows);
}
