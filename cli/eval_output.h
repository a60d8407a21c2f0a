/* The figures of an evaluation as tables, JSON and CSV. Private to weft eval. */
#ifndef WEFT_CLI_EVAL_OUTPUT_H
#define WEFT_CLI_EVAL_OUTPUT_H

#include <jansson.h>

#include "cli/trained.h"
#include "core/backend.h"
#include "core/train.h"
#include "datasets/datasets.h"

typedef struct cli_scores {
    const cli_trained *trained;
    const weft_dataset *data;
    const char *split;
    const weft_device_entry *entry;
    weft_score score;
    const float *logits;
    const int64_t *confusion; /* classes x classes, row = true class */
    const weft_class_score *classes;
} cli_scores;

void cli_scores_print(const cli_scores *scores);

/* NULL without memory. */
json_t *cli_scores_json(const cli_scores *scores);

/* index,label,predicted,logit0,... to a file that appears when it is whole. */
weft_status cli_scores_write(const cli_scores *scores, const char *path);

#endif
