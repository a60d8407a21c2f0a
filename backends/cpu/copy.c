/* Copies, with and without dropout. */
#include "backends/cpu/ops.h"
#include "core/rng.h"

WEFT_CPU_OP(copy)
{
    (void)values;
    const weft_real *const x = weft_cpu_real(&op->in[0]);
    weft_real *const y = weft_cpu_real(&op->out[0]);
    const int64_t count = weft_shape_count(op->in[0].shape);
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    WEFT_PARALLEL(threads)
    for (int64_t at = 0; at < count; at += WEFT_CPU_PIECE) {
        const int64_t end = weft_cpu_min(count, at + WEFT_CPU_PIECE);
        for (int64_t i = at; i < end; i++)
            y[i] = add ? y[i] + x[i] : x[i];
    }
}

/* Elements [from, to) of one row; from is a multiple of 4, the numbers that one draw gives. */
static void drop(const weft_op *op, const weft_values *values, int64_t row, int64_t from,
                 int64_t to)
{
    const weft_dropout with = op->with.dropout;
    const int64_t width = weft_shape_count(op->in[0].shape) / op->in[0].shape.dim[0];
    const weft_real *const x = weft_cpu_real(&op->in[0]) + row * width;
    weft_real *const y = weft_cpu_real(&op->out[0]) + row * width;
    const uint32_t threshold = weft_rate_threshold(with.rate);
    const uint32_t key[2] = {(uint32_t)with.seed, (uint32_t)(with.seed >> 32)};
    const weft_real scale = 1 / (1 - REAL(with.rate));
    const bool add = op->mode[0] == WEFT_OUT_ADD;

    for (int64_t at = from; at < to; at += 4) {
        const uint32_t counter[4] = {(uint32_t)(at / 4), values->row0 + (uint32_t)row,
                                     (uint32_t)values->step,
                                     (uint32_t)WEFT_RNG_DROPOUT << 24 | (uint32_t)with.layer};
        const weft_words words = weft_philox(counter, key);
        for (int64_t i = at; i < weft_cpu_min(at + 4, to); i++) {
            const weft_real kept = words.word[i - at] < threshold ? 0 : x[i] * scale;
            y[i] = add ? y[i] + kept : kept;
        }
    }
}

WEFT_CPU_OP(dropout)
{
    enum { PIECE = 4096 };
    const int64_t rows = op->in[0].shape.dim[0];
    const int64_t width = weft_shape_count(op->in[0].shape) / rows;
    const int64_t pieces = weft_cpu_pieces(width, PIECE);
    WEFT_PARALLEL(threads)
    for (int64_t unit = 0; unit < rows * pieces; unit++) {
        const int64_t from = unit % pieces * PIECE;
        drop(op, values, unit / pieces, from, weft_cpu_min(from + PIECE, width));
    }
}
