#include "datasets/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/posix.h"
#include "datasets/reader.h"

/* The first names are the usual ones; messages quote them. */
static const char *const prefixes[2][3] = {
    [WEFT_TRAIN_SPLIT] = {"train"}, [WEFT_TEST_SPLIT] = {"t10k", "test"}};
static const char *const stems[2][4] = {
    [WEFT_IDX_IMAGES] = {"images-idx3-ubyte", "images-idx4-ubyte", "images.idx3-ubyte"},
    [WEFT_IDX_LABELS] = {"labels-idx1-ubyte", "labels.idx1-ubyte"}};
static const char *const endings[] = {"", ".gz"};

/* *path is the joined path when such a file exists, else NULL. */
static weft_status probe(const char *folder, const char *prefix, const char *stem,
                         const char *ending, char **path)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s-%s%s", prefix, stem, ending);
    *path = weft_path_join(folder, name);
    if (!*path) return weft_fail(WEFT_ERR_MEMORY, "out of memory: path of %s", name);
    if (weft_path_exists(*path)) return WEFT_OK;
    free(*path);
    *path = NULL;
    return WEFT_OK;
}

weft_status weft_idx_find(const char *folder, weft_split split, weft_idx_part part, char **path)
{
    *path = NULL;
    for (int p = 0; prefixes[split][p]; p++)
        for (int s = 0; stems[part][s]; s++)
            for (int e = 0; e < 2; e++) {
                WEFT_TRY(probe(folder, prefixes[split][p], stems[part][s], endings[e], path));
                if (*path) return WEFT_OK;
            }
    if (!weft_is_folder(folder))
        return weft_fail(WEFT_ERR_IO, "there is no folder %s; check the path", folder);
    return weft_fail(WEFT_ERR_IO, "%s holds no %s-%s (or the same with .gz); check the path",
                     folder, prefixes[split][0], stems[part][0]);
}

static weft_status read_part(const weft_loaded *loaded, weft_split split, weft_idx_part part,
                             const char *sha256, weft_idx *out)
{
    char *path;
    *out = (weft_idx){0};
    WEFT_TRY(weft_idx_find(loaded->folder, split, part, &path));
    const bool images = part == WEFT_IDX_IMAGES;
    const weft_status status = weft_idx_read(path, images ? 3 : 1, images ? 4 : 1, sha256, out);
    free(path);
    return status;
}

static weft_status read_images(weft_split split, const char *sha256, weft_loaded *loaded)
{
    weft_idx idx;
    WEFT_TRY(read_part(loaded, split, WEFT_IDX_IMAGES, sha256, &idx));
    loaded->owned[WEFT_OWNED_SAMPLES] = idx.bytes;
    loaded->data.samples = idx.bytes;
    loaded->data.dtype = WEFT_U8;
    loaded->data.count = idx.dim[0];
    loaded->data.shape = (weft_shape){3, {idx.dim[1], idx.dim[2], idx.rank == 4 ? idx.dim[3] : 1}};
    return WEFT_OK;
}

weft_status weft_idx_labels(weft_split split, const char *sha256, weft_loaded *loaded)
{
    weft_idx idx;
    WEFT_TRY(read_part(loaded, split, WEFT_IDX_LABELS, sha256, &idx));

    size_t bytes;
    int32_t *classes = NULL;
    if (!weft_mul_size((size_t)idx.count, sizeof *classes, &bytes)) classes = malloc(bytes);
    for (int64_t i = 0; classes && i < idx.count; i++)
        classes[i] = idx.bytes[i];
    free(idx.bytes);
    if (!classes)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: %lld labels", (long long)idx.count);
    loaded->owned[WEFT_OWNED_CLASSES] = classes;
    loaded->data.classes = classes;
    loaded->data.count = idx.count;
    return WEFT_OK;
}

weft_status weft_idx_split(weft_split split, weft_idx_pins pins, weft_loaded *loaded)
{
    WEFT_TRY(read_images(split, pins.images, loaded));
    const int64_t images = loaded->data.count;
    WEFT_TRY(weft_idx_labels(split, pins.labels, loaded));
    if (loaded->data.count == images) return WEFT_OK;
    return weft_fail(
        WEFT_ERR_FORMAT, "%s: %lld %s images but %lld labels; take both files from the same source",
        loaded->folder, (long long)images, prefixes[split][0], (long long)loaded->data.count);
}

weft_status weft_idx_check_labels(const weft_loaded *loaded, weft_split split, const char *source)
{
    const weft_dataset *data = &loaded->data;
    for (int64_t i = 0; i < data->count; i++)
        if (data->classes[i] >= data->class_count)
            return weft_fail(WEFT_ERR_FORMAT,
                             "%s: the %s label of sample %lld is %d, but %s gives %d classes "
                             "(0 to %d); correct one of them",
                             loaded->folder, prefixes[split][0], (long long)i, data->classes[i],
                             source, data->class_count, data->class_count - 1);
    return WEFT_OK;
}
