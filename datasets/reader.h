/* What a reader of data sets provides, and what readers share. Private to datasets. */
#ifndef WEFT_DATASETS_READER_H
#define WEFT_DATASETS_READER_H

#include "datasets/datasets.h"

/* One kind of data set. place is what follows the colon of "idx:DIR", or NULL. */
typedef struct weft_reader {
    weft_dataset_def def;
    const char *augment; /* the default augmentation */

    /* The folder it lies in, a new string. dir: --data-dir or NULL. */
    weft_status (*find)(const char *place, const char *dir, char **folder);

    /* Fill data and class_names from loaded->folder. What was stored in loaded is freed by the
     * caller, after a failure too. */
    weft_status (*read)(weft_split split, weft_loaded *loaded);
} weft_reader;

extern const weft_reader weft_reader_fashion, weft_reader_idx;

/* Places in weft_loaded.owned. */
enum { WEFT_OWNED_SAMPLES, WEFT_OWNED_CLASSES, WEFT_OWNED_NAME };

#endif
