#include "cli/run_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/number.h"
#include "core/posix.h"

enum { JSON_BYTES_MAX = 1 << 20, METRICS_BYTES_MAX = 1 << 28, CELL_MAX = 64 };

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for the files of a run");
}

/* ---- JSON ---- */

weft_status cli_json_file(const char *path, const char *what, json_t **out)
{
    char *bytes = NULL;
    size_t count = 0;
    json_error_t error;
    *out = NULL;
    WEFT_TRY(weft_read_file(path, JSON_BYTES_MAX, &bytes, &count));
    json_t *json = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    free(bytes);
    if (!json) {
        return weft_fail(WEFT_ERR_FORMAT, "%s:%d: %s; it should be the %s of a run", path,
                         error.line, error.text, what);
    }
    if (json_is_object(json)) {
        *out = json;
        return WEFT_OK;
    }
    json_decref(json);
    return weft_fail(WEFT_ERR_FORMAT, "%s: not a JSON object; it should be the %s of a run", path,
                     what);
}

static weft_status read_json(const char *folder, const char *name, bool wanted, json_t **out)
{
    char *path = weft_path_join(folder, name);
    weft_status status = WEFT_OK;
    if (!path) return no_memory();
    if (wanted || weft_path_exists(path)) status = cli_json_file(path, name, out);
    free(path);
    return status;
}

/* ---- metrics.csv ---- */

/* Columns are found by name, so that later versions may add some. */
static const char *const columns[] = {"train_loss",       "train_accuracy", "val_loss",
                                      "val_accuracy",     "learning_rate",  "seconds",
                                      "images_per_second"};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns, CELLS_MAX = 32, EPOCH = -1, OTHER = -2 };

static double *field_of(weft_epoch_report *row, int column)
{
    double *const fields[COLUMN_COUNT] = {
        &row->train_loss,    &row->train_accuracy, &row->val_loss,         &row->val_accuracy,
        &row->learning_rate, &row->seconds,        &row->images_per_second};
    return fields[column];
}

typedef struct metrics {
    const char *path;
    int kind[CELLS_MAX]; /* index in columns, EPOCH or OTHER */
    int cells;
    weft_epoch_report *row;
    int count, room;
    int line, last_line; /* the one that is read, that of the last row */
    int damaged;
    int first_line; /* of the damaged ones */
    char reason[CELL_MAX + 64];
} metrics;

/* Cut the next cell off a line; NULL behind the last. */
static char *next_cell(char **rest)
{
    char *cell = *rest;
    if (!cell) return NULL;
    char *comma = strchr(cell, ',');
    if (comma) *comma = '\0';
    *rest = comma ? comma + 1 : NULL;
    return cell;
}

static int kind_of(const char *name)
{
    if (strcmp(name, "epoch") == 0) return EPOCH;
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(name, columns[i]) == 0) return i;
    return OTHER;
}

static weft_status read_head(metrics *m, char *line)
{
    bool counts = false;
    for (char *cell; (cell = next_cell(&line)) && m->cells < CELLS_MAX; m->cells++) {
        m->kind[m->cells] = kind_of(cell);
        counts = counts || m->kind[m->cells] == EPOCH;
    }
    if (counts && !line) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s:1: not the columns of a run's metrics (epoch,train_loss,...)", m->path);
}

/* A cell as a run writes it: a number, nothing, "nan", "inf" or "-inf". */
static bool read_cell(const char *text, double *out)
{
    *out = (double)NAN;
    if (!*text || strcmp(text, "nan") == 0) return true;
    *out = *text == '-' ? -(double)INFINITY : (double)INFINITY;
    if (strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0) return true;
    return weft_parse_double(text, out);
}

