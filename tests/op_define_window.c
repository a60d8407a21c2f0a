#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/op_define.h"

/* Windows over images: letters of core/op.h. */

/* A window op seen from its image (N H W C) and its output (N P Q K). */
typedef struct view {
    const weft_window *w;
    const int32_t *x, *y;
} view;

/* Calls f for every output pixel and every place of its window that lies inside the image. pixel:
 * index of the image pixel, from: of the output pixel, place: r * S + s. */
typedef void visit(void *user, int64_t pixel, int64_t from, int32_t place);

static void each(view v, visit *f, void *user)
{
    const weft_window *w = v.w;
    for (int32_t n = 0; n < v.x[0]; n++)
        for (int32_t p = 0; p < v.y[1]; p++)
            for (int32_t q = 0; q < v.y[2]; q++)
                for (int32_t r = 0; r < w->kernel[0]; r++)
                    for (int32_t s = 0; s < w->kernel[1]; s++) {
                        const int32_t h = p * w->stride[0] - w->pad[0] + r;
                        const int32_t at = q * w->stride[1] - w->pad[1] + s;
                        if (h < 0 || h >= v.x[1] || at < 0 || at >= v.x[2]) continue;
                        f(user, ((int64_t)n * v.x[1] + h) * v.x[2] + at,
                          ((int64_t)n * v.y[1] + p) * v.y[2] + q, r * w->kernel[1] + s);
                    }
}

static void zero(double *data, const weft_tensor *tensor)
{
    const int64_t count = weft_shape_count(tensor->shape);
    for (int64_t i = 0; i < count; i++)
        data[i] = 0;
}

/* Operands of one visit: image side, filter, output side. */
typedef struct operands {
    double *x, *w, *y;
    uint8_t *where;
    int32_t c, k;
    double scale;
} operands;

static void visit_conv2d(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    for (int32_t c = 0; c < o->c; c++)
        for (int32_t k = 0; k < o->k; k++)
            o->y[from * o->k + k] +=
                o->x[pixel * o->c + c] * o->w[((int64_t)place * o->c + c) * o->k + k];
}

void op_define_conv2d(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                      void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->in[0].shape.dim, op->out[0].shape.dim};
    operands o = {.x = in[0], .w = in[1], .y = out[0], .c = win.x[3], .k = win.y[3]};
    zero(o.y, &op->out[0]);
    each(win, visit_conv2d, &o);
    const double *bias = in[2];
    for (int64_t i = 0; bias && i < weft_shape_count(op->out[0].shape); i++)
        o.y[i] += bias[i % o.k];
}

static void visit_data_grad(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    for (int32_t c = 0; c < o->c; c++)
        for (int32_t k = 0; k < o->k; k++)
            o->x[pixel * o->c + c] +=
                o->y[from * o->k + k] * o->w[((int64_t)place * o->c + c) * o->k + k];
}

void op_define_conv2d_data_grad(const weft_op *op, const weft_values *v,
                                void *const in[WEFT_MAX_IN], void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->out[0].shape.dim, op->in[0].shape.dim};
    operands o = {.x = out[0], .w = in[1], .y = in[0], .c = win.x[3], .k = win.y[3]};
    zero(o.x, &op->out[0]);
    each(win, visit_data_grad, &o);
}

static void visit_weight_grad(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    for (int32_t c = 0; c < o->c; c++)
        for (int32_t k = 0; k < o->k; k++)
            o->w[((int64_t)place * o->c + c) * o->k + k] +=
                o->x[pixel * o->c + c] * o->y[from * o->k + k];
}

void op_define_conv2d_weight_grad(const weft_op *op, const weft_values *v,
                                  void *const in[WEFT_MAX_IN], void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->in[0].shape.dim, op->in[1].shape.dim};
    operands o = {.x = in[0], .w = out[0], .y = in[1], .c = win.x[3], .k = win.y[3]};
    zero(o.w, &op->out[0]);
    each(win, visit_weight_grad, &o);
}

/* Places come in ascending order, so a later one wins only when it is larger, or the first NaN. */
static void visit_maxpool(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    for (int32_t c = 0; c < o->c; c++) {
        const double x = o->x[pixel * o->c + c];
        double *y = &o->y[from * o->c + c];
        uint8_t *where = &o->where[from * o->c + c];
        const bool wins = *where == UINT8_MAX || x > *y || (isnan(x) && !isnan(*y));
        if (!wins) continue;
        *y = x;
        *where = (uint8_t)place;
    }
}

void op_define_maxpool(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                       void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->in[0].shape.dim, op->out[0].shape.dim};
    operands o = {.x = in[0], .y = out[0], .c = win.x[3]};
    const size_t count = (size_t)weft_shape_count(op->out[0].shape);
    o.where = malloc(count);
    if (!o.where) abort();
    memset(o.where, UINT8_MAX, count);
    each(win, visit_maxpool, &o);
    if (out[1]) memcpy(out[1], o.where, count);
    free(o.where);
}

static void visit_maxpool_grad(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    for (int32_t c = 0; c < o->c; c++)
        if (o->where[from * o->c + c] == place) o->x[pixel * o->c + c] += o->y[from * o->c + c];
}

void op_define_maxpool_grad(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                            void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->out[0].shape.dim, op->in[0].shape.dim};
    operands o = {.x = out[0], .y = in[0], .where = in[1], .c = win.x[3]};
    zero(o.x, &op->out[0]);
    each(win, visit_maxpool_grad, &o);
}

static void visit_avgpool(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    (void)place;
    for (int32_t c = 0; c < o->c; c++)
        o->y[from * o->c + c] += o->x[pixel * o->c + c] * o->scale;
}

void op_define_avgpool(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                       void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->in[0].shape.dim, op->out[0].shape.dim};
    operands o = {.x = in[0], .y = out[0], .c = win.x[3]};
    o.scale = 1.0 / (win.w->kernel[0] * win.w->kernel[1]);
    zero(o.y, &op->out[0]);
    each(win, visit_avgpool, &o);
}

static void visit_avgpool_grad(void *user, int64_t pixel, int64_t from, int32_t place)
{
    const operands *o = user;
    (void)place;
    for (int32_t c = 0; c < o->c; c++)
        o->x[pixel * o->c + c] += o->y[from * o->c + c] * o->scale;
}

void op_define_avgpool_grad(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                            void *const out[WEFT_MAX_OUT])
{
    (void)v;
    const view win = {&op->with.window, op->out[0].shape.dim, op->in[0].shape.dim};
    operands o = {.x = out[0], .y = in[0], .c = win.x[3]};
    o.scale = 1.0 / (win.w->kernel[0] * win.w->kernel[1]);
    zero(o.x, &op->out[0]);
    each(win, visit_avgpool_grad, &o);
}
