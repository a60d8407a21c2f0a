/* Reading a file that may be gzipped, where a cut or changed file must never look like a good one.
 * (zlib's gzread takes some cuts within the checksum for a good end.) Private to datasets. */
#ifndef WEFT_DATASETS_STREAM_H
#define WEFT_DATASETS_STREAM_H

#include <stdint.h>

#include "core/status.h"

typedef struct weft_stream weft_stream;

/* Whether it is gzip is told by the first two bytes. path is borrowed. */
weft_status weft_stream_open(const char *path, weft_stream **out);
void weft_stream_close(weft_stream *stream);

/* Read exactly `count` bytes. WEFT_ERR_FORMAT when there are fewer, or gzip's data are damaged. */
weft_status weft_stream_read(weft_stream *stream, uint8_t *bytes, int64_t count);

/* WEFT_ERR_FORMAT unless all was read and gzip's length and checksum are right. */
weft_status weft_stream_end(weft_stream *stream);

int64_t weft_stream_at(const weft_stream *stream);   /* bytes read, after decompression */
int64_t weft_stream_size(const weft_stream *stream); /* of the file */

/* More bytes than this a file of its size cannot hold. */
int64_t weft_stream_most(const weft_stream *stream);

#endif
