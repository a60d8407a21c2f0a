/* The files of a run folder as commands read them back. */
#ifndef WEFT_CLI_RUN_FILES_H
#define WEFT_CLI_RUN_FILES_H

#include <jansson.h>

#include "core/log.h"
#include "core/train.h"

/* A JSON object from a file; the caller releases it. WEFT_ERR_FORMAT names file and line and says
 * that it should be the `what` of a run. */
weft_status cli_json_file(const char *path, const char *what, json_t **out);

/* The rows of FOLDER/metrics.csv, epochs rising, `best` as it was then; NULL and 0 when there is no
 * such file. A damaged line is left out, of two whose epochs do not rise the one that breaks the
 * count of epochs: one warning names the first and counts the others, or WEFT_ERR_FORMAT when
 * no line is left. free() the rows. */
weft_status cli_run_epochs(const char *folder, const weft_log *log, weft_epoch_report **rows,
                           int *count);

/* WEFT_ERR_FORMAT: the folder is a run, but no epoch of it is finished; what is wrong with a file
 * of it shows that. */
weft_status cli_run_unfinished(const char *folder, const char *file, const char *wrong);

/* Everything a run says of itself. */
typedef struct cli_run_files {
    weft_epoch_report *epoch;
    int epoch_count;
    json_t *config, *env;
    json_t *summary; /* NULL: the run has not come to its end */
} cli_run_files;

/* WEFT_ERR_IO: no such folder, or a file cannot be read; WEFT_ERR_FORMAT: no epoch is finished, or
 * a JSON file is damaged. */
weft_status cli_run_read(const char *folder, const weft_log *log, cli_run_files *out);
void cli_run_files_free(cli_run_files *files);

#endif
