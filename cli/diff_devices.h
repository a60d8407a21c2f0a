/* weft diff MODEL --devices A,B: two devices step by step, up to the first op that parts them. */
#ifndef WEFT_CLI_DIFF_DEVICES_H
#define WEFT_CLI_DIFF_DEVICES_H

#include "cli/options.h"

/* WEFT_ERR_CHECK names the op. */
weft_status cli_diff_devices(const cli_args *args);

#endif
