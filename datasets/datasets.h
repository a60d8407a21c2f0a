/* Data sets from files: readers by name, and pictures to predict on. */
#ifndef WEFT_DATASETS_DATASETS_H
#define WEFT_DATASETS_DATASETS_H

#include <stdbool.h>

#include "core/data.h"
#include "core/log.h"

typedef enum weft_split { WEFT_TRAIN_SPLIT, WEFT_TEST_SPLIT } weft_split;

/* A loaded data set; `data` points into it. */
typedef struct weft_loaded {
    weft_dataset data;
    char **class_names;  /* owned */
    const char *augment; /* default augmentation: "flip" or "none" */
    bool light_on_dark;  /* pictures show light things on a dark ground: predict --invert auto */
    char *folder;        /* where it was found */
    void *owned[3];
} weft_loaded;

/* A name that --data takes: "fashion-mnist", "idx:DIR". */
typedef struct weft_dataset_def {
    const char *name; /* "fashion-mnist", "idx" */
    const char *help;
    bool takes_folder; /* as in idx:DIR */
} weft_dataset_def;
const weft_dataset_def *weft_dataset_at(int index); /* NULL past the end */

/* Read a split. spec: "fashion-mnist" or "idx:DIR"; dir: --data-dir or NULL. fashion-mnist is
 * looked for in dir, in $WEFT_DATA, and where the system's package puts it; payloads are checked by
 * SHA-256. WEFT_ERR_USAGE: unknown name; WEFT_ERR_IO: a file cannot be read; WEFT_ERR_FORMAT: file,
 * place and cure. */
weft_status weft_dataset_load(const char *spec, const char *dir, weft_split split,
                              weft_loaded **out);
void weft_dataset_free(weft_loaded *loaded);

/* Is it there? A folder name to print, or NULL with the reason in weft_error(). free() it. */
char *weft_dataset_where(const char *spec, const char *dir);

/* ---- pictures ---- */

typedef enum weft_invert { WEFT_INVERT_AUTO, WEFT_INVERT_YES, WEFT_INVERT_NO } weft_invert;

/* Read a PNG or JPEG file (told by its first bytes; EXIF orientation honoured; alpha over white),
 * take the centred square-or-aspect crop of shape's aspect, resize by area averaging (bilinear when
 * growing), convert to the channels of shape (1: grey by Rec. 601 luma, 3: RGB), invert as asked.
 * AUTO inverts when light_on_dark and the border of the picture is lighter than its middle half.
 * bytes: H x W x C. *from, when it is not NULL: H x W x C of the file's picture, upright.
 * WEFT_ERR_FORMAT: damaged, more than 64 megapixels, or other than 1 or 3 channels wanted. */
weft_status weft_picture_read(const char *path, weft_shape shape, weft_invert invert,
                              bool light_on_dark, uint8_t *bytes, weft_shape *from);

/* Write H x W x C bytes (C 1 or 3) as PNG. */
weft_status weft_picture_write(const char *path, weft_shape shape, const uint8_t *bytes);

#endif
