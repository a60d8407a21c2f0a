#include "cli/figure_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/posix.h"

/* What follows the last point of the file's name, with the point; NULL without one. */
static const char *ending(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strrchr(slash ? slash : path, '.');
}

static bool ends_in(const char *path, const char *wanted)
{
    const char *found = ending(path);
    return found && strcmp(found, wanted) == 0;
}

weft_status cli_figure_check(const char *path)
{
    const char *found = ending(path);
    if (weft_is_folder(path)) {
        return weft_fail(WEFT_ERR_USAGE, "%s is a folder: name the picture in it", path);
    }
    if (!found || ends_in(path, ".svg") || ends_in(path, ".png")) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE,
                     "%s: pictures end in .svg or .png, not in %s; a name without an ending means "
                     "both",
                     path, found);
}

/* path with an ending behind it as a new string; NULL without memory. */
static char *with_ending(const char *path, const char *added)
{
    size_t bytes;
    if (weft_add_size(strlen(path), strlen(added) + 1, &bytes)) return NULL;
    char *joined = malloc(bytes);
    if (joined) snprintf(joined, bytes, "%s%s", path, added);
    return joined;
}

static weft_status write_both(const weft_figure *figure, const char *path)
{
    char *svg = with_ending(path, ".svg"), *png = with_ending(path, ".png");
    const weft_status status = svg && png ? weft_figure_write(figure, WEFT_LIGHT, svg, png)
                                          : weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    free(svg);
    free(png);
    return status;
}

weft_status cli_figure_write(const weft_figure *figure, const char *path)
{
    if (ends_in(path, ".svg")) return weft_figure_write(figure, WEFT_LIGHT, path, NULL);
    if (ends_in(path, ".png")) return weft_figure_write(figure, WEFT_LIGHT, NULL, path);
    return write_both(figure, path);
}
