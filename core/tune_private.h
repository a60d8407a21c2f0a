/* What the files of the tuner share. */
#ifndef WEFT_CORE_TUNE_PRIVATE_H
#define WEFT_CORE_TUNE_PRIVATE_H

#include "core/tune.h"

/* tune_set.c: an op with tensors of its own on a device, the same random numbers on each. */
typedef struct weft_tune_set {
    weft_device *device;
    weft_op op;
    weft_buffer *buffer[WEFT_MAX_IN + WEFT_MAX_OUT + 1];
    int buffer_count;
    size_t bytes; /* of all outputs */
} weft_tune_set;

weft_status weft_tune_set_open(weft_device *device, const weft_op *op, size_t scratch_bytes,
                               weft_tune_set *out);
void weft_tune_set_close(weft_tune_set *set);

/* Bring the outputs back to what they were, so that added-to ones give the same again. */
weft_status weft_tune_set_reset(const weft_tune_set *set);

/* All outputs, one behind the other. */
weft_status weft_tune_set_read(const weft_tune_set *set, unsigned char *bytes);

/* The largest normalised mean square difference of an output; float outputs only. */
double weft_tune_difference(const weft_op *op, const unsigned char *a, const unsigned char *b);

/* Per-step values of every run. */
weft_values weft_tune_values(const weft_op *op);

/* tune_op.c: fill a row whose key and layer are known, and store the winner. done counts checked
 * candidates for the progress. */
weft_status weft_tune_op(weft_device *device, const weft_op *op, const weft_tune_desc *desc,
                         int *done, int total, weft_tune_row *row);

enum { WEFT_TUNE_CANDIDATES = 32 };

#endif
