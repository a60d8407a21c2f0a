#include "backends/opencl/internal.h"
#include "backends/opencl/sources.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { MAX_INCLUDES = 16 };

/* A text that grows; failed is remembered and asked once at the end. */
typedef struct text {
    char *bytes;
    size_t used, room;
    bool failed;
} text;

/* What an assembly has taken in so far. */
typedef struct assembly {
    text out;
    const char *taken[MAX_INCLUDES];
    int taken_count;
    char missing[64];
} assembly;

const char *cl_source_find(const char *name, size_t *length)
{
    for (const cl_source *source = cl_sources; source->name; source++) {
        if (strcmp(source->name, name) == 0) {
            *length = source->length;
            return (const char *)source->text;
        }
    }
    *length = 0;
    return NULL;
}

uint64_t cl_sources_hash(void)
{
    uint64_t hash = 0;
    for (const cl_source *source = cl_sources; source->name; source++) {
        hash = XXH3_64bits_withSeed(source->name, strlen(source->name), hash);
        hash = XXH3_64bits_withSeed(source->text, source->length, hash);
    }
    return hash;
}

static void append(text *t, const char *bytes, size_t count)
{
    if (!t->failed && t->used + count + 1 > t->room) {
        const size_t room = 2 * t->room + count + 4096;
        char *larger = realloc(t->bytes, room);
        t->failed = !larger;
        if (!larger) return;
        t->bytes = larger;
        t->room = room;
    }
    if (t->failed) return;
    memcpy(t->bytes + t->used, bytes, count);
    t->used += count;
    t->bytes[t->used] = '\0';
}

static void append_text(text *t, const char *string)
{
    append(t, string, strlen(string));
}

/* The name in a line `#include "name"`; false for any other line. */
static bool is_include(const char *line, size_t length, char name[64])
{
    static const char head[] = "#include \"";
    const size_t skip = sizeof head - 1;
    if (length < skip || memcmp(line, head, skip) != 0) return false;
    const char *end = memchr(line + skip, '"', length - skip);
    if (!end || (size_t)(end - line) - skip >= 64) return false;
    const size_t count = (size_t)(end - line) - skip;
    memcpy(name, line + skip, count);
    name[count] = '\0';
    return true;
}

static bool is_taken(const assembly *a, const char *source)
{
    for (int i = 0; i < a->taken_count; i++) {
        if (a->taken[i] == source) return true;
    }
    return false;
}

/* Append a file, each file it includes in the place of the first such line. */
static void append_file(assembly *a, const char *name)
{
    size_t length = 0;
    const char *source = cl_source_find(name, &length);
    if (!source || a->taken_count == MAX_INCLUDES) {
        snprintf(a->missing, sizeof a->missing, "%s", name);
        return;
    }
    if (is_taken(a, source)) return;
    a->taken[a->taken_count++] = source;

    const char *end = source + length;
    while (source < end) {
        const char *newline = memchr(source, '\n', (size_t)(end - source));
        const char *next = newline ? newline + 1 : end;
        char included[64];
        if (is_include(source, (size_t)(next - source), included)) {
            append_file(a, included);
        } else {
            append(&a->out, source, (size_t)(next - source));
        }
        source = next;
    }
}

weft_status cl_source_assemble(const cl_device *device, const cl_spec *spec, char **out)
{
    *out = NULL;
    assembly a = {0};
    if (spec->defines && strlen(spec->defines) >= CL_DEFINES_MAX - 1) {
        return weft_fail(WEFT_ERR_DEVICE, "kernel %s: its defines are too long", spec->entry);
    }
    append_text(&a.out, device->limits.fast_fma ? "#define MAC(a, b, c) fma(a, b, c)\n"
                                                : "#define MAC(a, b, c) ((a) * (b) + (c))\n");
    if (spec->defines) append_text(&a.out, spec->defines);
    append_file(&a, spec->source);

    if (a.missing[0]) {
        free(a.out.bytes);
        return weft_fail(WEFT_ERR_DEVICE, "kernel %s: there is no file cl/%s", spec->entry,
                         a.missing);
    }
    if (a.out.failed) {
        free(a.out.bytes);
        return weft_fail(WEFT_ERR_MEMORY, "kernel %s: out of memory", spec->entry);
    }
    *out = a.out.bytes;
    return WEFT_OK;
}

void cl_define(cl_defines *defines, const char *name, const char *format, ...)
{
    char value[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);

    const size_t room = sizeof defines->text - defines->used;
    const int length =
        snprintf(defines->text + defines->used, room, "#define %s %s\n", name, value);
    defines->used += (size_t)length < room ? (size_t)length : room - 1;
}

int32_t cl_group_size(const cl_device *device)
{
    if (device->info.family == WEFT_FAMILY_VECTOR) return 1;
    int32_t size = 64;
    while (size > 1 && (size_t)size > device->limits.max_group) {
        size /= 2;
    }
    return size;
}

void cl_define_family(const cl_device *device, cl_defines *defines)
{
    cl_define(defines, "VECTOR", "%d", device->info.family == WEFT_FAMILY_VECTOR);
    cl_define(defines, "WG", "%d", cl_group_size(device));
}
