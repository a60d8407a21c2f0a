/* The safetensors format: an 8-byte little-endian header length, a JSON header, the bytes of all
 * tensors. Reading follows the rules of the format's reference reader, each with a message of its
 * own. */
#ifndef WEFT_CORE_SAFETENSORS_H
#define WEFT_CORE_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"

enum { WEFT_ST_HEADER_MAX = 100000000, WEFT_ST_NAME_MAX = 256, WEFT_ST_MAX_RANK = 8 };

typedef struct weft_st_entry {
    char name[WEFT_ST_NAME_MAX];
    char dtype[8]; /* "F32", as in the file */
    int rank;      /* 0 for a scalar */
    int64_t dim[WEFT_ST_MAX_RANK];
    uint64_t begin, end; /* bytes from the start of the data */
} weft_st_entry;

typedef struct weft_st_file weft_st_file;

/* Open and validate: header length at most 100,000,000 and within the file, UTF-8 JSON without
 * duplicate keys, dtype known, shape x dtype = byte range, ranges in order without hole or overlap
 * up to the file's last byte. WEFT_ERR_IO: cannot be read. WEFT_ERR_FORMAT: file and rule. */
WEFT_API weft_status weft_st_open(const char *path, weft_st_file **out);
WEFT_API void weft_st_close(weft_st_file *file);
WEFT_API int weft_st_count(const weft_st_file *file);
WEFT_API const weft_st_entry *weft_st_at(const weft_st_file *file, int index);
WEFT_API const weft_st_entry *weft_st_find(const weft_st_file *file,
                                           const char *name); /* NULL: absent */

/* Metadata pairs; NULL past the end or absent. */
WEFT_API const char *weft_st_meta_key(const weft_st_file *file, int index);
WEFT_API const char *weft_st_meta(const weft_st_file *file, const char *key);

/* Read a float32 tensor's data. WEFT_ERR_FORMAT for another dtype. values has room for all
 * elements. */
WEFT_API weft_status weft_st_read(weft_st_file *file, const weft_st_entry *entry, float *values);

/* Read some of a tensor's bytes, whatever its dtype; `at` counts from its first one, and the range
 * lies within it. Floats are little-endian: weft_st_decode makes numbers of them, in place. */
WEFT_API weft_status weft_st_read_bytes(weft_st_file *file, const weft_st_entry *entry, uint64_t at,
                                        void *bytes, size_t count);
WEFT_API void weft_st_decode(float *values, size_t count);

/* Writing: name every tensor, then give the data in the same order. The file appears under its name
 * only after weft_st_commit: temporary name, fsync, rename, fsync of the folder. All tensors are
 * float32. */
typedef struct weft_st_writer weft_st_writer;
WEFT_API weft_status weft_st_create(const char *path, weft_st_writer **out);
WEFT_API weft_status weft_st_add_meta(weft_st_writer *writer, const char *key, const char *value);
WEFT_API weft_status weft_st_add(weft_st_writer *writer, const char *name, weft_shape shape);
WEFT_API weft_status weft_st_write(weft_st_writer *writer,
                                   const float *values); /* the next tensor */
WEFT_API weft_status weft_st_commit(weft_st_writer *writer);
WEFT_API void weft_st_writer_free(
    weft_st_writer *writer); /* without commit: the temporary file is removed */

#endif
