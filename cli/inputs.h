/* Pictures as a network takes them: from files, or a sample of a data set. */
#ifndef WEFT_CLI_INPUTS_H
#define WEFT_CLI_INPUTS_H

#include "cli/trained.h"

enum { CLI_SAMPLE_NAME = 192 };

/* What --index names. */
typedef struct cli_sample {
    char name[CLI_SAMPLE_NAME]; /* "fashion-mnist[0]" */
    int32_t label;              /* its class; -1: unknown */
} cli_sample;

/* Height x width x channels of the pictures that the network takes. WEFT_ERR_SHAPE when it takes
 * none. */
weft_status cli_input_shape(const cli_trained *trained, weft_shape *out);

/* Read a picture file into the bytes of such a picture, inverted as --invert says. A note tells how
 * one of another size or in other colours was made to fit. */
weft_status cli_input_file(const cli_args *args, const cli_trained *trained, const char *path,
                           uint8_t *pixels);

/* The same for sample --index of --data. WEFT_ERR_USAGE without --data. */
weft_status cli_input_sample(const cli_args *args, const cli_trained *trained, uint8_t *pixels,
                             cli_sample *out);

#endif
