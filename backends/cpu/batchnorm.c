/* Batch normalisation over M rows of C channels.
 *
 *   xhat = (x - mean) * inv_std          y = gamma * xhat + beta
 *   dx = gamma * inv_std * (dy - dbeta / M - xhat * dgamma / M)
 */
#include <math.h>

#include "backends/cpu/ops.h"
#include "backends/cpu/scratch.h"

enum { BLOCK = WEFT_CPU_BLOCK };

/* The rows of one tile, in one block of channels. */
typedef struct span {
    int64_t at; /* of the first element */
    int64_t rows, columns;
    int64_t column, width;
    int64_t tile;
} span;

/* Block `unit` of the M x C rows, and how many of them there are. */
static int64_t span_count(const weft_tensor *x)
{
    return weft_tiles(weft_cpu_rows(x)) * weft_cpu_pieces(weft_cpu_columns(x), BLOCK);
}

static span span_of(const weft_tensor *x, int64_t unit)
{
    const int64_t columns = weft_cpu_columns(x), blocks = weft_cpu_pieces(columns, BLOCK);
    const int64_t tile = unit / blocks, column = unit % blocks * BLOCK;
    const int64_t row = tile * WEFT_TILE_ROWS;
    return (span){.at = row * columns + column,
                  .rows = weft_cpu_min(weft_cpu_rows(x) - row, WEFT_TILE_ROWS),
                  .columns = columns,
                  .column = column,
                  .width = weft_cpu_min(columns - column, BLOCK),
                  .tile = tile};
}

/* 1 / standard deviation of a channel, from what the op was given. */
static weft_real inverse(const weft_op *op, weft_real spread)
{
    if (!op->with.batchnorm.running) return spread;
    return REAL(1 / sqrt((double)spread + (double)op->with.batchnorm.eps));
}

/* ---- statistics ---- */

WEFT_ALWAYS_INLINE void tile_stats(const int64_t width, const weft_real *x, const span *at,
                                   weft_real *mean_out, weft_real *m2_out)
{
    weft_real mean[BLOCK] = {0}, m2[BLOCK] = {0};
    for (int64_t r = 0; r < at->rows; r++)
        for (int64_t j = 0; j < width; j++)
            mean[j] += x[r * at->columns + j];
    for (int64_t j = 0; j < width; j++)
        mean[j] /= (weft_real)at->rows;
    for (int64_t r = 0; r < at->rows; r++) {
        for (int64_t j = 0; j < width; j++) {
            const weft_real d = x[r * at->columns + j] - mean[j];
            m2[j] += d * d;
        }
    }
    for (int64_t j = 0; j < width; j++) {
        mean_out[j] = mean[j];
        m2_out[j] = m2[j];
    }
}

/* Merge the tiles of channels [column, column + width) by Chan's formula, in their order. */
static void merge_tiles(const weft_real *partial, int64_t rows, int64_t columns, int64_t column,
                        int64_t width, double *mean, double *m2)
{
    for (int64_t j = 0; j < width; j++)
        mean[j] = m2[j] = 0;
    for (int64_t t = 0; t < weft_tiles(rows); t++) {
        const double before = (double)(t * WEFT_TILE_ROWS);
        const double count = (double)weft_cpu_min(rows - t * WEFT_TILE_ROWS, WEFT_TILE_ROWS);
        const double weight = count / (before + count);
        const weft_real *const tile = partial + t * 2 * columns + column;
        for (int64_t j = 0; j < width; j++) {
            const double delta = (double)tile[j] - mean[j];
            mean[j] += delta * weight;
            m2[j] += (double)tile[columns + j] + delta * delta * before * weight;
        }
    }
}

/* running = (1 - momentum) * running + momentum * now */
static void advance(const weft_tensor *running, int64_t channel, float momentum, double now)
{
    weft_real *const at = weft_cpu_real(running);
    if (!at) return;
    at[channel] = REAL((1 - (double)momentum) * (double)at[channel] + (double)momentum * now);
}

