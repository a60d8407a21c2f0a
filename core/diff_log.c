/* Rows of two logs, joined by what their first column counts. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/diff_private.h"
#include "core/number.h"
#include "core/posix.h"

enum { LINE_MAX_BYTES = 4096 };

/* How fast it went: never the same twice. */
static const char *const TIMES[] = {"seconds", "images_per_second"};

typedef struct row {
    int64_t counter;
    const char *cell[WEFT_DIFF_COLUMNS]; /* into line */
    char line[LINE_MAX_BYTES];
} row;

/* A log that is being read; `here` says whether `row` holds a row. */
typedef struct reader {
    char *path;
    FILE *stream;
    int64_t line, rows;
    int columns;
    bool here;
    row row;
} reader;

static weft_status bad(const reader *r, const char *what)
{
    return weft_fail(WEFT_ERR_FORMAT, "%s:%lld: %s", r->path, (long long)r->line, what);
}

/* The next whole line without its end; false at the end. A torn line, as a crash leaves it, is
 * none. */
static weft_status next_line(reader *r, bool *got)
{
    *got = false;
    r->line++;
    if (!fgets(r->row.line, sizeof r->row.line, r->stream)) {
        return ferror(r->stream) ? weft_io_fail("read", r->path, errno) : WEFT_OK;
    }
    char *end = strchr(r->row.line, '\n');
    if (!end && !feof(r->stream)) return bad(r, "a line that is too long, or holds a zero byte");
    if (!end) return WEFT_OK;
    *end = '\0';
    *got = true;
    return WEFT_OK;
}

/* Cut the line at its commas. */
static int split(row *to)
{
    int count = 0;
    for (char *at = to->line; at; count++) {
        char *comma = strchr(at, ',');
        if (comma) *comma = '\0';
        if (count < WEFT_DIFF_COLUMNS) to->cell[count] = at;
        at = comma ? comma + 1 : NULL;
    }
    return count;
}

static weft_status next_row(reader *r)
{
    WEFT_TRY(next_line(r, &r->here));
    if (!r->here) return WEFT_OK;
    if (split(&r->row) != r->columns) return bad(r, "not as many columns as in the first line");
    if (!weft_parse_int(r->row.cell[0], &r->row.counter)) {
        return bad(r, "the first column does not count");
    }
    r->rows++;
    return WEFT_OK;
}

static weft_status open_reader(reader *r)
{
    WEFT_TRY(weft_open_file(r->path, &r->stream));
    WEFT_TRY(next_line(r, &r->here));
    if (!r->here) return bad(r, "the line with the names of the columns is missing");
    r->columns = split(&r->row);
    for (int i = 0; i < r->columns && i < WEFT_DIFF_COLUMNS; i++) {
        if (strlen(r->row.cell[i]) >= WEFT_DIFF_COLUMN_NAME) return bad(r, "a name is too long");
    }
    return r->columns <= WEFT_DIFF_COLUMNS ? WEFT_OK : bad(r, "too many columns");
}

static weft_status same_columns(const reader *a, const reader *b)
{
    bool same = a->columns == b->columns;
    for (int i = 0; i < a->columns && same; i++)
        same = strcmp(a->row.cell[i], b->row.cell[i]) == 0;
    if (same) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s:1: its columns are not those of %s", b->path, a->path);
}

static void take_columns(const reader *r, weft_diff_log *log)
{
    log->column_count = r->columns;
    for (int i = 0; i < r->columns; i++)
        memcpy(log->column[i].name, r->row.cell[i], strlen(r->row.cell[i]) + 1);
}

static bool is_time(const char *name)
{
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++)
        if (strcmp(name, TIMES[i]) == 0) return true;
    return false;
}

/* A cell as weft writes it: a number, "nan", "inf" or "-inf". */
static weft_status read_cell(const reader *r, int column, double *out)
{
    const char *text = r->row.cell[column];
    *out = strcmp(text, "-inf") == 0 ? -(double)INFINITY : (double)INFINITY;
    if (strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0) return WEFT_OK;
    *out = (double)NAN;
    if (strcmp(text, "nan") == 0 || weft_parse_double(text, out)) return WEFT_OK;
    return bad(r, "a cell that is no number");
}

static void differ_at(weft_diff_log *log, int64_t counter)
{
    if (log->first < 0) log->first = counter;
}

static weft_status compare_rows(const reader *a, const reader *b, weft_diff_log *log)
{
    for (int i = 1; i < a->columns; i++) {
        weft_diff_column *column = &log->column[i];
        double was, is;
        if (is_time(column->name)) continue;
        WEFT_TRY(read_cell(a, i, &was));
        WEFT_TRY(read_cell(b, i, &is));
        if (strcmp(a->row.cell[i], b->row.cell[i]) == 0) continue;
        const double apart = isfinite(was) && isfinite(is) ? fabs(was - is) : (double)INFINITY;
        differ_at(log, a->row.counter);
        if (!(apart > column->largest)) continue;
        column->largest = apart;
        column->row = a->row.counter;
    }
    return WEFT_OK;
}

static weft_status join(reader *a, reader *b, weft_diff_log *log)
{
    WEFT_TRY(next_row(a));
    WEFT_TRY(next_row(b));
    while (a->here || b->here) {
        const bool take_a = a->here && (!b->here || a->row.counter <= b->row.counter);
        const bool take_b = b->here && (!a->here || b->row.counter <= a->row.counter);
        if (take_a && take_b) {
            WEFT_TRY(compare_rows(a, b, log));
        } else {
            differ_at(log, take_a ? a->row.counter : b->row.counter);
            log->only_a += take_a;
            log->only_b += take_b;
        }
        if (take_a) WEFT_TRY(next_row(a));
        if (take_b) WEFT_TRY(next_row(b));
    }
    log->rows_a = a->rows;
    log->rows_b = b->rows;
    return WEFT_OK;
}

static weft_status compare(reader *a, reader *b, weft_diff_log *log)
{
    if (!a->path || !b->path) return weft_diff_no_memory();
    log->in_a = weft_path_exists(a->path);
    log->in_b = weft_path_exists(b->path);
    if (!log->in_a || !log->in_b) return WEFT_OK;
    WEFT_TRY(open_reader(a));
    WEFT_TRY(open_reader(b));
    WEFT_TRY(same_columns(a, b));
    take_columns(a, log);
    return join(a, b, log);
}

static void close_reader(reader *r)
{
    if (r->stream) fclose(r->stream);
    free(r->path);
}

weft_status weft_diff_logs(const char *a, const char *b, const char *name, weft_diff_log *log)
{
    reader one = {.path = weft_path_join(a, name)}, two = {.path = weft_path_join(b, name)};
    *log = (weft_diff_log){.name = name, .first = -1};
    const weft_status status = compare(&one, &two, log);
    close_reader(&one);
    close_reader(&two);
    return status;
}
