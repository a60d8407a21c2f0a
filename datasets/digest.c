#include "datasets/digest.h"

enum { WORTH_A_THREAD = 1 << 20 /* bytes */ };

/* The thread: hash what is there until all is. */
static void follow(void *digest_)
{
    weft_digest *d = digest_;
    for (int64_t done = 0; done < d->count;) {
        const int64_t ready = weft_mark_wait(d->mark, done);
        if (ready < 0) return;
        weft_sha256_add(&d->sha, d->bytes + done, (size_t)(ready - done));
        done = ready;
    }
}

void weft_digest_start(weft_digest *digest, const uint8_t *head, size_t head_bytes,
                       const uint8_t *bytes, int64_t count)
{
    *digest = (weft_digest){.bytes = bytes, .count = count};
    weft_sha256_start(&digest->sha);
    weft_sha256_add(&digest->sha, head, head_bytes);
    if (count < WORTH_A_THREAD || weft_mark_new(&digest->mark) != WEFT_OK) return;
    (void)weft_thread_start(follow, digest, &digest->thread);
}

void weft_digest_reach(weft_digest *digest, int64_t ready)
{
    if (digest->thread) weft_mark_set(digest->mark, ready);
}

void weft_digest_end(weft_digest *digest, char hex[65])
{
    if (digest->thread) {
        weft_thread_join(digest->thread);
        digest->thread = NULL;
    } else {
        weft_sha256_add(&digest->sha, digest->bytes, (size_t)digest->count);
    }
    weft_sha256_end(&digest->sha, hex);
    weft_digest_drop(digest);
}

void weft_digest_drop(weft_digest *digest)
{
    if (digest->thread) weft_mark_set(digest->mark, -1);
    weft_thread_join(digest->thread);
    weft_mark_free(digest->mark);
    digest->thread = NULL;
    digest->mark = NULL;
}
