/* What `weft diff` prints of a comparison. */
#ifndef WEFT_CLI_DIFF_OUTPUT_H
#define WEFT_CLI_DIFF_OUTPUT_H

#include <jansson.h>

#include "core/diff.h"

/* a and b: as the user named them. */
json_t *cli_diff_json(const weft_diff *diff, const char *a, const char *b, double tolerance);

/* What differs, in tables; nothing for what is equal. */
void cli_diff_print(const weft_diff *diff);

/* One line: "12 tensors, 3456 elements", or the worst one and by how much. */
enum { CLI_DIFF_TEXT = 640 };
const char *cli_diff_line(const weft_diff *diff, char text[CLI_DIFF_TEXT]);

#endif
