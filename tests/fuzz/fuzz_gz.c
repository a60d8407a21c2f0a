/* Gzipped IDX: the input as it is, and as the contents of a sound gzip file. */
#include <zlib.h>

#include "datasets/idx.h"
#include "tests/fuzz/fuzz.h"

enum { GZIP = 9 + 16, LITTLE = 1, ROOM = 1 << 16 }; /* the least memory of zlib's */

static void read_labels(const uint8_t *bytes, size_t count)
{
    weft_idx idx;
    const char *path = fuzz_file(bytes, count);
    if (weft_idx_read(path, 1, 1, NULL, &idx) == WEFT_OK) free(idx.bytes);
    if (weft_idx_read(path, 3, 4, NULL, &idx) == WEFT_OK) free(idx.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static uint8_t packed[ROOM];
    read_labels(bytes, count);

    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)count};
    z.next_out = packed;
    z.avail_out = sizeof packed;
    FUZZ_CHECK(deflateInit2(&z, 1, Z_DEFLATED, GZIP, LITTLE, Z_DEFAULT_STRATEGY) == Z_OK);
    if (deflate(&z, Z_FINISH) == Z_STREAM_END) read_labels(packed, sizeof packed - z.avail_out);
    (void)deflateEnd(&z);
    return 0;
}
