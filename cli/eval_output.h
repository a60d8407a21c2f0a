/* The figures of an evaluation as text, JSON and CSV. Private to weft eval. */
#ifndef WEFT_CLI_EVAL_OUTPUT_H
#define WEFT_CLI_EVAL_OUTPUT_H

#include <jansson.h>

#include "cli/eval_scores.h"

void cli_scores_print(const cli_scores *scores);

/* NULL without memory. */
json_t *cli_scores_json(const cli_scores *scores);

/* The reliability diagram as a picture, into the files that scores->reliability names. */
weft_status cli_scores_draw(const cli_scores *scores);

/* index,label,predicted,logit0,... to a file that appears when it is whole. */
weft_status cli_scores_write(const cli_scores *scores, const char *path);

#endif
