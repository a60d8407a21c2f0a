/* A cached program binary: the input as it is, and behind a head whose hash is right. What follows
 * the checks is the driver's. */
#include <inttypes.h>
#include <xxhash.h>

#include "backends/opencl/internal.h"
#include "tests/fuzz/fuzz.h"

static void read_entry(const uint8_t *bytes, size_t count)
{
    unsigned char *binary = NULL;
    size_t size = 0;
    char *names = NULL;
    if (cl_binary_read(fuzz_file(bytes, count), &binary, &size, &names) != WEFT_OK) return;
    FUZZ_CHECK(size > 0 && size < count && strlen(names) < count);
    free(binary);
    free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    uint64_t names = 0;
    char head[64];
    read_entry(bytes, count);
    if (count < sizeof names) return 0;

    /* The first eight bytes are the length of the names. */
    memcpy(&names, bytes, sizeof names);
    const size_t body = count - sizeof names;
    const int length = snprintf(head, sizeof head, "weft-binary 1 %016" PRIx64 " %" PRIu64 "\n",
                                (uint64_t)XXH3_64bits(bytes + sizeof names, body), names);
    uint8_t *file = malloc((size_t)length + body);
    FUZZ_CHECK(file);
    memcpy(file, head, (size_t)length);
    memcpy(file + length, bytes + sizeof names, body);
    read_entry(file, (size_t)length + body);
    free(file);
    return 0;
}
