/* The figures of an evaluation, gathered for the printers. Private to weft eval. */
#ifndef WEFT_CLI_EVAL_SCORES_H
#define WEFT_CLI_EVAL_SCORES_H

#include "cli/options.h"
#include "cli/picture_out.h"
#include "cli/trained.h"
#include "core/score.h"
#include "core/train.h"

enum { CLI_EVAL_PAIRS = 5, CLI_EVAL_TOP = 5 };

/* Whether a network can be tried on a data set: WEFT_ERR_SHAPE names what differs. */
weft_status cli_scores_fit(const cli_trained *trained, const weft_dataset *data);

/* The data set with as many classes as the network has outputs, whether or not its labels show all
 * of them. */
weft_dataset cli_scores_data(const cli_trained *trained, const weft_dataset *data);

/* Everything up to `entry` is the caller's and borrowed. */
typedef struct cli_scores {
    const cli_args *args;
    const cli_trained *trained;
    const weft_dataset *data; /* with as many classes as the network has outputs */
    const char *split;
    const cli_picture_out *reliability; /* the diagram of weft eval */
    const weft_device_entry *entry;

    weft_score score; /* of cli_scores_measure */
    float *logits;    /* samples x classes */

    /* of cli_scores_fill */
    int64_t left_out;   /* samples whose outputs hold a NaN */
    int64_t *confusion; /* classes x classes, row = true class */
    weft_class_score *classes;
    weft_class_means mean;
    int32_t top; /* 0: no top-k accuracy */
    double top_accuracy;
    weft_confused_pair pair[CLI_EVAL_PAIRS];
    int32_t pair_count;
    weft_calibration calibration;
    weft_sample_score *error; /* --errors N */
    int64_t error_count, error_total;
} cli_scores;

/* Run the network over the data, `batch` samples at a time; then count. Free the scores whatever is
 * returned. */
weft_status cli_scores_measure(cli_scores *scores, weft_model *model, int32_t batch);
weft_status cli_scores_fill(cli_scores *scores);
void cli_scores_free(cli_scores *scores);

/* The name that the network learnt for a class; that of the data set where it has none, else its
 * number in `text`; "-" for no class. */
const char *cli_scores_name(const cli_scores *scores, int32_t class, char text[24]);

#endif
