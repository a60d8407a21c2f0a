/* Which samples of a data set a picture shows. */
#ifndef WEFT_CLI_CLASS_SAMPLES_H
#define WEFT_CLI_CLASS_SAMPLES_H

#include "core/data.h"

/* The class of that name, else of that number. WEFT_ERR_USAGE says which there are. */
weft_status cli_class_find(const weft_dataset *data, const char *text, int32_t *out);

/* How many samples each class has, and the ids of `each` of them, class by class: evenly through
 * the set, rising; -1 where a class has fewer. Free both. */
typedef struct cli_class_samples {
    int64_t *count;
    int32_t *id;
    int32_t each;
} cli_class_samples;

weft_status cli_class_samples_pick(const weft_dataset *data, int32_t each, cli_class_samples *out);
void cli_class_samples_free(cli_class_samples *samples);

#endif
