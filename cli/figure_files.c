#include "cli/figure_files.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/checked.h"
#include "core/posix.h"

static bool ends_in(const char *path, const char *ending)
{
    const size_t length = strlen(path), count = strlen(ending);
    return length > count && strcmp(path + length - count, ending) == 0;
}

static char *joined(const char *path, const char *ending)
{
    size_t size = 0;
    if (weft_add_size(strlen(path), strlen(ending) + 1, &size)) return NULL;
    char *text = malloc(size);
    if (text) snprintf(text, size, "%s%s", path, ending);
    return text;
}

weft_status cli_figure_files_of(const char *path, cli_figure_files *out)
{
    const bool svg = ends_in(path, ".svg"), png = ends_in(path, ".png");
    *out = (cli_figure_files){0};
    if (!png) out->svg = joined(path, svg ? "" : ".svg");
    if (!svg) out->png = joined(path, png ? "" : ".png");
    if ((png || out->svg) && (svg || out->png)) return WEFT_OK;
    cli_figure_files_free(out);
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
}

weft_status cli_figure_files_for(const cli_args *args, const char *stem, cli_figure_files *out)
{
    const char *wanted = cli_text(args, CLI_OPT_OUT), *run = args->word[0];
    *out = (cli_figure_files){0};
    if (wanted) return cli_figure_files_of(wanted, out);
    if (cli_given(args, CLI_OPT_JSON)) return WEFT_OK;
    char *path = weft_path_join(weft_is_folder(run) ? run : "", stem);
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    const weft_status status = cli_figure_files_of(path, out);
    free(path);
    return status;
}

void cli_figure_files_free(cli_figure_files *files)
{
    free(files->svg);
    free(files->png);
    *files = (cli_figure_files){0};
}

weft_status cli_figure_files_write(const cli_figure_files *files, const weft_figure *figure)
{
    return weft_figure_write(figure, WEFT_LIGHT, files->svg, files->png);
}

void cli_figure_files_print(const cli_figure_files *files)
{
    if (files->svg) printf("wrote %s\n", files->svg);
    if (files->png) printf("wrote %s\n", files->png);
}

json_t *cli_figure_files_json(const cli_figure_files *files)
{
    json_t *list = json_array();
    if (list && files->svg) json_array_append_new(list, cli_json_text(files->svg));
    if (list && files->png) json_array_append_new(list, cli_json_text(files->png));
    return list;
}
