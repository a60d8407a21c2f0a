/* Pooling over windows of H x W, channels in the inner loop.
 *
 * The gradients run over input pixels and collect from the windows that cover them, so that every
 * pixel is written once. */
#include "backends/cpu/ops.h"

enum { BLOCK = WEFT_CPU_BLOCK };

typedef struct pool {
    int64_t height, width, channels; /* of the input */
    int64_t rows, columns;           /* of the output: P, Q */
    int64_t kernel[2], stride[2], pad[2];
} pool;

static pool pool_of(const weft_op *op, const weft_tensor *x, const weft_tensor *y)
{
    const weft_window *const with = &op->with.window;
    return (pool){.height = x->shape.dim[1],
                  .width = x->shape.dim[2],
                  .channels = x->shape.dim[3],
                  .rows = y->shape.dim[1],
                  .columns = y->shape.dim[2],
                  .kernel = {with->kernel[0], with->kernel[1]},
                  .stride = {with->stride[0], with->stride[1]},
                  .pad = {with->pad[0], with->pad[1]}};
}

/* A half-open stretch. */
typedef struct range {
    int64_t from, to;
} range;

/* The taps of a window at place `at` (of P or Q) that lie inside an axis of `extent` pixels. */
static inline range taps_of(const pool *with, int axis, int64_t at, int64_t extent)
{
    const int64_t first = at * with->stride[axis] - with->pad[axis];
    return (range){weft_cpu_max(-first, 0), weft_cpu_min(with->kernel[axis], extent - first)};
}

/* The places whose windows cover pixel `at`, of `places`. */
static inline range places_of(const pool *with, int axis, int64_t at, int64_t places)
{
    const int64_t last = at + with->pad[axis], first = last - with->kernel[axis] + 1;
    const int64_t step = with->stride[axis];
    return (range){first > 0 ? (first + step - 1) / step : 0,
                   weft_cpu_min(last / step + 1, places)};
}

/* ---- the walk over windows, with the work on `width` channels of one put in ---- */

/* x stands at the window's first tap inside the input; r and s are its taps there. */
typedef void window_work(int64_t width, const pool *with, range r, range s, const weft_real *x,
                         weft_real *y, uint8_t *where);

WEFT_ALWAYS_INLINE void each_window(const pool *with, int64_t line, const weft_real *x,
                                    weft_real *y, uint8_t *where, window_work *work)
{
    const int64_t n = line / with->rows, p = line % with->rows;
    const range r = taps_of(with, 0, p, with->height);
    const int64_t h = n * with->height + p * with->stride[0] - with->pad[0] + r.from;
    for (int64_t q = 0; q < with->columns; q++) {
        const range s = taps_of(with, 1, q, with->width);
        const int64_t w = q * with->stride[1] - with->pad[1] + s.from;
        for (int64_t c = 0; c < with->channels; c += BLOCK) {
            const int64_t width = weft_cpu_min(with->channels - c, BLOCK);
            const int64_t at = (line * with->columns + q) * with->channels + c;
            WEFT_CPU_BY_WIDTH(work, width, with, r, s,
                              x + ((h * with->width + w) * with->channels + c), y + at,
                              where ? where + at : NULL);
        }
    }
}

/* ---- maximum ---- */

/* One window's taps for `width` channels. */
WEFT_ALWAYS_INLINE void max_window(const int64_t width, const pool *with, range r, range s,
                                   const weft_real *x, weft_real *y, uint8_t *where)
{
    weft_real best[BLOCK];
    int32_t place[BLOCK];
    for (int64_t j = 0; j < width; j++) {
        best[j] = x[j];
        place[j] = (int32_t)(r.from * with->kernel[1] + s.from);
    }
    for (int64_t h = r.from; h < r.to; h++) {
        for (int64_t w = s.from; w < s.to; w++) {
            const int64_t at = ((h - r.from) * with->width + w - s.from) * with->channels;
            const int32_t tap = (int32_t)(h * with->kernel[1] + w);
            for (int64_t j = 0; j < width; j++) {
                const weft_real v = x[at + j];
                /* A NaN beats every number and is beaten by nothing. */
                const bool take = (!(v <= best[j])) & (best[j] == best[j]);
                best[j] = take ? v : best[j];
                place[j] = take ? tap : place[j];
            }
        }
    }
    for (int64_t j = 0; j < width; j++)
        y[j] = best[j];
    if (!where) return;
    for (int64_t j = 0; j < width; j++)
        where[j] = (uint8_t)place[j];
}

WEFT_CPU_OP(maxpool)
{
    (void)values;
    const weft_tensor *const x = &op->in[0], *const y = &op->out[0];
    const pool with = pool_of(op, x, y);
    const int64_t lines = y->shape.dim[0] * with.rows;
    uint8_t *const where = weft_cpu_u8(&op->out[1]);

    WEFT_PARALLEL(threads)
    for (int64_t line = 0; line < lines; line++)
        each_window(&with, line, weft_cpu_real(x), weft_cpu_real(y), where, max_window);
}

/* dx of one pixel: the dy of those windows that point at it. The loops that compare run over a
 * whole block, whatever `width` is: the compiler would compare a few channels one by one. */
