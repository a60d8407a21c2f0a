#include "core/meta.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/posix.h"
#include "core/utf8.h"

enum { NORMALIZE_TEXT = 2 * WEFT_MAX_CHANNELS * WEFT_NUMBER_TEXT + 64, FLOAT_DIGITS = 9 };

struct weft_meta {
    json_t *pairs; /* strings by key */
    char *file;    /* where they come from, for messages; NULL: made here */
};

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a checkpoint's metadata");
}

weft_status weft_meta_new(weft_meta **out)
{
    *out = NULL;
    weft_meta *meta = calloc(1, sizeof *meta);
    if (!meta) return no_memory();
    meta->pairs = json_object();
    if (!meta->pairs) {
        free(meta);
        return no_memory();
    }
    *out = meta;
    return WEFT_OK;
}

void weft_meta_free(weft_meta *meta)
{
    if (!meta) return;
    json_decref(meta->pairs);
    free(meta->file);
    free(meta);
}

/* A text from the user's files may hold anything, and a checkpoint must not be lost over it: what
 * is not UTF-8 becomes question marks. */
static void repair(char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t bytes = weft_utf8_bytes(text, left);
        if (bytes == 0) {
            *text = '?';
            bytes = 1;
        }
        text += bytes;
        left -= bytes;
    }
}

weft_status weft_meta_set(weft_meta *meta, const char *key, const char *value)
{
    char *text = weft_path_join("", value);
    if (!text) return no_memory();
    repair(text);
    const int result = json_object_set_new(meta->pairs, key, json_string(text));
    free(text);
    return result == 0 ? WEFT_OK : no_memory();
}

static weft_status set_formatted(weft_meta *meta, const char *key, size_t bytes, const char *format,
                                 va_list arguments)
{
    char *text = malloc(bytes);
    if (!text) return no_memory();
    vsnprintf(text, bytes, format, arguments);
    const weft_status status = weft_meta_set(meta, key, text);
    free(text);
    return status;
}

weft_status weft_meta_format(weft_meta *meta, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) return weft_fail(WEFT_ERR_USAGE, "metadata \"%s\": cannot be formatted", key);

    va_start(arguments, format);
    const weft_status status = set_formatted(meta, key, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return status;
}

const char *weft_meta_get(const weft_meta *meta, const char *key)
{
    return json_string_value(json_object_get(meta->pairs, key));
}

/* ---- numbers ---- */

static weft_status bad_value(const weft_meta *meta, const char *key, const char *wanted)
{
    const char *text = weft_meta_get(meta, key);
    const char *file = meta->file ? meta->file : "metadata";
    if (!text) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: metadata \"%s\" is missing, is it a checkpoint?",
                         file, key);
    }
    return weft_fail(WEFT_ERR_FORMAT, "%s: metadata \"%s\" is not %s: \"%.40s\"", file, key, wanted,
                     text);
}

static bool parse_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text)) return false;
        const uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

weft_status weft_meta_u64(const weft_meta *meta, const char *key, uint64_t *out)
{
    const char *text = weft_meta_get(meta, key);
    if (text && parse_u64(text, out)) return WEFT_OK;
    return bad_value(meta, key, "a whole number");
}

/* What weft_format writes, the three that are no numbers included. */
weft_status weft_meta_double(const weft_meta *meta, const char *key, double *out)
{
    const char *text = weft_meta_get(meta, key);
    if (!text) return bad_value(meta, key, "a number");
    if (weft_parse_double(text, out)) return WEFT_OK;
    const bool infinite = strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0;
    if (!infinite && strcmp(text, "nan") != 0) return bad_value(meta, key, "a number");
    *out = !infinite ? (double)NAN : *text == '-' ? -(double)INFINITY : (double)INFINITY;
    return WEFT_OK;
}

/* ---- normalisation ---- */

/* Add "NAME":[a,b] to a text that has room for it. */
static size_t print_floats(char *text, const char *name, const float *values, int32_t count)
{
    char number[WEFT_NUMBER_TEXT];
    size_t at = (size_t)sprintf(text, "\"%s\":[", name);
    for (int32_t i = 0; i < count; i++) {
        weft_format((double)values[i], FLOAT_DIGITS, number);
        at += (size_t)sprintf(text + at, "%s%s", i > 0 ? "," : "", number);
    }
    return at + (size_t)sprintf(text + at, "]");
}

weft_status weft_meta_set_normalize(weft_meta *meta, const weft_normalize *norm)
{
    char text[NORMALIZE_TEXT] = "{";
    size_t at = 1;
    at += print_floats(text + at, "mean", norm->mean, norm->channels);
    text[at++] = ',';
    at += print_floats(text + at, "std", norm->std, norm->channels);
    memcpy(text + at, "}", 2);
    return weft_meta_set(meta, "normalize", text);
}

