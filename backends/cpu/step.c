/* Prepared ops of the CPU backend: the function is chosen and the tensors are checked once. */
#include <stdio.h>
#include <stdlib.h>

#include "backends/cpu/device.h"
#include "core/checked.h"
#include "core/posix.h"

typedef struct cpu_step {
    weft_step base;
    weft_op op;
    weft_cpu_run run;
    int threads;
    size_t scratch_bytes;
    uint64_t nanoseconds; /* of the last run */
} cpu_step;

static const weft_cpu_device *device_of(const weft_step *step)
{
    return (const weft_cpu_device *)(const void *)step->device;
}

/* The tensor, if there is one, lies inside a buffer of this device. */
static weft_status check_place(const weft_device *device, const weft_op *op,
                               const weft_tensor *tensor)
{
    const char *const name = weft_op_describe(op->kind)->name;
    int64_t end = 0, bytes = 0;
    if (tensor->shape.rank == 0) return WEFT_OK;
    if (!tensor->buffer || tensor->buffer->device != device)
        return weft_fail(WEFT_ERR_USAGE, "%s: a tensor has no buffer on this device", name);
    const int64_t element = (int64_t)weft_dtype_bytes(tensor->dtype);
    if (weft_add_i64(tensor->offset, weft_shape_count(tensor->shape), &end) ||
        weft_mul_i64(end, element, &bytes) || (uint64_t)bytes > tensor->buffer->bytes)
        return weft_fail(WEFT_ERR_USAGE,
                         "%s: a tensor at element %lld does not fit its buffer of %zu bytes", name,
                         (long long)tensor->offset, tensor->buffer->bytes);
    return WEFT_OK;
}

/* Waking other threads costs more than a small op. */
static int threads_for(const weft_device *device, const weft_op *op)
{
    enum { SMALL_OPERATIONS = 400000, SMALL_BYTES = 200000 };
    const bool small = weft_op_operations(op) < SMALL_OPERATIONS && weft_op_bytes(op) < SMALL_BYTES;
    return small ? 1 : ((const weft_cpu_device *)(const void *)device)->threads;
}

static weft_status check_op(const weft_device *device, const weft_op *op, size_t scratch_bytes)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        WEFT_TRY(check_place(device, op, &op->in[i]));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        WEFT_TRY(check_place(device, op, &op->out[i]));
    if (scratch_bytes == 0) return WEFT_OK;
    if ((uint64_t)weft_shape_count(op->scratch.shape) < scratch_bytes ||
        op->scratch.dtype != WEFT_U8 || op->scratch.offset % (int64_t)sizeof(double) != 0)
        return weft_fail(WEFT_ERR_USAGE,
                         "%s: wants %zu bytes of scratch at a multiple of 8; it has %lld at %lld",
                         weft_op_describe(op->kind)->name, scratch_bytes,
                         (long long)weft_shape_count(op->scratch.shape),
                         (long long)op->scratch.offset);
    return check_place(device, op, &op->scratch);
}

weft_status weft_cpu_prepare(weft_device *device, const weft_op *op, const char *choice,
                             weft_step **out)
{
    size_t scratch_bytes = 0;
    *out = NULL;
    const weft_cpu_table *const table = ((weft_cpu_device *)(void *)device)->table;
    WEFT_TRY(weft_cpu_supports(op, &scratch_bytes));
    WEFT_TRY(check_op(device, op, scratch_bytes));
    if (choice && choice[0] != 0)
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: no choice \"%s\"; the CPU backend has only one",
                         weft_op_describe(op->kind)->name, choice);

    cpu_step *const step = calloc(1, sizeof *step);
    if (!step) return weft_fail(WEFT_ERR_MEMORY, "cpu: no memory for a step");
    *step = (cpu_step){.base = {.device = device},
                       .op = *op,
                       .run = table->run[op->kind],
                       .threads = threads_for(device, op),
                       .scratch_bytes = scratch_bytes};
    *out = &step->base;
    return WEFT_OK;
}

weft_status weft_cpu_enqueue(weft_step *step, const weft_values *values)
{
    cpu_step *const own = (cpu_step *)(void *)step;
    const weft_cpu_device *const device = device_of(step);
    const double start = device->profile ? weft_clock() : 0;
    own->run(&own->op, values, own->threads);
    if (device->profile) own->nanoseconds = (uint64_t)((weft_clock() - start) * 1e9);
    return WEFT_OK;
}

void weft_cpu_release(weft_step *step)
{
    free(step);
}

weft_status weft_cpu_step_info(weft_step *step, weft_step_info *info)
{
    const cpu_step *const own = (const cpu_step *)(const void *)step;
    *info = (weft_step_info){.launches = 1,
                             .operations = weft_op_operations(&own->op),
                             .bytes = weft_op_bytes(&own->op),
                             .scratch_bytes = own->scratch_bytes,
                             .device_ns = own->nanoseconds};
    snprintf(info->variant, sizeof info->variant, "%s", device_of(step)->table->name);
    return WEFT_OK;
}
