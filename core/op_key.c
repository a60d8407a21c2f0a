#include "core/op_key.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct writer {
    weft_key *key;
    size_t used;
} writer;

static void put(writer *w, const char *format, ...) WEFT_PRINTF(2, 3);
static void put(writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int count = vsnprintf(w->key->text + w->used, WEFT_KEY_MAX - w->used, format, arguments);
    va_end(arguments);
    if (count > 0) w->used += (size_t)count;
    if (w->used >= WEFT_KEY_MAX) w->used = WEFT_KEY_MAX - 1;
}

/* Extents of an image without its batch, of weights with all. */
static void put_extents(writer *w, const char *name, const weft_shape *shape, int first)
{
    put(w, " %s=", name);
    for (int i = first; i < shape->rank; i++)
        put(w, "%s%d", i > first ? "x" : "", (int)shape->dim[i]);
}

static void put_window(writer *w, const char *name, const weft_window *window)
{
    put(w, " %s=%dx%d/%dx%d+%d,%d,%d,%d", name, (int)window->kernel[0], (int)window->kernel[1],
        (int)window->stride[0], (int)window->stride[1], (int)window->pad[0], (int)window->pad[1],
        (int)window->pad[2], (int)window->pad[3]);
}

/* The axis over which the batch lies has no extent in the key. */
static void put_product(writer *w, const weft_gemm *g)
{
    const char over = g->trans_a ? 'k' : 'm';
    w->key->batch = g->trans_a ? g->k : g->m;
    if (over == 'm')
        put(w, " n=%d k=%d", (int)g->n, (int)g->k);
    else
        put(w, " m=%d n=%d", (int)g->m, (int)g->n);
    put(w, " trans=%d%d", g->trans_a, g->trans_b);
}

static void key_convolution(writer *w, const weft_op *op, const weft_window *window)
{
    const bool weights = op->kind == WEFT_OP_conv2d_weight_grad;
    const weft_shape *x = &op->in[0].shape;
    w->key->batch = x->dim[0];
    put_extents(w, "in", x, 1);
    put_extents(w, "out", weights ? &op->in[1].shape : &op->out[0].shape, 1);
    put_window(w, "window", window);
}

static void key_window(writer *w, const weft_op *op)
{
    key_convolution(w, op, &op->with.window);
}

static void key_product(writer *w, const weft_op *op)
{
    put_product(w, &op->with.gemm);
}

#define ACT_NAME(name, value, gradient, saves, default_a, key) [WEFT_ACT_##name] = #name,
static const char *const activations[] = {WEFT_ACTIVATION_LIST(ACT_NAME)};

static void key_parts(writer *w, const weft_fused *f)
{
    if (f->normed) put(w, " norm");
    if (f->activated) put(w, " act=%s", activations[f->activation.kind]);
    if (f->pooled) put_window(w, "pool", &f->pool);
    if (f->dropped) put(w, " drop");
}

static void key_fused_window(writer *w, const weft_op *op)
{
    key_convolution(w, op, &op->with.fused.window);
    key_parts(w, &op->with.fused);
}

static void key_fused_product(writer *w, const weft_op *op)
{
    put_product(w, &op->with.fused.gemm);
    key_parts(w, &op->with.fused);
}

static void (*const by_kind[WEFT_KIND_COUNT])(writer *w, const weft_op *op) = {
    [WEFT_OP_conv2d] = key_window,
    [WEFT_OP_conv2d_data_grad] = key_window,
    [WEFT_OP_conv2d_weight_grad] = key_window,
    [WEFT_OP_gemm] = key_product,
    [WEFT_OP_conv2d_stats] = key_fused_window,
    [WEFT_OP_conv2d_block] = key_fused_window,
    [WEFT_OP_dense_block] = key_fused_product,
    [WEFT_OP_dense_weight_grad] = key_fused_product,
};

bool weft_op_key(const weft_op *op, weft_key *out)
{
    static const char modes[] = "-sai"; /* none, set, add, inout */
    *out = (weft_key){.batch = 0};
    if ((unsigned)op->kind >= WEFT_KIND_COUNT || !by_kind[op->kind]) return false;

    writer w = {.key = out};
    const weft_op_info *info = weft_op_describe(op->kind);
    put(&w, "%s", info->name);
    by_kind[op->kind](&w, op);
    put(&w, " given=");
    for (int i = 0; i < info->inputs; i++)
        put(&w, "%d", op->in[i].shape.rank > 0);
    put(&w, " modes=");
    for (int i = 0; i < info->outputs; i++)
        put(&w, "%c", modes[op->mode[i]]);
    return true;
}
