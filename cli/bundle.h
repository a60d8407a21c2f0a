/* What a stranger with a device can send back, in one JSON file. */
#ifndef WEFT_CLI_BUNDLE_H
#define WEFT_CLI_BUNDLE_H

#include "cli/selftest.h"

/* Write device, limits, the selftest's result as JSON (which is released), `weft bench --plan` with
 * the build logs that are not empty, and for failed parts sources and build logs of their programs.
 * It holds no user name, path or host name. */
weft_status cli_bundle_write(const char *path, const cli_selftest_wish *wish,
                             const cli_selftest_result *result, json_t *selftest);

#endif
