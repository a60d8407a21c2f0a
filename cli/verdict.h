/* What the last selftest of a device said, kept in the cache folder by device, driver, family, who
 * multiplies matrices and program sources: after a change of any of them the device has no verdict.
 */
#ifndef WEFT_CLI_VERDICT_H
#define WEFT_CLI_VERDICT_H

#include "cli/selftest.h"

typedef struct cli_verdict {
    weft_verdict verdict; /* NONE: it was never tested */
    bool quick;
    char date[32];
    char failure[WEFT_SELFTEST_TEXT]; /* "" unless it failed */
} cli_verdict;

/* A file that cannot be read is no verdict. family: AUTO stands for the device's own. */
cli_verdict cli_verdict_load(const weft_device_entry *entry, weft_family family,
                             weft_gemm_route gemm);

/* A quick test that passed leaves the verdict of a whole one alone. */
weft_status cli_verdict_save(const weft_device_entry *entry, weft_family family,
                             weft_gemm_route gemm, const cli_selftest_result *result);

/* "passed", "passed (quick)", "FAILED", "not tested" */
const char *cli_verdict_words(const cli_verdict *verdict);

/* The CPU backend is what all others are held against. */
bool cli_verdict_applies(const weft_device_entry *entry);

#endif
