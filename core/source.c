/* A data set on a device. */
#include <stdlib.h>

#include "core/checked.h"
#include "core/data.h"

struct weft_source {
    weft_device *device;
    weft_buffer *samples, *answers, *norm; /* borrowed when shared */
    weft_buffer *order;
    bool shared;  /* samples, answers and norm are another source's */
    bool borrows; /* samples and answers may be the caller's memory */
    weft_source_view view;
};

static weft_status upload(weft_device *device, const void *from, size_t bytes, weft_buffer **out)
{
    WEFT_TRY(device->backend->buffer_new(device, bytes, out));
    return device->backend->write(*out, 0, from, bytes);
}

/* What is put on the device: a copy, or the caller's memory where the device can use it. */
static weft_status put(const weft_source *s, const void *from, size_t bytes, weft_buffer **out)
{
    if (!s->borrows) return upload(s->device, from, bytes, out);
    return s->device->backend->buffer_share(s->device, from, bytes, out);
}

static size_t tensor_bytes(weft_tensor tensor)
{
    return (size_t)weft_shape_count(tensor.shape) * weft_dtype_bytes(tensor.dtype);
}

static weft_tensor describe_samples(const weft_dataset *data)
{
    weft_tensor t = {.shape = {data->shape.rank + 1, {(int32_t)data->count}}, .dtype = data->dtype};
    for (int i = 0; i < data->shape.rank; i++)
        t.shape.dim[i + 1] = data->shape.dim[i];
    return t;
}

static weft_tensor describe_answers(const weft_dataset *data)
{
    if (data->classes) {
        return (weft_tensor){.shape = {1, {(int32_t)data->count}}, .dtype = WEFT_I32};
    }
    if (!data->targets) return (weft_tensor){.shape = {0, {0}}};
    return (weft_tensor){.shape = {2, {(int32_t)data->count, data->target_width}}};
}

static int32_t channels_of(const weft_dataset *data)
{
    return data->shape.rank == 3 ? data->shape.dim[2] : 1;
}

static weft_status no_order(int64_t count)
{
    return weft_fail(WEFT_ERR_USAGE, "an order list of %lld samples is not possible",
                     (long long)count);
}

/* The shapes of all tensors; their buffers come later or never. */
static weft_status describe(weft_source *s, const weft_dataset *data, int64_t order)
{
    if (order < 1 || order > INT32_MAX) return no_order(order);
    s->view.samples = describe_samples(data);
    s->view.answers = describe_answers(data);
    s->view.norm = (weft_tensor){.shape = {2, {2, channels_of(data)}}};
    s->view.order = (weft_tensor){.shape = {1, {(int32_t)order}}, .dtype = WEFT_I32};
    return WEFT_OK;
}

static weft_status upload_samples(weft_source *s, const weft_dataset *data)
{
    WEFT_TRY(put(s, data->samples, tensor_bytes(s->view.samples), &s->samples));
    s->view.samples.buffer = s->samples;
    if (s->view.answers.shape.rank == 0) return WEFT_OK;

    const void *answers = data->classes ? (const void *)data->classes : data->targets;
    WEFT_TRY(put(s, answers, tensor_bytes(s->view.answers), &s->answers));
    s->view.answers.buffer = s->answers;
    return WEFT_OK;
}

/* (p * unit - mean) / std as p * scale + offset. */
static weft_status upload_norm(weft_source *s, const weft_dataset *data, const weft_normalize *norm)
{
    const int32_t channels = channels_of(data);
    const double unit = data->dtype == WEFT_U8 ? 1.0 / 255.0 : 1.0;
    float rows[2 * WEFT_MAX_CHANNELS];
    if (norm->channels != channels) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: normalised for %d channels, the data has %d",
                         data->name, norm->channels, channels);
    }
    for (int32_t c = 0; c < channels; c++) {
        rows[c] = (float)(unit / (double)norm->std[c]);
        rows[channels + c] = (float)(-(double)norm->mean[c] / (double)norm->std[c]);
    }
    WEFT_TRY(upload(s->device, rows, tensor_bytes(s->view.norm), &s->norm));
    s->view.norm.buffer = s->norm;
    return WEFT_OK;
}

static weft_status make_order(weft_source *s)
{
    const size_t bytes = tensor_bytes(s->view.order);
    WEFT_TRY(s->device->backend->buffer_new(s->device, bytes, &s->order));
    s->view.order.buffer = s->order;
    return s->device->backend->fill(s->order, 0, bytes, 0);
}

static weft_status fill_source(weft_source *s, const weft_dataset *data, const weft_normalize *norm,
                               int64_t order)
{
    WEFT_TRY(describe(s, data, order));
    WEFT_TRY(upload_samples(s, data));
    WEFT_TRY(upload_norm(s, data, norm));
    return make_order(s);
}

static weft_status make_source(weft_device *device, const weft_dataset *data,
                               const weft_normalize *norm, int64_t order, bool borrows,
                               weft_source **out)
{
    *out = NULL;
    weft_source *s = calloc(1, sizeof *s);
    if (!s) return weft_fail(WEFT_ERR_MEMORY, "no memory for a source");
    s->device = device;
    s->borrows = borrows;
    const weft_status status = fill_source(s, data, norm, order);
    if (status == WEFT_OK) {
        *out = s;
        return WEFT_OK;
    }
    weft_source_free(s);
    return weft_fail_in(status, "uploading %s", data->name);
}