static void finish_stats(const weft_op *op, int64_t column, int64_t width)
{
    const weft_batchnorm with = op->with.batchnorm;
    const int64_t rows = weft_cpu_rows(&op->in[0]), columns = weft_cpu_columns(&op->in[0]);
    weft_real *const mean = weft_cpu_real(&op->out[0]), *const inv = weft_cpu_real(&op->out[1]);
    double means[BLOCK], m2[BLOCK];
    merge_tiles(weft_cpu_scratch(op), rows, columns, column, width, means, m2);
    for (int64_t j = 0; j < width; j++) {
        const int64_t c = column + j;
        if (mean) mean[c] = REAL(means[j]);
        if (inv) inv[c] = REAL(1 / sqrt(m2[j] / (double)rows + (double)with.eps));
        advance(&op->out[2], c, with.momentum, means[j]);
        advance(&op->out[3], c, with.momentum, m2[j] / (double)weft_cpu_max(rows - 1, 1));
    }
}

WEFT_CPU_OP(batchnorm_stats)
{
    (void)values;
    const weft_tensor *const x = &op->in[0];
    weft_real *const partial = weft_cpu_scratch(op);
    const int64_t spans = span_count(x), columns = weft_cpu_columns(x);

    WEFT_PARALLEL(threads)
    for (int64_t unit = 0; unit < spans; unit++) {
        const span at = span_of(x, unit);
        weft_real *const out = partial + at.tile * 2 * columns + at.column;
        WEFT_CPU_BY_WIDTH(tile_stats, at.width, weft_cpu_real(x) + at.at, &at, out, out + columns);
    }
    const int64_t blocks = weft_cpu_pieces(columns, BLOCK);
    WEFT_PARALLEL(threads)
    for (int64_t b = 0; b < blocks; b++)
        finish_stats(op, b * BLOCK, weft_cpu_min(columns - b * BLOCK, BLOCK));
}

/* ---- forward ---- */

WEFT_ALWAYS_INLINE void normalise(const int64_t width, const span *at, const weft_real *x,
                                  const weft_real *mean, const weft_real *scale,
                                  const weft_real *beta, weft_real *y)
{
    for (int64_t r = 0; r < at->rows; r++)
        for (int64_t j = 0; j < width; j++)
            y[r * at->columns + j] = (x[r * at->columns + j] - mean[j]) * scale[j] + beta[j];
}

WEFT_CPU_OP(batchnorm)
{
    (void)values;
    const weft_tensor *const x = &op->in[0];
    const weft_real *const mean = weft_cpu_real(&op->in[1]), *const spread =
                                                                 weft_cpu_real(&op->in[2]);
    const weft_real *const gamma = weft_cpu_real(&op->in[3]), *const beta =
                                                                  weft_cpu_real(&op->in[4]);
    const int64_t spans = span_count(x);

    WEFT_PARALLEL(threads)
    for (int64_t unit = 0; unit < spans; unit++) {
        const span at = span_of(x, unit);
        weft_real m[BLOCK], scale[BLOCK], shift[BLOCK];
        for (int64_t j = 0; j < at.width; j++) {
            const int64_t c = at.column + j;
            m[j] = mean[c];
            scale[j] = gamma[c] * inverse(op, spread[c]);
            shift[j] = beta[c];
        }
        WEFT_CPU_BY_WIDTH(normalise, at.width, &at, weft_cpu_real(x) + at.at, m, scale, shift,
                          weft_cpu_real(&op->out[0]) + at.at);
    }
}

/* ---- backward ---- */

WEFT_ALWAYS_INLINE void tile_sums(const int64_t width, const span *at, const weft_real *x,
                                  const weft_real *dy, const weft_real *mean,
                                  weft_real *product_out, weft_real *sum_out)
{
    weft_real sum[BLOCK] = {0}, product[BLOCK] = {0}, m[BLOCK];
    for (int64_t j = 0; j < width; j++)
        m[j] = mean[j];
    for (int64_t r = 0; r < at->rows; r++) {
        for (int64_t j = 0; j < width; j++) {
            const weft_real g = dy[r * at->columns + j];
            sum[j] += g;
            product[j] += g * (x[r * at->columns + j] - m[j]);
        }
    }
    for (int64_t j = 0; j < width; j++) {
        product_out[j] = product[j];
        sum_out[j] = sum[j];
    }
}

/* Sum of the tiles of one channel, in their order. */
static double sum_tiles(const weft_real *partial, int64_t tiles, int64_t columns)
{
    double sum = 0;
    for (int64_t t = 0; t < tiles; t++)
        sum += (double)partial[t * 2 * columns];
    return sum;
}

