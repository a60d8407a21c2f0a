/* How much scratch ops want and how they divide split sums: by shape alone, so that every build
 * and every number of threads agrees. */
#ifndef WEFT_BACKENDS_CPU_SCRATCH_H
#define WEFT_BACKENDS_CPU_SCRATCH_H

#include <stdint.h>

/* Columns of a panel of B, at most. */
enum { WEFT_PANEL_MAX = 32 };

/* Elements of the panels of a matrix, an upper bound for every build. */
static inline int64_t weft_panels_count(int64_t rows, int64_t columns)
{
    return rows * ((columns + WEFT_PANEL_MAX - 1) / WEFT_PANEL_MAX * WEFT_PANEL_MAX);
}

/* Slices of a sum over `rows` rows whose result has `count` elements: partial sums of at most about
 * 8 MB, at least 256 rows each. */
static inline int64_t weft_slices(int64_t rows, int64_t count)
{
    enum { SLICES_MAX = 32, ROWS_MIN = 256, ELEMENTS_MAX = 2 << 20 };
    int64_t slices = rows / ROWS_MIN;
    if (slices > ELEMENTS_MAX / count) slices = ELEMENTS_MAX / count;
    if (slices > SLICES_MAX) slices = SLICES_MAX;
    return slices < 1 ? 1 : slices;
}

/* Rows of a tile of batch statistics and of sums over rows. */
enum { WEFT_TILE_ROWS = 256 };

static inline int64_t weft_tiles(int64_t rows)
{
    return (rows + WEFT_TILE_ROWS - 1) / WEFT_TILE_ROWS;
}

#endif
