/* Memory: buffers are made and filled until there is as much as may be taken, then all are looked
 * at. A driver may promise memory when a buffer is made and only look for it when it is used. */
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
    uint64_t most, piece; /* bytes of all, of a buffer */
    weft_buffer *buffer[BUFFERS];
    int made, kept; /* buffers; of them those that were filled and held it */
    uint64_t bytes; /* of these */
} probe;

static uint32_t pattern(int buffer)
{
    return 0x9e3779b9u * (uint32_t)(buffer + 1);
}

/* Words spread over a buffer, the first and the last among them. */
static weft_status look(const probe *p, int i)
{
    const size_t words = p->buffer[i]->bytes / 4;
    for (size_t k = 0; k < LOOKS; k++) {
        uint32_t word = 0;
        const size_t at = k * (words - 1) / (LOOKS - 1);
        WEFT_TRY(p->desc->device->backend->read(p->buffer[i], 4 * at, &word, 4));
        if (word != pattern(i))
            return weft_fail(WEFT_ERR_DEVICE,
                             "word %zu of buffer %d is 0x%08" PRIx32 " instead of 0x%08" PRIx32, at,
                             i, word, pattern(i));
    }
    return WEFT_OK;
}

static weft_status look_at_all(const probe *p)
{
    for (int i = 0; i < p->kept; i++)
        WEFT_TRY(look(p, i));
    return WEFT_OK;
}

/* Bytes of the next buffer; 0: there is as much as may be taken. */
static size_t next_bytes(const probe *p)
{
    const uint64_t left = (p->most - p->bytes) / 4 * 4;
    return p->made < BUFFERS ? (size_t)(left < p->piece ? left : p->piece) : 0;
}

/* One buffer more. It is looked at here as well, since a device whose memory ends at a fill answers
 * nothing after it. */
static weft_status take(probe *p, size_t bytes)
{
    const weft_backend *be = p->desc->device->backend;
    const int at = p->made;
    WEFT_TRY(be->buffer_new(p->desc->device, bytes, &p->buffer[at]));
    p->made++;
    WEFT_TRY(be->fill(p->buffer[at], 0, bytes, pattern(at)));
    WEFT_TRY(be->finish(p->desc->device));
    WEFT_TRY(look(p, at));
    p->kept++;
    p->bytes += bytes;
    weft_trial_progress(p->desc, (int)(p->bytes >> 20), (int)(p->most >> 20));
    return WEFT_OK;
}

/* Others use the device too: that its memory ends before the most is reached is no fault, if there
 * was any. */
static weft_status fill_and_look(probe *p)
{
    weft_status status = WEFT_OK;
    for (size_t bytes; status == WEFT_OK && (bytes = next_bytes(p)) > 0;)
        status = take(p, bytes);
    const bool ended = status == WEFT_ERR_MEMORY && p->kept > 0;
    if (status == WEFT_OK || ended) status = look_at_all(p);
    return ended && status == WEFT_ERR_MEMORY ? WEFT_OK : status;
}

/* "900 MiB", or "700 of 900 MiB". */
static void print_note(const probe *p, weft_selftest_row *row)
{
    const uint64_t had = p->bytes >> 20, most = p->most >> 20;
    if (had == most)
        (void)snprintf(row->note, sizeof row->note, "%" PRIu64 " MiB", had);
    else
        (void)snprintf(row->note, sizeof row->note, "%" PRIu64 " of %" PRIu64 " MiB", had, most);
}

weft_status weft_trial_memory(const weft_selftest_desc *desc, weft_selftest_row *row)
{
    probe *p = calloc(1, sizeof *p);
    if (!p) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a probe");
    *p = (probe){.desc = desc, .most = most_of(desc), .piece = piece_of(desc)};
    row->cases = 1;
    row->verdict = WEFT_VERDICT_PASSED;
    if (fill_and_look(p) != WEFT_OK)
        weft_trial_fail(row, "memory: %" PRIu64 " of %" PRIu64 " MiB were had, then: %s",
                        p->bytes >> 20, p->most >> 20, weft_error());
    print_note(p, row);
    for (int i = 0; i < p->made; i++)
        desc->device->backend->buffer_free(p->buffer[i]);
    free(p);
    return WEFT_OK;
}
