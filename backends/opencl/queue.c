#include "backends/opencl/internal.h"

#include <stdlib.h>

enum { SHARED_ALIGN = 64 }; /* bytes */

static cl_device *device_of(const weft_buffer *buffer)
{
    return (cl_device *)buffer->device;
}

static cl_mem mem_of(const weft_buffer *buffer)
{
    return ((const cl_buffer *)buffer)->mem;
}

/* The status of one call on a device: the sticky failure first, then this call's own. */
static weft_status checked(cl_device *device, cl_int error, const char *function)
{
    return cl_stick(device, error == CL_SUCCESS ? WEFT_OK : cl_fail(error, function));
}

/* A call that reaches outside of a buffer is refused before the driver sees it: it must not end
 * everything that comes after. */
static weft_status inside(const weft_buffer *buffer, size_t at, size_t bytes)
{
    if (at <= buffer->bytes && bytes <= buffer->bytes - at) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "%zu bytes at %zu of a buffer of %zu", bytes, at,
                     buffer->bytes);
}

/* The same for a buffer that is going to be written to. */
static weft_status writable(const weft_buffer *buffer, size_t at, size_t bytes)
{
    if (((const cl_buffer *)buffer)->shared) {
        return weft_fail(WEFT_ERR_USAGE, "a shared buffer is only read");
    }
    return inside(buffer, at, bytes);
}

static weft_status make_buffer(weft_device *device_, cl_mem_flags flags, size_t bytes, void *host,
                               weft_buffer **out)
{
    cl_device *device = (cl_device *)device_;
    *out = NULL;
    WEFT_TRY(cl_stick(device, WEFT_OK));
    if (bytes > device->info.max_alloc_bytes) {
        return weft_fail(WEFT_ERR_MEMORY,
                         "a buffer of %zu bytes: %s allows %llu; a smaller batch may fit", bytes,
                         device->info.name, (unsigned long long)device->info.max_alloc_bytes);
    }

    cl_buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer) return weft_fail(WEFT_ERR_MEMORY, "a buffer of %zu bytes: out of memory", bytes);

    cl_int error = CL_SUCCESS;
    buffer->base = (weft_buffer){device_, bytes};
    buffer->shared = host != NULL;
    buffer->mem = clCreateBuffer(device->context, flags, bytes ? bytes : 4, host, &error);
    if (error != CL_SUCCESS) {
        free(buffer);
        return weft_fail_in(cl_fail(error, "clCreateBuffer"), "a buffer of %zu bytes", bytes);
    }
    *out = &buffer->base;
    return WEFT_OK;
}

weft_status cl_buffer_new(weft_device *device, size_t bytes, weft_buffer **out)
{
    return make_buffer(device, CL_MEM_READ_WRITE, bytes, NULL, out);
}

/* Kernels may load vectors of 64 bytes from the start of a buffer. */
static bool can_share(const cl_device *device, const void *bytes, size_t count)
{
    return device->info.host_memory && count > 0 && (uintptr_t)bytes % SHARED_ALIGN == 0;
}

weft_status cl_buffer_share(weft_device *device, const void *bytes, size_t count, weft_buffer **out)
{
    if (can_share((const cl_device *)device, bytes, count)) {
        return make_buffer(device, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, count,
                           (void *)(uintptr_t)bytes, out);
    }
    WEFT_TRY(cl_buffer_new(device, count, out));
    const weft_status status = cl_write(*out, 0, bytes, count);
    if (status == WEFT_OK) return WEFT_OK;
    cl_buffer_free(*out);
    *out = NULL;
    return status;
}

/* The driver keeps its own memory for as long as queued commands use it; the caller's is gone when
 * this returns. */
void cl_buffer_free(weft_buffer *buffer)
{
    if (!buffer) return;
    if (((const cl_buffer *)buffer)->shared) (void)clFinish(device_of(buffer)->queue);
    clReleaseMemObject(mem_of(buffer));
    free(buffer);
}

weft_status cl_write(weft_buffer *dst, size_t at, const void *src, size_t bytes)
{
    cl_device *device = device_of(dst);
    WEFT_TRY(cl_stick(device, WEFT_OK));
    WEFT_TRY(writable(dst, at, bytes));
    if (bytes == 0) return WEFT_OK;
    return checked(
        device,
        clEnqueueWriteBuffer(device->queue, mem_of(dst), CL_TRUE, at, bytes, src, 0, NULL, NULL),
        "clEnqueueWriteBuffer");
}

