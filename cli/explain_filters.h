/* weft explain --filters: the weights of a convolution as a picture. */
#ifndef WEFT_CLI_EXPLAIN_FILTERS_H
#define WEFT_CLI_EXPLAIN_FILTERS_H

#include "cli/picture_out.h"
#include "cli/trained.h"

/* Of the layer that --layer names, or of the first convolution: figure, or numbers with --json.
 * out: what -o names; names of its own are put there without. WEFT_ERR_USAGE when that layer is
 * none. */
weft_status cli_explain_filters(const cli_args *args, const cli_trained *trained,
                                cli_picture_out *out, weft_log log);

#endif
