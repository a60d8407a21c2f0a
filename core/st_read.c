#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/posix.h"
#include "core/safetensors.h"
#include "core/utf8.h"

enum { LENGTH_BYTES = 8 };

struct weft_st_file {
    FILE *stream;
    char *path;
    uint64_t header_bytes, data_bytes;
    weft_st_entry *entries; /* in the order of their data */
    int count;
    json_t *meta; /* strings by key; NULL: none */
    const char **meta_keys;
    int meta_count;
};

static const struct {
    const char *name;
    int64_t bytes;
} dtypes[] = {
    {"F32", 4},     {"F64", 8},     {"F16", 2},  {"BF16", 2}, {"I64", 8}, {"I32", 4},
    {"I16", 2},     {"I8", 1},      {"U64", 8},  {"U32", 4},  {"U16", 2}, {"U8", 1},
    {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"BOOL", 1}, {"C64", 8},
};

/* ---- one tensor's line of the header ---- */

/* Everything that is wrong with a tensor is told as "file: tensor NAME: what". */
#define BAD_TENSOR(path, name, ...) \
    weft_fail_in(weft_fail(WEFT_ERR_FORMAT, __VA_ARGS__), "%s: tensor \"%s\"", path, name)

static weft_status read_dtype(const char *path, const json_t *info, weft_st_entry *entry,
                              int64_t *bytes)
{
    const char *text = json_string_value(json_object_get(info, "dtype"));
    if (!text) return BAD_TENSOR(path, entry->name, "it has no dtype");
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(text, dtypes[i].name) != 0) continue;
        memcpy(entry->dtype, text, strlen(text) + 1);
        *bytes = dtypes[i].bytes;
        return WEFT_OK;
    }
    return BAD_TENSOR(path, entry->name, "unknown dtype \"%.32s\"", text);
}

static weft_status read_shape(const char *path, const json_t *info, weft_st_entry *entry)
{
    const json_t *shape = json_object_get(info, "shape");
    const size_t rank = json_array_size(shape);
    if (!json_is_array(shape)) return BAD_TENSOR(path, entry->name, "it has no shape");
    if (rank > WEFT_ST_MAX_RANK) {
        return BAD_TENSOR(path, entry->name, "%zu axes, at most %d are known", rank,
                          WEFT_ST_MAX_RANK);
    }
    for (size_t i = 0; i < rank; i++) {
        const json_t *extent = json_array_get(shape, i);
        if (!json_is_integer(extent) || json_integer_value(extent) < 0) {
            return BAD_TENSOR(path, entry->name, "an extent of its shape is not a whole number");
        }
        entry->dim[i] = json_integer_value(extent);
    }
    entry->rank = (int)rank;
    return WEFT_OK;
}

static weft_status read_range(const weft_st_file *file, const json_t *info, weft_st_entry *entry)
{
    const json_t *range = json_object_get(info, "data_offsets");
    const json_t *begin = json_array_get(range, 0), *end = json_array_get(range, 1);
    if (json_array_size(range) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0) {
        return BAD_TENSOR(file->path, entry->name, "its data_offsets are not two whole numbers");
    }
    if (json_integer_value(end) < json_integer_value(begin)) {
        return BAD_TENSOR(file->path, entry->name, "its data ends before it begins");
    }
    entry->begin = (uint64_t)json_integer_value(begin);
    entry->end = (uint64_t)json_integer_value(end);
    if (entry->end <= file->data_bytes) return WEFT_OK;
    return BAD_TENSOR(file->path, entry->name,
                      "its data ends at byte %" PRIu64 " of %" PRIu64 " (was the file cut?)",
                      entry->end, file->data_bytes);
}

/* shape x dtype = byte range. A zero extent is allowed. */
static weft_status check_size(const char *path, const weft_st_entry *entry, int64_t element)
{
    int64_t bytes = element;
    bool overflow = false;
    for (int i = 0; i < entry->rank; i++) {
        overflow = overflow || weft_mul_i64(bytes, entry->dim[i], &bytes);
    }
    if (overflow) return BAD_TENSOR(path, entry->name, "its shape is too large (overflow)");
    if ((uint64_t)bytes == entry->end - entry->begin) return WEFT_OK;
    return BAD_TENSOR(path, entry->name,
                      "shape and dtype want %" PRId64 " bytes, its data has %" PRIu64, bytes,
                      entry->end - entry->begin);
}

