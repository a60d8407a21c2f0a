/* The reader idx:DIR: any folder in MNIST's manner, with class names in classes.txt if it likes. */
#include <stdlib.h>

#include "core/posix.h"
#include "datasets/idx.h"
#include "datasets/names.h"
#include "datasets/reader.h"

static weft_status find(const char *place, const char *dir, char **folder)
{
    const bool below = dir && place[0] != '/';
    *folder = below ? weft_path_join(dir, place) : weft_copy_text(place);
    if (!*folder) return weft_fail(WEFT_ERR_MEMORY, "out of memory: path of %s", place);
    if (weft_is_folder(*folder)) return WEFT_OK;
    const weft_status status =
        weft_fail(WEFT_ERR_IO, "there is no folder %s; check the path after idx:%s", *folder,
                  place[0] == '/' ? "" : ", it counts from the working folder or --data-dir DIR");
    free(*folder);
    *folder = NULL;
    return status;
}

/* Without a list of names, the training labels say how many classes there are: the test split may
 * lack the last ones. */
static weft_status count_classes(weft_split split, weft_loaded *loaded)
{
    weft_loaded train = {.folder = loaded->folder, .data = loaded->data};
    if (split != WEFT_TRAIN_SPLIT) WEFT_TRY(weft_idx_labels(WEFT_TRAIN_SPLIT, NULL, &train));

    int32_t largest = 0;
    for (int64_t i = 0; i < train.data.count; i++)
        if (train.data.classes[i] > largest) largest = train.data.classes[i];
    free(train.owned[WEFT_OWNED_CLASSES]);
    loaded->data.class_count = largest + 1;
    return weft_names_number(largest + 1, &loaded->class_names);
}

static weft_status name_classes(weft_split split, const char *list, weft_loaded *loaded)
{
    if (!weft_path_exists(list)) {
        WEFT_TRY(count_classes(split, loaded));
        return weft_idx_check_labels(loaded, split, "the largest training label");
    }
    WEFT_TRY(weft_names_read(list, &loaded->class_names, &loaded->data.class_count));
    return weft_idx_check_labels(loaded, split, "classes.txt");
}

static weft_status read(weft_split split, weft_loaded *loaded)
{
    WEFT_TRY(weft_idx_split(split, (weft_idx_pins){0}, loaded));
    char *list = weft_path_join(loaded->folder, "classes.txt");
    if (!list) return weft_fail(WEFT_ERR_MEMORY, "out of memory: path of classes.txt");
    const weft_status status = name_classes(split, list, loaded);
    free(list);
    return status;
}

const weft_reader weft_reader_idx = {
    .def = {.name = "idx",
            .help = "any folder of IDX files, as MNIST's, with class names in classes.txt",
            .takes_folder = true},
    .augment = "none",
    .find = find,
    .read = read};
