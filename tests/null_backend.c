#include "tests/null_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes it claims to have. */
static const uint64_t MEMORY = (uint64_t)1 << 36;

typedef struct null_device {
    weft_device base;
    null_counts counts;
    weft_ticket tickets;
    int fail_in; /* calls until one fails; 0: none will */
    weft_status failed;
    size_t limit; /* bytes that buffers may have; 0: MEMORY */
    bool late;    /* it is only found when one is filled */
    bool fuses[WEFT_KIND_COUNT];
} null_device;

typedef struct null_buffer {
    weft_buffer base;
    unsigned char data[];
} null_buffer;

typedef struct null_step {
    weft_step base;
    weft_op op;
} null_step;

static null_device *device_of(weft_device *device)
{
    return (null_device *)device;
}

static unsigned char *data_of(weft_buffer *buffer)
{
    return ((null_buffer *)buffer)->data;
}

/* Count a call that may fail. */
static weft_status call(weft_device *device)
{
    null_device *d = device_of(device);
    if (d->fail_in > 0 && --d->fail_in == 0) d->failed = WEFT_ERR_DEVICE;
    const weft_status failed = d->failed;
    if (failed == WEFT_OK) return WEFT_OK;
    return weft_fail(failed, "null: the device has failed, as asked");
}

static bool is_over(const null_device *d, size_t bytes)
{
    return d->limit > 0 && d->counts.live_bytes + bytes > d->limit;
}

static bool refuses(const null_device *d, size_t bytes)
{
    return bytes > MEMORY || (!d->late && is_over(d, bytes));
}

static weft_status check_range(const weft_buffer *buffer, size_t at, size_t bytes)
{
    if (at <= buffer->bytes && bytes <= buffer->bytes - at) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "null: bytes %zu to %zu of a buffer of %zu", at, at + bytes,
                     buffer->bytes);
}

static weft_status device_count(int *count)
{
    *count = 1;
    return WEFT_OK;
}

static weft_status device_info(int index, weft_device_info *info)
{
    *info = (weft_device_info){.type = WEFT_DEVICE_CPU, .compute_units = 1};
    if (index != 0) return weft_fail(WEFT_ERR_USAGE, "null: no device %d", index);
    snprintf(info->name, sizeof info->name, "null");
    info->memory_bytes = info->max_alloc_bytes = MEMORY;
    return WEFT_OK;
}

static weft_status open_device(int index, const weft_open_desc *desc, weft_device **out)
{
    (void)desc;
    *out = NULL;
    if (index != 0) return weft_fail(WEFT_ERR_USAGE, "null: no device %d", index);
    null_device *d = calloc(1, sizeof *d);
    if (!d) return weft_fail(WEFT_ERR_MEMORY, "null: no memory");
    d->base.backend = weft_backend_null();
    *out = &d->base;
    return WEFT_OK;
}

static void close_device(weft_device *device)
{
    free(device);
}

static weft_status buffer_new(weft_device *device, size_t bytes, weft_buffer **out)
{
    null_counts *counts = &device_of(device)->counts;
    *out = NULL;
    WEFT_TRY(call(device));
    null_buffer *b = refuses(device_of(device), bytes) ? NULL : calloc(1, sizeof *b + bytes);
    if (!b) return weft_fail(WEFT_ERR_MEMORY, "null: no memory for %zu bytes", bytes);
    b->base = (weft_buffer){device, bytes};
    counts->buffers++;
    counts->live_buffers++;
    counts->bytes += bytes;
    counts->live_bytes += bytes;
    if (counts->live_bytes > counts->peak_bytes) counts->peak_bytes = counts->live_bytes;
    *out = &b->base;
    return WEFT_OK;
}

static void buffer_free(weft_buffer *buffer)
{
    if (!buffer) return;
    device_of(buffer->device)->counts.live_buffers--;
    device_of(buffer->device)->counts.live_bytes -= buffer->bytes;
    free(buffer);
}

static weft_status write_buffer(weft_buffer *dst, size_t at, const void *src, size_t bytes)
{
    WEFT_TRY(call(dst->device));
    WEFT_TRY(check_range(dst, at, bytes));
    if (bytes > 0) memcpy(data_of(dst) + at, src, bytes);
    device_of(dst->device)->counts.written_bytes += (int64_t)bytes;
    return WEFT_OK;
}

static weft_status read_buffer(weft_buffer *src, size_t at, void *dst, size_t bytes)
{
    WEFT_TRY(call(src->device));
    WEFT_TRY(check_range(src, at, bytes));
    if (bytes > 0) memcpy(dst, data_of(src) + at, bytes);
    device_of(src->device)->counts.read_bytes += (int64_t)bytes;
    return WEFT_OK;
}

static weft_status copy_buffer(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at,
                               size_t bytes)
{
    WEFT_TRY(call(dst->device));
    WEFT_TRY(check_range(dst, dst_at, bytes));
    WEFT_TRY(check_range(src, src_at, bytes));
    memmove(data_of(dst) + dst_at, data_of(src) + src_at, bytes);
    return WEFT_OK;
}

