/* A selftest of one device, each part in a process of its own. */
#ifndef WEFT_CLI_SELFTEST_H
#define WEFT_CLI_SELFTEST_H

#include <jansson.h>

#include "cli/options.h"
#include "cli/progress.h"
#include "cli/select.h"
#include "core/selftest.h"

enum { CLI_SELFTEST_PARTS = 64 };

/* How to open the device, and for how long a part may show no progress. */
typedef struct cli_selftest_wish {
    const weft_device_entry *entry;
    weft_family family;
    weft_gemm_route gemm;
    int32_t threads; /* 0: all */
    bool quick;
    bool stop_at_failure; /* later parts are left out */
    double time_limit;    /* seconds */
} cli_selftest_wish;

typedef struct cli_selftest_result {
    weft_verdict verdict;
    bool quick;
    weft_family family; /* that was tested; AUTO for devices without families */
    double seconds;
    int count;
    weft_selftest_row row[CLI_SELFTEST_PARTS];
} cli_selftest_result;

/* Run all parts. A part that ends in a crash or shows no progress is a row that failed; a status
 * other than WEFT_OK says that there is no result, as when a part was killed from outside. */
weft_status cli_selftest_all(const cli_selftest_wish *wish, cli_progress *progress,
                             cli_selftest_result *result);

/* Run one part in this process and print what it does, for weft_selftest_run's caller above. */
weft_status cli_selftest_part(const cli_args *args, int part);

/* The first row that failed, or NULL. */
const weft_selftest_row *cli_selftest_failure(const cli_selftest_result *result);

/* selftest_row.c: a row as JSON and back. */
json_t *cli_row_json(const weft_selftest_row *row);
bool cli_row_read(const json_t *json, weft_selftest_row *row);
const char *cli_verdict_text(weft_verdict verdict); /* "passed", "failed", "none" */

#endif
