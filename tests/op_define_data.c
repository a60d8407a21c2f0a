#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "tests/op_define.h"

/* Samples in, losses, updates. */

/* What happens to one sample. */
typedef struct fate {
    int32_t down, right;
    bool flip;
    int32_t top, left, height, width; /* erased */
} fate;

static int32_t at_most(int32_t draw_limit, uint32_t draw)
{
    return (int32_t)(draw % (uint32_t)draw_limit);
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static fate fate_of(const weft_op *op, const weft_values *v, int32_t id, int32_t h, int32_t w)
{
    const weft_augment a = op->with.gather.augment;
    uint32_t draw[8];
    for (uint32_t e = 0; e < 8; e++)
        draw[e] = weft_draw(op->with.gather.seed, WEFT_RNG_AUGMENT, 0, v->epoch, (uint32_t)id, e);

    fate f = {0};
    if (a.shift > 0) {
        f.down = at_most(2 * a.shift + 1, draw[0]) - a.shift;
        f.right = at_most(2 * a.shift + 1, draw[1]) - a.shift;
    }
    f.flip = a.flip && draw[2] % 2 == 1;
    if (a.erase > 0 && draw[3] < weft_rate_threshold(a.erase)) {
        const int32_t low_h = larger(h / 8, 1), high_h = larger(h / 2, low_h);
        const int32_t low_w = larger(w / 8, 1), high_w = larger(w / 2, low_w);
        f.height = low_h + at_most(high_h - low_h + 1, draw[4]);
        f.width = low_w + at_most(high_w - low_w + 1, draw[5]);
        f.top = at_most(h - f.height + 1, draw[6]);
        f.left = at_most(w - f.width + 1, draw[7]);
    }
    return f;
}

/* Pixel of the sample that shows at y, x; -1: none, the byte is 0. */
static int64_t source(fate f, int32_t y, int32_t x, int32_t h, int32_t w)
{
    if (y >= f.top && y < f.top + f.height && x >= f.left && x < f.left + f.width) return -1;
    const int32_t from_y = y - f.down, from_x = (f.flip ? w - 1 - x : x) - f.right;
    if (from_y < 0 || from_y >= h || from_x < 0 || from_x >= w) return -1;
    return (int64_t)from_y * w + from_x;
}

/* Features are one row of pixels with one channel each. */
void op_define_gather(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                      void *const out[WEFT_MAX_OUT])
{
    const int32_t *d = op->out[0].shape.dim, *order = in[1];
    const bool image = op->out[0].shape.rank == 4;
    const int32_t h = image ? d[1] : 1, w = image ? d[2] : d[1], channels = image ? d[3] : 1;
    const double *norm = in[2];
    double *x = out[0];
    for (int32_t n = 0; n < d[0]; n++) {
        const int32_t id = order[v->first + n];
        const fate f = fate_of(op, v, id, h, w);
        for (int32_t i = 0; i < h * w; i++)
            for (int32_t c = 0; c < channels; c++) {
                const int64_t from = source(f, i / w, i % w, h, w);
                const int64_t at = ((int64_t)id * h * w + from) * channels + c;
                double pixel = 0;
                if (from >= 0)
                    pixel = op->in[0].dtype == WEFT_U8 ? ((const uint8_t *)in[0])[at]
                                                       : ((const double *)in[0])[at];
                *x++ = pixel * norm[c] + norm[channels + c];
            }
    }
}

void op_define_gather_rows(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                           void *const out[WEFT_MAX_OUT])
{
    const size_t element = op->in[0].dtype == WEFT_F32 ? sizeof(double) : sizeof(int32_t);
    const int32_t rows = op->out[0].shape.dim[0], *order = in[1];
    const size_t width = (size_t)(weft_shape_count(op->out[0].shape) / rows) * element;
    for (int32_t r = 0; r < rows; r++)
        memcpy((char *)out[0] + (size_t)r * width,
               (const char *)in[0] + (size_t)order[v->first + r] * width, width);
}

static void put_slot(const weft_values *v, double *slots, double loss, double correct)
{
    slots[2 * (v->step % WEFT_SLOTS)] = loss;
    slots[2 * (v->step % WEFT_SLOTS) + 1] = correct;
}

void op_define_softmax_xent(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                            void *const out[WEFT_MAX_OUT])
{
    const int32_t rows = op->in[0].shape.dim[0], classes = op->in[0].shape.dim[1];
    const double smoothing = op->with.loss.label_smoothing;
    double loss = 0, correct = 0;
    for (int32_t r = 0; r < rows; r++) {
        const double *z = (const double *)in[0] + (int64_t)r * classes;
        const int32_t answer = ((const int32_t *)in[1])[r];
        double sum = 0;
        int32_t best = 0;
        for (int32_t t = 0; t < classes; t++)
            sum += exp(z[t]);
        for (int32_t t = 1; t < classes; t++)
            if (z[t] > z[best]) best = t;
        correct += best == answer;
        for (int32_t t = 0; t < classes; t++) {
            const double target = (1 - smoothing) * (t == answer) + smoothing / classes;
            loss -= target * (z[t] - log(sum));
            if (out[0])
                ((double *)out[0])[(int64_t)r * classes + t] =
                    (exp(z[t]) / sum - target) * (double)v->loss_scale;
        }
    }
    put_slot(v, out[1], loss, correct);
}

void op_define_mse(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                   void *const out[WEFT_MAX_OUT])
{
    const double width = op->in[0].shape.dim[1];
    double loss = 0;
    for (int64_t i = 0; i < weft_shape_count(op->in[0].shape); i++) {
        const double d = ((const double *)in[0])[i] - ((const double *)in[1])[i];
        loss += d * d / width;
        if (out[0]) ((double *)out[0])[i] = 2 * d / width * (double)v->loss_scale;
    }
    put_slot(v, out[1], loss, 0);
}

void op_define_sgd(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                   void *const out[WEFT_MAX_OUT])
{
    const weft_update *u = &op->with.update;
    double *p = out[0], *buffer = out[1];
    for (int32_t k = 0; k < u->range_count; k++) {
        const weft_range range = u->range[k];
        for (int64_t i = range.first; i < range.first + range.count; i++) {
            double g =
                ((const double *)in[0])[i] * (double)v->grad_scale + (double)range.decay * p[i];
            if (buffer) {
                buffer[i] = (double)u->momentum * buffer[i] + g;
                g = u->nesterov ? g + (double)u->momentum * buffer[i] : buffer[i];
            }
            p[i] -= (double)v->lr * (double)range.lr_scale * g;
        }
    }
}

void op_define_adam(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                    void *const out[WEFT_MAX_OUT])
{
    const weft_update *u = &op->with.update;
    const double beta1 = u->beta1, beta2 = u->beta2;
    double *p = out[0], *m = out[1], *s = out[2];
    for (int32_t k = 0; k < u->range_count; k++) {
        const weft_range range = u->range[k];
        const double lr = (double)v->lr * (double)range.lr_scale, decay = range.decay;
        for (int64_t i = range.first; i < range.first + range.count; i++) {
            double g = ((const double *)in[0])[i] * (double)v->grad_scale;
            if (u->decoupled)
                p[i] -= lr * decay * p[i];
            else
                g += decay * p[i];
            m[i] = beta1 * m[i] + (1 - beta1) * g;
            s[i] = beta2 * s[i] + (1 - beta2) * g * g;
            const double root = sqrt(s[i] / (double)v->correction2);
            p[i] -= lr * m[i] / (double)v->correction1 / (root + (double)u->eps);
        }
    }
}
