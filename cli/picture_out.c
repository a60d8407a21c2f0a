#include "cli/picture_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/checked.h"
#include "core/posix.h"
#include "core/run.h"

/* A new string: a path with an ending behind it. */
static char *with_ending(const char *path, const char *ending)
{
    size_t bytes;
    char *text = weft_add_size(strlen(path), strlen(ending) + 1, &bytes) ? NULL : malloc(bytes);
    if (text) (void)snprintf(text, bytes, "%s%s", path, ending);
    return text;
}

/* From the last point of the last part on; NULL without one. ".name" is a name. */
static const char *ending_of(const char *path)
{
    const char *name = weft_path_name(path);
    const char *point = strrchr(name, '.');
    return point && point > name ? point : NULL;
}

weft_theme cli_theme(const cli_args *args)
{
    return cli_integer(args, CLI_OPT_THEME, 0) == 1 ? WEFT_DARK : WEFT_LIGHT;
}

static weft_status refuse(cli_option_id id, const char *path, const char *why)
{
    const cli_option *option = &cli_options[id];
    const char letter[] = {option->letter, '\0'};
    return weft_fail(WEFT_ERR_USAGE, "%s%s %s%s", *letter ? "-" : "--",
                     *letter ? letter : option->name, path, why);
}

/* The path with an ending behind it, for each file that is wanted. */
static weft_status name_files(const char *path, const char *svg, const char *png,
                              cli_picture_out *out)
{
    if (svg) out->svg = with_ending(path, svg);
    if (png) out->png = with_ending(path, png);
    if ((!svg || out->svg) && (!png || out->png)) return WEFT_OK;
    cli_picture_out_free(out);
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
}

weft_status cli_picture_out_read(const cli_args *args, cli_option_id option, cli_picture_out *out)
{
    const char *path = cli_text(args, option);
    *out = (cli_picture_out){.theme = cli_theme(args)};
    if (!path) return WEFT_OK;
    const char *ending = ending_of(path);
    if (weft_is_folder(path) || path[strlen(path) - 1] == '/')
        return refuse(option, path, " is a folder, not a file");
    if (!ending) return name_files(path, ".svg", ".png", out);
    if (strcmp(ending, ".svg") == 0) return name_files(path, "", NULL, out);
    if (strcmp(ending, ".png") == 0) return name_files(path, NULL, "", out);
    return refuse(option, path,
                  ": pictures end in .svg or .png; a name without an ending gives both");
}

weft_status cli_picture_out_both(const char *folder, const char *stem, weft_theme theme,
                                 cli_picture_out *out)
{
    *out = (cli_picture_out){.theme = theme};
    char *path = weft_path_join(folder, stem);
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    weft_status status = name_files(path, ".svg", ".png", out);
    free(path);
    if (status == WEFT_OK) status = weft_run_refuse_strange(out->svg);
    if (status == WEFT_OK) status = weft_run_refuse_strange(out->png);
    return status;
}

void cli_picture_out_free(cli_picture_out *out)
{
    free(out->svg);
    free(out->png);
    *out = (cli_picture_out){0};
}

weft_status cli_picture_out_write(const cli_picture_out *out, const weft_figure *figure)
{
    return weft_figure_write(figure, out->theme, out->svg, out->png);
}

void cli_picture_out_print(const cli_picture_out *out)
{
    if (out->svg) cli_put_column(stdout, out->svg, 0);
    if (out->svg && out->png) printf(", ");
    if (out->png) cli_put_column(stdout, out->png, 0);
}

void cli_picture_out_tell(const cli_picture_out *out)
{
    printf("wrote ");
    cli_picture_out_print(out);
    putchar('\n');
}

json_t *cli_picture_out_json(const cli_picture_out *out)
{
    json_t *list = json_array();
    if (list && out->svg) json_array_append_new(list, cli_json_text(out->svg));
    if (list && out->png) json_array_append_new(list, cli_json_text(out->png));
    return list;
}
