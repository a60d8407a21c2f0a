/* What the fuzz targets share. A target is one file fuzz_<name>.c with LLVMFuzzerTestOneInput: it
 * hands the input to the real reader and asks what that has made of it. Whatever a reader answers
 * is right as long as it answers; the sanitizers and the limits on memory and time say what is
 * wrong. */
#ifndef WEFT_TESTS_FUZZ_FUZZ_H
#define WEFT_TESTS_FUZZ_FUZZ_H

#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FUZZ_PATH = 64, FUZZ_NAME = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A broken promise is a crash, so that the fuzzer keeps the input. */
#define FUZZ_CHECK(condition)               \
    do {                                    \
        if (!(condition)) __builtin_trap(); \
    } while (0)

/* The input as a file in memory; its path is valid until the next call. */
static inline const char *fuzz_file(const uint8_t *bytes, size_t count)
{
    static char path[FUZZ_PATH];
    static int fd = -1;
    if (fd < 0) fd = memfd_create("input", 0);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
    FUZZ_CHECK(pwrite(fd, bytes, count, 0) == (ssize_t)count);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

static char fuzz_root[FUZZ_PATH];

static inline int fuzz_drop(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static inline void fuzz_folder_drop(void)
{
    (void)nftw(fuzz_root, fuzz_drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* A folder in memory for readers that want one; it goes with the process. */
static inline const char *fuzz_folder(void)
{
    if (*fuzz_root) return fuzz_root;
    (void)snprintf(fuzz_root, sizeof fuzz_root, "/dev/shm/weft-fuzz-XXXXXX");
    FUZZ_CHECK(mkdtemp(fuzz_root) && atexit(fuzz_folder_drop) == 0);
    return fuzz_root;
}

/* The input as a file of that folder. */
static inline void fuzz_folder_file(const char *name, const uint8_t *bytes, size_t count)
{
    char path[FUZZ_PATH + FUZZ_NAME];
    const int length = snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *file = length < (int)sizeof path ? fopen(path, "wb") : NULL;
    FUZZ_CHECK(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

#endif
