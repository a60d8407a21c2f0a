/* The SHA-256 of a file while it is being read: hashing takes as long as decompressing, so it runs
 * on a thread of its own, a piece behind. Private to datasets. */
#ifndef WEFT_DATASETS_DIGEST_H
#define WEFT_DATASETS_DIGEST_H

#include "core/thread.h"
#include "datasets/sha256.h"

typedef struct weft_digest {
    weft_sha256 sha;
    const uint8_t *bytes;
    int64_t count;
    weft_mark *mark;     /* bytes that may be hashed; -1: give up */
    weft_thread *thread; /* NULL: all is hashed at the end */
} weft_digest;

/* Hash `head` now and `bytes`, which are borrowed, as they are filled in. */
void weft_digest_start(weft_digest *digest, const uint8_t *head, size_t head_bytes,
                       const uint8_t *bytes, int64_t count);

/* The first `ready` bytes are there. */
void weft_digest_reach(weft_digest *digest, int64_t ready);

/* All bytes are there: the digest as 64 hex digits. */
void weft_digest_end(weft_digest *digest, char hex[65]);

/* Stop in the middle. Fine on a zeroed or ended one. */
void weft_digest_drop(weft_digest *digest);

#endif
