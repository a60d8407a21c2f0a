/* SHA-256 (FIPS 180-4): tells whether a known data set is the one we know. Not for secrets. */
#ifndef WEFT_DATASETS_SHA256_H
#define WEFT_DATASETS_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct weft_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
} weft_sha256;

void weft_sha256_start(weft_sha256 *sha);
void weft_sha256_add(weft_sha256 *sha, const void *bytes, size_t count);

/* The digest as 64 hex digits. */
void weft_sha256_end(weft_sha256 *sha, char hex[65]);

#endif
