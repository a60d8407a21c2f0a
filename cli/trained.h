/* A trained network from a run folder or a checkpoint file: what eval and predict start from. */
#ifndef WEFT_CLI_TRAINED_H
#define WEFT_CLI_TRAINED_H

#include "cli/options.h"
#include "core/backend.h"
#include "core/checkpoint.h"

typedef struct cli_trained {
    char *path;        /* of the checkpoint */
    const char *which; /* "last", "best" or "file" */
    weft_meta *meta;
    weft_graph *graph;
    weft_normalize norm;
    char **names; /* of classes; NULL when the file has none */
    int32_t name_count;
} cli_trained;

/* Read everything but the weights of a RUN or FILE. checkpoint: "last", "best" or a file, of a run;
 * NULL: last. WEFT_ERR_IO, WEFT_ERR_USAGE or WEFT_ERR_FORMAT names the file. */
weft_status cli_trained_open(const char *word, const char *checkpoint, cli_trained *out);

/* The same of the first word and --checkpoint. */
weft_status cli_trained_read(const cli_args *args, cli_trained *out);
void cli_trained_free(cli_trained *trained);

/* The network with its weights on a device, for prediction. */
weft_status cli_trained_model(const cli_trained *trained, weft_device *device, weft_log log,
                              weft_model **out);

/* Name of a class; its number in `text` where there are no names. */
const char *cli_class_name(const cli_trained *trained, int32_t index, char text[24]);

/* Numbers that the network puts out for a sample. */
int32_t cli_trained_outputs(const cli_trained *trained);

/* The network's name, as the checkpoint says. */
const char *cli_trained_title(const cli_trained *trained);

/* Print which checkpoint it is and on what it runs: a line each. */
void cli_trained_print(const cli_trained *trained, const weft_device_entry *entry);

/* The network of a checkpoint, from its metadata. */
weft_status cli_network_of(const weft_meta *meta, const char *path, weft_graph **out);

/* RUN/checkpoints/<which>.safetensors as a new string; NULL without memory. */
char *cli_checkpoint_path(const char *run, const char *which);

#endif
