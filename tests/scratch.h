/* A folder for the files of one suite, removed with all it holds at the suite's end. It lies in
 * memory where the system has such a place: sweeps write thousands of files.
 * Define _XOPEN_SOURCE 700 before the first include. */
#ifndef WEFT_TESTS_SCRATCH_H
#define WEFT_TESTS_SCRATCH_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char scratch_root[64];

static inline void scratch_open(void)
{
    (void)snprintf(scratch_root, sizeof scratch_root, "/dev/shm/weft-files-XXXXXX");
    if (mkdtemp(scratch_root)) return;
    (void)snprintf(scratch_root, sizeof scratch_root, "/tmp/weft-files-XXXXXX");
    ck_assert_msg(mkdtemp(scratch_root) != NULL, "cannot make a folder in /tmp");
}

static inline int scratch_drop(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void scratch_close(void)
{
    (void)nftw(scratch_root, scratch_drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name in the folder; valid until 8 further calls. */
static inline const char *scratch_path(const char *name)
{
    static char path[8][512];
    static int next;
    char *text = path[next++ % 8];
    (void)snprintf(text, sizeof path[0], "%s%s%s", scratch_root, *name ? "/" : "", name);
    return text;
}

static inline const char *scratch_folder(const char *name)
{
    const char *path = scratch_path(name);
    (void)mkdir(path, 0777);
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t count)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "cannot write %s", path);
    if (count > 0) ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static inline const char *scratch_write_gz(const char *name, const void *bytes, size_t count)
{
    const char *path = scratch_path(name);
    gzFile file = gzopen(path, "wb9");
    ck_assert_msg(file != NULL, "cannot write %s", path);
    ck_assert_int_eq(gzwrite(file, bytes, (unsigned)count), (int)count);
    ck_assert_int_eq(gzclose(file), Z_OK);
    return path;
}

/* A whole file; free() it. */
static inline unsigned char *scratch_read(const char *name, size_t *count)
{
    FILE *file = fopen(scratch_path(name), "rb");
    ck_assert_msg(file != NULL, "cannot read %s", scratch_path(name));
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    rewind(file);
    unsigned char *bytes = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(bytes);
    *count = fread(bytes, 1, (size_t)size, file);
    ck_assert_uint_eq(*count, (size_t)size);
    fclose(file);
    return bytes;
}

#endif
