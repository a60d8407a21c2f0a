/* Where a command's picture goes: the options -o and --theme. */
#ifndef WEFT_CLI_PICTURE_OUT_H
#define WEFT_CLI_PICTURE_OUT_H

#include "cli/options.h"
#include "report/figure.h"

typedef struct cli_picture_out {
    char *svg, *png; /* NULL: not wanted */
    weft_theme theme;
} cli_picture_out;

/* --theme; light where a command does not have it. */
weft_theme cli_theme(const cli_args *args);

/* -o FILE.svg or FILE.png, or both files for a name without an ending. WEFT_ERR_USAGE when it is
 * missing, a folder, or of another ending. */
weft_status cli_picture_out_read(const cli_args *args, cli_picture_out *out);
void cli_picture_out_free(cli_picture_out *out);

weft_status cli_picture_out_write(const cli_picture_out *out, const weft_figure *figure);

/* "x.svg, x.png" on stdout, without a newline. */
void cli_picture_out_print(const cli_picture_out *out);

#endif