static weft_status fill_buffer(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern)
{
    null_device *d = device_of(dst->device);
    if (d->late && is_over(d, 0)) d->failed = WEFT_ERR_MEMORY;
    WEFT_TRY(call(dst->device));
    WEFT_TRY(check_range(dst, at, bytes));
    if (at % 4 != 0 || bytes % 4 != 0)
        return weft_fail(WEFT_ERR_USAGE, "null: fill wants multiples of 4");
    for (size_t i = 0; i < bytes; i += 4)
        memcpy(data_of(dst) + at + i, &pattern, 4);
    return WEFT_OK;
}

static weft_status read_async(weft_buffer *src, size_t at, void *dst, size_t bytes,
                              weft_ticket *ticket)
{
    *ticket = 0;
    WEFT_TRY(read_buffer(src, at, dst, bytes));
    *ticket = ++device_of(src->device)->tickets;
    return WEFT_OK;
}

static weft_status ticket_done(weft_device *device, weft_ticket ticket, bool *done)
{
    *done = ticket <= device_of(device)->tickets;
    return call(device);
}

static weft_status ticket_wait(weft_device *device, weft_ticket ticket)
{
    (void)ticket;
    return call(device);
}

static weft_status wait_for_nothing(weft_device *device)
{
    return call(device);
}

static weft_status supports(weft_device *device, const weft_op *op, weft_support *support)
{
    const unsigned kind = (unsigned)op->kind;
    *support = (weft_support){.variant = "null"};
    if (kind < WEFT_OP_COUNT) return WEFT_OK;
    if (kind < WEFT_KIND_COUNT && device_of(device)->fuses[kind]) return WEFT_OK;
    return weft_fail(WEFT_ERR_UNSUPPORTED, "null: op %d is not known", (int)op->kind);
}

static weft_status prepare(weft_device *device, const weft_op *op, const char *choice,
                           weft_step **out)
{
    weft_support support;
    (void)choice;
    *out = NULL;
    WEFT_TRY(call(device));
    WEFT_TRY(supports(device, op, &support));
    null_step *step = calloc(1, sizeof *step);
    if (!step) return weft_fail(WEFT_ERR_MEMORY, "null: no memory");
    *step = (null_step){.base = {device}, .op = *op};
    device_of(device)->counts.steps++;
    device_of(device)->counts.live_steps++;
    *out = &step->base;
    return WEFT_OK;
}

static weft_status enqueue(weft_step *step, const weft_values *values)
{
    null_counts *counts = &device_of(step->device)->counts;
    const weft_op *op = &((null_step *)step)->op;
    (void)values;
    WEFT_TRY(call(step->device));
    counts->launches++;
    counts->launched[op->kind]++;
    counts->op_bytes += weft_op_bytes(op);
    return WEFT_OK;
}

static void release(weft_step *step)
{
    if (!step) return;
    device_of(step->device)->counts.live_steps--;
    free(step);
}

static weft_status step_info(weft_step *step, weft_step_info *info)
{
    const weft_op *op = &((null_step *)step)->op;
    *info = (weft_step_info){.variant = "null", .launches = 1};
    info->operations = weft_op_operations(op);
    info->bytes = weft_op_bytes(op);
    return WEFT_OK;
}

static weft_status no_candidates(weft_device *device, const weft_op *op, weft_choice *list,
                                 int *count)
{
    (void)op, (void)list;
    *count = 0;
    return call(device);
}

static weft_status no_store(weft_device *device, const weft_op *op, const char *choice)
{
    (void)op, (void)choice;
    return call(device);
}

static weft_status no_stored(weft_device *device, int index, weft_key *key, weft_choice *choice,
                             bool *found)
{
    (void)index, (void)key, (void)choice;
    *found = false;
    return call(device);
}

static weft_status no_speed(weft_device *device, weft_speed *out)
{
    *out = (weft_speed){1.0, 1.0};
    return call(device);
}

static weft_status buffer_share(weft_device *device, const void *bytes, size_t count,
                                weft_buffer **out)
{
    WEFT_TRY(buffer_new(device, count, out));
    return write_buffer(*out, 0, bytes, count);
}

const weft_backend *weft_backend_null(void)
{
    static const weft_backend backend = {
        WEFT_BACKEND_VERSION,
        "null",
        device_count,
        device_info,
        open_device,
        close_device,
        buffer_new,
        buffer_free,
        buffer_share,
        write_buffer,
        read_buffer,
        copy_buffer,
        fill_buffer,
        read_async,
        ticket_done,
        ticket_wait,
        wait_for_nothing,
        supports,
        prepare,
        enqueue,
        release,
        wait_for_nothing,
        step_info,
        no_candidates,
        no_store,
        no_stored,
        no_speed,
    };
    return &backend;
}

const null_counts *null_device_counts(const weft_device *device)
{
    return &((const null_device *)device)->counts;
}

void null_device_fail(weft_device *device, int count)
{
    device_of(device)->fail_in = count;
}

void null_device_limit(weft_device *device, size_t bytes, bool late)
{
    device_of(device)->limit = bytes;
    device_of(device)->late = late;
}

void null_device_fuse(weft_device *device, weft_op_kind kind, bool take)
{
    device_of(device)->fuses[kind] = take;
}

void null_device_fuse_all(weft_device *device)
{
    for (int kind = WEFT_OP_COUNT; kind < WEFT_KIND_COUNT; kind++)
        null_device_fuse(device, (weft_op_kind)kind, true);
}
