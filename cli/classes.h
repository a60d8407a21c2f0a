/* What a network says of a picture: its classes, most probable first. */
#ifndef WEFT_CLI_CLASSES_H
#define WEFT_CLI_CLASSES_H

#include <jansson.h>

#include "cli/trained.h"

/* A line for each of the `top` most probable classes. */
void cli_put_classes(const cli_trained *trained, const float *probabilities, int32_t top);

/* [{"name":..,"probability":..}, ..]; NULL without memory. */
json_t *cli_classes_json(const cli_trained *trained, const float *probabilities, int32_t top);

#endif
