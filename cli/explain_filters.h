/* weft explain --filters: the weights of a convolution as a picture. */
#ifndef WEFT_CLI_EXPLAIN_FILTERS_H
#define WEFT_CLI_EXPLAIN_FILTERS_H

#include "cli/trained.h"

/* Of the layer that --layer names, or of the first convolution: figure, or numbers with --json.
 * WEFT_ERR_USAGE when that is none. */
weft_status cli_explain_filters(const cli_args *args, const cli_trained *trained, weft_log log);

#endif
