/* Loss and accuracy of steps on their way from the device: a queue of reads, so that the loop never
 * waits for the newest step. */
#ifndef WEFT_CORE_TRAINER_RING_H
#define WEFT_CORE_TRAINER_RING_H

#include "core/model.h"

enum { WEFT_IN_FLIGHT = 16 };

typedef struct weft_ring_entry {
    uint64_t step;
    int32_t rows;
    float value[2]; /* sum of losses, correct; filled by the device */
    weft_ticket ticket;
} weft_ring_entry;

/* Zeroed but for the model, it is empty. It must not move while reads are under way. */
typedef struct weft_ring {
    weft_model *model;
    uint32_t first, count;
    weft_ring_entry entry[WEFT_IN_FLIGHT];
} weft_ring;

static inline bool weft_ring_full(const weft_ring *ring)
{
    return ring->count == WEFT_IN_FLIGHT;
}

/* Queue the read of a step that was just enqueued; the ring must not be full. */
weft_status weft_ring_push(weft_ring *ring, uint64_t step, int32_t rows);

/* Take the oldest step out if its values are there, or wait for them; *got tells. */
weft_status weft_ring_pop(weft_ring *ring, bool wait, bool *got, weft_ring_entry *out);

/* After a failure: wait until the device writes into the ring no more. */
void weft_ring_abandon(weft_ring *ring);

#endif