/* The first damaged line is the one to tell. */
static void leave_out(metrics *m, int line, const char *what, const char *cell)
{
    if (m->damaged++ > 0 && line > m->first_line) return;
    m->first_line = line;
    (void)snprintf(m->reason, sizeof m->reason, "%s%s%.*s%s", what, cell ? " \"" : "", CELL_MAX - 4,
                   cell ? cell : "", cell ? "\"" : "");
}

static bool refuse(metrics *m, const char *what, const char *cell)
{
    leave_out(m, m->line, what, cell);
    return false;
}

static bool read_epoch(metrics *m, const char *cell, weft_epoch_report *row)
{
    int64_t epoch = 0;
    if (!weft_parse_int(cell, &epoch) || epoch < 1 || epoch > UINT32_MAX)
        return refuse(m, "no epoch:", cell);
    row->epoch = (uint32_t)epoch;
    return true;
}

static bool read_row(metrics *m, char *line, weft_epoch_report *row)
{
    *row = (weft_epoch_report){0};
    for (int i = 0; i < COLUMN_COUNT; i++)
        *field_of(row, i) = (double)NAN;
    int cells = 0;
    for (char *cell; (cell = next_cell(&line)); cells++) {
        double value;
        const int kind = cells < m->cells ? m->kind[cells] : OTHER;
        if (kind == EPOCH && !read_epoch(m, cell, row)) return false;
        if (kind < 0) continue;
        if (!read_cell(cell, &value)) return refuse(m, "no number:", cell);
        *field_of(row, kind) = value;
    }
    return cells == m->cells || refuse(m, "not as many columns as in the first line", NULL);
}

/* ---- the order of epochs ---- */

/* That of the row at `index`; in front of the first one a run has done none. */
static uint32_t epoch_at(const metrics *m, int index)
{
    return index < 0 ? 0 : m->row[index].epoch;
}

/* A run writes every epoch, so one that is not behind its neighbour by one is in doubt. */
static bool last_has_jumped(const metrics *m)
{
    return epoch_at(m, m->count - 1) != epoch_at(m, m->count - 2) + 1;
}

static void leave_out_last(metrics *m)
{
    char epoch[16];
    (void)snprintf(epoch, sizeof epoch, "%u", epoch_at(m, --m->count));
    leave_out(m, m->last_line, "ahead of the epochs around it:", epoch);
}

/* Of two rows whose epochs do not rise one is wrong: the former when it has jumped and the latter
 * goes on where it came from. */
static bool put_in_order(metrics *m, uint32_t epoch)
{
    char text[16];
    if (epoch > epoch_at(m, m->count - 1)) return true;
    if (last_has_jumped(m) && epoch > epoch_at(m, m->count - 2)) {
        leave_out_last(m);
        return true;
    }
    (void)snprintf(text, sizeof text, "%u", epoch);
    return refuse(m, "not behind the epoch of the line before:", text);
}

static weft_status add_row(metrics *m, weft_epoch_report row)
{
    if (m->count == m->room) {
        size_t bytes;
        const int room = m->room ? 2 * m->room : 64;
        if (weft_mul_size((size_t)room, sizeof row, &bytes)) return no_memory();
        weft_epoch_report *larger = realloc(m->row, bytes);
        if (!larger) return no_memory();
        m->row = larger;
        m->room = room;
    }
    m->last_line = m->line;
    m->row[m->count++] = row;
    return WEFT_OK;
}

/* No row behind the last one speaks against it, but a jump that no damaged line explains. */
static void finish_rows(metrics *m)
{
    double best = (double)INFINITY;
    if (m->count > 1 && m->damaged == 0 && last_has_jumped(m)) leave_out_last(m);
    for (int i = 0; i < m->count; i++) {
        m->row[i].best = m->row[i].val_loss < best;
        if (m->row[i].best) best = m->row[i].val_loss;
    }
}

/* ---- lines ---- */

