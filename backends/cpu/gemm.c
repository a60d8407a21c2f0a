/* Dense products: c (m x n) = op(a) op(b) + bias. */
#include "backends/cpu/matmul.h"
#include "backends/cpu/scratch.h"

/* A matrix as it is stored. */
typedef struct stored {
    const weft_real *data;
    int64_t columns;
} stored;

static void pack_stored(const void *source, int64_t row, int64_t count, int64_t from, int64_t to,
                        weft_real *out)
{
    const stored *const a = source;
    for (int64_t i = 0; i < count; i++)
        memcpy(out + i * WEFT_PACK_STEP, a->data + (row + i) * a->columns + from,
               (size_t)(to - from) * sizeof *out);
}

/* c += bias, after a product that could not start from it. */
static void add_bias(const weft_op *op, int threads)
{
    const int64_t m = op->with.gemm.m, n = op->with.gemm.n;
    const weft_real *const bias = weft_cpu_real(&op->in[2]);
    weft_real *const c = weft_cpu_real(&op->out[0]);
    WEFT_PARALLEL(threads)
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            c[i * n + j] += bias[j];
}

WEFT_CPU_OP(gemm)
{
    (void)values;
    const weft_gemm with = op->with.gemm;
    const stored source = {weft_cpu_real(&op->in[0]), with.trans_a ? with.m : with.k};
    const weft_matmul job = {.rows = with.trans_a ? with.k : with.m,
                             .depth = with.trans_a ? with.m : with.k,
                             .columns = with.n,
                             .pack = pack_stored,
                             .source = &source,
                             .b = weft_cpu_real(&op->in[1]),
                             .b_row = with.trans_b ? 1 : with.n,
                             .b_column = with.trans_b ? with.k : 1,
                             .c = weft_cpu_real(&op->out[0]),
                             .bias = with.trans_a ? NULL : weft_cpu_real(&op->in[2]),
                             .add = op->mode[0] == WEFT_OUT_ADD,
                             .scratch = weft_cpu_scratch(op)};
    if (!with.trans_a) {
        weft_cpu_pack_panels(&job, 0, job.depth, threads);
        weft_cpu_multiply(&job, threads);
        return;
    }
    weft_cpu_multiply_transposed(&job, weft_slices(with.k, (int64_t)with.m * with.n), threads);
    if (op->in[2].shape.rank > 0) add_bias(op, threads);
}
