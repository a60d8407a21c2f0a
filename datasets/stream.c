#include "datasets/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "core/checked.h"
#include "core/posix.h"

enum {
    BUFFER = 1 << 16,
    PIECE = 1 << 20,     /* bytes asked of zlib at a time: it counts in unsigned int */
    GZIP_ONLY = 15 + 16, /* zlib's code for the largest window and gzip's header */
    DEFLATE_RATIO = 1032 /* no deflate stream grows more than this */
};

struct weft_stream {
    const char *path;
    FILE *file;
    int64_t size, at;
    bool gzip;
    bool open;  /* zlib's state wants to be freed */
    bool ended; /* a gzip member ended well and no other has begun */
    z_stream z;
    uint8_t buffer[BUFFER];
};

static weft_status cut(const weft_stream *s)
{
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s ends after %lld bytes of data: it was cut; copy or download it again",
                     s->path, (long long)s->at);
}

static weft_status damaged(const weft_stream *s, int code)
{
    if (code == Z_MEM_ERROR)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory: reading %s", s->path);
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: damaged gzip data after byte %lld (%s); copy or download it again",
                     s->path, (long long)s->at, s->z.msg ? s->z.msg : zError(code));
}

static weft_status read_failed(const weft_stream *s)
{
    return weft_fail(WEFT_ERR_IO, "cannot read %s: %s", s->path, strerror(errno));
}

/* Leaves avail_in at 0 when the file is at its end. */
static weft_status refill(weft_stream *s)
{
    s->z.next_in = s->buffer;
    s->z.avail_in = (uInt)fread(s->buffer, 1, sizeof s->buffer, s->file);
    return s->z.avail_in == 0 && ferror(s->file) ? read_failed(s) : WEFT_OK;
}

/* Decompress up to `want` bytes. Fewer come only when the file ends well. */
static weft_status inflate_some(weft_stream *s, uint8_t *bytes, size_t want, size_t *got)
{
    s->z.next_out = bytes;
    s->z.avail_out = (uInt)want;
    while (s->z.avail_out > 0) {
        if (s->z.avail_in == 0) WEFT_TRY(refill(s));
        if (s->z.avail_in == 0 && !s->ended) return cut(s);
        if (s->z.avail_in == 0) break;
        if (s->ended) (void)inflateReset(&s->z);
        s->ended = false;

        const uInt before = s->z.avail_out;
        const int code = inflate(&s->z, Z_NO_FLUSH);
        s->at += before - s->z.avail_out;
        if (code == Z_STREAM_END)
            s->ended = true;
        else if (code != Z_OK && code != Z_BUF_ERROR)
            return damaged(s, code);
    }
    *got = want - s->z.avail_out;
    return WEFT_OK;
}

static weft_status read_some(weft_stream *s, uint8_t *bytes, size_t want, size_t *got)
{
    if (s->gzip) return inflate_some(s, bytes, want, got);
    *got = fread(bytes, 1, want, s->file);
    s->at += (int64_t)*got;
    return *got < want && ferror(s->file) ? read_failed(s) : WEFT_OK;
}

weft_status weft_stream_read(weft_stream *stream, uint8_t *bytes, int64_t count)
{
    while (count > 0) {
        const size_t piece = count < PIECE ? (size_t)count : PIECE;
        size_t got;
        WEFT_TRY(read_some(stream, bytes, piece, &got));
        if (got < piece) return cut(stream);
        bytes += piece;
        count -= (int64_t)piece;
    }
    return WEFT_OK;
}

weft_status weft_stream_end(weft_stream *stream)
{
    uint8_t extra;
    size_t got;
    const int64_t wanted = stream->at;
    WEFT_TRY(read_some(stream, &extra, 1, &got));
    if (got == 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s is longer than the %lld bytes its header asks for; copy or download it "
                     "again",
                     stream->path, (long long)wanted);
}

static weft_status start(weft_stream *s)
{
    uint8_t magic[2] = {0};
    WEFT_TRY(weft_open_file(s->path, &s->file));
    if (fseek(s->file, 0, SEEK_END) != 0) return read_failed(s);
    s->size = ftell(s->file);
    rewind(s->file);
    if (s->size < 0 || (fread(magic, 1, 2, s->file) < 2 && ferror(s->file))) return read_failed(s);
    rewind(s->file);
    s->gzip = magic[0] == 0x1F && magic[1] == 0x8B;
    if (!s->gzip) return WEFT_OK;
    s->open = inflateInit2(&s->z, GZIP_ONLY) == Z_OK;
    return s->open ? WEFT_OK : damaged(s, Z_MEM_ERROR);
}

weft_status weft_stream_open(const char *path, weft_stream **out)
{
    *out = NULL;
    weft_stream *s = calloc(1, sizeof *s);
    if (!s) return weft_fail(WEFT_ERR_MEMORY, "out of memory: reading %s", path);
    s->path = path;
    const weft_status status = start(s);
    if (status == WEFT_OK)
        *out = s;
    else
        weft_stream_close(s);
    return status;
}

void weft_stream_close(weft_stream *stream)
{
    if (!stream) return;
    if (stream->open) (void)inflateEnd(&stream->z);
    if (stream->file) fclose(stream->file);
    free(stream);
}

int64_t weft_stream_at(const weft_stream *stream)
{
    return stream->at;
}

int64_t weft_stream_size(const weft_stream *stream)
{
    return stream->size;
}

int64_t weft_stream_most(const weft_stream *stream)
{
    int64_t most = stream->size;
    if (stream->gzip && weft_mul_i64(stream->size, DEFLATE_RATIO, &most)) most = INT64_MAX;
    return most;
}