WEFT_CPU_OP(batchnorm_sums)
{
    (void)values;
    const weft_tensor *const x = &op->in[0];
    const weft_real *const mean = weft_cpu_real(&op->in[1]), *const spread =
                                                                 weft_cpu_real(&op->in[2]);
    weft_real *const dgamma = weft_cpu_real(&op->out[0]), *const dbeta = weft_cpu_real(&op->out[1]);
    weft_real *const partial = weft_cpu_scratch(op);
    const int64_t spans = span_count(x), columns = weft_cpu_columns(x);
    const int64_t tiles = weft_tiles(weft_cpu_rows(x));

    WEFT_PARALLEL(threads)
    for (int64_t unit = 0; unit < spans; unit++) {
        const span at = span_of(x, unit);
        weft_real *const out = partial + at.tile * 2 * columns + at.column;
        WEFT_CPU_BY_WIDTH(tile_sums, at.width, &at, weft_cpu_real(x) + at.at,
                          weft_cpu_real(&op->in[3]) + at.at, mean + at.column, out, out + columns);
    }
    WEFT_PARALLEL(threads)
    for (int64_t c = 0; c < columns; c++) {
        const double scale = (double)inverse(op, spread[c]);
        if (dgamma) dgamma[c] = REAL(sum_tiles(partial + c, tiles, columns) * scale);
        if (dbeta) dbeta[c] = REAL(sum_tiles(partial + columns + c, tiles, columns));
    }
}

/* dx = or += scale * (dy - level - (x - mean) * slope) */
typedef struct grad_channels {
    weft_real scale[BLOCK], level[BLOCK], slope[BLOCK], mean[BLOCK];
} grad_channels;

static grad_channels grad_of(const weft_op *op, const span *at)
{
    grad_channels of = {{0}, {0}, {0}, {0}};
    const weft_real *const spread = weft_cpu_real(&op->in[1]), *const gamma =
                                                                   weft_cpu_real(&op->in[2]);
    const weft_real *const mean = weft_cpu_real(&op->in[4]), *const dgamma =
                                                                 weft_cpu_real(&op->in[5]);
    const weft_real *const dbeta = weft_cpu_real(&op->in[6]);
    const weft_real rows = (weft_real)weft_cpu_rows(&op->in[0]);
    for (int64_t j = 0; j < at->width; j++) {
        const int64_t c = at->column + j;
        const weft_real inv = inverse(op, spread[c]);
        of.scale[j] = gamma[c] * inv;
        if (op->with.batchnorm.running) continue;
        of.level[j] = dbeta[c] / rows;
        of.slope[j] = inv * dgamma[c] / rows;
        of.mean[j] = mean[c];
    }
    return of;
}

WEFT_ALWAYS_INLINE void grad_batch(const int64_t width, const span *at, const bool add,
                                   const grad_channels *of, const weft_real *dy, const weft_real *x,
                                   weft_real *dx)
{
    for (int64_t r = 0; r < at->rows; r++) {
        for (int64_t j = 0; j < width; j++) {
            const int64_t i = r * at->columns + j;
            const weft_real g =
                of->scale[j] * (dy[i] - of->level[j] - (x[i] - of->mean[j]) * of->slope[j]);
            dx[i] = add ? dx[i] + g : g;
        }
    }
}

WEFT_ALWAYS_INLINE void grad_running(const int64_t width, const span *at, const bool add,
                                     const grad_channels *of, const weft_real *dy, weft_real *dx)
{
    for (int64_t r = 0; r < at->rows; r++) {
        for (int64_t j = 0; j < width; j++) {
            const int64_t i = r * at->columns + j;
            dx[i] = (add ? dx[i] : 0) + of->scale[j] * dy[i];
        }
    }
}

WEFT_CPU_OP(batchnorm_grad)
{
    (void)values;
    const weft_tensor *const dy = &op->in[0];
    const weft_real *const x = weft_cpu_real(&op->in[3]);
    weft_real *const dx = weft_cpu_real(&op->out[0]);
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    const int64_t spans = span_count(dy);

    WEFT_PARALLEL(threads)
    for (int64_t unit = 0; unit < spans; unit++) {
        const span at = span_of(dy, unit);
        const grad_channels of = grad_of(op, &at);
        const weft_real *const g = weft_cpu_real(dy) + at.at;
        if (op->with.batchnorm.running)
            WEFT_CPU_BY_WIDTH(grad_running, at.width, &at, add, &of, g, dx + at.at);
        else
            WEFT_CPU_BY_WIDTH(grad_batch, at.width, &at, add, &of, g, x + at.at, dx + at.at);
    }
}
