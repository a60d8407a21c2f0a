#include "report/tensorboard.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/tfrecord.h"

/* Field numbers of tensorflow/core/util/event.proto and framework/summary.proto. */
enum event_field { WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7 };
enum session_field { STATUS = 1, START = 1 };
enum summary_field { VALUE = 1 };
enum value_field { TAG = 1, SIMPLE_VALUE = 2, IMAGE = 4, HISTO = 5 };
enum image_field { HEIGHT = 1, WIDTH = 2, COLORSPACE = 3, ENCODED = 4, RGB = 3 };
enum histo_field { MIN = 1, MAX = 2, NUM = 3, SUM = 4, SUM_SQUARES = 5, LIMIT = 6, BUCKET = 7 };

struct weft_tensorboard {
    FILE *file;
    char *path;
    weft_wire value, summary, event, record; /* kept for their memory */
};

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for TensorBoard's file");
}

static weft_status io_error(const weft_tensorboard *f, int error)
{
    return weft_fail(WEFT_ERR_IO, "cannot write %s: %s; check the folder and the free space",
                     f->path, strerror(error));
}

/* ---- records ---- */

static void start_event(weft_tensorboard *f, double time, uint64_t step)
{
    weft_wire_clear(&f->event);
    weft_wire_put_double(&f->event, WALL_TIME, time);
    weft_wire_put_varint(&f->event, STEP, step);
}

static weft_status write_event(weft_tensorboard *f)
{
    weft_wire_clear(&f->record);
    weft_tfrecord_put(&f->record, &f->event);
    if (f->record.failed) return no_memory();
    const size_t wrote = fwrite(f->record.bytes, 1, f->record.count, f->file);
    return wrote == f->record.count ? WEFT_OK : io_error(f, errno);
}

/* The value under way goes into the summary under way. */
static void start_value(weft_tensorboard *f, const char *tag)
{
    weft_wire_clear(&f->value);
    weft_wire_put_text(&f->value, TAG, tag);
}

static void end_value(weft_tensorboard *f)
{
    weft_wire_put_message(&f->summary, VALUE, &f->value);
}

static weft_status write_summary(weft_tensorboard *f, double time, uint64_t step)
{
    start_event(f, time, step);
    weft_wire_put_message(&f->event, SUMMARY, &f->summary);
    return write_event(f);
}

/* ---- the file ---- */

static weft_status write_head(weft_tensorboard *f, double time, uint64_t first)
{
    start_event(f, time, 0);
    weft_wire_put_text(&f->event, FILE_VERSION, "brain.Event:2");
    WEFT_TRY(write_event(f));

    start_event(f, time, first);
    weft_wire_clear(&f->value);
    weft_wire_put_varint(&f->value, STATUS, START);
    weft_wire_put_message(&f->event, SESSION_LOG, &f->value);
    WEFT_TRY(write_event(f));
    return weft_tensorboard_flush(f);
}

weft_status weft_tensorboard_open(const char *path, double time, uint64_t first,
                                  weft_tensorboard **out)
{
    *out = NULL;
    weft_tensorboard *f = calloc(1, sizeof *f);
    if (f) f->path = malloc(strlen(path) + 1);
    if (!f || !f->path) {
        free(f);
        return no_memory();
    }
    memcpy(f->path, path, strlen(path) + 1);
    f->file = fopen(path, "wb");
    const weft_status status = f->file ? write_head(f, time, first) : io_error(f, errno);
    if (status == WEFT_OK)
        *out = f;
    else
        weft_tensorboard_free(f);
    return status;
}

void weft_tensorboard_free(weft_tensorboard *f)
{
    if (!f) return;
    if (f->file) fclose(f->file);
    weft_wire_free(&f->value);
    weft_wire_free(&f->summary);
    weft_wire_free(&f->event);
    weft_wire_free(&f->record);
    free(f->path);
    free(f);
}

