/* Buffers of the CPU backend. */
#include <stdlib.h>
#include <string.h>

#include "backends/cpu/device.h"
#include "core/checked.h"

enum { ALIGNMENT = 64 }; /* bytes: a line of the cache */

static unsigned char *data_of(weft_buffer *buffer)
{
    return ((weft_cpu_buffer *)(void *)buffer)->data;
}

static bool is_shared(const weft_buffer *buffer)
{
    return ((const weft_cpu_buffer *)(const void *)buffer)->shared;
}

static weft_status check_range(const weft_buffer *buffer, size_t at, size_t bytes, const char *what)
{
    if (at <= buffer->bytes && bytes <= buffer->bytes - at) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "%s: %zu bytes at %zu do not fit a buffer of %zu bytes", what,
                     bytes, at, buffer->bytes);
}

/* The same for a buffer that is going to be written to. */
static weft_status check_target(const weft_buffer *buffer, size_t at, size_t bytes,
                                const char *what)
{
    if (is_shared(buffer))
        return weft_fail(WEFT_ERR_USAGE, "%s: a shared buffer is only read", what);
    return check_range(buffer, at, bytes, what);
}

weft_status weft_cpu_buffer_new(weft_device *device, size_t bytes, weft_buffer **out)
{
    size_t rounded = 0;
    *out = NULL;
    if (weft_add_size(bytes > 0 ? bytes : 1, ALIGNMENT - 1, &rounded) || rounded > PTRDIFF_MAX)
        return weft_fail(WEFT_ERR_MEMORY, "cpu: a buffer of %zu bytes is too large", bytes);
    rounded -= rounded % ALIGNMENT;

    weft_cpu_buffer *const buffer = calloc(1, sizeof *buffer);
    unsigned char *const data = aligned_alloc(ALIGNMENT, rounded);
    if (!buffer || !data) {
        free(buffer);
        free(data);
        return weft_fail(WEFT_ERR_MEMORY,
                         "cpu: no memory for a buffer of %zu bytes; a smaller batch needs less",
                         bytes);
    }
    *buffer = (weft_cpu_buffer){.base = {.device = device, .bytes = bytes}, .data = data};
    *out = &buffer->base;
    return WEFT_OK;
}

weft_status weft_cpu_buffer_share(weft_device *device, const void *bytes, size_t count,
                                  weft_buffer **out)
{
    *out = NULL;
    weft_cpu_buffer *const buffer = calloc(1, sizeof *buffer);
    if (!buffer) return weft_fail(WEFT_ERR_MEMORY, "cpu: no memory for a buffer");
    *buffer = (weft_cpu_buffer){.base = {.device = device, .bytes = count},
                                .data = (unsigned char *)(uintptr_t)bytes,
                                .shared = true};
    *out = &buffer->base;
    return WEFT_OK;
}

void weft_cpu_buffer_free(weft_buffer *buffer)
{
    if (!buffer) return;
    if (!is_shared(buffer)) free(data_of(buffer));
    free(buffer);
}

weft_status weft_cpu_write(weft_buffer *dst, size_t at, const void *src, size_t bytes)
{
    WEFT_TRY(check_target(dst, at, bytes, "write"));
    if (bytes > 0) memcpy(data_of(dst) + at, src, bytes);
    return WEFT_OK;
}

weft_status weft_cpu_read(weft_buffer *src, size_t at, void *dst, size_t bytes)
{
    WEFT_TRY(check_range(src, at, bytes, "read"));
    if (bytes > 0) memcpy(dst, data_of(src) + at, bytes);
    return WEFT_OK;
}

weft_status weft_cpu_buffer_copy(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at,
                                 size_t bytes)
{
    if (dst->device != src->device)
        return weft_fail(WEFT_ERR_USAGE, "copy: the buffers belong to two devices");
    WEFT_TRY(check_range(src, src_at, bytes, "copy from"));
    WEFT_TRY(check_target(dst, dst_at, bytes, "copy to"));
    memmove(data_of(dst) + dst_at, data_of(src) + src_at, bytes);
    return WEFT_OK;
}

weft_status weft_cpu_fill(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern)
{
    WEFT_TRY(check_target(dst, at, bytes, "fill"));
    if (at % sizeof pattern != 0 || bytes % sizeof pattern != 0)
        return weft_fail(WEFT_ERR_USAGE, "fill: %zu bytes at %zu; both must be multiples of 4",
                         bytes, at);
    for (size_t i = 0; i < bytes; i += sizeof pattern)
        memcpy(data_of(dst) + at + i, &pattern, sizeof pattern);
    return WEFT_OK;
}

/* Everything is done already: the ticket is done as it is given. */
weft_status weft_cpu_read_async(weft_buffer *src, size_t at, void *dst, size_t bytes,
                                weft_ticket *ticket)
{
    weft_cpu_device *const device = (weft_cpu_device *)(void *)src->device;
    *ticket = 0;
    WEFT_TRY(weft_cpu_read(src, at, dst, bytes));
    *ticket = ++device->ticket;
    return WEFT_OK;
}
