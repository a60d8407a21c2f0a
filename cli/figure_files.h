/* Which files a command writes its picture to. */
#ifndef WEFT_CLI_FIGURE_FILES_H
#define WEFT_CLI_FIGURE_FILES_H

#include <jansson.h>

#include "cli/options.h"
#include "report/figure.h"

/* A path is NULL where no such file is wanted. */
typedef struct cli_figure_files {
    char *svg, *png;
} cli_figure_files;

/* path ends in .svg or .png: that file alone; else PATH.svg and PATH.png. */
weft_status cli_figure_files_of(const char *path, cli_figure_files *out);

/* What -o names; without it STEM.svg and STEM.png in the folder of the run that the first word
 * names, or in the current one when that is a file. --json without -o draws nothing: no path. */
weft_status cli_figure_files_for(const cli_args *args, const char *stem, cli_figure_files *out);
void cli_figure_files_free(cli_figure_files *files);

/* Draw into them, in light colours. WEFT_ERR_IO names the file. */
weft_status cli_figure_files_write(const cli_figure_files *files, const weft_figure *figure);

/* A line on stdout for each, and the list of them. */
void cli_figure_files_print(const cli_figure_files *files);
json_t *cli_figure_files_json(const cli_figure_files *files);

#endif
