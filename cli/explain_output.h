/* What `weft explain` says of a picture: in words, as JSON, as a figure. */
#ifndef WEFT_CLI_EXPLAIN_OUTPUT_H
#define WEFT_CLI_EXPLAIN_OUTPUT_H

#include "cli/inputs.h"
#include "cli/picture_out.h"
#include "core/explain.h"

typedef struct cli_explained {
    const cli_trained *trained;
    const weft_device_entry *entry;
    const weft_explainer *explainer; /* after a run */
    const char *name;                /* of the picture */
    const char *base;                /* the same without its folder */
    const uint8_t *pixels;
    int32_t label;        /* of the sample; -1: unknown */
    bool features;        /* a layer was named: its feature maps are shown */
    float *probabilities; /* of all classes */
    const cli_picture_out *out;
} cli_explained;

/* Where a picture goes that -o does not name: STEM.svg and STEM.png in the folder of the run that
 * the first word names, or in the current one when that is a file. --json without -o draws none. */
weft_status cli_explain_name(const cli_args *args, const char *stem, cli_picture_out *out);

/* Draw into the files. */
weft_status cli_explain_draw(const cli_explained *explained);

void cli_explain_print(const cli_explained *explained, int32_t top);

/* NULL without memory. */
json_t *cli_explain_json(const cli_explained *explained, int32_t top);

#endif
