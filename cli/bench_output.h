/* What `weft bench` prints. */
#ifndef WEFT_CLI_BENCH_OUTPUT_H
#define WEFT_CLI_BENCH_OUTPUT_H

#include <jansson.h>

#include "cli/select.h"
#include "core/bench.h"

enum { CLI_BENCH_TRAIN, CLI_BENCH_PREDICT, CLI_BENCH_PLANS };

/* Steps of a plan; none when nobody asked for them. */
typedef struct cli_bench_plan {
    weft_bench_step *step;
    int32_t count;
} cli_bench_plan;

/* Everything that was measured; pointers are borrowed. */
typedef struct cli_bench {
    const char *model;
    int64_t parameters;
    int32_t batch;
    int32_t threads;  /* 0: it does not apply */
    const char *data; /* NULL: made up */
    const weft_device_entry *entry;
    const weft_bench_result *result;
    const cli_bench_plan *plan; /* CLI_BENCH_PLANS of them */
} cli_bench;

void cli_bench_print(const cli_bench *bench);

/* NULL without memory. */
json_t *cli_bench_json(const cli_bench *bench);

#endif
