/* A cached binary: a line of text, the names of its kernels, the driver's bytes.
 *
 *   weft-binary 1 <XXH3-64 of what follows the line> <bytes of names>
 */
#include "backends/opencl/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/posix.h"

enum { HEAD_MAX = 64, BINARY_MAX = 256 << 20 };

/* The driver's binary behind `names` and room for a head, as one new block. */
static weft_status take(cl_program program, const char *names, unsigned char **block,
                        size_t *binary_bytes)
{
    size_t bytes = 0;
    *block = NULL;
    CL_TRY(clGetProgramInfo, (program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL));
    if (bytes == 0 || bytes > BINARY_MAX) {
        return weft_fail(WEFT_ERR_DEVICE, "the driver has no binary to cache");
    }

    const size_t before = HEAD_MAX + strlen(names);
    unsigned char *all = malloc(before + bytes);
    if (!all) return weft_fail(WEFT_ERR_MEMORY, "caching a binary: out of memory");
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the head says where the names end */
    memcpy(all + HEAD_MAX, names, strlen(names));

    unsigned char *target = all + before;
    const cl_int error =
        clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof target, &target, NULL);
    if (error != CL_SUCCESS) {
        free(all);
        return cl_fail(error, "clGetProgramInfo");
    }
    *block = all;
    *binary_bytes = bytes;
    return WEFT_OK;
}

weft_status cl_binary_write(cl_program program, const char *path, const char *names)
{
    unsigned char *block = NULL;
    size_t bytes = 0;
    WEFT_TRY(take(program, names, &block, &bytes));

    /* The head ends where the names begin, so it is written right-aligned into its room. */
    const size_t body = strlen(names) + bytes;
    char head[HEAD_MAX];
    const int length = snprintf(head, sizeof head, "weft-binary 1 %016" PRIx64 " %zu\n",
                                (uint64_t)XXH3_64bits(block + HEAD_MAX, body), strlen(names));
    unsigned char *start = block + HEAD_MAX - length;
    memcpy(start, head, (size_t)length);
    const weft_status status = weft_write_file(path, start, (size_t)length + body);
    free(block);
    return status;
}

/* Split a file into names and binary; false when it is damaged. */
static bool split(const char *file, size_t count, size_t *names_at, size_t *binary_at)
{
    uint64_t hash = 0;
    size_t names = 0;
    const char *newline = memchr(file, '\n', count);
    if (!newline || sscanf(file, "weft-binary 1 %16" SCNx64 " %zu", &hash, &names) != 2) {
        return false;
    }
    *names_at = (size_t)(newline - file) + 1;
    if (names >= count - *names_at) return false;
    *binary_at = *names_at + names;
    return (uint64_t)XXH3_64bits(file + *names_at, count - *names_at) == hash;
}

weft_status cl_binary_read(const char *path, unsigned char **bytes, size_t *count, char **names)
{
    char *file = NULL;
    size_t size = 0, names_at = 0, binary_at = 0;
    *bytes = NULL;
    *names = NULL;
    WEFT_TRY(weft_read_file(path, BINARY_MAX, &file, &size));

    weft_status status = WEFT_ERR_FORMAT;
    if (!split(file, size, &names_at, &binary_at)) {
        (void)weft_fail(status, "%s: damaged", path);
        goto done;
    }
    *count = size - binary_at;
    *bytes = malloc(*count);
    *names = calloc(1, binary_at - names_at + 1);
    status = *bytes && *names ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "%s: out of memory", path);
    if (status == WEFT_OK) {
        memcpy(*bytes, file + binary_at, *count);
        memcpy(*names, file + names_at, binary_at - names_at);
    } else {
        free(*bytes);
        free(*names);
        *bytes = NULL;
        *names = NULL;
    }
done:
    free(file);
    return status;
}
