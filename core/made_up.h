/* Samples drawn by a fixed rule, for measuring and checking a network without data. */
#ifndef WEFT_CORE_MADE_UP_H
#define WEFT_CORE_MADE_UP_H

#include "core/data.h"
#include "core/graph.h"

/* The data set borrows what stands behind it. */
typedef struct weft_made_up {
    weft_dataset data;
    uint8_t *samples;
    int32_t *classes;
} weft_made_up;

/* The shapes alone: no sample and no class is there to be read. */
weft_dataset weft_made_up_outline(const weft_graph *graph, int64_t count);

/* `count` samples of the network's input shape, bytes, with a class for each output in turn.
 * Free it after a failure too. */
weft_status weft_made_up_new(const weft_graph *graph, int64_t count, weft_made_up *out);
void weft_made_up_free(weft_made_up *made_up);

#endif
