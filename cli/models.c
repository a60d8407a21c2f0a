#include "cli/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/posix.h"

enum { MODELS_MAX = 256, PATH_TEXT = 4096 };

const cli_model *cli_model_find(const char *name)
{
    for (const cli_model *model = cli_models; model->name; model++) {
        if (strcmp(model->name, name) == 0) return model;
    }
    return NULL;
}

static bool ends_in_net(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".net") == 0;
}

/* The file that a name means, in path; false when it means none. */
static bool find_file(const char *name, char path[PATH_TEXT])
{
    if (snprintf(path, PATH_TEXT, "%s", name) >= PATH_TEXT) return true;
    if (strchr(name, '/')) return true;
    if (ends_in_net(name)) return weft_path_exists(name);
    if (snprintf(path, PATH_TEXT, "%s.net", name) < PATH_TEXT && weft_path_exists(path))
        return true;
    snprintf(path, PATH_TEXT, "%s", name);
    return !cli_model_find(name) && weft_path_exists(name) && !weft_is_folder(name);
}

static weft_status unknown(const char *name)
{
    const char *names[MODELS_MAX + 1];
    int count = 0;
    char *bare = cli_model_title(name);
    for (const cli_model *model = cli_models; model->name && count < MODELS_MAX; model++) {
        names[count++] = model->name;
    }
    names[count] = NULL;
    const char *near = bare ? weft_nearest(bare, names) : NULL;
    free(bare);
    if (near) {
        return weft_fail(WEFT_ERR_USAGE,
                         "no network %s: not a file here, and not one of the "
                         "program's; did you mean %s?",
                         name, near);
    }
    return weft_fail(WEFT_ERR_USAGE,
                     "no network %s: not a file here, and not one that `weft "
                     "models` lists",
                     name);
}

weft_status cli_model_load(const char *name, weft_graph **out)
{
    char path[PATH_TEXT];
    *out = NULL;
    if (find_file(name, path)) return weft_graph_load(path, out);
    const cli_model *model = cli_model_find(name);
    if (!model) return unknown(name);
    return weft_graph_parse((const char *)model->text, model->length, model->name, out);
}

char *cli_model_title(const char *name)
{
    const char *base = weft_path_name(name);
    const size_t length = strlen(base) - (ends_in_net(base) ? 4 : 0);
    char *title = malloc(length + 1);
    if (!title) return NULL;
    memcpy(title, base, length);
    title[length] = '\0';
    return title;
}
