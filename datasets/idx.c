#include "datasets/idx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "core/checked.h"
#include "core/posix.h"
#include "datasets/sha256.h"

enum {
    TYPE_BYTES = 8,      /* the only data type that is read: unsigned bytes */
    PIECE = 1 << 18,     /* bytes read and hashed at a time, so that they stay in the cache */
    DEFLATE_RATIO = 1032 /* no deflate stream grows more than this */
};

static const char again[] = "copy or download the file again";

/* A file that is being read: plain bytes pass through zlib unchanged. */
typedef struct source {
    const char *path;
    gzFile gz;
    int64_t size; /* of the file */
    int64_t at;   /* bytes handed out, after decompression */
    weft_sha256 sha;
} source;

static weft_status file_size(const char *path, int64_t *size)
{
    if (weft_is_folder(path)) return weft_fail(WEFT_ERR_IO, "%s is a folder, not a file", path);
    FILE *file = fopen(path, "rb");
    if (!file) return weft_fail(WEFT_ERR_IO, "cannot open %s: %s", path, strerror(errno));
    const long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    fclose(file);
    if (end < 0) return weft_fail(WEFT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    *size = end;
    return WEFT_OK;
}

static weft_status cut(const source *s)
{
    return weft_fail(WEFT_ERR_FORMAT, "%s ends after %lld bytes of data: it was cut; %s", s->path,
                     (long long)s->at, again);
}

/* zlib tells a truncated file from a good end only by its error number. */
static weft_status read_failed(const source *s)
{
    int code = Z_OK;
    const char *text = gzerror(s->gz, &code);
    if (code == Z_OK || code == Z_BUF_ERROR || code == Z_STREAM_END) return cut(s);
    if (code == Z_MEM_ERROR) return weft_fail(WEFT_ERR_MEMORY, "reading %s", s->path);
    if (code == Z_ERRNO) return weft_fail(WEFT_ERR_IO, "cannot read %s: %s", s->path, text);
    return weft_fail(WEFT_ERR_FORMAT, "%s: damaged gzip data after byte %lld (%s); %s", s->path,
                     (long long)s->at, text, again);
}

static weft_status take(source *s, uint8_t *bytes, int64_t count)
{
    while (count > 0) {
        const int piece = count < PIECE ? (int)count : PIECE;
        const int got = gzread(s->gz, bytes, (unsigned)piece);
        if (got > 0) {
            weft_sha256_add(&s->sha, bytes, (size_t)got);
            s->at += got;
        }
        if (got != piece) return read_failed(s);
        bytes += piece;
        count -= piece;
    }
    return WEFT_OK;
}

/* The file must end here, and well: only now has zlib compared length and checksum. */
static weft_status expect_end(source *s)
{
    uint8_t extra;
    const int got = gzread(s->gz, &extra, 1);
    if (got > 0)
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s is longer than the %lld bytes its header asks for; %s", s->path,
                         (long long)s->at, again);
    int code = Z_OK;
    (void)gzerror(s->gz, &code);
    return got < 0 || code != Z_OK ? read_failed(s) : WEFT_OK;
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static weft_status read_magic(source *s, int low, int high, int *rank)
{
    uint8_t magic[4];
    WEFT_TRY(take(s, magic, sizeof magic));
    *rank = magic[3];
    if (magic[0] == 0 && magic[1] == 0 && magic[2] == TYPE_BYTES && *rank >= low && *rank <= high)
        return WEFT_OK;
    return weft_fail(
        WEFT_ERR_FORMAT, "%s starts with %08x instead of 000008%02x: not an IDX file of %s; %s",
        s->path, (unsigned)big_endian(magic), (unsigned)low, low == 1 ? "labels" : "images", again);
}

/* What the header claims must fit into a file of this size, before anything is allocated for it. */
static weft_status check_claim(const source *s, const weft_idx *idx, int64_t header)
{
    int64_t most = s->size, total;
    if (!gzdirect(s->gz) && weft_mul_i64(s->size, DEFLATE_RATIO, &most)) most = INT64_MAX;
    if (weft_add_i64(idx->count, header, &total)) total = INT64_MAX;
    if (total <= most) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: its header asks for %lld bytes, which a file of %lld bytes cannot hold: "
                     "it was cut or its header is damaged; %s",
                     s->path, (long long)total, (long long)s->size, again);
}

static weft_status read_extents(source *s, weft_idx *idx)
{
    idx->count = 1;
    for (int i = 0; i < idx->rank; i++) {
        uint8_t extent[4];
        WEFT_TRY(take(s, extent, sizeof extent));
        const uint32_t n = big_endian(extent);
        if (n == 0)
            return weft_fail(WEFT_ERR_FORMAT, "%s holds no %s (extent %d is 0); %s", s->path,
                             idx->rank == 1 ? "labels" : "images", i + 1, again);
        if (n > INT32_MAX || weft_mul_i64(idx->count, n, &idx->count))
            return weft_fail(WEFT_ERR_FORMAT, "%s: extent %d is %lu: its header is damaged; %s",
                             s->path, i + 1, (unsigned long)n, again);
        idx->dim[i] = (int32_t)n;
    }
    return check_claim(s, idx, s->at);
}

static weft_status check_digest(source *s, const char *sha256)
{
    char found[65];
    weft_sha256_end(&s->sha, found);
    if (!sha256 || strcmp(found, sha256) == 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: the SHA-256 of its contents is %.16s..., known is %.16s...: damaged or "
                     "another data set (which idx:DIR would read); %s",
                     s->path, found, sha256, again);
}

static weft_status read_all(source *s, int low, int high, const char *sha256, weft_idx *out)
{
    weft_sha256_start(&s->sha);
    WEFT_TRY(read_magic(s, low, high, &out->rank));
    WEFT_TRY(read_extents(s, out));
    out->bytes = malloc((size_t)out->count);
    if (!out->bytes)
        return weft_fail(WEFT_ERR_MEMORY, "%lld bytes for %s", (long long)out->count, s->path);
    WEFT_TRY(take(s, out->bytes, out->count));
    WEFT_TRY(expect_end(s));
    return check_digest(s, sha256);
}

weft_status weft_idx_read(const char *path, int low, int high, const char *sha256, weft_idx *out)
{
    source s = {.path = path};
    *out = (weft_idx){0};
    WEFT_TRY(file_size(path, &s.size));
    s.gz = gzopen(path, "rb");
    if (!s.gz) return weft_fail(WEFT_ERR_IO, "cannot open %s: %s", path, strerror(errno));

    weft_status status = read_all(&s, low, high, sha256, out);
    if (gzclose(s.gz) != Z_OK && status == WEFT_OK) status = cut(&s);
    if (status != WEFT_OK) {
        free(out->bytes);
        out->bytes = NULL;
    }
    return status;
}
