/* The parts of supports(): checks of families of ops, and the helpers they share. */
#ifndef WEFT_BACKENDS_CPU_CHECK_H
#define WEFT_BACKENDS_CPU_CHECK_H

#include "backends/cpu/cpu.h"
#include "backends/cpu/scratch.h"

/* Check one op whose tensors are there; elements: the scratch it wants, in numbers. */
typedef weft_status (*weft_cpu_check)(const weft_op *op, int64_t *elements);

weft_status weft_cpu_check_conv2d(const weft_op *op, int64_t *elements);
weft_status weft_cpu_check_conv2d_data_grad(const weft_op *op, int64_t *elements);
weft_status weft_cpu_check_conv2d_weight_grad(const weft_op *op, int64_t *elements);
weft_status weft_cpu_check_maxpool(const weft_op *op, int64_t *elements);
weft_status weft_cpu_check_maxpool_grad(const weft_op *op, int64_t *elements);
weft_status weft_cpu_check_avgpool(const weft_op *op, int64_t *elements);
weft_status weft_cpu_check_avgpool_grad(const weft_op *op, int64_t *elements);

/* "conv2d: groups is 2; the CPU backend takes 1" */
weft_status weft_cpu_refuse(const weft_op *op, const char *what, int64_t value, const char *wanted);
/* "conv2d: channels do not agree: 1x4x4x3 and 3x3x2x8" */
weft_status weft_cpu_mismatch(const weft_op *op, const char *what, weft_shape a, weft_shape b);

static inline bool present(const weft_tensor *tensor)
{
    return tensor->shape.rank > 0;
}

static inline int64_t count_of(const weft_tensor *tensor)
{
    return weft_shape_count(tensor->shape);
}

/* Of a tensor that is there. */
static inline int64_t columns_of(const weft_tensor *tensor)
{
    return tensor->shape.dim[tensor->shape.rank - 1];
}

static inline int64_t rows_of(const weft_tensor *tensor)
{
    return count_of(tensor) / columns_of(tensor);
}

/* Partial sums of a product over `rows`, when it is split. */
static inline int64_t slices_count(int64_t rows, int64_t count)
{
    const int64_t slices = weft_slices(rows, count);
    return slices > 1 ? slices * count : 0;
}

/* Tensors of as many numbers: element-wise ops do not look at extents. */
static inline weft_status same_count(const weft_op *op, const weft_tensor *a, const weft_tensor *b)
{
    if (count_of(a) == count_of(b)) return WEFT_OK;
    return weft_cpu_mismatch(op, "sizes", a->shape, b->shape);
}

/* One number for each of the last axis of x, where the tensor is there. */
static inline weft_status per_channel(const weft_op *op, const weft_tensor *x,
                                      const weft_tensor *tensor)
{
    if (!present(tensor) || count_of(tensor) == columns_of(x)) return WEFT_OK;
    return weft_cpu_mismatch(op, "channels", x->shape, tensor->shape);
}

#endif
