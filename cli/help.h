/* The texts that the option table writes. */
#ifndef WEFT_CLI_HELP_H
#define WEFT_CLI_HELP_H

#include "cli/options.h"

/* Four lines to paste: what `weft` alone prints. */
void cli_help_start(void);

/* All commands. */
void cli_help_all(void);

/* One command with its options. */
void cli_help_command(cli_command_id id);

void cli_help_version(void);

#endif
