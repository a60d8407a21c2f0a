/* Where and by how much two checkpoints, or two runs, differ. */
#ifndef WEFT_CORE_DIFF_H
#define WEFT_CORE_DIFF_H

#include <stdbool.h>

#include "core/safetensors.h"

typedef enum weft_diff_state {
    WEFT_DIFF_EQUAL,  /* bit for bit; a NaN equals a NaN */
    WEFT_DIFF_VALUES, /* same shape, other numbers */
    WEFT_DIFF_SHAPE,  /* another shape or data type */
    WEFT_DIFF_ONLY_A,
    WEFT_DIFF_ONLY_B
} weft_diff_state;

/* One tensor, by name. The figures below the state are of tensors with one shape. */
typedef struct weft_diff_tensor {
    const weft_st_entry *a, *b; /* NULL where it is missing */
    weft_diff_state state;
    int64_t count;        /* elements */
    int64_t differ;       /* of them; +0 and -0 differ, by one unit of the last place */
    int64_t nan_a, nan_b; /* elements that are NaN in one of them only */
    double largest;       /* absolute difference; infinite where one of the two is */
    int64_t index;        /* of that element, counted row by row; -1: none. A NaN goes first */
    float value_a, value_b;
    double nmse;  /* squares of the differences over those of the larger tensor; INFINITY where only
                     one of them is finite, and for other data types than F32 */
    uint32_t ulp; /* most floats between two elements */
} weft_diff_tensor;

/* A setting that is not the same in both. NULL: it is missing there. */
typedef struct weft_diff_pair {
    char *key, *a, *b;
} weft_diff_pair;

enum { WEFT_DIFF_COLUMNS = 16, WEFT_DIFF_COLUMN_NAME = 32 };

typedef struct weft_diff_column {
    char name[WEFT_DIFF_COLUMN_NAME];
    double largest; /* absolute difference; INFINITY where one of the two is no finite number */
    int64_t row;    /* where: what its first column says; only when largest > 0 */
} weft_diff_column;

/* metrics.csv or steps.csv. Rows belong together when their first columns, which count, are equal.
 * How long an epoch took is no result and is left out. */
typedef struct weft_diff_log {
    const char *name;
    bool in_a, in_b; /* whether there is such a file */
    int64_t rows_a, rows_b, only_a, only_b;
    int64_t first; /* row that differs or is in one of them only; -1: none */
    int column_count;
    weft_diff_column column[WEFT_DIFF_COLUMNS];
} weft_diff_log;

enum { WEFT_DIFF_LOGS = 2 };

/* What was found. Tensors are in the order of their names; worst is one of them, or -1 when none
 * differs by more than the tolerance. */
typedef struct weft_diff {
    bool runs;     /* folders were compared, so there are `config` and `log` */
    char *path[2]; /* of the checkpoints; NULL where a run has none */
    weft_st_file *file[2];
    weft_diff_pair *config, *meta; /* config.json; what checkpoints say besides tensors */
    int config_count, meta_count;
    weft_diff_log log[WEFT_DIFF_LOGS];
    weft_diff_tensor *tensor;
    int tensor_count, worst;
    bool equal;
} weft_diff;

/* Compare two checkpoint files, or two run folders with their last checkpoints; a folder beside a
 * file stands for its last checkpoint. tolerance 0: everything has to be equal. Above it, tensors
 * have to have the same names and shapes and no larger nmse than that, and whatever else differs is
 * told but does not count. Free it also after a failure, which names the file. */
WEFT_API weft_status weft_diff_open(const char *a, const char *b, double tolerance, weft_diff *out);
WEFT_API void weft_diff_close(weft_diff *diff);

#endif
