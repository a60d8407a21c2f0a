/* weft datasets show SET: a picture of a data set before training. */
#ifndef WEFT_CLI_DATASETS_SHOW_H
#define WEFT_CLI_DATASETS_SHOW_H

#include "cli/options.h"

weft_status cli_datasets_show(const cli_args *args);

#endif
