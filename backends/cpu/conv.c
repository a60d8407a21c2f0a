/* Convolution and its gradients as matrix products whose left matrix is packed on the way.
 *
 *   x: N x H x W x C     w: R x S x C x K     y: N x P x Q x K
 *
 *   y  = A w           A (NPQ x RSC): the pixels of x under each window, zeros outside
 *   dw = A^T dy
 *   dx = D w'          D (NHW x RSK): the pixels of dy that an input pixel reached; w' (RSK x C) is
 *                      w with r, s turned round and C, K swapped
 */
#include "backends/cpu/matmul.h"
#include "backends/cpu/scratch.h"

/* Windows over an image (height x width x depth numbers a pixel): row (n, p, q) of the matrix is
 * the window at down * p - top, right * q - left. `spread` > 1 puts that many pixels between those
 * of the image, the others being zero: how a strided convolution is turned round. */
typedef struct windows {
    const weft_real *image;
    int64_t height, width, depth;
    int64_t rows, columns; /* places of the window: P, Q */
    int64_t kernel_width;  /* S */
    int64_t down, right, top, left;
    int64_t spread_down, spread_right;
} windows;

static inline void put_zeros(weft_real *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = 0;
}

/* Runs of one or three numbers are common: the first layer of a grey image. */
static inline void put_copy(weft_real *out, const weft_real *from, int64_t count)
{
    enum { SHORT = 8 };
    if (count >= SHORT)
        memcpy(out, from, (size_t)count * sizeof *out);
    else
        for (int64_t i = 0; i < count; i++)
            out[i] = from[i];
}

/* Elements [from, to) of the S x depth numbers of one kernel row, at image row h, first column w.
 */
static inline void pack_run(const windows *a, const weft_real *image, int64_t h, int64_t w,
                            int64_t from, int64_t to, weft_real *out)
{
    if (h < 0 || h >= a->height) {
        put_zeros(out, to - from);
        return;
    }
    const int64_t first = -w * a->depth, end = (a->width - w) * a->depth;
    const int64_t row = (h * a->width + w) * a->depth;
    if (first <= from && to <= end) {
        put_copy(out, image + (row + from), to - from);
        return;
    }
    const int64_t left = weft_cpu_min(weft_cpu_max(first, from), to);
    const int64_t right = weft_cpu_max(weft_cpu_min(end, to), left);
    put_zeros(out, left - from);
    put_copy(out + (left - from), image + (row + left), right - left);
    put_zeros(out + (right - from), to - right);
}

/* The same when the image's pixels are spread. */
static void pack_spread(const windows *a, const weft_real *image, int64_t h, int64_t w,
                        int64_t from, int64_t to, weft_real *out)
{
    const bool inside = h >= 0 && h % a->spread_down == 0 && h / a->spread_down < a->height;
    for (int64_t at = from, end; at < to; at = end) {
        const int64_t s = at / a->depth, v = w + s;
        end = weft_cpu_min((s + 1) * a->depth, to);
        if (inside && v >= 0 && v % a->spread_right == 0 && v / a->spread_right < a->width) {
            const int64_t pixel = h / a->spread_down * a->width + v / a->spread_right;
            put_copy(out + (at - from), image + (pixel * a->depth + at - s * a->depth), end - at);
        } else {
            put_zeros(out + (at - from), end - at);
        }
    }
}

static void pack_windows(const void *source, int64_t row, int64_t count, int64_t from, int64_t to,
                         weft_real *out)
{
    const windows *const a = source;
    const int64_t run = a->kernel_width * a->depth, image_size = a->height * a->width * a->depth;
    const bool spread = a->spread_down > 1 || a->spread_right > 1;
    int64_t q = row % a->columns, p = row / a->columns % a->rows;
    const weft_real *image = a->image + row / (a->columns * a->rows) * image_size;
    for (int64_t i = 0; i < count; i++, out += WEFT_PACK_STEP) {
        const int64_t w = q * a->right - a->left;
        for (int64_t at = from, r = from / run; at < to; r++) {
            const int64_t end = weft_cpu_min((r + 1) * run, to), h = p * a->down - a->top + r;
            (spread ? pack_spread : pack_run)(a, image, h, w, at - r * run, end - r * run,
                                              out + (at - from));
            at = end;
        }
        if (++q < a->columns) continue;
        q = 0;
        if (++p < a->rows) continue;
        p = 0;
        image += image_size;
    }
}

