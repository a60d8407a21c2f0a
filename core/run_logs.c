/* metrics.csv, steps.csv and events.jsonl: lines are added, and cut off again by a resume. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/run_private.h"

/* A warning has up to 4096 bytes, and each may need an escape. */
enum { LINE_MAX_BYTES = 16384, DIGITS = 9 };

static const char STEPS_HEAD[] = "step,loss,accuracy,learning_rate\n";
static const char EPOCHS_HEAD[] = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,"
                                  "learning_rate,seconds,images_per_second\n";

/* ---- cutting ---- */

/* What the checkpoint knows. */
typedef struct limit {
    uint64_t step;
    uint32_t epochs;
    bool untold; /* of the lines that stay, none tells that it was written */
} limit;

/* Does this line (whole, without its newline) belong to that? */
typedef bool keep_line(const char *line, limit *to);

static bool keep_row(const char *line, uint64_t most)
{
    char *end;
    if (*line < '0' || *line > '9') return true; /* the head */
    return strtoull(line, &end, 10) <= most && *end == ',';
}

static bool keep_step(const char *line, limit *to)
{
    return keep_row(line, to->step);
}

static bool keep_epoch(const char *line, limit *to)
{
    return keep_row(line, to->epochs);
}

/* A run that was stopped in a validation may be at an epoch's last step without its end. */
static bool is_within(const json_t *event, const char *name, const limit *to)
{
    const json_t *step = json_object_get(event, "step");
    const json_int_t epoch = json_integer_value(json_object_get(event, "epoch"));
    if (strcmp(name, "epoch") == 0 && epoch > (json_int_t)to->epochs) return false;
    return json_is_integer(step) && (uint64_t)json_integer_value(step) <= to->step;
}

static bool keep_event(const char *line, limit *to)
{
    json_t *event = json_loads(line, 0, NULL);
    const char *text = json_string_value(json_object_get(event, "event"));
    const char *name = text ? text : "";
    const bool keep = is_within(event, name, to);
    if (keep && strcmp(name, "checkpoint") == 0) to->untold = false;
    if (keep && (strcmp(name, "steps") == 0 || strcmp(name, "epoch") == 0)) to->untold = true;
    json_decref(event);
    return keep;
}

/* Bytes up to the first line that is torn or goes beyond the limit. */
static int64_t kept_bytes(FILE *file, keep_line *keep, limit *to)
{
    char line[LINE_MAX_BYTES];
    int64_t bytes = 0;
    while (fgets(line, sizeof line, file)) {
        const size_t length = strlen(line);
        if (length == 0 || line[length - 1] != '\n') break;
        line[length - 1] = '\0';
        if (!keep(line, to)) break;
        bytes += (int64_t)length;
    }
    return bytes;
}

static weft_status cut(const char *path, keep_line *keep, limit *to)
{
    FILE *file = fopen(path, "rb");
    if (!file) return WEFT_OK; /* nothing to cut; opening it for writing tells of other troubles */
    const int64_t bytes = kept_bytes(file, keep, to);
    fclose(file);
    return weft_file_truncate(path, bytes);
}

/* ---- opening ---- */

static weft_status log_error(const weft_log_file *log)
{
    const int error = errno;
    return weft_fail(WEFT_ERR_IO, "cannot write %s%s: check the folder and the free space",
                     log->path, error == ENOSPC ? " (disk full)" : "");
}

static weft_status open_log(const weft_run *run, const char *name, const char *head,
                            keep_line *keep, limit *to, weft_log_file *out)
{
    out->path = weft_run_path(run, name);
    if (!out->path) return weft_run_no_memory();
    WEFT_TRY(cut(out->path, keep, to));
    out->file = fopen(out->path, "ab");
    if (!out->file) return log_error(out);
    /* cppcheck-suppress seekOnAppendedFile ; for ftell, which may say 0 before */
    if (fseek(out->file, 0, SEEK_END) != 0) return log_error(out);
    if (ftell(out->file) == 0 && fputs(head, out->file) < 0) return log_error(out);
    return fflush(out->file) == 0 ? WEFT_OK : log_error(out);
}

