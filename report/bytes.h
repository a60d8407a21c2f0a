/* Bytes that grow in memory. Private to report. */
#ifndef WEFT_REPORT_BYTES_H
#define WEFT_REPORT_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/export.h"

/* A zeroed one is empty. Once memory was refused nothing is added any more. */
typedef struct weft_bytes {
    char *data; /* owned; free() it */
    size_t count, room;
    bool failed;
} weft_bytes;

/* False when it has failed. */
bool weft_bytes_add(weft_bytes *bytes, const void *data, size_t count);
bool weft_bytes_text(weft_bytes *bytes, const char *text);
bool weft_bytes_format(weft_bytes *bytes, const char *format, ...) WEFT_PRINTF(2, 3);

/* Base64 (RFC 4648, section 4) of the data. */
bool weft_bytes_base64(weft_bytes *bytes, const void *data, size_t count);

#endif
