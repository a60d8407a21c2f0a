/* All parts of a selftest, one process after the other: a driver that crashes or hangs takes its
 * part with it and nothing else. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/selftest.h"
#include "cli/signals.h"
#include "core/child.h"
#include "core/posix.h"

typedef struct run {
    const cli_selftest_wish *wish;
    cli_progress *progress;
    const char *program;
    int part;
    double start;
} run;

/* ---- the command line of a part ---- */

enum { WORDS_MAX = 16, NUMBER_TEXT = 16 };

typedef struct words {
    const char *list[WORDS_MAX];
    int count;
    char threads[NUMBER_TEXT];
} words;

static void add(words *w, const char *word)
{
    w->list[w->count++] = word;
}

static void add_option(words *w, const char *name, const char *value)
{
    add(w, name);
    add(w, value);
}

static void write_words(const run *r, words *w)
{
    static const char *const gemms[] = {"auto", "own", "clblast"};
    *w = (words){.count = 0};
    add(w, r->program);
    add(w, "selftest");
    add_option(w, "--part", weft_selftest_name(r->part));
    add_option(w, "--device", r->wish->entry->id);
    add_option(w, "--family", cli_family_text(r->wish->family));
    add_option(w, "--gemm", gemms[r->wish->gemm]);
    if (r->wish->quick) add(w, "--quick");
    if (r->wish->threads > 0) {
        snprintf(w->threads, sizeof w->threads, "%d", (int)r->wish->threads);
        add_option(w, "--threads", w->threads);
    }
}

/* ---- what a part says ---- */

/* Parts before this one and cases of this one, as a share of the whole. */
static void tell(const run *r, int done, int total)
{
    const int parts = weft_selftest_count();
    const double share = (r->part + (total > 0 ? (double)done / total : 0)) / parts;
    const double spent = weft_clock() - r->start;
    cli_progress_check(r->progress, weft_selftest_name(r->part), share,
                       share > 0 ? spent / share - spent : 0);
}

/* True when the line was the row. */
static bool take_line(const run *r, const char *line, weft_selftest_row *row)
{
    json_t *json = json_loads(line, 0, NULL);
    const json_t *found = json_object_get(json, "row");
    const bool is_row = found && cli_row_read(found, row);
    if (!is_row)
        tell(r, (int)json_integer_value(json_object_get(json, "done")),
             (int)json_integer_value(json_object_get(json, "total")));
    json_decref(json);
    return is_row;
}

static void fail(weft_selftest_row *row, const char *text)
{
    *row = (weft_selftest_row){.verdict = WEFT_VERDICT_FAILED, .cases = 1, .failed = 1};
    snprintf(row->failure, sizeof row->failure, "%s", text);
}

/* It went without a row. */
static void explain_end(const run *r, int code, weft_selftest_row *row)
{
    char text[WEFT_SELFTEST_TEXT];
    const char *name = weft_selftest_name(r->part);
    if (code < 0)
        snprintf(text, sizeof text, "%s: the driver ended the process by signal %d", name, -code);
    else
        snprintf(text, sizeof text, "%s: the process ended with exit code %d", name, code);
    fail(row, text);
}

static void explain_silence(const run *r, weft_selftest_row *row)
{
    char text[WEFT_SELFTEST_TEXT], seconds[32];
    snprintf(text, sizeof text, "%s: no answer for %s seconds, a kernel or its compiler hangs",
             weft_selftest_name(r->part), cli_fixed(r->wish->time_limit, 0, seconds));
    fail(row, text);
}

static void listen_to(const run *r, weft_child *child, weft_selftest_row *row)
{
    const char *line = NULL;
    bool found = false;
    weft_child_event event;
    while ((event = weft_child_read(child, r->wish->time_limit, &line)) <= WEFT_CHILD_NOTE)
        if (event == WEFT_CHILD_LINE) found = take_line(r, line, row) || found;
    const int code = weft_child_end(child, event == WEFT_CHILD_SILENT);
    if (event == WEFT_CHILD_SILENT)
        explain_silence(r, row);
    else if (!found || code < 0)
        explain_end(r, code, row);
}

static weft_status run_part(const run *r, weft_selftest_row *row)
{
    words w;
    weft_child *child = NULL;
    *row = (weft_selftest_row){.cases = 0};
    tell(r, 0, 1);
    write_words(r, &w);
    WEFT_TRY(weft_child_start(w.list, &child));
    listen_to(r, child, row);
    return WEFT_OK;
}

/* The signal may have ended a part as well, which says nothing of the device. */
static weft_status interrupted(cli_selftest_result *result)
{
    result->verdict = WEFT_VERDICT_NONE;
    return weft_fail(WEFT_ERR_DEVICE, "the selftest was interrupted, so there is no verdict");
}

weft_status cli_selftest_all(const cli_selftest_wish *wish, cli_progress *progress,
                             cli_selftest_result *result)
{
    char *program = weft_program_path();
    run r = {.wish = wish, .progress = progress, .program = program, .start = weft_clock()};
    weft_status status = WEFT_OK;
    assert(weft_selftest_count() <= CLI_SELFTEST_PARTS);
    *result = (cli_selftest_result){.verdict = WEFT_VERDICT_PASSED, .quick = wish->quick};
    result->family = wish->family == WEFT_FAMILY_AUTO ? wish->entry->info.family : wish->family;
    if (!program) return weft_fail(WEFT_ERR_IO, "cannot tell where this program lies");
    for (; status == WEFT_OK && r.part < weft_selftest_count(); r.part++) {
        weft_selftest_row *row = &result->row[r.part];
        status = run_part(&r, row);
        if (row->verdict == WEFT_VERDICT_FAILED) result->verdict = WEFT_VERDICT_FAILED;
        if (cli_signals_exit_code() != 0) status = interrupted(result);
    }
    result->count = r.part;
    result->seconds = weft_clock() - r.start;
    cli_progress_clear(progress);
    free(program);
    return status;
}

const weft_selftest_row *cli_selftest_failure(const cli_selftest_result *result)
{
    for (int i = 0; i < result->count; i++)
        if (result->row[i].verdict == WEFT_VERDICT_FAILED) return &result->row[i];
    return NULL;
}
