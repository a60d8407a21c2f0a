/* What `weft train` is to do: the options of the command line over those of a config.json. */
#ifndef WEFT_CLI_TRAINING_H
#define WEFT_CLI_TRAINING_H

#include <jansson.h>

#include "cli/options.h"
#include "cli/select.h"
#include "core/graph.h"
#include "core/train.h"

typedef struct cli_training {
    json_t *config;             /* of --config or --resume, or NULL; strings below may be its own */
    weft_train_options options; /* 0 where a default applies */
    bool augment_given;         /* else the data set's own augmentation is taken */
    const char *model, *data, *data_dir;
    const char *init, *init_partial;
    const char *resume; /* folder of the run to go on with, or NULL */
    weft_family family;
    weft_gemm_route gemm;
    cli_recorded recorded;
    char *routes; /* what recorded.routes points to */
    weft_graph *graph;
} cli_training;

/* Read the command line, the configuration and the network. Failures name the option or file. */
weft_status cli_training_read(const cli_args *args, cli_training *out);
void cli_training_free(cli_training *training);

/* A new string "results/runs/<model>-<data>-<time>", with a number when that is taken; NULL without
 * memory. */
char *cli_training_folder(const cli_training *training);

/* The same with something before the model: "results/runs/compare-<model>-<data>-<time>". */
char *cli_new_folder(const char *what, const char *model, const char *data);

#endif
