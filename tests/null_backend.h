/* A backend without a device: it takes every op (fused ones when told to) and computes nothing,
 * counts what it is asked for, and keeps the bytes of its buffers, so that plans and memory can be
 * tested anywhere. */
#ifndef WEFT_TESTS_NULL_BACKEND_H
#define WEFT_TESTS_NULL_BACKEND_H

#include "core/backend.h"

const weft_backend *weft_backend_null(void);

/* What a device of the null backend was asked for since it was opened. */
typedef struct null_counts {
    int64_t launches;                  /* enqueued steps */
    int64_t launched[WEFT_KIND_COUNT]; /* the same by kind */
    int64_t op_bytes;                  /* inputs and outputs of the enqueued steps */
    int64_t buffers, live_buffers;     /* made; not yet freed */
    size_t bytes, live_bytes, peak_bytes;
    int64_t steps, live_steps; /* prepared; not yet released */
    int64_t written_bytes, read_bytes;
} null_counts;

const null_counts *null_device_counts(const weft_device *device);

/* Let the count-th call from now on (1: the next) that can fail do so, and, as the interface wants
 * it, every one after it. 0: none. */
void null_device_fail(weft_device *device, int count);

/* Let it have so many bytes for buffers (0: all it claims). A buffer beyond them is refused, or,
 * when `late`, made: its first fill fails, and every call after it. */
void null_device_limit(weft_device *device, size_t bytes, bool late);

/* Take a fused kind, or all of them; a new device takes none. */
void null_device_fuse(weft_device *device, weft_op_kind kind, bool take);
void null_device_fuse_all(weft_device *device);

#endif
