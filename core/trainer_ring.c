#include "core/trainer_ring.h"

#include <assert.h>

weft_status weft_ring_push(weft_ring *ring, uint64_t step, int32_t rows)
{
    assert(!weft_ring_full(ring));
    weft_device *device = weft_model_device(ring->model);
    weft_ring_entry *entry = &ring->entry[(ring->first + ring->count) % WEFT_IN_FLIGHT];
    entry->step = step;
    entry->rows = rows;
    WEFT_TRY(weft_model_read_slot(ring->model, step, entry->value, &entry->ticket));
    ring->count++;
    return device->backend->flush(device);
}

weft_status weft_ring_pop(weft_ring *ring, bool wait, bool *got, weft_ring_entry *out)
{
    weft_device *device = weft_model_device(ring->model);
    *got = false;
    if (ring->count == 0) return WEFT_OK;

    const weft_ring_entry *oldest = &ring->entry[ring->first];
    bool done = wait;
    if (wait)
        WEFT_TRY(device->backend->ticket_wait(device, oldest->ticket));
    else
        WEFT_TRY(device->backend->ticket_done(device, oldest->ticket, &done));
    if (!done) return WEFT_OK;

    *out = *oldest;
    *got = true;
    ring->first = (ring->first + 1) % WEFT_IN_FLIGHT;
    ring->count--;
    return WEFT_OK;
}

void weft_ring_abandon(weft_ring *ring)
{
    if (ring->count == 0) return;
    weft_device *device = weft_model_device(ring->model);
    (void)device->backend->finish(device);
    ring->count = 0;
}