static weft_status read_entry(const weft_st_file *file, const char *name, const json_t *info,
                              weft_st_entry *entry)
{
    int64_t element = 0;
    const size_t length = strlen(name);
    if (length >= WEFT_ST_NAME_MAX) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: the name of a tensor has %zu bytes, at most %d: %s",
                         file->path, length, WEFT_ST_NAME_MAX - 1, name);
    }
    memcpy(entry->name, name, length + 1);
    if (!json_is_object(info)) return BAD_TENSOR(file->path, name, "its entry is not an object");
    WEFT_TRY(read_dtype(file->path, info, entry, &element));
    WEFT_TRY(read_shape(file->path, info, entry));
    WEFT_TRY(read_range(file, info, entry));
    return check_size(file->path, entry, element);
}

/* ---- the header ---- */

static int compare_ranges(const void *a_, const void *b_)
{
    const weft_st_entry *a = a_, *b = b_;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* In order, without hole or overlap, up to the last byte: no byte of the file is unaccounted for.
 */
static weft_status check_ranges(const weft_st_file *file)
{
    uint64_t at = 0;
    for (int i = 0; i < file->count; i++) {
        const weft_st_entry *entry = &file->entries[i];
        if (entry->begin < at) {
            return BAD_TENSOR(file->path, entry->name, "its data overlaps that of \"%s\"",
                              file->entries[i - 1].name);
        }
        if (entry->begin > at) {
            return BAD_TENSOR(file->path, entry->name, "a hole of %" PRIu64 " bytes lies before it",
                              entry->begin - at);
        }
        at = entry->end;
    }
    if (at == file->data_bytes) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: the last %" PRIu64 " bytes belong to no tensor (is something appended?)",
                     file->path, file->data_bytes - at);
}

/* The keys are listed once: asking jansson for the n-th takes n steps. */
static weft_status keep_meta(weft_st_file *file, json_t *meta)
{
    const char *key;
    json_t *value;
    file->meta_keys = calloc(json_object_size(meta) + 1, sizeof *file->meta_keys);
    if (!file->meta_keys) return weft_fail(WEFT_ERR_MEMORY, "%s: out of memory", file->path);
    file->meta = json_incref(meta);
    json_object_foreach(meta, key, value) file->meta_keys[file->meta_count++] = key;
    return WEFT_OK;
}

static weft_status take_meta(weft_st_file *file, json_t *meta)
{
    const char *key;
    json_t *value;
    if (!json_is_object(meta)) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: __metadata__ is not an object", file->path);
    }
    json_object_foreach(meta, key, value)
    {
        if (json_is_string(value)) continue;
        return weft_fail(WEFT_ERR_FORMAT, "%s: __metadata__: \"%s\" is not a string", file->path,
                         key);
    }
    return keep_meta(file, meta);
}

static weft_status read_entries(weft_st_file *file, json_t *header)
{
    const char *key;
    json_t *value;
    file->entries = calloc(json_object_size(header) + 1, sizeof *file->entries);
    if (!file->entries) return weft_fail(WEFT_ERR_MEMORY, "%s: out of memory", file->path);

    json_object_foreach(header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            WEFT_TRY(take_meta(file, value));
        } else {
            WEFT_TRY(read_entry(file, key, value, &file->entries[file->count++]));
        }
    }
    qsort(file->entries, (size_t)file->count, sizeof *file->entries, compare_ranges);
    return check_ranges(file);
}

static bool is_utf8(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const size_t bytes = weft_utf8_bytes(text + at, length - at);
        if (bytes == 0) return false;
        at += bytes;
    }
    return true;
}

static weft_status parse_header(weft_st_file *file, const char *text, size_t length)
{
    json_error_t error;
    if (length == 0 || text[0] != '{') {
        return weft_fail(WEFT_ERR_FORMAT, "%s: the header does not start with '{'", file->path);
    }
    if (!is_utf8(text, length)) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: the header is not UTF-8", file->path);
    }
    json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!header) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: the header is not JSON, byte %d: %s", file->path,
                         error.position, error.text);
    }
    const weft_status status = read_entries(file, header);
    json_decref(header);
    return status;
}

static weft_status cannot_read(const weft_st_file *file)
{
    return weft_fail(WEFT_ERR_IO, "cannot read %s: the file cannot be read or has changed",
                     file->path);
}

/* The length is checked against the file before anything is allocated for it. */
static weft_status read_header(weft_st_file *file)
{
    char *text = malloc((size_t)file->header_bytes);
    if (!text) return weft_fail(WEFT_ERR_MEMORY, "%s: no memory for the header", file->path);
    const size_t got = fread(text, 1, (size_t)file->header_bytes, file->stream);
    const weft_status status = got == file->header_bytes
                                   ? parse_header(file, text, (size_t)file->header_bytes)
                                   : cannot_read(file);
    free(text);
    return status;
}

