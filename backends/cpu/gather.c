/* Rows of the data set by a list of indices, augmented and normalised. */
#include <math.h>

#include "backends/cpu/ops.h"
#include "core/rng.h"

/* What augmentation does to one sample. */
typedef struct change {
    int64_t down, right;
    bool flip;
    int64_t top, left, height, width; /* the erased rectangle; height 0: none */
} change;

/* Draws 4 to 7: a rectangle of 1/8 to 1/2 of the image each way, anywhere inside. */
static void draw_rectangle(const uint32_t *word, int64_t height, int64_t width, change *out)
{
    const int64_t low_h = weft_cpu_max(height / 8, 1), high_h = weft_cpu_max(height / 2, low_h);
    const int64_t low_w = weft_cpu_max(width / 8, 1), high_w = weft_cpu_max(width / 2, low_w);
    out->height = low_h + word[0] % (high_h - low_h + 1);
    out->width = low_w + word[1] % (high_w - low_w + 1);
    out->top = word[2] % (height - out->height + 1);
    out->left = word[3] % (width - out->width + 1);
}

static change draw_change(const weft_gather *with, uint32_t epoch, uint32_t sample, int64_t height,
                          int64_t width)
{
    const weft_augment augment = with->augment;
    change out = {0};
    if (augment.shift == 0 && !augment.flip && !(augment.erase > 0)) return out;

    const uint32_t key[2] = {(uint32_t)with->seed, (uint32_t)(with->seed >> 32)};
    uint32_t counter[4] = {0, sample, epoch, (uint32_t)WEFT_RNG_AUGMENT << 24};
    const weft_words first = weft_philox(counter, key);
    const uint32_t span = 2 * (uint32_t)augment.shift + 1;
    out.down = (int64_t)(first.word[0] % span) - augment.shift;
    out.right = (int64_t)(first.word[1] % span) - augment.shift;
    out.flip = augment.flip && first.word[2] % 2 == 1;
    if (!(augment.erase > 0)) return out;
    if (augment.erase < 1 && first.word[3] >= weft_rate_threshold(augment.erase)) return out;

    counter[0] = 1;
    const weft_words second = weft_philox(counter, key);
    draw_rectangle(second.word, height, width, &out);
    return out;
}

/* Height, width and channels of a sample; a list of features is one line of one channel. */
typedef struct extents {
    int64_t height, width, channels;
} extents;

static extents extents_of(const weft_tensor *images)
{
    const int32_t *const dim = images->shape.dim;
    if (images->shape.rank == 4) return (extents){dim[1], dim[2], dim[3]};
    return (extents){1, weft_shape_count(images->shape) / dim[0], 1};
}

/* Where pixel (h, w) of the changed image comes from, or -1 for black. */
static int64_t pixel_from(const change *by, const extents *size, int64_t h, int64_t w)
{
    if (h - by->top >= 0 && h - by->top < by->height && w - by->left >= 0 &&
        w - by->left < by->width)
        return -1;
    const int64_t from_h = h - by->down;
    const int64_t from_w = (by->flip ? size->width - 1 - w : w) - by->right;
    if (from_h < 0 || from_h >= size->height || from_w < 0 || from_w >= size->width) return -1;
    return from_h * size->width + from_w;
}

/* The sample of a row, or -1 when the list or the index runs out of the data. */
static int64_t sample_of(const weft_tensor *order, const weft_values *values, int64_t row,
                         int64_t count)
{
    const int64_t at = values->first + row;
    if (at < 0 || at >= weft_shape_count(order->shape)) return -1;
    const int64_t sample = weft_cpu_i32(order)[at];
    return sample < count ? sample : -1;
}

static void gather_row(const weft_op *op, const weft_values *values, int64_t row)
{
    const weft_tensor *const images = &op->in[0];
    const extents size = extents_of(images);
    const int64_t pixels = size.height * size.width, channels = size.channels;
    const weft_real *const norm = weft_cpu_real(&op->in[2]);
    weft_real *const x = weft_cpu_real(&op->out[0]) + row * pixels * channels;
    const int64_t sample = sample_of(&op->in[1], values, row, images->shape.dim[0]);
    if (sample < 0) { /* Not a number, so that the training stops. */
        for (int64_t i = 0; i < pixels * channels; i++)
            x[i] = REAL(NAN);
        return;
    }
    const change by =
        draw_change(&op->with.gather, values->epoch, (uint32_t)sample, size.height, size.width);
    const bool bytes = images->dtype == WEFT_U8;
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
        const int64_t from = pixel_from(&by, &size, pixel / size.width, pixel % size.width);
        const int64_t at = (sample * pixels + from) * channels;
        for (int64_t c = 0; c < channels; c++) {
            weft_real v = 0;
            if (from >= 0)
                v = bytes ? (weft_real)weft_cpu_u8(images)[at + c] : weft_cpu_real(images)[at + c];
            x[pixel * channels + c] = v * norm[c] + norm[channels + c];
        }
    }
}

WEFT_CPU_OP(gather)
{
    const int64_t rows = op->out[0].shape.dim[0];
    WEFT_PARALLEL(threads)
    for (int64_t row = 0; row < rows; row++)
        gather_row(op, values, row);
}

/* Copy one row of `width` numbers; one that is not in the table becomes NaN or -1. */
WEFT_CPU_OP(gather_rows)
{
    const weft_tensor *const table = &op->in[0], *const out = &op->out[0];
    const int64_t rows = out->shape.dim[0], width = weft_shape_count(out->shape) / rows;
    const bool whole = table->dtype == WEFT_I32;
    WEFT_PARALLEL(threads)
    for (int64_t row = 0; row < rows; row++) {
        const int64_t sample = sample_of(&op->in[1], values, row, table->shape.dim[0]);
        for (int64_t i = 0; i < width; i++) {
            const int64_t from = sample * width + i, to = row * width + i;
            if (whole)
                weft_cpu_i32(out)[to] = sample < 0 ? -1 : weft_cpu_i32(table)[from];
            else
                weft_cpu_real(out)[to] = sample < 0 ? REAL(NAN) : weft_cpu_real(table)[from];
        }
    }
}
