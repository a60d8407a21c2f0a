/* Every reader of foreign bytes over the samples of its fuzz target, without a fuzzer: none crashes
 * under the sanitizers; and of files of at most 100 bytes, whose size fields say anything, none
 * makes more than 1 MiB be allocated. */
#define _GNU_SOURCE

#include <dirent.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/suite.h"

enum { SHORT = 100, SAMPLE_MAX = 1 << 16, ALLOWED = 1 << 20 };

/* The targets, which CMake lists: LLVMFuzzerTestOneInput of fuzz_<name>.c as fuzz_<name>. */
#define X(name) int fuzz_##name(const uint8_t *bytes, size_t count);
WEFT_READERS
#undef X

#define X(name) {#name, fuzz_##name},
static const struct {
    const char *name;
    int (*read)(const uint8_t *bytes, size_t count);
} readers[] = {WEFT_READERS};
#undef X
enum { READERS = sizeof readers / sizeof *readers };

/* ---- counting ---- */

static atomic_size_t live, peak;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define COUNTED 1

/* The C library's own, which stand behind those below; libraries are to see ours. */
#pragma GCC visibility push(default)
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *block);

static void *counted(void *block)
{
    const size_t now = atomic_fetch_add(&live, malloc_usable_size(block));
    const size_t high = now + malloc_usable_size(block);
    if (high > atomic_load(&peak)) atomic_store(&peak, high);
    return block;
}

void free(void *block)
{
    atomic_fetch_sub(&live, malloc_usable_size(block));
    __libc_free(block);
}

void *malloc(size_t bytes)
{
    return counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    return counted(__libc_calloc(count, bytes));
}

void *realloc(void *block, size_t bytes)
{
    const size_t before = malloc_usable_size(block);
    void *moved = __libc_realloc(block, bytes);
    if (moved || bytes == 0) atomic_fetch_sub(&live, before);
    return counted(moved);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    return counted(__libc_memalign(align, bytes));
}
#pragma GCC visibility pop
#else
#define COUNTED 0
#endif

static void check_peak(int reader, const char *sample, const uint8_t *bytes, size_t count)
{
    const size_t before = atomic_load(&live);
    atomic_store(&peak, before);
    (void)readers[reader].read(bytes, count);
    const size_t taken = atomic_load(&peak) - before;
    ck_assert_msg(taken <= ALLOWED, "%s: %zu bytes like %s take %zu bytes of memory",
                  readers[reader].name, count, sample, taken);
}

START_TEST(test_counting)
{
    if (!COUNTED) return;
    const size_t before = atomic_load(&live);
    atomic_store(&peak, before);
    void *volatile block = malloc(ALLOWED);
    block = realloc(block, 3 * ALLOWED);
    free(block);
    const size_t after = atomic_load(&live), high = atomic_load(&peak);
    ck_assert_uint_ge(high - before, 3 * ALLOWED);
    ck_assert_uint_eq(after, before);
}
END_TEST

/* ---- samples ---- */

typedef void sample_user(int reader, const char *name, uint8_t *bytes, size_t count);

static void read_sample(int reader, const char *folder, const char *name, sample_user *use)
{
    static uint8_t bytes[SAMPLE_MAX];
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot read %s", path);
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert_uint_lt(count, sizeof bytes);
    use(reader, name, bytes, count);
}

static void each_sample(int reader, sample_user *use)
{
    char folder[512];
    int samples = 0;
    (void)snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", WEFT_SOURCE_DIR,
                   readers[reader].name);
    DIR *dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s has no samples in %s", readers[reader].name, folder);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        read_sample(reader, folder, entry->d_name, use);
        samples++;
    }
    closedir(dir);
    ck_assert_int_gt(samples, 0);
}

static void only_read(int reader, const char *name, uint8_t *bytes, size_t count)
{
    (void)name;
    (void)readers[reader].read(bytes, count);
}

START_TEST(test_samples)
{
    each_sample(_i, only_read);
}
END_TEST

/* ---- size fields ---- */

/* Every run of 1, 2, 4 and 8 bytes says the least, the largest and the largest positive number, in
 * either order of bytes; and nines, where it is text. */
static void lie(int reader, const char *name, uint8_t *bytes, size_t count)
{
    static const uint8_t lies[][8] = {
        {0},
        {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
        {0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
        {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
        {'9', '9', '9', '9', '9', '9', '9', '9'},
    };
    if (count > SHORT) return;
    check_peak(reader, name, bytes, count);
    for (size_t width = 1; width <= 8; width *= 2)
        for (size_t at = 0; at + width <= count; at++)
            for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
                uint8_t kept[8];
                memcpy(kept, bytes + at, width);
                memcpy(bytes + at, lies[i] + (i == 3 ? 8 - width : 0), width);
                check_peak(reader, name, bytes, count);
                memcpy(bytes + at, kept, width);
            }
}

START_TEST(test_size_fields)
{
    each_sample(_i, lie);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("readers");
    TCase *tests = tcase_create("readers");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, test_counting);
    tcase_add_loop_test(tests, test_samples, 0, READERS);
    if (COUNTED) tcase_add_loop_test(tests, test_size_fields, 0, READERS);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