weft_status cl_read(weft_buffer *src, size_t at, void *dst, size_t bytes)
{
    cl_device *device = device_of(src);
    WEFT_TRY(cl_stick(device, WEFT_OK));
    WEFT_TRY(inside(src, at, bytes));
    if (bytes == 0) return WEFT_OK;
    return checked(
        device,
        clEnqueueReadBuffer(device->queue, mem_of(src), CL_TRUE, at, bytes, dst, 0, NULL, NULL),
        "clEnqueueReadBuffer");
}

weft_status cl_copy(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at, size_t bytes)
{
    cl_device *device = device_of(dst);
    WEFT_TRY(cl_stick(device, WEFT_OK));
    WEFT_TRY(writable(dst, dst_at, bytes));
    WEFT_TRY(inside(src, src_at, bytes));
    if (bytes == 0) return WEFT_OK;
    return checked(device,
                   clEnqueueCopyBuffer(device->queue, mem_of(src), mem_of(dst), src_at, dst_at,
                                       bytes, 0, NULL, NULL),
                   "clEnqueueCopyBuffer");
}

weft_status cl_fill(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern)
{
    cl_device *device = device_of(dst);
    WEFT_TRY(cl_stick(device, WEFT_OK));
    WEFT_TRY(writable(dst, at, bytes));
    if (at % sizeof pattern != 0 || bytes % sizeof pattern != 0) {
        return weft_fail(WEFT_ERR_USAGE, "fill: %zu bytes at %zu, wants multiples of 4", bytes, at);
    }
    if (bytes == 0) return WEFT_OK;
    return checked(device,
                   clEnqueueFillBuffer(device->queue, mem_of(dst), &pattern, sizeof pattern, at,
                                       bytes, 0, NULL, NULL),
                   "clEnqueueFillBuffer");
}

/* ---- tickets: a ring of events; its place is ticket mod CL_TICKETS ---- */

static cl_event *place_of(cl_device *device, weft_ticket ticket)
{
    return &device->ticket[ticket % CL_TICKETS];
}

/* A ticket whose place was taken again was waited for at that time. */
static bool is_under_way(const cl_device *device, weft_ticket ticket)
{
    return ticket < device->next_ticket && ticket + CL_TICKETS >= device->next_ticket &&
           device->ticket[ticket % CL_TICKETS];
}

static weft_status wait_for(cl_device *device, weft_ticket ticket)
{
    cl_event *event = place_of(device, ticket);
    const cl_int error = clWaitForEvents(1, event);
    clReleaseEvent(*event);
    *event = NULL;
    return checked(device, error, "clWaitForEvents");
}

weft_status cl_read_async(weft_buffer *src, size_t at, void *dst, size_t bytes, weft_ticket *ticket)
{
    cl_device *device = device_of(src);
    *ticket = 0;
    WEFT_TRY(cl_stick(device, WEFT_OK));
    WEFT_TRY(inside(src, at, bytes));
    const weft_ticket next = device->next_ticket;
    if (*place_of(device, next)) WEFT_TRY(wait_for(device, next));
    if (bytes > 0) {
        const cl_int error = clEnqueueReadBuffer(device->queue, mem_of(src), CL_FALSE, at, bytes,
                                                 dst, 0, NULL, place_of(device, next));
        WEFT_TRY(checked(device, error, "clEnqueueReadBuffer"));
    }
    *ticket = next;
    device->next_ticket++;
    return WEFT_OK;
}

weft_status cl_ticket_done(weft_device *device_, weft_ticket ticket, bool *done)
{
    cl_device *device = (cl_device *)device_;
    *done = false;
    WEFT_TRY(cl_stick(device, WEFT_OK));
    if (!is_under_way(device, ticket)) {
        *done = true;
        return WEFT_OK;
    }
    cl_int state = CL_QUEUED;
    const cl_int error = clGetEventInfo(
        *place_of(device, ticket), CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    WEFT_TRY(checked(device, error, "clGetEventInfo"));
    if (state < 0) return checked(device, state, "clEnqueueReadBuffer");
    *done = state == CL_COMPLETE;
    return WEFT_OK;
}

weft_status cl_ticket_wait(weft_device *device_, weft_ticket ticket)
{
    cl_device *device = (cl_device *)device_;
    WEFT_TRY(cl_stick(device, WEFT_OK));
    return is_under_way(device, ticket) ? wait_for(device, ticket) : WEFT_OK;
}

weft_status cl_flush(weft_device *device_)
{
    cl_device *device = (cl_device *)device_;
    WEFT_TRY(cl_stick(device, WEFT_OK));
    return checked(device, clFlush(device->queue), "clFlush");
}

weft_status cl_finish(weft_device *device_)
{
    cl_device *device = (cl_device *)device_;
    const cl_int error = clFinish(device->queue); /* after a failure too: reads may be under way */
    WEFT_TRY(cl_stick(device, WEFT_OK));
    return checked(device, error, "clFinish");
}
