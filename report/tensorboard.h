/* Event files of TensorBoard: data in, file out. Tags with a slash are grouped by what stands
 * before it. Times are seconds since 1970; steps may be anything that does not fall. */
#ifndef WEFT_REPORT_TENSORBOARD_H
#define WEFT_REPORT_TENSORBOARD_H

#include <stddef.h>

#include "core/status.h"
#include "report/histogram.h"

typedef struct weft_tensorboard weft_tensorboard;

/* A new file in place of what is there. It says that it begins with step `first`: what other files
 * of the folder have from there on is void. */
weft_status weft_tensorboard_open(const char *path, double time, uint64_t first,
                                  weft_tensorboard **out);

/* Close it; what was not flushed is written, its failure is not told. */
void weft_tensorboard_free(weft_tensorboard *file);

/* Until memory or disk fail, WEFT_OK; from then on the failure. */
weft_status weft_tensorboard_flush(weft_tensorboard *file);

typedef struct weft_scalar {
    const char *tag;
    double value; /* NAN: left out */
} weft_scalar;
weft_status weft_tensorboard_scalars(weft_tensorboard *file, double time, uint64_t step,
                                     const weft_scalar *scalars, int count);

/* An empty histogram is left out. */
weft_status weft_tensorboard_histogram(weft_tensorboard *file, double time, uint64_t step,
                                       const char *tag, const weft_histogram *histogram);

/* A whole PNG file of this size. */
weft_status weft_tensorboard_image(weft_tensorboard *file, double time, uint64_t step,
                                   const char *tag, int width, int height, const void *png,
                                   size_t count);

/* How many bytes of a file stay when all records behind a step go, and with them the first record
 * that is torn or damaged. 0 when there is no such file. */
int64_t weft_tensorboard_bytes(const char *path, uint64_t step);

#endif
