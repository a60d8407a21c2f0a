#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/tune_private.h"

/* ---- numbers ---- */

static uint32_t scramble(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

/* In [-1, 1). */
static float number(uint32_t seed, int64_t i)
{
    const uint32_t word = scramble((uint32_t)i + scramble(seed));
    return (float)(word >> 8) * 0x1p-23f - 1.0f;
}

/* Inputs and updated outputs that hold variances. */
static bool is_variance(const weft_op *op, int slot)
{
    if (op->kind == WEFT_OP_conv2d_block) return slot == 4;
    if (op->kind == WEFT_OP_conv2d_stats) return slot == WEFT_MAX_IN + 4;
    return false;
}

static void draw(const weft_op *op, int slot, const weft_tensor *tensor, unsigned char *bytes)
{
    const int64_t count = weft_shape_count(tensor->shape);
    const bool positive = is_variance(op, slot);
    const uint32_t seed = (uint32_t)slot + 1;
    if (tensor->dtype != WEFT_F32) {
        memset(bytes, 0, (size_t)count * weft_dtype_bytes(tensor->dtype));
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const float value = number(seed, i);
        const float kept = positive ? fabsf(value) + 0.5f : value;
        memcpy(bytes + (size_t)i * sizeof kept, &kept, sizeof kept);
    }
}

weft_values weft_tune_values(const weft_op *op)
{
    return (weft_values){
        .step = 3,
        .batch_global = op->in[0].shape.dim[0],
        .lr = 1e-3f,
        .correction1 = 0.1f,
        .correction2 = 0.001f,
        .grad_scale = 1.0f,
        .loss_scale = 1.0f,
    };
}

/* ---- tensors ---- */

static size_t bytes_of(const weft_tensor *tensor)
{
    return (size_t)weft_shape_count(tensor->shape) * weft_dtype_bytes(tensor->dtype);
}

static weft_status fill(const weft_tune_set *set, int slot, const weft_tensor *tensor)
{
    unsigned char *bytes = malloc(bytes_of(tensor));
    if (!bytes) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the numbers of a trial");
    draw(&set->op, slot, tensor, bytes);
    const weft_backend *be = set->device->backend;
    const weft_status status = be->write(tensor->buffer, 0, bytes, bytes_of(tensor));
    free(bytes);
    return status;
}

static weft_status new_buffer(weft_tune_set *set, size_t bytes, weft_buffer **out)
{
    WEFT_TRY(set->device->backend->buffer_new(set->device, bytes, out));
    set->buffer[set->buffer_count++] = *out;
    return WEFT_OK;
}

static weft_status place(weft_tune_set *set, weft_tensor *tensor)
{
    if (tensor->shape.rank == 0) return WEFT_OK;
    tensor->offset = 0;
    return new_buffer(set, bytes_of(tensor), &tensor->buffer);
}

static weft_status place_scratch(weft_tune_set *set, size_t bytes)
{
    const size_t rows = (bytes + WEFT_ALIGN - 1) / WEFT_ALIGN;
    set->op.scratch = (weft_tensor){.shape = {0, {0}}};
    if (bytes == 0) return WEFT_OK;
    if (rows > INT32_MAX) return weft_fail(WEFT_ERR_MEMORY, "too much scratch memory for a trial");
    set->op.scratch = (weft_tensor){
        .shape = {2, {(int32_t)rows, WEFT_ALIGN}},
        .dtype = WEFT_U8,
    };
    return new_buffer(set, rows * WEFT_ALIGN, &set->op.scratch.buffer);
}

static weft_status open_set(weft_tune_set *set, size_t scratch_bytes)
{
    for (int i = 0; i < WEFT_MAX_IN; i++) {
        weft_tensor *tensor = &set->op.in[i];
        WEFT_TRY(place(set, tensor));
        if (tensor->shape.rank > 0) WEFT_TRY(fill(set, i, tensor));
    }
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        WEFT_TRY(place(set, &set->op.out[i]));
        set->bytes += bytes_of(&set->op.out[i]);
    }
    return place_scratch(set, scratch_bytes);
}

weft_status weft_tune_set_open(weft_device *device, const weft_op *op, size_t scratch_bytes,
                               weft_tune_set *out)
{
    *out = (weft_tune_set){.device = device, .op = *op};
    const weft_status status = open_set(out, scratch_bytes);
    if (status != WEFT_OK) weft_tune_set_close(out);
    return status;
}

void weft_tune_set_close(weft_tune_set *set)
{
    for (int i = 0; i < set->buffer_count; i++)
        set->device->backend->buffer_free(set->buffer[i]);
    set->buffer_count = 0;
}

weft_status weft_tune_set_reset(const weft_tune_set *set)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *tensor = &set->op.out[i];
        if (tensor->shape.rank > 0) WEFT_TRY(fill(set, WEFT_MAX_IN + i, tensor));
    }
    return WEFT_OK;
}

weft_status weft_tune_set_read(const weft_tune_set *set, unsigned char *bytes)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *tensor = &set->op.out[i];
        if (tensor->shape.rank == 0) continue;
        WEFT_TRY(set->device->backend->read(tensor->buffer, 0, bytes, bytes_of(tensor)));
        bytes += bytes_of(tensor);
    }
    return WEFT_OK;
}

/* ---- comparing ---- */

static double difference(const unsigned char *a, const unsigned char *b, int64_t count)
{
    double sum = 0, error = 0;
    for (int64_t i = 0; i < count; i++) {
        float x, y;
        memcpy(&x, a + (size_t)i * sizeof x, sizeof x);
        memcpy(&y, b + (size_t)i * sizeof y, sizeof y);
        const double apart = (double)x - (double)y;
        error += apart * apart;
        sum += (double)y * (double)y;
    }
    if (error == 0) return 0;
    return sum > 0 ? error / sum : (double)INFINITY;
}

double weft_tune_difference(const weft_op *op, const unsigned char *a, const unsigned char *b)
{
    double most = 0;
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *tensor = &op->out[i];
        const int64_t count = weft_shape_count(tensor->shape);
        const double one = tensor->dtype == WEFT_F32 ? difference(a, b, count) : 0;
        if (!(one <= most)) most = one; /* a NaN too */
        a += bytes_of(tensor);
        b += bytes_of(tensor);
    }
    return most;
}
