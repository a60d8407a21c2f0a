/* The table of epochs on a terminal: a head and a row per epoch, all narrower than 80 columns. */
#ifndef WEFT_CLI_EPOCH_TABLE_H
#define WEFT_CLI_EPOCH_TABLE_H

#include "core/train.h"

enum { CLI_ROW_TEXT = 256 };

/* epochs: of the whole run, which decides how wide the first column is. */
void cli_epoch_head(int64_t epochs, char text[CLI_ROW_TEXT]);
void cli_epoch_row(int64_t epochs, const weft_epoch_report *report, char text[CLI_ROW_TEXT]);

#endif
