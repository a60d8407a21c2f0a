#include "cli/qualify.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/selftest.h"
#include "cli/verdict.h"

enum { QUICK_SECONDS = 120 }; /* that a part may show no progress; kernels are compiled first */

static cli_verdict verdict_of(const weft_device_entry *entry, const cli_wish *wish)
{
    return cli_verdict_load(entry, wish->family, wish->gemm);
}

static bool has_failed(const weft_device_entry *entry, const cli_wish *wish)
{
    if (!cli_verdict_applies(entry)) return false;
    const cli_verdict verdict = verdict_of(entry, wish);
    if (verdict.verdict != WEFT_VERDICT_FAILED) return false;
    weft_say(&wish->log, WEFT_WARNING,
             "%s is left out, its selftest failed: %s; --device %s takes it all the same",
             entry->id, verdict.failure, entry->id);
    return true;
}

void cli_qualify_filter(const weft_registry *registry, const cli_wish *wish, int *order, int *count)
{
    int kept = 0;
    for (int i = 0; i < *count; i++)
        if (!has_failed(weft_registry_device(registry, order[i]), wish)) order[kept++] = order[i];
    *count = kept;
}

/* The test itself may not be possible: then there is no verdict, and the device is tried. */
static weft_status test(const weft_device_entry *entry, const cli_wish *wish,
                        cli_selftest_result *result)
{
    const cli_selftest_wish quick = {.entry = entry,
                                     .family = wish->family,
                                     .gemm = wish->gemm,
                                     .threads = wish->threads,
                                     .quick = true,
                                     .stop_at_failure = true,
                                     .time_limit = QUICK_SECONDS};
    cli_progress *progress = NULL;
    weft_say(&wish->log, WEFT_INFO, "%s was never tested: weft selftest --quick comes first",
             entry->id);
    WEFT_TRY(cli_progress_new(0, true, &progress));
    weft_status status = cli_selftest_all(&quick, progress, result);
    if (status == WEFT_OK) status = cli_verdict_save(entry, wish->family, wish->gemm, result);
    cli_progress_free(progress);
    return status;
}

bool cli_qualify(const weft_device_entry *entry, const cli_wish *wish)
{
    if (entry->info.type != WEFT_DEVICE_GPU) return true;
    if (verdict_of(entry, wish).verdict != WEFT_VERDICT_NONE) return true;
    cli_selftest_result *result = calloc(1, sizeof *result);
    if (!result) return true;
    const weft_status status = test(entry, wish, result);
    const weft_verdict verdict = result->verdict;
    free(result);
    if (status != WEFT_OK) weft_say(&wish->log, WEFT_WARNING, "%s: %s", entry->id, weft_error());
    if (verdict != WEFT_VERDICT_FAILED) return true;
    if (!has_failed(entry, wish)) /* where no verdict can be stored */
        weft_say(&wish->log, WEFT_WARNING, "%s is left out, its selftest failed", entry->id);
    return false;
}

/* The options that a selftest needs to test what the wish is for. */
static const char *print_options(const cli_wish *wish, char text[64])
{
    const bool family = wish->family != WEFT_FAMILY_AUTO, gemm = wish->gemm != WEFT_GEMM_AUTO;
    (void)snprintf(text, 64, "%s%s%s%s", family ? " --family " : "",
                   family ? cli_family_text(wish->family) : "", gemm ? " --gemm " : "",
                   gemm ? cli_gemm_text(wish->gemm) : "");
    return text;
}

void cli_qualify_remind(const weft_device_entry *entry, const cli_wish *wish)
{
    char options[64];
    if (!cli_verdict_applies(entry)) return;
    if (verdict_of(entry, wish).verdict != WEFT_VERDICT_NONE) return;
    weft_say(&wish->log, WEFT_INFO,
             "nobody has tested %s here; `weft selftest --device %s%s` takes a few minutes",
             entry->id, entry->id, print_options(wish, options));
}
