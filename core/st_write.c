#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/posix.h"
#include "core/safetensors.h"

enum { LENGTH_BYTES = 8, CHUNK = 16384 };

static const char meta_key[] = "__metadata__";

struct weft_st_writer {
    weft_atomic_file *file;
    json_t *header;  /* its keys keep the order in which they were added; metadata is the first */
    int64_t *counts; /* elements of each tensor */
    int count, written;
    int64_t bytes;
    bool begun; /* the header is in the file */
};

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a safetensors header");
}

weft_status weft_st_create(const char *path, weft_st_writer **out)
{
    weft_status status = WEFT_ERR_MEMORY;
    *out = NULL;
    weft_st_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return no_memory();

    writer->header = json_object();
    if (!writer->header || json_object_set_new(writer->header, meta_key, json_object()) != 0) {
        status = no_memory();
        goto done;
    }
    status = weft_atomic_open(path, &writer->file);
    if (status != WEFT_OK) goto done;

    *out = writer;
    writer = NULL;
done:
    weft_st_writer_free(writer);
    return status;
}

/* json_string gives NULL for two reasons; only one of them is the caller's. */
static weft_status make_string(const char *text, const char *key, json_t **out)
{
    *out = json_string(text);
    if (*out) return WEFT_OK;
    json_t *probe = json_string("");
    json_decref(probe);
    if (!probe) return no_memory();
    return weft_fail(WEFT_ERR_USAGE, "safetensors: the text of \"%s\" is not UTF-8", key);
}

weft_status weft_st_add_meta(weft_st_writer *writer, const char *key, const char *value)
{
    json_t *text;
    assert(!writer->begun);
    WEFT_TRY(make_string(key, key, &text));
    json_decref(text);
    WEFT_TRY(make_string(value, key, &text));
    json_t *meta = json_object_get(writer->header, meta_key);
    return json_object_set_new(meta, key, text) == 0 ? WEFT_OK : no_memory();
}

static weft_status check_name(const weft_st_writer *writer, const char *name)
{
    if (strlen(name) >= WEFT_ST_NAME_MAX) {
        return weft_fail(WEFT_ERR_USAGE, "safetensors: a name of more than %d bytes: %s",
                         WEFT_ST_NAME_MAX - 1, name);
    }
    if (json_object_get(writer->header, name)) {
        return weft_fail(WEFT_ERR_USAGE, "safetensors: the name \"%s\" is taken", name);
    }
    return WEFT_OK;
}

static json_t *shape_list(weft_shape shape)
{
    json_t *list = json_array();
    for (int i = 0; i < shape.rank; i++) {
        if (json_array_append_new(list, json_integer(shape.dim[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static weft_status add_count(weft_st_writer *writer, int64_t count)
{
    size_t bytes;
    int64_t *larger = NULL;
    if (!weft_mul_size((size_t)writer->count + 1, sizeof *larger, &bytes)) {
        larger = realloc(writer->counts, bytes);
    }
    if (!larger) return no_memory();
    writer->counts = larger;
    writer->counts[writer->count] = count;
    return WEFT_OK;
}

weft_status weft_st_add(weft_st_writer *writer, const char *name, weft_shape shape)
{
    int64_t count, bytes, end;
    json_t *key;
    assert(!writer->begun);
    WEFT_TRY(check_name(writer, name));
    WEFT_TRY(make_string(name, name, &key));
    json_decref(key);
    WEFT_TRY(weft_shape_check(shape, &count));
    if (weft_mul_i64(count, sizeof(float), &bytes) || weft_add_i64(writer->bytes, bytes, &end)) {
        return weft_fail(WEFT_ERR_SHAPE, "safetensors: \"%s\" makes the file too large", name);
    }
    WEFT_TRY(add_count(writer, count));
    json_t *info = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape_list(shape),
                             "data_offsets", (json_int_t)writer->bytes, (json_int_t)end);
    if (json_object_set_new(writer->header, name, info) != 0) return no_memory();
    writer->bytes = end;
    writer->count++;
    return WEFT_OK;
}

/* Metadata sorted by key, by way of its text; none at all when there is nothing to say. */
static weft_status sort_meta(weft_st_writer *writer)
{
    json_t *meta = json_object_get(writer->header, meta_key);
    if (json_object_size(meta) == 0) {
        json_object_del(writer->header, meta_key);
        return WEFT_OK;
    }
    char *text = json_dumps(meta, JSON_SORT_KEYS);
    json_t *sorted = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return json_object_set_new(writer->header, meta_key, sorted) == 0 ? WEFT_OK : no_memory();
}

/* The length counts the spaces behind the JSON, which let the data begin at a multiple of 8. */
static weft_status write_header(weft_st_writer *writer, const char *text)
{
    static const char spaces[LENGTH_BYTES + 1] = "        ";
    unsigned char length[LENGTH_BYTES];
    const size_t bytes = strlen(text);
    const size_t padding = (LENGTH_BYTES - bytes % LENGTH_BYTES) % LENGTH_BYTES;
    if (bytes + padding > WEFT_ST_HEADER_MAX) {
        return weft_fail(WEFT_ERR_USAGE, "safetensors: the header has %zu bytes, at most %d", bytes,
                         WEFT_ST_HEADER_MAX);
    }
    for (int i = 0; i < LENGTH_BYTES; i++) {
        length[i] = (unsigned char)((uint64_t)(bytes + padding) >> (8 * i) & 0xff);
    }
    WEFT_TRY(weft_atomic_write(writer->file, length, sizeof length));
    WEFT_TRY(weft_atomic_write(writer->file, text, bytes));
    return weft_atomic_write(writer->file, spaces, padding);
}

static weft_status begin(weft_st_writer *writer)
{
    if (writer->begun) return WEFT_OK;
    WEFT_TRY(sort_meta(writer));
    char *text = json_dumps(writer->header, JSON_COMPACT);
    if (!text) return no_memory();
    const weft_status status = write_header(writer, text);
    free(text);
    writer->begun = status == WEFT_OK;
    return status;
}

static void encode(const float *values, size_t count, unsigned char *bytes)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &values[i], sizeof word);
        for (int k = 0; k < 4; k++)
            bytes[4 * i + (size_t)k] = (unsigned char)(word >> (8 * k));
    }
}

weft_status weft_st_write(weft_st_writer *writer, const float *values)
{
    unsigned char bytes[4 * CHUNK];
    assert(writer->written < writer->count);
    WEFT_TRY(begin(writer));
    for (int64_t left = writer->counts[writer->written]; left > 0;) {
        const size_t count = left < CHUNK ? (size_t)left : CHUNK;
        encode(values, count, bytes);
        WEFT_TRY(weft_atomic_write(writer->file, bytes, 4 * count));
        values += count;
        left -= (int64_t)count;
    }
    writer->written++;
    return WEFT_OK;
}

weft_status weft_st_commit(weft_st_writer *writer)
{
    if (writer->written != writer->count) {
        return weft_fail(WEFT_ERR_USAGE, "safetensors: %d of %d tensors were written",
                         writer->written, writer->count);
    }
    WEFT_TRY(begin(writer));
    return weft_atomic_commit(writer->file);
}

void weft_st_writer_free(weft_st_writer *writer)
{
    if (!writer) return;
    weft_atomic_free(writer->file);
    json_decref(writer->header);
    free(writer->counts);
    free(writer);
}