weft_status weft_run_logs_open(weft_run *run, bool steps, uint64_t step, uint32_t epochs)
{
    limit to = {.step = step, .epochs = epochs};
    WEFT_TRY(open_log(run, "events.jsonl", "", keep_event, &to, &run->events));
    WEFT_TRY(open_log(run, "metrics.csv", EPOCHS_HEAD, keep_epoch, &to, &run->epochs));
    if (steps) WEFT_TRY(open_log(run, "steps.csv", STEPS_HEAD, keep_step, &to, &run->steps));
    run->untold_checkpoint = to.untold;
    run->flushed = weft_clock();
    return WEFT_OK;
}

bool weft_run_checkpoint_is_untold(const weft_run *run)
{
    return run->untold_checkpoint;
}

bool weft_run_logs_are_open(const weft_run *run)
{
    return run->events.file != NULL;
}

static void close_log(weft_log_file *log)
{
    if (log->file) fclose(log->file);
    free(log->path);
    *log = (weft_log_file){0};
}

void weft_run_logs_close(weft_run *run)
{
    close_log(&run->steps);
    close_log(&run->epochs);
    close_log(&run->events);
}

/* ---- lines ---- */

static weft_status flush(const weft_log_file *log)
{
    return !log->file || fflush(log->file) == 0 ? WEFT_OK : log_error(log);
}

weft_status weft_run_logs_flush(weft_run *run)
{
    run->flushed = weft_clock();
    WEFT_TRY(flush(&run->steps));
    WEFT_TRY(flush(&run->epochs));
    return flush(&run->events);
}

/* A row: a counter, then numbers. The first `exact` of them are printed so that the same float
 * is read back, the others with a few digits. */
static weft_status row(const weft_log_file *log, uint64_t counter, const double *values, int count,
                       int exact)
{
    char line[512];
    int used = snprintf(line, sizeof line, "%llu", (unsigned long long)counter);
    for (int i = 0; i < count; i++) {
        char text[WEFT_NUMBER_TEXT];
        const double value = i < exact ? (double)(float)values[i] : values[i];
        used += snprintf(line + used, sizeof line - (size_t)used, ",%s",
                         weft_format(value, i < exact ? DIGITS : 6, text));
    }
    return fprintf(log->file, "%s\n", line) > 0 ? WEFT_OK : log_error(log);
}

weft_status weft_run_log_step(weft_run *run, uint64_t step, double loss, double accuracy,
                              double learning_rate)
{
    if (!run->steps.file) return WEFT_OK;
    const double values[] = {loss, accuracy, learning_rate};
    WEFT_TRY(row(&run->steps, step, values, 3, 3));
    return weft_clock() - run->flushed >= 1.0 ? weft_run_logs_flush(run) : WEFT_OK;
}

weft_status weft_run_log_epoch(weft_run *run, const weft_epoch_report *r)
{
    const double values[] = {r->train_loss,       r->train_accuracy, r->val_loss,
                             r->val_accuracy,     r->learning_rate,  r->seconds,
                             r->images_per_second};
    WEFT_TRY(row(&run->epochs, r->epoch, values, 7, 5));
    return weft_run_logs_flush(run);
}

/* Time first, so that lines can be read by eye; `more` follows. */
static json_t *event_json(const char *name, uint64_t step, json_t *more)
{
    char time[32];
    weft_utc(time);
    json_t *event =
        json_pack("{s:s,s:s,s:I}", "time", time, "event", name, "step", (json_int_t)step);
    if (event && json_object_update(event, more) != 0) {
        json_decref(event);
        event = NULL;
    }
    json_decref(more);
    return event;
}

weft_status weft_run_log_event(weft_run *run, const char *name, uint64_t step, json_t *more)
{
    json_t *event = event_json(name, step, more);
    char *text = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) : NULL;
    json_decref(event);
    if (!text) return weft_run_no_memory();
    const bool written = fprintf(run->events.file, "%s\n", text) > 0;
    free(text);
    return written ? flush(&run->events) : log_error(&run->events);
}