static weft_status file_size(const weft_st_file *file, uint64_t *size)
{
    if (fseek(file->stream, 0, SEEK_END) != 0) return cannot_read(file);
    const long end = ftell(file->stream);
    if (end < 0 || fseek(file->stream, 0, SEEK_SET) != 0) return cannot_read(file);
    *size = (uint64_t)end;
    return WEFT_OK;
}

/* Sets header_bytes and data_bytes. */
static weft_status read_length(weft_st_file *file)
{
    unsigned char bytes[LENGTH_BYTES];
    uint64_t size = 0, length = 0;
    WEFT_TRY(file_size(file, &size));
    if (size < LENGTH_BYTES) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: %" PRIu64 " bytes are too short for a safetensors file", file->path,
                         size);
    }
    if (fread(bytes, 1, LENGTH_BYTES, file->stream) != LENGTH_BYTES) return cannot_read(file);
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes[i];
    if (length > WEFT_ST_HEADER_MAX) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: header too long, %" PRIu64
                         " bytes where at most %d are allowed (is it a safetensors file?)",
                         file->path, length, WEFT_ST_HEADER_MAX);
    }
    if (length > size - LENGTH_BYTES) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: the header's %" PRIu64 " bytes go beyond the file's %" PRIu64
                         " (was the file cut?)",
                         file->path, length, size);
    }
    file->header_bytes = length;
    file->data_bytes = size - LENGTH_BYTES - length;
    return WEFT_OK;
}

weft_status weft_st_open(const char *path, weft_st_file **out)
{
    weft_status status = WEFT_ERR_MEMORY;
    *out = NULL;
    weft_st_file *file = calloc(1, sizeof *file);
    if (!file || !(file->path = weft_path_join("", path))) {
        weft_fail(status, "%s: out of memory", path);
        goto done;
    }
    status = weft_open_file(path, &file->stream);
    if (status == WEFT_OK) status = read_length(file);
    if (status == WEFT_OK) status = read_header(file);
    if (status != WEFT_OK) goto done;

    *out = file;
    file = NULL;
done:
    weft_st_close(file);
    return status;
}

void weft_st_close(weft_st_file *file)
{
    if (!file) return;
    if (file->stream) fclose(file->stream);
    json_decref(file->meta);
    free(file->meta_keys);
    free(file->entries);
    free(file->path);
    free(file);
}

/* ---- questions ---- */

int weft_st_count(const weft_st_file *file)
{
    return file->count;
}

const weft_st_entry *weft_st_at(const weft_st_file *file, int index)
{
    return index >= 0 && index < file->count ? &file->entries[index] : NULL;
}

const weft_st_entry *weft_st_find(const weft_st_file *file, const char *name)
{
    for (int i = 0; i < file->count; i++) {
        if (strcmp(file->entries[i].name, name) == 0) return &file->entries[i];
    }
    return NULL;
}

const char *weft_st_meta_key(const weft_st_file *file, int index)
{
    void *at = json_object_iter(file->meta);
    for (int i = 0; i < index && at; i++)
        at = json_object_iter_next(file->meta, at);
    return at && index >= 0 ? json_object_iter_key(at) : NULL;
}

const char *weft_st_meta(const weft_st_file *file, const char *key)
{
    return json_string_value(json_object_get(file->meta, key));
}

void weft_st_decode(float *values, size_t count)
{
    unsigned char *bytes = (unsigned char *)values;
    for (size_t i = 0; i < count; i++) {
        const unsigned char *b = bytes + 4 * i;
        const uint32_t word =
            (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        memcpy(&values[i], &word, sizeof word);
    }
}

weft_status weft_st_read_bytes(weft_st_file *file, const weft_st_entry *entry, uint64_t at,
                               void *bytes, size_t count)
{
    assert(at <= entry->end - entry->begin && count <= entry->end - entry->begin - at);
    const uint64_t from = LENGTH_BYTES + file->header_bytes + entry->begin + at;
    if (from > LONG_MAX || fseek(file->stream, (long)from, SEEK_SET) != 0) return cannot_read(file);
    return fread(bytes, 1, count, file->stream) == count ? WEFT_OK : cannot_read(file);
}

weft_status weft_st_read(weft_st_file *file, const weft_st_entry *entry, float *values)
{
    const size_t bytes = (size_t)(entry->end - entry->begin);
    if (strcmp(entry->dtype, "F32") != 0) {
        return BAD_TENSOR(file->path, entry->name, "its dtype is %s, only F32 can be used",
                          entry->dtype);
    }
    WEFT_TRY(weft_st_read_bytes(file, entry, 0, values, bytes));
    weft_st_decode(values, bytes / sizeof *values);
    return WEFT_OK;
}
