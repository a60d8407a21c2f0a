#include "core/selftest/op_table.h"

#include <stdio.h>

#include "core/selftest/op_cases.h"

/* level, n h w c k, kernel, stride, pad: top, left, bottom, right */
static const op_shape conv_shapes[] = {
    {OP_TINY, 1, 1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {OP_LEAST, 2, 5, 4, 3, 5, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_LEAST, 1, 5, 4, 8, 4, {3, 2}, {2, 2}, {1, 1, 1, 0}},
    {OP_TINY, 1, 7, 6, 2, 17, {3, 3}, {2, 2}, {1, 0, 1, 1}},
    {OP_TINY, 3, 6, 5, 1, 16, {5, 5}, {1, 1}, {2, 2, 2, 2}},
    {OP_FAST, 1, 13, 11, 16, 16, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_FAST, 7, 9, 7, 15, 31, {3, 1}, {1, 1}, {1, 0, 1, 0}},
    {OP_FAST, 2, 11, 13, 17, 33, {1, 1}, {2, 2}, {0, 0, 0, 0}},
    {OP_FAST, 5, 6, 6, 31, 32, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {OP_FAST, 2, 14, 14, 32, 64, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_FAST, 3, 28, 28, 1, 32, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_ALL, 64, 28, 28, 1, 32, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_ALL, 32, 14, 14, 32, 64, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_ALL, 13, 28, 28, 1, 6, {5, 5}, {1, 1}, {2, 2, 2, 2}},
    {OP_ALL, 3, 14, 14, 6, 16, {5, 5}, {1, 1}, {0, 0, 0, 0}},
    {OP_ALL, 2, 28, 28, 16, 32, {3, 3}, {2, 2}, {0, 0, 1, 1}},
    {OP_ALL, 2, 7, 7, 64, 64, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_ALL, 1, 33, 17, 15, 16, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_ALL, 11, 3, 3, 4, 2, {3, 3}, {1, 1}, {0, 0, 0, 0}},
    {OP_ALL, 2, 9, 10, 3, 7, {2, 4}, {3, 2}, {0, 1, 1, 2}},
    {OP_ALL, 1, 40, 3, 5, 9, {7, 3}, {2, 1}, {3, 1, 3, 1}},
    {OP_ALL, 1, 16, 31, 48, 96, {3, 3}, {1, 1}, {1, 1, 1, 1}},
    {OP_ALL, 17, 5, 5, 7, 1, {2, 2}, {1, 1}, {0, 0, 1, 1}},
};

static const op_shape pool_shapes[] = {
    {OP_TINY, 1, 1, 1, 1, 0, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {OP_LEAST, 2, 5, 6, 3, 0, {2, 2}, {2, 2}, {0, 0, 0, 0}},
    {OP_TINY, 3, 7, 5, 17, 0, {3, 2}, {2, 1}, {0, 0, 0, 0}},
    {OP_TINY, 1, 8, 9, 16, 0, {3, 3}, {2, 2}, {1, 1, 1, 1}},
    {OP_FAST, 5, 7, 7, 31, 0, {7, 7}, {7, 7}, {0, 0, 0, 0}},
    {OP_FAST, 3, 28, 28, 32, 0, {2, 2}, {2, 2}, {0, 0, 0, 0}},
    {OP_FAST, 1, 33, 31, 3, 0, {16, 16}, {1, 1}, {0, 0, 0, 0}},
    {OP_ALL, 64, 14, 14, 64, 0, {2, 2}, {2, 2}, {0, 0, 0, 0}},
    {OP_ALL, 7, 11, 13, 33, 0, {3, 3}, {1, 1}, {0, 0, 0, 0}},
    {OP_ALL, 2, 10, 9, 6, 0, {2, 2}, {3, 4}, {0, 0, 0, 0}},
    {OP_ALL, 13, 4, 4, 15, 0, {4, 4}, {4, 4}, {0, 0, 0, 0}},
    {OP_ALL, 1, 6, 16, 5, 0, {1, 5}, {1, 3}, {0, 2, 0, 2}},
};

/* n: m, c: n, k: k of the product */
static const op_shape gemm_shapes[] = {
    {.level = OP_TINY, .n = 1, .c = 1, .k = 1},
    {.level = OP_TINY, .n = 5, .c = 7, .k = 3},
    {.level = OP_LEAST, .n = 17, .c = 16, .k = 15},
    {.level = OP_LEAST, .n = 8, .c = 20, .k = 36},
    {.level = OP_TINY, .n = 1, .c = 41, .k = 9},
    {.level = OP_FAST, .n = 31, .c = 33, .k = 17},
    {.level = OP_FAST, .n = 1, .c = 10, .k = 128},
    {.level = OP_FAST, .n = 64, .c = 64, .k = 64},
    {.level = OP_ALL, .n = 13, .c = 1, .k = 65},
    {.level = OP_ALL, .n = 64, .c = 128, .k = 3136},
    {.level = OP_ALL, .n = 3136, .c = 128, .k = 64},
    {.level = OP_ALL, .n = 64, .c = 10, .k = 128},
    {.level = OP_ALL, .n = 127, .c = 65, .k = 33},
    {.level = OP_ALL, .n = 67, .c = 257, .k = 129},
};

/* Rows x channels; with h and w an image. */
static const op_shape row_shapes[] = {
    {.level = OP_TINY, .n = 1, .c = 1},
    {.level = OP_TINY, .n = 2, .c = 3},
    {.level = OP_LEAST, .n = 3, .h = 5, .w = 2, .c = 17},
    {.level = OP_FAST, .n = 1, .c = 31},
    {.level = OP_FAST, .n = 13, .c = 33},
    {.level = OP_FAST, .n = 7, .h = 5, .w = 5, .c = 16},
    {.level = OP_ALL, .n = 127, .c = 15},
    {.level = OP_ALL, .n = 64, .c = 128},
    {.level = OP_ALL, .n = 64, .h = 14, .w = 14, .c = 32},
    {.level = OP_ALL, .n = 1, .h = 31, .w = 33, .c = 1},
    {.level = OP_ALL, .n = 1009, .c = 7},
    {.level = OP_ALL, .n = 3, .c = 1000},
};

/* Losses: rows x classes. */
static const op_shape loss_shapes[] = {
    {.level = OP_TINY, .n = 1, .c = 1},    {.level = OP_TINY, .n = 3, .c = 2},
    {.level = OP_LEAST, .n = 17, .c = 10}, {.level = OP_FAST, .n = 1, .c = 31},
    {.level = OP_FAST, .n = 64, .c = 10},  {.level = OP_ALL, .n = 127, .c = 17},
    {.level = OP_ALL, .n = 1009, .c = 10}, {.level = OP_ALL, .n = 5, .c = 1000},
};

/* n rows of k samples */
static const op_shape sample_shapes[] = {
    {.level = OP_TINY, .n = 1, .h = 1, .w = 1, .c = 1, .k = 1},
    {.level = OP_LEAST, .n = 3, .h = 5, .w = 7, .c = 1, .k = 11},
    {.level = OP_TINY, .n = 5, .c = 7, .k = 6},
    {.level = OP_FAST, .n = 13, .h = 9, .w = 8, .c = 3, .k = 29},
    {.level = OP_FAST, .n = 17, .h = 28, .w = 28, .c = 1, .k = 31},
    {.level = OP_ALL, .n = 64, .h = 28, .w = 28, .c = 1, .k = 101},
    {.level = OP_ALL, .n = 7, .h = 31, .w = 33, .c = 4, .k = 10},
    {.level = OP_ALL, .n = 33, .c = 130, .k = 40},
};

/* n elements of an arena */
static const op_shape arena_shapes[] = {
    {.level = OP_TINY, .n = 1},   {.level = OP_LEAST, .n = 37},   {.level = OP_FAST, .n = 128},
    {.level = OP_FAST, .n = 997}, {.level = OP_ALL, .n = 100003},
};

typedef struct op_row {
    weft_op_kind kind;
    const op_shape *shapes;
    int shape_count, variants;
    op_builder *build;
    double bound;
} op_row;

#define ROW(kind, shapes, variants, bound)                                                        \
    {                                                                                             \
        WEFT_OP_##kind, shapes, (int)(sizeof shapes / sizeof *shapes), variants, op_build_##kind, \
            bound                                                                                 \
    }

/* op, shapes, variants of the builder, bound without sums */
static const op_row rows[] = {
    ROW(gather, sample_shapes, 10, 1e-13),
    ROW(gather_rows, sample_shapes, 3, 0),
    ROW(conv2d, conv_shapes, 2, 1e-14),
    ROW(conv2d_data_grad, conv_shapes, 2, 1e-14),
    ROW(conv2d_weight_grad, conv_shapes, 1, 1e-14),
    ROW(gemm, gemm_shapes, 12, 1e-14),
    ROW(sum_rows, row_shapes, 1, 1e-14),
    ROW(activation, row_shapes, WEFT_ACTIVATION_COUNT, 1e-12),
    ROW(activation_grad, row_shapes, 2 * WEFT_ACTIVATION_COUNT, 1e-12),
    ROW(maxpool, pool_shapes, 2, 0),
    ROW(maxpool_grad, pool_shapes, 2, 1e-14),
    ROW(avgpool, pool_shapes, 1, 2e-14),
    ROW(avgpool_grad, pool_shapes, 2, 2e-14),
    ROW(batchnorm_stats, row_shapes, 1, 1e-11),
    ROW(batchnorm, row_shapes, 2, 1e-12),
    ROW(batchnorm_sums, row_shapes, 2, 1e-11),
    ROW(batchnorm_grad, row_shapes, 4, 1e-12),
    ROW(dropout, row_shapes, 6, 1e-13),
    ROW(copy, row_shapes, 2, 1e-14),
    ROW(softmax_xent, loss_shapes, 4, 1e-11),
    ROW(mse, loss_shapes, 2, 1e-12),
    ROW(sgd, arena_shapes, 6, 1e-12),
    ROW(adam, arena_shapes, 4, 1e-11),
    ROW(inspect, row_shapes, 6, 1e-13),
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

weft_tensor op_tensor(weft_dtype dtype, int32_t a, int32_t b, int32_t c, int32_t d)
{
    weft_tensor tensor = {.dtype = dtype, .shape = {.dim = {a, b, c, d}}};
    while (tensor.shape.rank < WEFT_MAX_RANK && tensor.shape.dim[tensor.shape.rank] > 0)
        tensor.shape.rank++;
    return tensor;
}

weft_tensor op_image(const op_shape *s)
{
    return s->h == 0 ? OP_F32(s->n, s->c, 0, 0) : OP_F32(s->n, s->h, s->w, s->c);
}

void op_set_out(op_case *out, weft_tensor tensor, int add)
{
    out->op.out[0] = tensor;
    out->op.mode[0] = add ? WEFT_OUT_ADD : WEFT_OUT_SET;
}

int op_case_count(void)
{
    int count = 0;
    for (int i = 0; i < ROW_COUNT; i++)
        count += rows[i].shape_count * rows[i].variants;
    return count;
}

static size_t append(char *text, size_t at, const weft_tensor *tensor, const char *before)
{
    static const char *const types[] = {"", ":u8", ":i32"};
    char shape[WEFT_SHAPE_TEXT];
    if (tensor->shape.rank == 0 || at >= OP_NAME_MAX) return at;
    const int n = snprintf(text + at, OP_NAME_MAX - at, "%s%s%s", before,
                           weft_shape_print(tensor->shape, shape), types[tensor->dtype]);
    return n < 0 ? at : at + (size_t)n;
}

void op_case_name(op_case *c, const char *behind)
{
    static const char *const modes[] = {"", " set ", " add ", " inout "};
    const int n = snprintf(c->name, OP_NAME_MAX, "%s", weft_op_describe(c->op.kind)->name);
    size_t at = n < 0 ? 0 : (size_t)n;
    for (int i = 0; i < WEFT_MAX_IN; i++)
        at = append(c->name, at, &c->op.in[i], " ");
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        at = append(c->name, at, &c->op.out[i], modes[c->op.mode[i]]);
    if (at < OP_NAME_MAX) snprintf(c->name + at, OP_NAME_MAX - at, " %s", behind);
}

weft_values op_values(int32_t n)
{
    return (weft_values){.step = 71,
                         .epoch = 2,
                         .row0 = 3,
                         .batch_global = 2 * n,
                         .lr = 0.4f,
                         .correction1 = 0.271f,
                         .correction2 = 0.0297f,
                         .grad_scale = 1.7f,
                         .loss_scale = 0.5f / (float)n};
}

/* Each case of a product is a program of its own, slow to compile: the least shapes take all
 * variants, of the other small ones each takes some, in turn. */
static op_level level_of(const op_row *row, int shape, int variant)
{
    const op_level level = row->shapes[shape].level;
    const int turns = row->variants < 4 ? row->variants : 4;
    if (!weft_op_is_product(row->kind) || level == OP_LEAST) return level;
    return variant % turns == shape % turns ? level : OP_ALL;
}

void op_case_at(int index, op_case *out)
{
    const op_row *row = rows;
    while (index >= row->shape_count * row->variants) {
        index -= row->shape_count * row->variants;
        row++;
    }
    const int number = index / row->variants, variant = index % row->variants;
    const op_shape *shape = &row->shapes[number];

    *out = (op_case){.level = level_of(row, number, variant), .bound = row->bound, .zeros = 0.5};
    out->op.kind = row->kind;
    out->op.layer = 5;
    out->values = op_values(shape->n);
    row->build(shape, variant, out);
    out->bound += OP_SUM_ERROR * (double)out->terms;
    char behind[32];
    snprintf(behind, sizeof behind, "variant %d", variant);
    op_case_name(out, behind);
}

bool op_kind_has_case(weft_op_kind kind)
{
    for (int i = 0; i < ROW_COUNT; i++)
        if (rows[i].kind == kind && rows[i].shape_count > 0) return true;
    return false;
}

double op_kind_bound(weft_op_kind kind)
{
    for (int i = 0; i < ROW_COUNT; i++)
        if (rows[i].kind == kind) return rows[i].bound;
    return 0;
}
