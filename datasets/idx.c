#include "datasets/idx.h"

#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/pages.h"
#include "datasets/digest.h"
#include "datasets/stream.h"

enum {
    TYPE_BYTES = 8, /* the only data type that is read: unsigned bytes */
    HEAD_MAX = 4 + 4 * WEFT_IDX_MAX_RANK,
    PIECE = 1 << 17 /* bytes read at a time, so that they are in the cache when they are hashed */
};

static const char again[] = "copy or download the file again";

/* A file that is being read. */
typedef struct source {
    weft_stream *stream;
    const char *path;
    uint8_t head[HEAD_MAX];
    size_t head_bytes;
    weft_digest digest;
} source;

/* Four more bytes of the header. */
static weft_status take_word(source *s, const uint8_t **word)
{
    uint8_t *to = s->head + s->head_bytes;
    *word = to;
    WEFT_TRY(weft_stream_read(s->stream, to, 4));
    s->head_bytes += 4;
    return WEFT_OK;
}

static weft_status take_bytes(source *s, uint8_t *bytes, int64_t count)
{
    for (int64_t at = 0; at < count;) {
        const int64_t piece = count - at < PIECE ? count - at : PIECE;
        WEFT_TRY(weft_stream_read(s->stream, bytes + at, piece));
        at += piece;
        weft_digest_reach(&s->digest, at);
    }
    return WEFT_OK;
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static weft_status read_magic(source *s, int low, int high, int *rank)
{
    const uint8_t *magic;
    WEFT_TRY(take_word(s, &magic));
    *rank = magic[3];
    if (magic[0] == 0 && magic[1] == 0 && magic[2] == TYPE_BYTES && *rank >= low && *rank <= high)
        return WEFT_OK;
    return weft_fail(
        WEFT_ERR_FORMAT, "%s starts with %08x instead of 000008%02x: not an IDX file of %s; %s",
        s->path, (unsigned)big_endian(magic), (unsigned)low, low == 1 ? "labels" : "images", again);
}

/* What the header claims must fit into a file of this size, before anything is allocated for it. */
static weft_status check_claim(const source *s, int64_t count)
{
    int64_t total;
    if (weft_add_i64(count, weft_stream_at(s->stream), &total)) total = INT64_MAX;
    if (total <= weft_stream_most(s->stream)) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: its header asks for %lld bytes, which a file of %lld bytes cannot hold: "
                     "it was cut or its header is damaged; %s",
                     s->path, (long long)total, (long long)weft_stream_size(s->stream), again);
}

static weft_status read_extents(source *s, weft_idx *idx)
{
    idx->count = 1;
    for (int i = 0; i < idx->rank; i++) {
        const uint8_t *extent;
        WEFT_TRY(take_word(s, &extent));
        const uint32_t n = big_endian(extent);
        if (n == 0)
            return weft_fail(WEFT_ERR_FORMAT, "%s holds no %s (extent %d is 0); %s", s->path,
                             idx->rank == 1 ? "labels" : "images", i + 1, again);
        if (n > INT32_MAX || weft_mul_i64(idx->count, n, &idx->count))
            return weft_fail(WEFT_ERR_FORMAT, "%s: extent %d is %lu: its header is damaged; %s",
                             s->path, i + 1, (unsigned long)n, again);
        idx->dim[i] = (int32_t)n;
    }
    return check_claim(s, idx->count);
}

static weft_status check_digest(source *s, const char *sha256)
{
    char found[65];
    if (!sha256) return WEFT_OK;
    weft_digest_end(&s->digest, found);
    if (strcmp(found, sha256) == 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: the SHA-256 of its contents is %.16s..., known is %.16s...: damaged or "
                     "another data set (which idx:DIR would read); %s",
                     s->path, found, sha256, again);
}

static weft_status read_all(source *s, int low, int high, const char *sha256, weft_idx *out)
{
    WEFT_TRY(read_magic(s, low, high, &out->rank));
    WEFT_TRY(read_extents(s, out));
    out->bytes = weft_pages_new((size_t)out->count);
    if (!out->bytes)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: %lld bytes for %s", (long long)out->count,
                         s->path);
    if (sha256) weft_digest_start(&s->digest, s->head, s->head_bytes, out->bytes, out->count);
    WEFT_TRY(take_bytes(s, out->bytes, out->count));
    WEFT_TRY(weft_stream_end(s->stream));
    return check_digest(s, sha256);
}

weft_status weft_idx_read(const char *path, int low, int high, const char *sha256, weft_idx *out)
{
    source s = {.path = path};
    *out = (weft_idx){0};
    WEFT_TRY(weft_stream_open(path, &s.stream));
    const weft_status status = read_all(&s, low, high, sha256, out);
    weft_digest_drop(&s.digest);
    weft_stream_close(s.stream);
    if (status != WEFT_OK) {
        free(out->bytes);
        out->bytes = NULL;
    }
    return status;
}