/* The windows of a convolution over x that gives y. */
static windows windows_of(const weft_op *op, const weft_tensor *x, const weft_tensor *y)
{
    const weft_window *const window = &op->with.window;
    return (windows){.image = weft_cpu_real(x),
                     .height = x->shape.dim[1],
                     .width = x->shape.dim[2],
                     .depth = x->shape.dim[3],
                     .rows = y->shape.dim[1],
                     .columns = y->shape.dim[2],
                     .kernel_width = window->kernel[1],
                     .down = window->stride[0],
                     .right = window->stride[1],
                     .top = window->pad[0],
                     .left = window->pad[1],
                     .spread_down = 1,
                     .spread_right = 1};
}

WEFT_CPU_OP(conv2d)
{
    (void)values;
    const weft_tensor *const x = &op->in[0], *const w = &op->in[1], *const y = &op->out[0];
    const windows source = windows_of(op, x, y);
    const weft_matmul job = {.rows = weft_cpu_rows(y),
                             .depth = weft_cpu_rows(w),
                             .columns = weft_cpu_columns(y),
                             .pack = pack_windows,
                             .source = &source,
                             .b = weft_cpu_real(w),
                             .b_row = weft_cpu_columns(w),
                             .b_column = 1,
                             .c = weft_cpu_real(y),
                             .bias = weft_cpu_real(&op->in[2]),
                             .scratch = weft_cpu_scratch(op)};
    weft_cpu_pack_panels(&job, 0, job.depth, threads);
    weft_cpu_multiply(&job, threads);
}

WEFT_CPU_OP(conv2d_weight_grad)
{
    (void)values;
    const weft_tensor *const x = &op->in[0], *const dy = &op->in[1], *const dw = &op->out[0];
    const windows source = windows_of(op, x, dy);
    const weft_matmul job = {.rows = weft_cpu_rows(dy),
                             .depth = weft_cpu_rows(dw),
                             .columns = weft_cpu_columns(dy),
                             .pack = pack_windows,
                             .source = &source,
                             .b = weft_cpu_real(dy),
                             .b_row = weft_cpu_columns(dy),
                             .b_column = 1,
                             .c = weft_cpu_real(dw),
                             .scratch = weft_cpu_scratch(op)};
    weft_cpu_multiply_transposed(&job, weft_slices(job.rows, job.depth * job.columns), threads);
}

/* w' to panels: its rows (r, s, k) are those of w in reverse order of (r, s). */
static void pack_turned(weft_matmul *job, const weft_tensor *w, int threads)
{
    const int64_t c = w->shape.dim[2], k = w->shape.dim[3];
    const int64_t taps = (int64_t)w->shape.dim[0] * w->shape.dim[1];
    job->b_row = 1;
    job->b_column = k;
    for (int64_t tap = 0; tap < taps; tap++) {
        job->b = weft_cpu_real(w) + (taps - 1 - tap) * c * k;
        weft_cpu_pack_panels(job, tap * k, (tap + 1) * k, threads);
    }
}

WEFT_CPU_OP(conv2d_data_grad)
{
    (void)values;
    const weft_tensor *const dy = &op->in[0], *const w = &op->in[1], *const dx = &op->out[0];
    const weft_window *const window = &op->with.window;
    const windows source = {.image = weft_cpu_real(dy),
                            .height = dy->shape.dim[1],
                            .width = dy->shape.dim[2],
                            .depth = dy->shape.dim[3],
                            .rows = dx->shape.dim[1],
                            .columns = dx->shape.dim[2],
                            .kernel_width = window->kernel[1],
                            .down = 1,
                            .right = 1,
                            .top = window->kernel[0] - 1 - window->pad[0],
                            .left = window->kernel[1] - 1 - window->pad[1],
                            .spread_down = window->stride[0],
                            .spread_right = window->stride[1]};
    weft_matmul job = {.rows = weft_cpu_rows(dx),
                       .depth = (int64_t)w->shape.dim[0] * w->shape.dim[1] * w->shape.dim[3],
                       .columns = weft_cpu_columns(dx),
                       .pack = pack_windows,
                       .source = &source,
                       .c = weft_cpu_real(dx),
                       .add = op->mode[0] == WEFT_OUT_ADD,
                       .scratch = weft_cpu_scratch(op)};
    pack_turned(&job, w, threads);
    weft_cpu_multiply(&job, threads);
}
