/* What verdicts of selftests mean for the choice of a device. */
#ifndef WEFT_CLI_QUALIFY_H
#define WEFT_CLI_QUALIFY_H

#include "cli/select.h"

/* Take devices whose selftest failed out of what auto would try, with a warning for each. */
void cli_qualify_filter(const weft_registry *registry, const cli_wish *wish, int *order,
                        int *count);

/* Whether auto may take a device: a GPU that was never tested is tested quickly first. */
bool cli_qualify(const weft_device_entry *entry, const cli_wish *wish);

/* One line when nobody has ever tested the device. */
void cli_qualify_remind(const weft_device_entry *entry, const cli_wish *wish);

#endif