weft_status weft_source_new(weft_device *device, const weft_dataset *data,
                            const weft_normalize *norm, int64_t order, weft_source **out)
{
    return make_source(device, data, norm, order, false, out);
}

weft_status weft_source_borrow(weft_device *device, const weft_dataset *data,
                               const weft_normalize *norm, int64_t order, weft_source **out)
{
    return make_source(device, data, norm, order, true, out);
}

weft_status weft_source_describe(const weft_dataset *data, int64_t order, weft_source **out)
{
    *out = NULL;
    weft_source *s = calloc(1, sizeof *s);
    if (!s) return weft_fail(WEFT_ERR_MEMORY, "no memory for a source");
    const weft_status status = describe(s, data, order);
    if (status == WEFT_OK) {
        *out = s;
    } else {
        weft_source_free(s);
    }
    return status;
}

weft_status weft_source_share(weft_source *samples, int64_t order, weft_source **out)
{
    *out = NULL;
    if (order < 1 || order > INT32_MAX) return no_order(order);
    weft_source *s = calloc(1, sizeof *s);
    if (!s) return weft_fail(WEFT_ERR_MEMORY, "no memory for a source");
    *s = *samples;
    s->shared = true;
    s->order = NULL;
    s->view.order.shape.dim[0] = (int32_t)order;
    const weft_status status = make_order(s);
    if (status == WEFT_OK) {
        *out = s;
    } else {
        weft_source_free(s);
    }
    return status;
}

static void drop(weft_buffer *buffer)
{
    if (buffer) buffer->device->backend->buffer_free(buffer);
}

void weft_source_free(weft_source *source)
{
    if (!source) return;
    drop(source->order);
    if (!source->shared) {
        drop(source->samples);
        drop(source->answers);
        drop(source->norm);
    }
    free(source);
}

static weft_status check_place(int64_t at, int64_t count, int32_t room, const char *what)
{
    int64_t end = 0;
    if (!weft_add_i64(at, count, &end) && end <= room) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "%s: %lld entries at %lld, room for %d", what,
                     (long long)count, (long long)at, room);
}

weft_status weft_source_order(weft_source *source, int64_t at, const int32_t *ids, int64_t count)
{
    WEFT_TRY(check_place(at, count, source->view.order.shape.dim[0], "order list"));
    return source->device->backend->write(source->order, (size_t)at * sizeof *ids, ids,
                                          (size_t)count * sizeof *ids);
}

weft_status weft_source_in_order(weft_source *source, int64_t count)
{
    int32_t *ids = calloc((size_t)count, sizeof *ids);
    if (!ids) return weft_fail(WEFT_ERR_MEMORY, "no memory for the order of samples");
    for (int64_t i = 0; i < count; i++)
        ids[i] = (int32_t)i;
    const weft_status status = weft_source_order(source, 0, ids, count);
    free(ids);
    return status;
}

static weft_status write_rows(const weft_tensor *t, const char *what, int64_t first,
                              const void *rows, int64_t count)
{
    WEFT_TRY(check_place(first, count, t->shape.dim[0], what));
    const size_t row = tensor_bytes(*t) / (size_t)t->shape.dim[0];
    return t->buffer->device->backend->write(t->buffer, (size_t)first * row, rows,
                                             (size_t)count * row);
}

weft_status weft_source_write(weft_source *source, int64_t first, const void *samples,
                              int64_t count)
{
    return write_rows(&source->view.samples, "samples", first, samples, count);
}

weft_status weft_source_write_targets(weft_source *source, int64_t first, const float *targets,
                                      int64_t count)
{
    return write_rows(&source->view.answers, "targets", first, targets, count);
}

weft_status weft_source_blank(weft_device *device, weft_shape shape, weft_dtype dtype,
                              const weft_normalize *norm, int32_t count, int32_t target_width,
                              weft_source **out)
{
    *out = NULL;
    const size_t sample = (size_t)weft_shape_count(shape) * weft_dtype_bytes(dtype);
    void *samples = calloc((size_t)count, sample);
    float *targets = calloc((size_t)count, ((size_t)target_width + 1) * sizeof *targets);
    weft_status status = WEFT_OK;
    if (!samples || !targets) {
        status = weft_fail(WEFT_ERR_MEMORY, "no memory for a batch of %d samples", (int)count);
        goto done;
    }
    const weft_dataset data = {.name = "samples",
                               .shape = shape,
                               .count = count,
                               .dtype = dtype,
                               .samples = samples,
                               .targets = target_width > 0 ? targets : NULL,
                               .target_width = target_width};
    status = weft_source_new(device, &data, norm, count, out);
    if (status == WEFT_OK) status = weft_source_in_order(*out, count);
    if (status == WEFT_OK) goto done;
    weft_source_free(*out);
    *out = NULL;
done:
    free(samples);
    free(targets);
    return status;
}

weft_source_view weft_source_tensors(const weft_source *source)
{
    return source->view;
}
