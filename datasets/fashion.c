/* Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 70,000 pictures of clothes, 28 x 28, ten classes. */
#include <stdlib.h>

#include "core/posix.h"
#include "datasets/idx.h"
#include "datasets/names.h"
#include "datasets/reader.h"

static const char *const classes[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
enum { CLASSES = sizeof classes / sizeof *classes };

/* Of header and bytes without gzip, because distributions compress the files anew. */
static const weft_idx_pins pins[] = {
    [WEFT_TRAIN_SPLIT] = {.images =
                              "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                          .labels =
                              "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    [WEFT_TEST_SPLIT] = {
        .images = "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        .labels = "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}};

/* Where packages and administrators put data sets. */
static const char *const system_folders[] = {"/usr/share/datasets", "/usr/local/share/datasets",
                                             "/usr/share", NULL};

static bool holds_images(const char *folder)
{
    char *path;
    const bool found = weft_idx_find(folder, WEFT_TRAIN_SPLIT, WEFT_IDX_IMAGES, &path) == WEFT_OK;
    free(path);
    return found;
}

/* dir itself or its folder fashion-mnist; NULL when neither holds the set. */
static char *look_in(const char *dir)
{
    char *folder = weft_path_join(dir, "fashion-mnist");
    if (folder && holds_images(folder)) return folder;
    free(folder);
    return holds_images(dir) ? weft_copy_text(dir) : NULL;
}

static weft_status found(char *in, char **folder)
{
    *folder = in;
    return WEFT_OK;
}

static weft_status find(const char *place, const char *dir, char **folder)
{
    (void)place;
    *folder = NULL;
    if (dir) {
        char *in = look_in(dir);
        if (in) return found(in, folder);
        return weft_fail(WEFT_ERR_IO,
                         "no Fashion-MNIST in %s (looked for train-images-idx3-ubyte, .gz or not); "
                         "check --data-dir",
                         dir);
    }
    const char *wanted = getenv("WEFT_DATA");
    char *in = wanted && *wanted ? look_in(wanted) : NULL;
    for (int i = 0; !in && system_folders[i]; i++)
        in = look_in(system_folders[i]);
    if (in) return found(in, folder);
    return weft_fail(WEFT_ERR_IO, "Fashion-MNIST was not found: apt-get install "
                                  "dataset-fashion-mnist, or name its folder with --data-dir or "
                                  "WEFT_DATA");
}

static weft_status read(weft_split split, weft_loaded *loaded)
{
    WEFT_TRY(weft_idx_split(split, pins[split], loaded));
    WEFT_TRY(weft_names_copy(classes, CLASSES, &loaded->class_names));
    loaded->data.class_count = CLASSES;
    return weft_idx_check_labels(loaded, split, "Fashion-MNIST");
}

const weft_reader weft_reader_fashion = {
    .def = {.name = "fashion-mnist",
            .help = "70,000 pictures of clothes, 28x28 grey, 10 classes "
                    "(package dataset-fashion-mnist)"},
    .augment = "flip",
    .find = find,
    .read = read};
