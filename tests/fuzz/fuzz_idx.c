/* IDX, plain: images of any rank that is read, and labels. */
#include "datasets/idx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const int rank[2][2] = {{3, 4}, {1, 1}};
    const char *path = fuzz_file(bytes, count);
    for (int i = 0; i < 2; i++) {
        weft_idx idx;
        if (weft_idx_read(path, rank[i][0], rank[i][1], NULL, &idx) != WEFT_OK) continue;
        uint64_t sum = 0;
        for (int64_t at = 0; at < idx.count; at++)
            sum += idx.bytes[at];
        FUZZ_CHECK(idx.count > 0 && idx.dim[0] > 0 && sum <= 255 * (uint64_t)idx.count);
        free(idx.bytes);
    }
    return 0;
}
