/* All parts of a selftest, one process after the other: a driver that crashes or hangs takes its
 * part with it and nothing else. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/self.h"
#include "cli/selftest.h"
#include "cli/selftest_line.h"
#include "cli/signals.h"
#include "core/child.h"
#include "core/number.h"
#include "core/posix.h"

typedef struct run {
    const cli_selftest_wish *wish;
    cli_progress *progress;
    const char *program;
    int part;
    double start;
} run;

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

/* A part that runs. */
typedef struct part {
    const run *run;
    weft_selftest_row *row;
    bool found; /* it has told its row */
} part;

static void take_line(void *user, const char *line)
{
    part *p = user;
    json_t *json = json_loads(line, 0, NULL);
    const json_t *row = json_object_get(json, "row");
    if (row && cli_row_read(row, p->row))
        p->found = true;
    else
        tell(p->run, (int)json_integer_value(json_object_get(json, "done")),
             (int)json_integer_value(json_object_get(json, "total")));
    json_decref(json);
}

/* ---- how it ends ---- */

static void fail(weft_selftest_row *row, const char *format, ...) WEFT_PRINTF(2, 3);
static void fail(weft_selftest_row *row, const char *format, ...)
{
    va_list arguments;
    *row = (weft_selftest_row){.verdict = WEFT_VERDICT_FAILED, .cases = 1, .failed = 1};
    va_start(arguments, format);
    (void)vsnprintf(row->failure, sizeof row->failure, format, arguments);
    va_end(arguments);
}

static weft_status judge(const part *p, const cli_self_end *end)
{
    char seconds[WEFT_NUMBER_TEXT], signal[CLI_SELF_SIGNAL];
    const char *name = weft_selftest_name(p->run->part), *note = end->note;
    if (end->silent)
        fail(p->row, "%s: no answer for %s seconds, a kernel or its compiler hangs", name,
             weft_fixed(p->run->wish->time_limit, 0, seconds));
    else if (cli_self_is_from_outside(-end->code))
        return weft_fail(WEFT_ERR_DEVICE, "part %s: %s, so there is no verdict", name,
                         cli_self_print_signal(-end->code, signal));
    else if (end->code < 0)
        fail(p->row, "%s: %s", name, cli_self_print_signal(-end->code, signal));
    else if (!p->found)
        fail(p->row, "%s: the process ended with exit code %d%s%s", name, end->code,
             *note ? ": " : "", note);
    return WEFT_OK;
}

static weft_status run_part(const run *r, weft_selftest_row *row)
{
    cli_line c = {.count = 0};
    cli_self_end end;
    part p = {.run = r, .row = row};
    *row = (weft_selftest_row){.cases = 0};
    tell(r, 0, 1);
    cli_line_part(&c, r->program, r->wish, r->part);
    WEFT_TRY(cli_self_run(c.list, r->wish->time_limit, take_line, &p, &end));
    return judge(&p, &end);
}

/* The signal may have ended a part as well, which says nothing of the device. */
static weft_status interrupted(void)
{
    return weft_fail(WEFT_ERR_DEVICE, "the selftest was interrupted, so there is no verdict");
}

static bool is_over(const run *r, const cli_selftest_result *result)
{
    const bool failed = result->verdict == WEFT_VERDICT_FAILED;
    return r->part == weft_selftest_count() || (failed && r->wish->stop_at_failure);
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
    for (; status == WEFT_OK && !is_over(&r, result); r.part++) {
        weft_selftest_row *row = &result->row[r.part];
        status = run_part(&r, row);
        if (row->verdict == WEFT_VERDICT_FAILED) result->verdict = WEFT_VERDICT_FAILED;
        if (cli_signals_exit_code() != 0) status = interrupted();
    }
    if (status != WEFT_OK) result->verdict = WEFT_VERDICT_NONE;
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
