/* weft selftest: is what a device computes what the CPU backend computes? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bundle.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/select.h"
#include "cli/selftest.h"
#include "cli/signals.h"
#include "cli/verdict.h"
#include "core/number.h"

/* ---- the table ---- */

static void put_line(const char *op, const char *cases, const char *nmse, const char *bound,
                     const char *ulp, const char *verdict, const char *kernels)
{
    cli_put_column(stdout, op, 22);
    cli_put_column(stdout, cases, -6);
    cli_put_column(stdout, nmse, -10);
    cli_put_column(stdout, bound, -10);
    putchar(' ');
    cli_put_column(stdout, ulp, -12);
    printf("  %-8s%s\n", verdict, kernels);
}

static const char *scientific(double value, char text[32])
{
    if (value == 0) return "0";
    return weft_format(value, 2, text);
}

/* The kernels that were tried, or what else there is to say. */
static const char *print_kernels(const weft_selftest_row *row, char text[WEFT_SELFTEST_TEXT])
{
    size_t used = 0;
    snprintf(text, WEFT_SELFTEST_TEXT, "%s", row->note);
    for (int i = 0; i < row->variant_count && used < WEFT_SELFTEST_TEXT; i++) {
        const int n = snprintf(text + used, WEFT_SELFTEST_TEXT - used, i > 0 ? ", %s" : "%s",
                               row->variant[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

static void put_row(int part, const weft_selftest_row *row)
{
    char cases[16], nmse[32], bound[32], ulp[WEFT_NUMBER_TEXT], kernels[WEFT_SELFTEST_TEXT];
    if (row->verdict == WEFT_VERDICT_NONE) return;
    snprintf(cases, sizeof cases, "%d", row->cases);
    put_line(weft_selftest_name(part), cases, scientific(row->nmse, nmse),
             scientific(row->bound, bound), weft_fixed(row->ulp, 1, ulp),
             row->verdict == WEFT_VERDICT_PASSED ? "passed" : "FAILED",
             print_kernels(row, kernels));
}

static void put_table(const cli_selftest_result *r)
{
    put_line("op", "cases", "NMSE", "bound", "ULP", "verdict", "kernels");
    for (int i = 0; i < r->count; i++)
        put_row(i, &r->row[i]);
}

/* ---- JSON ---- */

static json_t *rows_json(const cli_selftest_result *r)
{
    json_t *rows = json_array();
    for (int i = 0; rows && i < r->count; i++) {
        json_t *row = cli_row_json(&r->row[i]);
        if (row) (void)json_object_set_new(row, "op", json_string(weft_selftest_name(i)));
        if (json_array_append_new(rows, row) == 0) continue;
        json_decref(rows);
        rows = NULL;
    }
    return rows;
}

static json_t *result_json(const weft_device_entry *entry, const cli_selftest_result *r)
{
    char programs[24];
    snprintf(programs, sizeof programs, "%016" PRIx64, entry->info.programs);
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:b, s:o, s:o}", "id", entry->id,
                     "device", cli_json_text(entry->info.name), "platform",
                     cli_json_text(entry->info.platform), "driver",
                     cli_json_text(entry->info.driver), "family", cli_family_text(r->family),
                     "programs", programs, "verdict", cli_verdict_text(r->verdict), "quick",
                     r->quick, "seconds", cli_json_number(r->seconds), "parts", rows_json(r));
}

/* ---- the command ---- */

static weft_status put_result(const cli_args *args, const weft_device_entry *entry,
                              const cli_selftest_result *r)
{
    char text[CLI_DEVICE_TEXT], seconds[WEFT_NUMBER_TEXT];
    if (cli_given(args, CLI_OPT_JSON)) return cli_put_json(result_json(entry, r));
    put_table(r);
    printf("%s, %s: %s in %s s%s\n", entry->id, cli_device_print(entry, text),
           r->verdict == WEFT_VERDICT_PASSED ? "passed" : "FAILED",
           weft_fixed(r->seconds, 1, seconds), r->quick ? " (quick)" : "");
    return WEFT_OK;
}

static weft_status put_bundle(const cli_args *args, const cli_selftest_wish *wish,
                              const cli_selftest_result *r)
{
    const char *path = cli_text(args, CLI_OPT_BUNDLE);
    return path ? cli_bundle_write(path, wish, r, result_json(wish->entry, r)) : WEFT_OK;
}

static weft_status finish(const cli_args *args, const cli_selftest_wish *wish,
                          const cli_selftest_result *r)
{
    const weft_selftest_row *failure = cli_selftest_failure(r);
    WEFT_TRY(put_result(args, wish->entry, r));
    WEFT_TRY(cli_verdict_save(wish->entry, wish->family, wish->gemm, r));
    WEFT_TRY(put_bundle(args, wish, r));
    return failure ? weft_fail(WEFT_ERR_CHECK, "%s: %s", wish->entry->id, failure->failure)
                   : WEFT_OK;
}

static weft_status test_device(const cli_args *args, const weft_device_entry *entry,
                               cli_progress *progress)
{
    const cli_wish device = cli_wish_of(args, cli_progress_log(progress));
    const cli_selftest_wish wish = {.entry = entry,
                                    .family = device.family,
                                    .gemm = device.gemm,
                                    .threads = device.threads,
                                    .quick = cli_given(args, CLI_OPT_QUICK),
                                    .time_limit =
                                        (double)cli_integer(args, CLI_OPT_TIME_LIMIT, 300)};
    cli_selftest_result *result = calloc(1, sizeof *result);
    if (!result) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a selftest");
    weft_status status = cli_selftest_all(&wish, progress, result);
    if (status == WEFT_OK) status = finish(args, &wish, result);
    free(result);
    return status;
}

static weft_status test_all_parts(const cli_args *args)
{
    weft_registry *registry = NULL;
    const weft_device_entry *entry = NULL;
    cli_progress *progress = NULL;
    cli_signals_catch();
    WEFT_TRY(cli_progress_new(0, cli_given(args, CLI_OPT_QUIET), &progress));
    const cli_wish wish = cli_wish_of(args, cli_progress_log(progress));
    weft_status status = cli_select_entry(&wish, &registry, &entry);
    if (status == WEFT_OK) status = test_device(args, entry, progress);
    weft_registry_free(registry);
    cli_progress_free(progress);
    return status;
}

static weft_status run(const cli_args *args)
{
    const char *part = cli_text(args, CLI_OPT_PART);
    if (!part) return test_all_parts(args);
    const int index = weft_selftest_find(part);
    if (index < 0) return weft_fail(WEFT_ERR_USAGE, "--part %.40s: there is no such part", part);
    return cli_selftest_part(args, index);
}

int cli_run_selftest(const cli_args *args)
{
    const int code = cli_exit_code(run(args));
    const int stopped_by = cli_signals_exit_code();
    return stopped_by ? stopped_by : code;
}
