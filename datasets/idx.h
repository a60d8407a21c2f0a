/* IDX, the format of MNIST: a big-endian header (type, rank, extents), then the bytes, often
 * gzipped. Private to datasets. */
#ifndef WEFT_DATASETS_IDX_H
#define WEFT_DATASETS_IDX_H

#include "datasets/datasets.h"

enum { WEFT_IDX_MAX_RANK = 4 };

typedef struct weft_idx {
    int rank;
    int32_t dim[WEFT_IDX_MAX_RANK];
    int64_t count;  /* bytes, the product of the extents */
    uint8_t *bytes; /* owned: free() it */
} weft_idx;

/* Read a file of unsigned bytes whole, plain or gzipped (told by its contents). Nothing is handed
 * out before the last byte and gzip's checksum were seen. low..high: the ranks that are accepted.
 * sha256: the digest of header and bytes as 64 hex digits, NULL when any contents will do. What a
 * header claims is believed only as far as a file of that size can hold it. */
weft_status weft_idx_read(const char *path, int low, int high, const char *sha256, weft_idx *out);

/* Pictures and labels of a folder, by the names that such folders use. */
typedef enum weft_idx_part { WEFT_IDX_IMAGES, WEFT_IDX_LABELS } weft_idx_part;

/* The path of a part, a new string. WEFT_ERR_IO names folder and file when there is none. */
weft_status weft_idx_find(const char *folder, weft_split split, weft_idx_part part, char **path);

/* SHA-256 of the two files of a split; NULL members are not checked. */
typedef struct weft_idx_pins {
    const char *images, *labels;
} weft_idx_pins;

/* Read images and labels of a split into loaded->data (all but the classes' names and count) and
 * check that there is a label for each image. */
weft_status weft_idx_split(weft_split split, weft_idx_pins pins, weft_loaded *loaded);

/* Read the labels of a split alone: data.classes and data.count. */
weft_status weft_idx_labels(weft_split split, const char *sha256, weft_loaded *loaded);

/* WEFT_ERR_FORMAT names the first sample whose label is not below class_count; `source` says where
 * that number comes from. */
weft_status weft_idx_check_labels(const weft_loaded *loaded, weft_split split, const char *source);

#endif