WEFT_ALWAYS_INLINE void max_pixel(const int64_t width, const pool *with, int64_t h, int64_t w,
                                  const bool add, const weft_real *dy, const uint8_t *where,
                                  weft_real *dx)
{
    const range p = places_of(with, 0, h, with->rows), q = places_of(with, 1, w, with->columns);
    const size_t bytes = (size_t)width * sizeof *dx;
    weft_real sum[BLOCK] = {0}, now[BLOCK] = {0};
    uint8_t place[BLOCK] = {0};
    if (add) memcpy(sum, dx, bytes);
    for (int64_t i = p.from; i < p.to; i++) {
        for (int64_t k = q.from; k < q.to; k++) {
            const int64_t at = (i * with->columns + k) * with->channels;
            const int64_t tap = (h + with->pad[0] - i * with->stride[0]) * with->kernel[1] + w +
                                with->pad[1] - k * with->stride[1];
            memcpy(now, dy + at, bytes);
            memcpy(place, where + at, (size_t)width);
            for (int64_t j = 0; j < BLOCK; j++)
                sum[j] += place[j] == (uint8_t)tap ? now[j] : 0;
        }
    }
    memcpy(dx, sum, bytes);
}

WEFT_CPU_OP(maxpool_grad)
{
    (void)values;
    const weft_tensor *const dy = &op->in[0], *const dx = &op->out[0];
    const pool with = pool_of(op, dx, dy);
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    const int64_t lines = dx->shape.dim[0] * with.height;
    const int64_t image = with.rows * with.columns * with.channels;

    WEFT_PARALLEL(threads)
    for (int64_t line = 0; line < lines; line++) {
        const int64_t n = line / with.height, h = line % with.height;
        for (int64_t w = 0; w < with.width; w++) {
            for (int64_t c = 0; c < with.channels; c += BLOCK) {
                const int64_t width = weft_cpu_min(with.channels - c, BLOCK);
                const int64_t at = (line * with.width + w) * with.channels + c;
                WEFT_CPU_BY_WIDTH(max_pixel, width, &with, h, w, add,
                                  weft_cpu_real(dy) + n * image + c,
                                  weft_cpu_u8(&op->in[1]) + n * image + c, weft_cpu_real(dx) + at);
            }
        }
    }
}

/* ---- mean ---- */

WEFT_ALWAYS_INLINE void mean_window(const int64_t width, const pool *with, range r, range s,
                                    const weft_real *x, weft_real *y, uint8_t *where)
{
    (void)where;
    weft_real sum[BLOCK] = {0};
    for (int64_t h = 0; h < r.to - r.from; h++) {
        for (int64_t w = 0; w < s.to - s.from; w++) {
            const int64_t at = (h * with->width + w) * with->channels;
            for (int64_t j = 0; j < width; j++)
                sum[j] += x[at + j];
        }
    }
    const weft_real count = (weft_real)(with->kernel[0] * with->kernel[1]);
    for (int64_t j = 0; j < width; j++)
        y[j] = sum[j] / count;
}

WEFT_CPU_OP(avgpool)
{
    (void)values;
    const weft_tensor *const x = &op->in[0], *const y = &op->out[0];
    const pool with = pool_of(op, x, y);
    const int64_t lines = y->shape.dim[0] * with.rows;

    WEFT_PARALLEL(threads)
    for (int64_t line = 0; line < lines; line++)
        each_window(&with, line, weft_cpu_real(x), weft_cpu_real(y), NULL, mean_window);
}

/* dx of one pixel: the sum of dy over the windows that cover it, divided by R S. */
WEFT_ALWAYS_INLINE void mean_pixel(const int64_t width, const pool *with, range p, range q,
                                   const bool add, const weft_real *dy, weft_real *dx)
{
    weft_real sum[BLOCK] = {0};
    for (int64_t i = p.from; i < p.to; i++) {
        for (int64_t k = q.from; k < q.to; k++) {
            const weft_real *const from = dy + (i * with->columns + k) * with->channels;
            for (int64_t j = 0; j < width; j++)
                sum[j] += from[j];
        }
    }
    const weft_real count = (weft_real)(with->kernel[0] * with->kernel[1]);
    for (int64_t j = 0; j < width; j++)
        dx[j] = (add ? dx[j] : 0) + sum[j] / count;
}

WEFT_CPU_OP(avgpool_grad)
{
    (void)values;
    const weft_tensor *const dy = &op->in[0], *const dx = &op->out[0];
    const pool with = pool_of(op, dx, dy);
    const bool add = op->mode[0] == WEFT_OUT_ADD;
    const int64_t lines = dx->shape.dim[0] * with.height;
    const int64_t image = with.rows * with.columns * with.channels;

    WEFT_PARALLEL(threads)
    for (int64_t line = 0; line < lines; line++) {
        const int64_t n = line / with.height, h = line % with.height;
        const range p = places_of(&with, 0, h, with.rows);
        for (int64_t w = 0; w < with.width; w++) {
            const range q = places_of(&with, 1, w, with.columns);
            for (int64_t c = 0; c < with.channels; c += BLOCK) {
                const int64_t width = weft_cpu_min(with.channels - c, BLOCK);
                WEFT_CPU_BY_WIDTH(mean_pixel, width, &with, p, q, add,
                                  weft_cpu_real(dy) + n * image + c,
                                  weft_cpu_real(dx) + (line * with.width + w) * with.channels + c);
            }
        }
    }
}
