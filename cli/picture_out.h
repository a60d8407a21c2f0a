/* Where a command's picture goes: the options that name it and --theme. */
#ifndef WEFT_CLI_PICTURE_OUT_H
#define WEFT_CLI_PICTURE_OUT_H

#include <jansson.h>

#include "cli/options.h"
#include "report/figure.h"

typedef struct cli_picture_out {
    char *svg, *png; /* NULL: not wanted */
    weft_theme theme;
} cli_picture_out;

/* --theme; light where a command does not have it. */
weft_theme cli_theme(const cli_args *args);

/* What an option such as -o names: FILE.svg or FILE.png, or both files for a name without an
 * ending; no file when it was not given. To be asked before any work: WEFT_ERR_USAGE when it is a
 * folder or of another ending. */
weft_status cli_picture_out_read(const cli_args *args, cli_option_id option, cli_picture_out *out);

/* FOLDER/STEM.svg and FOLDER/STEM.png; WEFT_ERR_IO when a link or no plain file has that name. */
weft_status cli_picture_out_both(const char *folder, const char *stem, weft_theme theme,
                                 cli_picture_out *out);
void cli_picture_out_free(cli_picture_out *out);

static inline bool cli_picture_out_wanted(const cli_picture_out *out)
{
    return out->svg || out->png;
}

/* WEFT_ERR_IO names the file. */
weft_status cli_picture_out_write(const cli_picture_out *out, const weft_figure *figure);

/* "x.svg, x.png" on stdout, without a newline; "wrote x.svg, x.png" as a line; as a list. */
void cli_picture_out_print(const cli_picture_out *out);
void cli_picture_out_tell(const cli_picture_out *out);
json_t *cli_picture_out_json(const cli_picture_out *out);

#endif
