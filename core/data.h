/* Samples in the caller's memory, and their copy on a device. */
#ifndef WEFT_CORE_DATA_H
#define WEFT_CORE_DATA_H

#include "core/backend.h"
#include "core/tensor.h"

enum { WEFT_MAX_CHANNELS = 64, WEFT_MAX_CLASSES = 65536 };

/* Samples and what is to be learnt about them. Everything is borrowed and never written to.
 * Either classes or targets is set. */
typedef struct weft_dataset {
    const char *name;       /* for messages and the run folder */
    weft_shape shape;       /* of one sample: H x W x C, or features */
    int64_t count;          /* samples, 1 .. 2^31 - 1 */
    weft_dtype dtype;       /* WEFT_U8 (0..255) or WEFT_F32 */
    const void *samples;    /* count x shape */
    const int32_t *classes; /* count numbers in 0 .. class_count - 1, or NULL */
    int32_t class_count;
    const char *const *class_names; /* class_count names, or NULL */
    const float *targets;           /* count x target_width, or NULL */
    int32_t target_width;
} weft_dataset;

/* Check counts, shape, every class number. WEFT_ERR_SHAPE or WEFT_ERR_FORMAT names the sample. */
WEFT_API weft_status weft_dataset_check(const weft_dataset *data);

/* A sample value p becomes (p * unit - mean[c]) / std[c], with unit = 1/255 for bytes and 1 for
 * floats. c is the last axis of the sample; features have one common mean and std (channels = 1).
 */
typedef struct weft_normalize {
    int32_t channels;
    float mean[WEFT_MAX_CHANNELS];
    float std[WEFT_MAX_CHANNELS];
} weft_normalize;

/* Mean and standard deviation per channel of the samples in ids (all of them when ids is NULL; sums
 * in double, in order). A channel that never changes gets std 1. */
WEFT_API weft_status weft_normalize_measure(const weft_dataset *data, const int32_t *ids,
                                            int64_t count, weft_normalize *out);

/* XXH3-128 over shape, samples and answers, as 32 hex digits: tells one data set from another. */
WEFT_API weft_status weft_dataset_hash(const weft_dataset *data, char hex[33]);

/* A data set on a device: samples, answers and the order in which batches take them. */
typedef struct weft_source weft_source;

/* Upload everything once. The order list has room for `order` entries (twice an epoch's count lets
 * the next epoch's order be written while this one runs). */
WEFT_API weft_status weft_source_new(weft_device *device, const weft_dataset *data,
                                     const weft_normalize *norm, int64_t order, weft_source **out);

/* The same without a copy where the device shares memory with the host: the data set's samples and
 * answers stay in place until the source is freed, and weft_source_write is refused. */
WEFT_API weft_status weft_source_borrow(weft_device *device, const weft_dataset *data,
                                        const weft_normalize *norm, int64_t order,
                                        weft_source **out);

/* The shapes alone, without a device: plans over it can be counted, not run. */
weft_status weft_source_describe(const weft_dataset *data, int64_t order, weft_source **out);

/* A second order list over the samples of another source, which must outlive it. */
WEFT_API weft_status weft_source_share(weft_source *samples, int64_t order, weft_source **out);
WEFT_API void weft_source_free(weft_source *source);

/* Write count sample ids at place `at` of the order list. */
WEFT_API weft_status weft_source_order(weft_source *source, int64_t at, const int32_t *ids,
                                       int64_t count);

/* Ids 0 .. count - 1 as the order list. */
WEFT_API weft_status weft_source_in_order(weft_source *source, int64_t count);

/* Overwrite samples from index `first` (predicting from the caller's memory). */
WEFT_API weft_status weft_source_write(weft_source *source, int64_t first, const void *samples,
                                       int64_t count);

/* The same for targets: count x target_width numbers. */
WEFT_API weft_status weft_source_write_targets(weft_source *source, int64_t first,
                                               const float *targets, int64_t count);

/* Samples of zeros in order 0, 1, ..., to be written before each run; target_width 0: without
 * targets. */
WEFT_API weft_status weft_source_blank(weft_device *device, weft_shape shape, weft_dtype dtype,
                                       const weft_normalize *norm, int32_t count,
                                       int32_t target_width, weft_source **out);

/* Tensors a plan reads. answers has rank 0 when the source has none. */
typedef struct weft_source_view {
    weft_tensor samples; /* count x H x W x C, u8 or f32 */
    weft_tensor answers; /* i32 count, or f32 count x T */
    weft_tensor order;   /* i32 */
    weft_tensor norm;    /* f32 2 x channels: scale, offset */
} weft_source_view;
weft_source_view weft_source_tensors(const weft_source *source);

#endif
