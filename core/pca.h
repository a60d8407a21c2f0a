/* Principal components: many numbers per row seen in two dimensions. */
#ifndef WEFT_CORE_PCA_H
#define WEFT_CORE_PCA_H

#include <stdint.h>

#include "core/status.h"

/* Rows (count x width, at least 2) onto their first two principal components (Hotelling, 1933),
 * centred: xy is count x 2. explained (may be NULL): the share of the whole variance along each.
 * The largest weight of a component by size (of equals the first) is positive, so its sign depends
 * on nothing else. A component without any variance is zero.
 *
 * Found by subspace iteration with eight vectors in double, on the rows themselves: a step takes
 * 32 x count x width operations, usually 10 to 40 steps, and memory is 16 x width doubles: 1,000
 * rows of 128 take some 10 ms, and thousands of columns are no obstacle. Equal variances leave the
 * components' direction open; the steps end at 300.
 *
 * WEFT_ERR_USAGE: fewer than two rows. WEFT_ERR_FORMAT names a row with NaN or infinity. */
WEFT_API weft_status weft_pca(const float *rows, int64_t count, int64_t width, float *xy,
                              double explained[2]);

#endif