static bool read_floats(const json_t *list, float *values, int32_t *count)
{
    const size_t size = json_array_size(list);
    if (size < 1 || size > WEFT_MAX_CHANNELS) return false;
    for (size_t i = 0; i < size; i++) {
        const json_t *value = json_array_get(list, i);
        values[i] = (float)json_number_value(value);
        if (!json_is_number(value) || !isfinite(values[i])) return false;
    }
    *count = (int32_t)size;
    return true;
}

static bool read_normalize(const json_t *object, weft_normalize *norm)
{
    int32_t stds = 0;
    if (!read_floats(json_object_get(object, "mean"), norm->mean, &norm->channels)) return false;
    if (!read_floats(json_object_get(object, "std"), norm->std, &stds)) return false;
    for (int32_t i = 0; i < stds; i++) {
        if (norm->std[i] <= 0) return false;
    }
    return stds == norm->channels;
}

weft_status weft_meta_get_normalize(const weft_meta *meta, weft_normalize *norm)
{
    const char *text = weft_meta_get(meta, "normalize");
    memset(norm, 0, sizeof *norm);
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    const bool good = read_normalize(object, norm);
    json_decref(object);
    if (good) return WEFT_OK;
    memset(norm, 0, sizeof *norm);
    return bad_value(meta, "normalize", "a list of means and deviations, one a channel");
}

/* ---- class names ---- */

weft_status weft_meta_set_names(weft_meta *meta, const char *const *names, int32_t count)
{
    weft_status status = WEFT_OK;
    json_t *list = json_array();
    for (int32_t i = 0; i < count && status == WEFT_OK; i++) {
        char *name = weft_path_join("", names[i]);
        if (name) repair(name);
        if (!name || json_array_append_new(list, json_string(name)) != 0) status = no_memory();
        free(name);
    }
    char *text = status == WEFT_OK ? json_dumps(list, JSON_COMPACT) : NULL;
    if (status == WEFT_OK) status = text ? weft_meta_set(meta, "classes", text) : no_memory();
    free(text);
    json_decref(list);
    return status;
}

static weft_status copy_names(const json_t *list, char **names)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        names[i] = weft_path_join("", json_string_value(json_array_get(list, i)));
        if (!names[i]) return no_memory();
    }
    return WEFT_OK;
}

static bool is_name_list(const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > WEFT_MAX_CLASSES) return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_string(json_array_get(list, i))) return false;
    }
    return true;
}

static weft_status read_names(const weft_meta *meta, const json_t *list, char ***names,
                              int32_t *count)
{
    if (!is_name_list(list)) return bad_value(meta, "classes", "a list of names");
    const int32_t size = (int32_t)json_array_size(list);
    if (size == 0) return WEFT_OK;
    char **copies = calloc((size_t)size, sizeof *copies);
    if (!copies) return no_memory();
    const weft_status status = copy_names(list, copies);
    if (status != WEFT_OK) {
        weft_names_free(copies, size);
        return status;
    }
    *names = copies;
    *count = size;
    return WEFT_OK;
}

weft_status weft_meta_get_names(const weft_meta *meta, char ***names, int32_t *count)
{
    const char *text = weft_meta_get(meta, "classes");
    *names = NULL;
    *count = 0;
    if (!text) return WEFT_OK;
    json_t *list = json_loads(text, 0, NULL);
    const weft_status status = read_names(meta, list, names, count);
    json_decref(list);
    return status;
}

void weft_names_free(char **names, int32_t count)
{
    if (!names) return;
    for (int32_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* ---- files ---- */

weft_status weft_meta_write(const weft_meta *meta, weft_st_writer *writer)
{
    const char *key;
    json_t *value;
    json_object_foreach(meta->pairs, key, value)
    {
        WEFT_TRY(weft_st_add_meta(writer, key, json_string_value(value)));
    }
    return WEFT_OK;
}

weft_status weft_meta_read(const weft_st_file *file, const char *path, weft_meta **out)
{
    const char *key;
    *out = NULL;
    weft_meta *meta = NULL;
    WEFT_TRY(weft_meta_new(&meta));
    weft_status status = WEFT_OK;
    meta->file = weft_path_join("", path);
    if (!meta->file) status = no_memory();
    for (int i = 0; status == WEFT_OK && (key = weft_st_meta_key(file, i)) != NULL; i++) {
        status = weft_meta_set(meta, key, weft_st_meta(file, key));
    }
    if (status == WEFT_OK) {
        *out = meta;
        return WEFT_OK;
    }
    weft_meta_free(meta);
    return status;
}
