/* An open CPU device, shared by the files that make up its backend. */
#ifndef WEFT_BACKENDS_CPU_DEVICE_H
#define WEFT_BACKENDS_CPU_DEVICE_H

#include "backends/cpu/cpu.h"

/* Work is done when it is enqueued, so there is no queue to keep. */
typedef struct weft_cpu_device {
    weft_device base;
    const weft_cpu_table *table;
    int threads;
    bool profile;
    weft_ticket ticket; /* the last that was given out */
} weft_cpu_device;

/* memory.c: see core/backend.h */
weft_status weft_cpu_buffer_new(weft_device *device, size_t bytes, weft_buffer **out);
void weft_cpu_buffer_free(weft_buffer *buffer);
weft_status weft_cpu_buffer_share(weft_device *device, const void *bytes, size_t count,
                                  weft_buffer **out);
weft_status weft_cpu_write(weft_buffer *dst, size_t at, const void *src, size_t bytes);
weft_status weft_cpu_read(weft_buffer *src, size_t at, void *dst, size_t bytes);
weft_status weft_cpu_buffer_copy(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at,
                                 size_t bytes);
weft_status weft_cpu_fill(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern);
weft_status weft_cpu_read_async(weft_buffer *src, size_t at, void *dst, size_t bytes,
                                weft_ticket *ticket);

/* step.c: see core/backend.h */
weft_status weft_cpu_prepare(weft_device *device, const weft_op *op, const char *choice,
                             weft_step **out);
weft_status weft_cpu_enqueue(weft_step *step, const weft_values *values);
void weft_cpu_release(weft_step *step);
weft_status weft_cpu_step_info(weft_step *step, weft_step_info *info);

/* speed.c: multiply-adds a second in registers, bytes a second through memory. */
weft_status weft_cpu_speed(weft_device *device, weft_speed *out);

#endif