/* Zero bytes are what a power cut may leave; length counts what is behind the first of them too. */
static weft_status read_line(metrics *m, char *line, size_t length)
{
    weft_epoch_report row;
    if (m->line == 1) return read_head(m, line);
    const bool whole = strlen(line) == length || refuse(m, "a zero byte", NULL);
    if (whole && read_row(m, line, &row) && put_in_order(m, row.epoch)) return add_row(m, row);
    return WEFT_OK;
}

static weft_status read_lines(metrics *m, char *text, size_t bytes)
{
    const char *const behind = text + bytes;
    char *line = text;
    for (char *end; (end = memchr(line, '\n', (size_t)(behind - line))); line = end + 1) {
        *end = '\0';
        m->line++;
        WEFT_TRY(read_line(m, line, (size_t)(end - line)));
    }
    if (line < behind) {
        m->line++;
        refuse(m, "cut off", NULL);
    }
    finish_rows(m);
    return WEFT_OK;
}

/* Without a row there is nothing to go on with. */
static weft_status tell_damage(const metrics *m, const weft_log *log)
{
    char more[48] = "";
    if (m->damaged == 0) return WEFT_OK;
    if (m->damaged > 1) (void)snprintf(more, sizeof more, ", and %d more lines", m->damaged - 1);
    if (m->count == 0)
        return weft_fail(WEFT_ERR_FORMAT, "%s:%d: %s%s; no epoch is left", m->path, m->first_line,
                         m->reason, more);
    weft_say(log, WEFT_WARNING, "%s:%d: %s; left out%s", m->path, m->first_line, m->reason, more);
    return WEFT_OK;
}

static weft_status read_metrics(const char *path, const weft_log *log, weft_epoch_report **rows,
                                int *count)
{
    metrics m = {.path = path};
    char *text = NULL;
    size_t bytes = 0;
    WEFT_TRY(weft_read_file(path, METRICS_BYTES_MAX, &text, &bytes));
    weft_status status = read_lines(&m, text, bytes);
    free(text);
    if (status == WEFT_OK) status = tell_damage(&m, log);
    if (status != WEFT_OK) {
        free(m.row);
        return status;
    }
    *rows = m.row;
    *count = m.count;
    return WEFT_OK;
}

weft_status cli_run_epochs(const char *folder, const weft_log *log, weft_epoch_report **rows,
                           int *count)
{
    char *path = weft_path_join(folder, "metrics.csv");
    weft_status status = WEFT_OK;
    *rows = NULL;
    *count = 0;
    if (!path) return no_memory();
    if (weft_path_exists(path)) status = read_metrics(path, log, rows, count);
    free(path);
    return status;
}

/* ---- the whole ---- */

weft_status cli_run_unfinished(const char *folder, const char *file, const char *wrong)
{
    return weft_fail(WEFT_ERR_FORMAT, "%s has no finished epoch yet: %s %s", folder, file, wrong);
}

static weft_status read_all(const char *folder, const weft_log *log, cli_run_files *out)
{
    if (!weft_is_folder(folder)) return weft_fail(WEFT_ERR_IO, "%s: no such run folder", folder);
    WEFT_TRY(read_json(folder, "config.json", true, &out->config));
    WEFT_TRY(read_json(folder, "env.json", false, &out->env));
    WEFT_TRY(read_json(folder, "summary.json", false, &out->summary));
    WEFT_TRY(cli_run_epochs(folder, log, &out->epoch, &out->epoch_count));
    if (out->epoch_count > 0) return WEFT_OK;
    return cli_run_unfinished(folder, "metrics.csv", "holds none");
}

weft_status cli_run_read(const char *folder, const weft_log *log, cli_run_files *out)
{
    *out = (cli_run_files){0};
    const weft_status status = read_all(folder, log, out);
    if (status != WEFT_OK) cli_run_files_free(out);
    return status;
}

void cli_run_files_free(cli_run_files *files)
{
    free(files->epoch);
    json_decref(files->config);
    json_decref(files->env);
    json_decref(files->summary);
    *files = (cli_run_files){0};
}
