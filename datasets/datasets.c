#include "datasets/datasets.h"

#include <stdlib.h>
#include <string.h>

#include "core/checkpoint.h"
#include "core/number.h"
#include "datasets/names.h"
#include "datasets/reader.h"

/* To add a data set: its reader, and a line here. */
static const weft_reader *const readers[] = {&weft_reader_fashion, &weft_reader_idx};
enum { READERS = sizeof readers / sizeof *readers };

const weft_dataset_def *weft_dataset_at(int index)
{
    return index >= 0 && index < READERS ? &readers[index]->def : NULL;
}

static weft_status unknown(const char *spec)
{
    const char *names[READERS + 1] = {0};
    for (int i = 0; i < READERS; i++)
        names[i] = readers[i]->def.name;
    const char *near = weft_nearest(spec, names);
    return weft_fail(WEFT_ERR_USAGE,
                     "unknown data set \"%s\"%s%s%s; there are fashion-mnist and idx:DIR", spec,
                     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* The reader a spec names, and what follows the colon (NULL without one). */
static weft_status choose(const char *spec, const weft_reader **reader, const char **place)
{
    const size_t length = strcspn(spec, ":");
    *place = spec[length] ? spec + length + 1 : NULL;
    *reader = NULL;
    for (int i = 0; i < READERS && !*reader; i++) {
        const char *name = readers[i]->def.name;
        if (strlen(name) == length && memcmp(name, spec, length) == 0) *reader = readers[i];
    }
    if (!*reader) return unknown(spec);
    const bool wants = (*reader)->def.takes_folder;
    if (wants && (!*place || !**place))
        return weft_fail(WEFT_ERR_USAGE, "%s wants a folder: %s:DIR", (*reader)->def.name,
                         (*reader)->def.name);
    if (!wants && *place)
        return weft_fail(WEFT_ERR_USAGE,
                         "%s takes no folder after a colon; name it with --data-dir",
                         (*reader)->def.name);
    return WEFT_OK;
}

static weft_status fill(const weft_reader *reader, const char *spec, weft_split split,
                        weft_loaded *loaded)
{
    char *name = weft_copy_text(spec);
    if (!name) return weft_fail(WEFT_ERR_MEMORY, "out of memory: name of a data set");
    loaded->owned[WEFT_OWNED_NAME] = name;
    loaded->data.name = name;
    loaded->augment = reader->augment;
    loaded->light_on_dark = true;
    WEFT_TRY(reader->read(split, loaded));
    loaded->data.class_names = (const char *const *)loaded->class_names;
    return WEFT_OK;
}

weft_status weft_dataset_load(const char *spec, const char *dir, weft_split split,
                              weft_loaded **out)
{
    const weft_reader *reader;
    const char *place;
    *out = NULL;
    WEFT_TRY(choose(spec, &reader, &place));

    weft_loaded *loaded = calloc(1, sizeof *loaded);
    if (!loaded) return weft_fail(WEFT_ERR_MEMORY, "out of memory: data set %s", spec);
    weft_status status = reader->find(place, dir, &loaded->folder);
    if (status == WEFT_OK) status = fill(reader, spec, split, loaded);
    if (status == WEFT_OK) {
        *out = loaded;
        loaded = NULL;
    }
    weft_dataset_free(loaded);
    return status;
}

void weft_dataset_free(weft_loaded *loaded)
{
    if (!loaded) return;
    weft_names_free(loaded->class_names, loaded->data.class_count);
    for (size_t i = 0; i < sizeof loaded->owned / sizeof *loaded->owned; i++)
        free(loaded->owned[i]);
    free(loaded->folder);
    free(loaded);
}

char *weft_dataset_where(const char *spec, const char *dir)
{
    const weft_reader *reader;
    const char *place;
    char *folder = NULL;
    if (choose(spec, &reader, &place) != WEFT_OK) return NULL;
    return reader->find(place, dir, &folder) == WEFT_OK ? folder : NULL;
}
