/* Memory: buffers are made until there is as much as may be taken, all filled, then looked at. A
 * driver may promise memory when a buffer is made and only look for it when the buffer is used. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/pages.h"
#include "core/selftest/private.h"

enum { BUFFERS = 1024, LOOKS = 16 };

static const uint64_t PIECE = UINT64_C(256) << 20; /* bytes of a buffer */
static const uint64_t QUICK = UINT64_C(64) << 20;  /* bytes of a quick probe */

/* What a device has to itself is tried to nine tenths; of what it shares with the host a quarter of
 * that which is free. */
static uint64_t most_of(const weft_selftest_desc *desc)
{
    const weft_device_info *info = desc->info;
    const bool shares = info->host_memory || info->type == WEFT_DEVICE_CPU;
    uint64_t most = info->memory_bytes / 10 * 9;
    if (shares && most > weft_free_memory() / 4) most = weft_free_memory() / 4;
    if (desc->quick && most > QUICK) most = QUICK;
    return most;
}

static uint64_t piece_of(const weft_selftest_desc *desc)
{
    const uint64_t largest = desc->info->max_alloc_bytes;
    const uint64_t piece = largest > 0 && largest < PIECE ? largest : PIECE;
    return piece / 4 * 4;
}

typedef struct probe {
    const weft_selftest_desc *desc;
    weft_buffer *buffer[BUFFERS];
    int count;
    uint64_t bytes;
} probe;

static uint32_t pattern(int buffer)
{
    return 0x9e3779b9u * (uint32_t)(buffer + 1);
}

static weft_status take(probe *p, uint64_t most, uint64_t piece)
{
    const weft_backend *be = p->desc->device->backend;
    while (p->count < BUFFERS && p->bytes < most) {
        const uint64_t left = (most - p->bytes) / 4 * 4;
        const size_t bytes = (size_t)(left < piece ? left : piece);
        if (bytes == 0) break;
        const int at = p->count;
        WEFT_TRY(be->buffer_new(p->desc->device, bytes, &p->buffer[at]));
        p->count++;
        WEFT_TRY(be->fill(p->buffer[at], 0, bytes, pattern(at)));
        WEFT_TRY(be->finish(p->desc->device));
        p->bytes += bytes;
        weft_trial_progress(p->desc, (int)(p->bytes >> 20), (int)(most >> 20));
    }
    return WEFT_OK;
}

/* Words spread over a buffer, the first and the last among them. */
static weft_status look(const probe *p, int i, weft_selftest_row *row)
{
    const size_t words = p->buffer[i]->bytes / 4;
    for (size_t k = 0; k < LOOKS; k++) {
        uint32_t word = 0;
        const size_t at = k * (words - 1) / (LOOKS - 1);
        WEFT_TRY(p->desc->device->backend->read(p->buffer[i], 4 * at, &word, 4));
        if (word == pattern(i)) continue;
        weft_trial_fail(row,
                        "memory: word %zu of buffer %d is 0x%08" PRIx32 " instead of 0x%08" PRIx32,
                        at, i, word, pattern(i));
        return WEFT_OK;
    }
    return WEFT_OK;
}

static weft_status look_at_all(const probe *p, weft_selftest_row *row)
{
    for (int i = 0; i < p->count; i++)
        WEFT_TRY(look(p, i, row));
    return WEFT_OK;
}

weft_status weft_trial_memory(const weft_selftest_desc *desc, weft_selftest_row *row)
{
    const uint64_t most = most_of(desc);
    const weft_backend *be = desc->device->backend;
    probe *p = calloc(1, sizeof *p);
    if (!p) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a probe");
    p->desc = desc;
    row->cases = 1;
    row->verdict = WEFT_VERDICT_PASSED;
    weft_status status = take(p, most, piece_of(desc));
    if (status == WEFT_OK) status = look_at_all(p, row);
    if (status != WEFT_OK)
        weft_trial_fail(row, "memory: %" PRIu64 " of %" PRIu64 " MiB were had, then: %s",
                        p->bytes >> 20, most >> 20, weft_error());
    (void)snprintf(row->note, sizeof row->note, "%" PRIu64 " MiB", p->bytes >> 20);
    for (int i = 0; i < p->count; i++)
        be->buffer_free(p->buffer[i]);
    free(p);
    return WEFT_OK;
}
