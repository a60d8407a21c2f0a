/* Programs: built once per device and text, kept in memory, their binaries on disk. */
#include "backends/opencl/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/posix.h"

enum { KERNEL_NAME_MAX = 64, NAMES_MAX = 1024, LOG_SHOWN = 240, HEX = 33 };

typedef struct program program;

struct cl_entry {
    char name[KERNEL_NAME_MAX];
    program *owner;
    bool launched; /* since the program was made */
    bool saved;    /* was launched before the binary on disk was read from the driver */
    cl_entry *next;
};

struct program {
    XXH128_hash_t key;
    char source[KERNEL_NAME_MAX]; /* the file of cl/ */
    char *text;                   /* the whole source */
    cl_program built;
    bool from_binary;  /* `built` was made from the binary on disk */
    char *saved_names; /* of the binary on disk; NULL when there is none */
    cl_entry *entries;
    program *next;
};

struct cl_cache {
    program *programs;
    char identity[HEX];
    char options[64];
    bool warned; /* that the cache cannot be written */
    bool noted;  /* that it is damaged */
};

static void hex_of(XXH128_hash_t hash, char text[HEX])
{
    snprintf(text, HEX, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
}

/* What tells one device and driver from another, as one text. Two processors may share a name, and
 * Intel's runtime compiles for the instruction set that a variable of the environment names; both
 * show in the width of vectors or in that variable, and a binary of one may not run on the other.
 */
static int describe(const cl_device *device, char *all, size_t bytes)
{
    char text[5][256];
    const char *target = getenv("CL_CONFIG_CPU_TARGET_ARCH");
    cl_platform_text(device->platform, CL_PLATFORM_NAME, text[0], sizeof text[0]);
    cl_platform_text(device->platform, CL_PLATFORM_VERSION, text[1], sizeof text[1]);
    cl_device_text(device->id, CL_DEVICE_NAME, text[2], sizeof text[2]);
    cl_device_text(device->id, CL_DEVICE_VERSION, text[3], sizeof text[3]);
    cl_device_text(device->id, CL_DRIVER_VERSION, text[4], sizeof text[4]);
    return snprintf(all, bytes, "%s\n%s\n%s\n%s\n%s\n%d\n%.255s", text[0], text[1], text[2],
                    text[3], text[4], (int)device->limits.native_floats, target ? target : "");
}

weft_status cl_cache_new(const cl_device *device, cl_cache **out)
{
    char all[6 * 257 + 16];
    const int length = describe(device, all, sizeof all);
    cl_cache *cache = calloc(1, sizeof *cache);
    *out = cache;
    if (!cache) return weft_fail(WEFT_ERR_MEMORY, "program cache: out of memory");
    hex_of(XXH3_128bits(all, (size_t)length), cache->identity);
    /* Compilers in the process write on its error stream, how many warnings there were at least;
     * of GPUs they are kept, for what they say of spilled registers. */
    snprintf(cache->options, sizeof cache->options, "-cl-std=CL1.2 -cl-mad-enable%s",
             device->info.type == WEFT_DEVICE_CPU ? " -cl-denorms-are-zero -w" : "");
    return WEFT_OK;
}

const char *cl_cache_identity(const cl_cache *cache)
{
    return cache->identity;
}

static void program_free(program *p)
{
    while (p->entries) {
        cl_entry *next = p->entries->next;
        free(p->entries);
        p->entries = next;
    }
    if (p->built) clReleaseProgram(p->built);
    free(p->saved_names);
    free(p->text);
    free(p);
}

void cl_cache_free(cl_cache *cache)
{
    if (!cache) return;
    while (cache->programs) {
        program *next = cache->programs->next;
        program_free(cache->programs);
        cache->programs = next;
    }
    free(cache);
}

static XXH128_hash_t key_of(const cl_cache *cache, const char *text)
{
    const XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
    char all[(size_t)2 * HEX + sizeof cache->options], hex[HEX];
    hex_of(hash, hex);
    const int length = snprintf(all, sizeof all, "%s %s %s", hex, cache->identity, cache->options);
    return XXH3_128bits(all, (size_t)length);
}

/* "<folder>/<stem>-<key>.<ending>", NULL without a folder or memory. stem is a file name whose
 * ending is dropped. */
static char *path_of(const char *folder, const char *source, XXH128_hash_t key, const char *ending)
{
    char hex[HEX], name[128];
    hex_of(key, hex);
    const int stem = (int)strcspn(source, ".");
    snprintf(name, sizeof name, "%.*s-%s.%s", stem, source, hex, ending);
    return folder ? weft_path_join(folder, name) : NULL;
}

/* Write a program's whole text or log; its path, NULL when that cannot be done. */
static char *dump(const char *folder, const program *p, const char *ending, const char *text)
{
    char *path = path_of(folder, p->source, p->key, ending);
    if (path && weft_make_folders(folder) == WEFT_OK &&
        weft_write_file(path, text, strlen(text)) == WEFT_OK)
        return path;
    free(path);
    return NULL;
}

/* A new string, NULL when there is none. */
static char *read_log(const cl_device *device, cl_program built)
{
    size_t bytes = 0;
    if (!built) return NULL;
    (void)clGetProgramBuildInfo(built, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    char *log = calloc(1, bytes + 1);
    if (log) (void)clGetProgramBuildInfo(built, device->id, CL_PROGRAM_BUILD_LOG, bytes, log, NULL);
    return log;
}

/* The first lines of a build log, on one line. */
static void shorten_log(const char *log, char shown[LOG_SHOWN])
{
    size_t used = 0;
    for (const char *c = log; c && *c && used + 2 < LOG_SHOWN; c++) {
        const bool blank = (unsigned char)*c <= ' ';
        if (blank && (used == 0 || shown[used - 1] == ' ')) continue;
        shown[used++] = (char)(blank ? ' ' : *c);
    }
    shown[used] = '\0';
}

/* The wish for a dump: the source, and what the compiler said of it. */
static void dump_source(const cl_device *device, const program *p)
{
    if (device->dump_dir) free(dump(device->dump_dir, p, "cl", p->text));
}

static void dump_log(const cl_device *device, const program *p)
{
    char *log = device->dump_dir ? read_log(device, p->built) : NULL;
    if (log && log[strspn(log, " \r\n")]) free(dump(device->dump_dir, p, "log", log));
    free(log);
}

static weft_status explain(const cl_device *device, const cl_spec *spec, const program *p,
                           cl_int error)
{
    char shown[LOG_SHOWN];
    char *log = read_log(device, p->built);
    char *path = dump(device->dump_dir ? device->dump_dir : device->cache_dir, p, "cl", p->text);
    shorten_log(log, shown);
    (void)cl_fail(error, p->built ? "clBuildProgram" : "clCreateProgramWithSource");
    (void)weft_fail_in(WEFT_ERR_DEVICE, "kernel %s (cl/%s), %s%s: %s", spec->entry, spec->source,
                       path ? "whole source in " : "--dump-kernels DIR keeps the source",
                       path ? path : "", shown[0] ? shown : "no log");
    free(log);
    free(path);
    return WEFT_ERR_DEVICE;
}

/* One note for a damaged cache, whatever number of its files it meets. */
static void note_damage(const cl_device *device)
{
    if (!device->cache->noted) {
        weft_say(&device->log, WEFT_WARNING, "kernels are compiled again: %s", weft_error());
    }
    device->cache->noted = true;
}

/* Make the program from its cached binary; false when there is none, it is damaged, or the driver
 * refuses it. A binary has no log, so a dump is compiled. */
static bool load(const cl_device *device, program *p, const char *path)
{
    unsigned char *bytes = NULL;
    size_t count = 0;
    char *names = NULL;
    if (device->dump_dir || !path || !weft_path_exists(path)) return false;
    if (cl_binary_read(path, &bytes, &count, &names) != WEFT_OK) {
        note_damage(device);
        return false;
    }

    cl_int error = CL_SUCCESS, state = CL_SUCCESS;
    const unsigned char *binary = bytes;
    p->built =
        clCreateProgramWithBinary(device->context, 1, &device->id, &count, &binary, &state, &error);
    if (error == CL_SUCCESS) error = state;
    if (error == CL_SUCCESS) {
        error = clBuildProgram(p->built, 1, &device->id, device->cache->options, NULL, NULL);
    }
    free(bytes);
    if (error == CL_SUCCESS) {
        p->saved_names = names;
        p->from_binary = true;
        return true;
    }
    if (p->built) clReleaseProgram(p->built);
    p->built = NULL;
    free(names);
    return false;
}

/* Build from source into *built, which stays set after a failed build: it has the log. */
static cl_int build_source(const cl_device *device, const char *text, cl_program *built)
{
    cl_int error = CL_SUCCESS;
    *built = clCreateProgramWithSource(device->context, 1, &text, NULL, &error);
    if (error != CL_SUCCESS) return error;
    return clBuildProgram(*built, 1, &device->id, device->cache->options, NULL, NULL);
}

/* Load or build a program and put it on the list. Takes the text over, whatever happens. */
static weft_status program_new(cl_device *device, const cl_spec *spec, XXH128_hash_t key,
                               char *text, program **out)
{
    program *p = calloc(1, sizeof *p);
    if (!p) {
        free(text);
        return weft_fail(WEFT_ERR_MEMORY, "kernel %s: out of memory", spec->entry);
    }
    p->key = key;
    p->text = text;
    snprintf(p->source, sizeof p->source, "%s", spec->source);

    dump_source(device, p);
    char *path = path_of(device->cache_dir, spec->source, key, "bin");
    cl_int error = CL_SUCCESS;
    if (!load(device, p, path)) error = build_source(device, text, &p->built);
    free(path);
    dump_log(device, p);
    if (error != CL_SUCCESS) {
        const weft_status status = explain(device, spec, p, error);
        program_free(p);
        return status;
    }
    p->next = device->cache->programs;
    device->cache->programs = p;
    *out = p;
    return WEFT_OK;
}

static weft_status time_new(cl_device *device, const cl_spec *spec, XXH128_hash_t key, char *text,
                            program **out)
{
    const double start = weft_clock();
    const weft_status status = program_new(device, spec, key, text, out);
    device->base.compile_seconds += weft_clock() - start;
    return status;
}

static bool is_in(const char *names, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = names; at && *at; at += strcspn(at, " ") + 1) {
        if (strncmp(at, name, length) == 0 && at[length] == ' ') return true;
    }
    return false;
}

static cl_entry *entry_of(program *p, const char *name)
{
    for (cl_entry *entry = p->entries; entry; entry = entry->next) {
        if (strcmp(entry->name, name) == 0) return entry;
    }
    cl_entry *entry = calloc(1, sizeof *entry);
    if (!entry) return NULL;
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->owner = p;
    entry->saved = is_in(p->saved_names, name);
    entry->next = p->entries;
    p->entries = entry;
    return entry;
}

static weft_status find_or_make(cl_device *device, const cl_spec *spec, program **out)
{
    char *text = NULL;
    WEFT_TRY(cl_source_assemble(device, spec, &text));
    const XXH128_hash_t key = key_of(device->cache, text);

    program *p = device->cache->programs;
    while (p && !XXH128_isEqual(p->key, key)) {
        p = p->next;
    }
    if (!p) return time_new(device, spec, key, text, out);
    free(text);
    *out = p;
    return WEFT_OK;
}

weft_status cl_program_get(cl_device *device, const cl_spec *spec, cl_kernel *kernel,
                           cl_entry **entry)
{
    program *p = NULL;
    *kernel = NULL;
    WEFT_TRY(find_or_make(device, spec, &p));

    cl_entry *found = entry_of(p, spec->entry);
    if (!found) return weft_fail(WEFT_ERR_MEMORY, "kernel %s: out of memory", spec->entry);
    cl_int error = CL_SUCCESS;
    /* A build that failed is never explained by WEFT_OK. */
    *kernel = clCreateKernel(p->built, spec->entry, &error); /* NOLINT(*-core.NullDereference) */
    if (error != CL_SUCCESS) {
        *kernel = NULL;
        return weft_fail_in(cl_fail(error, "clCreateKernel"), "kernel %s (cl/%s)", spec->entry,
                            spec->source);
    }
    if (entry) *entry = found;
    return WEFT_OK;
}

bool cl_entry_compiles(const cl_entry *entry)
{
    return !entry->launched && !entry->saved;
}

void cl_entry_launched(cl_entry *entry)
{
    entry->launched = true;
}

/* Names of the launched kernels; false when there is nothing new to save. */
static bool worth_saving(const program *p, char names[NAMES_MAX])
{
    bool fresh = false;
    size_t used = 0;
    for (const cl_entry *entry = p->entries; entry; entry = entry->next) {
        if (!entry->launched && !entry->saved) continue;
        fresh = fresh || !entry->saved;
        used += (size_t)snprintf(names + used, NAMES_MAX - used, "%s ", entry->name);
        if (used >= NAMES_MAX) return false;
    }
    return fresh;
}

/* Drivers give back the binary that a program was made from, so a fuller one is read from a new
 * program of the same source, for which they find their own caches filled. */
static weft_status save(const cl_device *device, program *p, const char *path, const char *names)
{
    cl_program fresh = NULL;
    if (p->from_binary) {
        const cl_int error = build_source(device, p->text, &fresh);
        if (error != CL_SUCCESS) {
            if (fresh) clReleaseProgram(fresh);
            return cl_fail(error, "clBuildProgram");
        }
    }
    const weft_status status = cl_binary_write(fresh ? fresh : p->built, path, names);
    if (fresh) clReleaseProgram(fresh);
    return status;
}

static void save_if_fresh(cl_device *device, program *p)
{
    char names[NAMES_MAX] = "";
    if (!worth_saving(p, names)) return;
    char *path = path_of(device->cache_dir, p->source, p->key, "bin");
    const bool written = path && weft_make_folders(device->cache_dir) == WEFT_OK &&
                         save(device, p, path, names) == WEFT_OK;
    free(path);
    if (!written && !device->cache->warned) {
        weft_say(&device->log, WEFT_WARNING, "kernels are not cached: %s", weft_error());
        device->cache->warned = true;
    }
}

static int count_fresh(const cl_device *device)
{
    char names[NAMES_MAX];
    int fresh = 0;
    for (const program *p = device->cache->programs; p; p = p->next)
        fresh += worth_saving(p, names);
    return fresh;
}

void cl_cache_save(cl_device *device)
{
    enum { MANY = 8 };
    const int fresh = device->cache_dir ? count_fresh(device) : 0;
    if (fresh == 0) return;
    if (cl_probe_is_gone(device)) {
        weft_say(&device->log, WEFT_WARNING, "kernels are not cached: %s was emptied meanwhile",
                 device->cache_dir);
        return;
    }
    /* Some drivers compile each kernel once more for it, which may take as long as the start. */
    if (fresh >= MANY)
        weft_say(&device->log, WEFT_INFO, "keeping %d compiled programs for the next start", fresh);
    for (program *p = device->cache->programs; p; p = p->next) {
        save_if_fresh(device, p);
    }
}