weft_status weft_tensorboard_flush(weft_tensorboard *f)
{
    errno = 0;
    return fflush(f->file) == 0 && !ferror(f->file) ? WEFT_OK : io_error(f, errno);
}

/* ---- what is told ---- */

weft_status weft_tensorboard_scalars(weft_tensorboard *f, double time, uint64_t step,
                                     const weft_scalar *scalars, int count)
{
    weft_wire_clear(&f->summary);
    for (int i = 0; i < count; i++) {
        if (isnan(scalars[i].value)) continue;
        start_value(f, scalars[i].tag);
        weft_wire_put_float(&f->value, SIMPLE_VALUE, (float)scalars[i].value);
        end_value(f);
    }
    return f->summary.count > 0 ? write_summary(f, time, step) : WEFT_OK;
}

static void put_histogram(weft_wire *out, const weft_histogram *h)
{
    double edge[WEFT_BUCKETS], bucket[WEFT_BUCKETS];
    for (int i = 0; i < WEFT_BUCKETS; i++) {
        edge[i] = weft_histogram_edge(h, i);
        bucket[i] = (double)h->bucket[i];
    }
    weft_wire_put_double(out, MIN, h->low);
    weft_wire_put_double(out, MAX, h->high);
    weft_wire_put_double(out, NUM, (double)h->count);
    weft_wire_put_double(out, SUM, h->sum);
    weft_wire_put_double(out, SUM_SQUARES, h->sum_squares);
    weft_wire_put_doubles(out, LIMIT, edge, WEFT_BUCKETS);
    weft_wire_put_doubles(out, BUCKET, bucket, WEFT_BUCKETS);
}

/* A value that holds one message, alone in its summary. */
static weft_status write_value(weft_tensorboard *f, double time, uint64_t step, const char *tag,
                               uint32_t field, const weft_wire *message)
{
    weft_wire_clear(&f->summary);
    start_value(f, tag);
    weft_wire_put_message(&f->value, field, message);
    end_value(f);
    return write_summary(f, time, step);
}

weft_status weft_tensorboard_histogram(weft_tensorboard *f, double time, uint64_t step,
                                       const char *tag, const weft_histogram *h)
{
    if (h->count == 0) return WEFT_OK;
    weft_wire message = {0};
    put_histogram(&message, h);
    const weft_status status = write_value(f, time, step, tag, HISTO, &message);
    weft_wire_free(&message);
    return status;
}

weft_status weft_tensorboard_image(weft_tensorboard *f, double time, uint64_t step, const char *tag,
                                   int width, int height, const void *png, size_t count)
{
    weft_wire message = {0};
    weft_wire_put_varint(&message, HEIGHT, (uint64_t)height);
    weft_wire_put_varint(&message, WIDTH, (uint64_t)width);
    weft_wire_put_varint(&message, COLORSPACE, RGB);
    weft_wire_put_bytes(&message, ENCODED, png, count);
    const weft_status status = write_value(f, time, step, tag, IMAGE, &message);
    weft_wire_free(&message);
    return status;
}

/* ---- cutting ---- */

/* The step of an event as this file writes it: the second field. A file of somebody else may have
 * another order; its events count as step 0 and stay. */
static uint64_t step_of(const weft_wire *event)
{
    enum { TIME_BYTES = 9, STEP_TAG = STEP << 3 };
    size_t at = TIME_BYTES;
    uint64_t tag, step;
    if (!weft_wire_read_varint(event->bytes, event->count, &at, &tag) || tag != STEP_TAG) return 0;
    return weft_wire_read_varint(event->bytes, event->count, &at, &step) ? step : 0;
}

int64_t weft_tensorboard_bytes(const char *path, uint64_t step)
{
    weft_wire event = {0};
    int64_t bytes = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    while (weft_tfrecord_get(file, &event) && step_of(&event) <= step)
        bytes += (int64_t)(event.count + WEFT_TFRECORD_FRAME);
    fclose(file);
    weft_wire_free(&event);
    return bytes;
}
