/* Pictures whose files the user names. */
#ifndef WEFT_CLI_FIGURE_FILE_H
#define WEFT_CLI_FIGURE_FILE_H

#include "report/figure.h"

/* Whether path can name a picture: it ends in .svg or .png, or has no ending, which means both.
 * WEFT_ERR_USAGE: another ending, or a folder. */
weft_status cli_figure_check(const char *path);

/* Write a figure to path, which cli_figure_check has let pass. WEFT_ERR_IO names the file. */
weft_status cli_figure_write(const weft_figure *figure, const char *path);

#endif
