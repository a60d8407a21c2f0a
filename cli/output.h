/* What the program prints: results on stdout, everything else on stderr. */
#ifndef WEFT_CLI_OUTPUT_H
#define WEFT_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/log.h"
#include "core/status.h"

enum { CLI_WIDTH = 80 };

/* Exit code of a status; a failure's message goes to stderr as one line "weft: ...". */
int cli_exit_code(weft_status status);

/* A line on stderr: "weft: " and the text. */
void cli_note(const char *format, ...) WEFT_PRINTF(1, 2);

/* Where notes go while nothing is drawn. quiet leaves out WEFT_INFO. */
weft_log cli_plain_log(bool quiet);

/* Flush stdout; WEFT_ERR_IO when anything written to it was lost. */
weft_status cli_output_finish(void);

/* Print text in a column of `width`, or as wide as it is; right-aligned when width is negative.
 * Control characters, which names from files may hold, become question marks. */
void cli_put_column(FILE *file, const char *text, int width);
int cli_columns(const char *text);

/* The same for a text that may be longer than its column (of 4 or more): its end becomes "...". */
void cli_put_cut(FILE *file, const char *text, int width);

/* Print text broken at spaces, so that lines end before CLI_WIDTH; the first line starts at column
 * `at`, later ones at `indent`. Ends with a newline. */
void cli_put_wrapped(FILE *file, const char *text, int at, int indent);

/* "1.5 GB" */
const char *cli_bytes(double bytes, char text[32]);

/* How a value of a run's files is shown on one line: with the nine digits that they have. */
enum { CLI_JSON_SHOWN = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9) };

/* JSON: a number, or null when it is not finite. Takes nine digits, which read back as the same
 * float. */
json_t *cli_json_number(double value);
/* A text; bytes that are not UTF-8 (paths may hold any) become question marks. */
json_t *cli_json_text(const char *text);
/* The same, and null for an empty text. */
json_t *cli_json_text_or_null(const char *text);
/* The text of a key of an object into `to`; "" when it has none. */
void cli_json_copy(const json_t *object, const char *key, char *to, size_t room);
/* Print and release it. WEFT_ERR_MEMORY when json is NULL. */
weft_status cli_put_json(json_t *json);

#endif
