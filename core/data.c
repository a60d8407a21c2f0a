#include "core/data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/checked.h"

/* ---- checks ---- */

static weft_status check_classes(const weft_dataset *data)
{
    if (data->class_count < 1 || data->class_count > WEFT_MAX_CLASSES) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: %d classes (1 to %d are possible)", data->name,
                         data->class_count, WEFT_MAX_CLASSES);
    }
    for (int64_t i = 0; i < data->count; i++) {
        if (data->classes[i] >= 0 && data->classes[i] < data->class_count) continue;
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: sample %" PRId64 " has class %d, but there are %d classes",
                         data->name, i, data->classes[i], data->class_count);
    }
    return WEFT_OK;
}

static int32_t channels_of(weft_shape sample)
{
    return sample.rank == 3 ? sample.dim[2] : 1;
}

static weft_status check_samples(const weft_dataset *data)
{
    int64_t sample = 0, all = 0;
    if (data->shape.rank != 1 && data->shape.rank != 3) {
        return weft_fail(WEFT_ERR_SHAPE,
                         "%s: a sample is height x width x channels or a row of features",
                         data->name);
    }
    WEFT_TRY(weft_shape_check(data->shape, &sample));
    if (data->count < 1 || data->count > INT32_MAX || weft_mul_i64(sample, data->count, &all) ||
        all > INT64_MAX / 8) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: %" PRId64 " samples are not possible", data->name,
                         data->count);
    }
    if (channels_of(data->shape) > WEFT_MAX_CHANNELS) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: %d channels (at most %d)", data->name,
                         channels_of(data->shape), WEFT_MAX_CHANNELS);
    }
    if (!data->samples || (data->dtype != WEFT_U8 && data->dtype != WEFT_F32)) {
        return weft_fail(WEFT_ERR_USAGE, "%s: samples must be bytes or floats", data->name);
    }
    return WEFT_OK;
}

weft_status weft_dataset_check(const weft_dataset *data)
{
    WEFT_TRY(check_samples(data));
    if (data->classes) return check_classes(data);
    if (data->targets && data->target_width > 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "%s: neither classes nor targets are given", data->name);
}

/* ---- normalisation ---- */

typedef struct moments {
    double sum[WEFT_MAX_CHANNELS], squares[WEFT_MAX_CHANNELS];
} moments;

/* Bytes are summed as whole numbers: exact, and many times faster than doubles. */
static void add_bytes(const uint8_t *sample, int64_t size, int32_t channels, moments *m)
{
    for (int32_t c = 0; c < channels; c++) {
        uint64_t sum = 0, squares = 0;
        for (int64_t i = c; i < size; i += channels) {
            const uint32_t v = sample[i], square = v * v;
            sum += v;
            squares += square;
        }
        m->sum[c] += (double)sum;
        m->squares[c] += (double)squares;
    }
}

/* Sums of (value - shift); the shift keeps the squares small. */
static void add_floats(const float *sample, int64_t size, int32_t channels, const float *shift,
                       moments *m)
{
    for (int64_t i = 0; i < size; i += channels) {
        for (int32_t c = 0; c < channels; c++) {
            const double v = (double)sample[i + c] - (double)shift[c];
            m->sum[c] += v;
            m->squares[c] += v * v;
        }
    }
}

/* Sums over the samples in ids; shift has zeros for bytes, else the first sample's channels. */
static void add_samples(const weft_dataset *data, const int32_t *ids, int64_t count, float *shift,
                        moments *m)
{
    const int64_t size = weft_shape_count(data->shape);
    const int32_t channels = channels_of(data->shape);
    const bool is_bytes = data->dtype == WEFT_U8;
    if (!is_bytes) {
        const float *first = (const float *)data->samples + (ids ? ids[0] : 0) * size;
        memcpy(shift, first, (size_t)channels * sizeof *shift);
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = (ids ? ids[i] : i) * size;
        if (is_bytes)
            add_bytes((const uint8_t *)data->samples + at, size, channels, m);
        else
            add_floats((const float *)data->samples + at, size, channels, shift, m);
    }
}

/* Mean and deviation of one channel from its sums over n values. */
static void finish_channel(const moments *m, int32_t c, double n, double unit, double shift,
                           weft_normalize *out)
{
    const double mean = m->sum[c] / n, variance = m->squares[c] / n - mean * mean;
    out->mean[c] = (float)(shift + mean * unit);
    out->std[c] = variance > 0 ? (float)(sqrt(variance) * unit) : 1.0f;
}

/* Name the sample that spoils the sums; finite ones alone can be too large for them. */
static weft_status cannot_measure(const weft_dataset *data, const int32_t *ids, int64_t count)
{
    const int64_t size = weft_shape_count(data->shape);
    for (int64_t i = 0; i < count && data->dtype == WEFT_F32; i++) {
        const int64_t id = ids ? ids[i] : i;
        const float *sample = (const float *)data->samples + id * size;
        for (int64_t k = 0; k < size; k++) {
            if (isfinite(sample[k])) continue;
            return weft_fail(WEFT_ERR_FORMAT, "%s: number %lld of sample %lld is not finite",
                             data->name, (long long)k, (long long)id);
        }
    }
    return weft_fail(WEFT_ERR_FORMAT, "%s: the samples are too large to be measured", data->name);
}

weft_status weft_normalize_measure(const weft_dataset *data, const int32_t *ids, int64_t count,
                                   weft_normalize *out)
{
    WEFT_TRY(check_samples(data));
    if (!ids) count = data->count;
    if (count < 1) return weft_fail(WEFT_ERR_USAGE, "%s: no samples to measure", data->name);

    moments m = {{0}, {0}};
    float shift[WEFT_MAX_CHANNELS] = {0};
    add_samples(data, ids, count, shift, &m);
    const double unit = data->dtype == WEFT_U8 ? 1.0 / 255.0 : 1.0;
    const int32_t channels = channels_of(data->shape);
    const int64_t pixels = weft_shape_count(data->shape) / channels;
    const double n = (double)count * (double)pixels;
    *out = (weft_normalize){.channels = channels};
    for (int32_t c = 0; c < channels; c++) {
        finish_channel(&m, c, n, unit, (double)shift[c], out);
        if (!isfinite(out->mean[c]) || !isfinite(out->std[c])) {
            return cannot_measure(data, ids, count);
        }
    }
    return WEFT_OK;
}

/* ---- hash ---- */

static void hash_answers(XXH3_state_t *state, const weft_dataset *data)
{
    const size_t n = (size_t)data->count;
    if (data->classes) XXH3_128bits_update(state, data->classes, n * sizeof *data->classes);
    if (data->targets) {
        const size_t bytes = n * (size_t)data->target_width * sizeof *data->targets;
        XXH3_128bits_update(state, data->targets, bytes);
    }
}

weft_status weft_dataset_hash(const weft_dataset *data, char hex[33])
{
    WEFT_TRY(check_samples(data));
    XXH3_state_t *state = XXH3_createState();
    if (!state) return weft_fail(WEFT_ERR_MEMORY, "no memory to hash %s", data->name);
    const int64_t head[] = {data->count,        data->shape.rank,   data->shape.dim[0],
                            data->shape.dim[1], data->shape.dim[2], (int64_t)data->dtype};
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, head, sizeof head);
    const size_t bytes =
        (size_t)(data->count * weft_shape_count(data->shape)) * weft_dtype_bytes(data->dtype);
    XXH3_128bits_update(state, data->samples, bytes);
    hash_answers(state, data);
    const XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(hex, 33, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
    return WEFT_OK;
}
