#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "core/backend.h"
#include "core/checked.h"

enum { LIST_TEXT = 2048 };

struct weft_registry {
    const weft_backend **backends;
    int backend_count;
    weft_device_entry *devices;
    int device_count;
};

weft_status weft_registry_new(weft_registry **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
}

void weft_registry_free(weft_registry *registry)
{
    if (!registry) return;
    free(registry->backends);
    free(registry->devices);
    free(registry);
}

/* Make room for one more element of a list. */
static weft_status grow(void **list, int count, size_t element)
{
    size_t bytes;
    void *larger = NULL;
    if (!weft_mul_size((size_t)count + 1, element, &bytes)) larger = realloc(*list, bytes);
    if (!larger) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
    *list = larger;
    return WEFT_OK;
}

/* ---- registering ---- */

#define FUNCTION_LIST(X) \
    X(device_count)      \
    X(device_info)       \
    X(open)              \
    X(close)             \
    X(buffer_new)        \
    X(buffer_free)       \
    X(buffer_share)      \
    X(write)             \
    X(read)              \
    X(copy)              \
    X(fill)              \
    X(read_async)        \
    X(ticket_done)       \
    X(ticket_wait)       \
    X(flush)             \
    X(supports)          \
    X(prepare)           \
    X(enqueue)           \
    X(release)           \
    X(finish)            \
    X(step_info)         \
    X(candidates)        \
    X(store)             \
    X(stored)            \
    X(speed)

/* The list above names every function of the interface: the struct holds nothing else but the
 * version and the name. */
#define FUNCTION_ONE(name) +1
_Static_assert(sizeof(weft_backend) ==
                   (0 FUNCTION_LIST(FUNCTION_ONE)) * sizeof(weft_status(*)(void)) +
                       offsetof(weft_backend, device_count),
               "FUNCTION_LIST and weft_backend disagree");

#define FUNCTION_MISSING(name) \
    if (!backend->name) return #name;

static const char *missing_function(const weft_backend *backend)
{
    FUNCTION_LIST(FUNCTION_MISSING)
    return NULL;
}

static bool is_registered(const weft_registry *registry, const char *name)
{
    for (int i = 0; i < registry->backend_count; i++) {
        if (strcmp(registry->backends[i]->name, name) == 0) return true;
    }
    return false;
}

/* The version is read first: in another version the rest may stand elsewhere. */
weft_status weft_backend_register(weft_registry *registry, const weft_backend *backend)
{
    void *list = registry->backends;
    if (backend->version != WEFT_BACKEND_VERSION) {
        return weft_fail(WEFT_ERR_USAGE,
                         "backend: made for interface version %lu, this library has %d; build it "
                         "against the installed headers",
                         (unsigned long)backend->version, WEFT_BACKEND_VERSION);
    }
    if (!backend->name || !*backend->name) return weft_fail(WEFT_ERR_USAGE, "backend: no name");
    const char *missing = missing_function(backend);
    if (missing) {
        return weft_fail(WEFT_ERR_USAGE, "backend %s: the function %s is missing", backend->name,
                         missing);
    }
    if (is_registered(registry, backend->name)) {
        return weft_fail(WEFT_ERR_USAGE, "backend %s: a backend of this name is registered already",
                         backend->name);
    }
    WEFT_TRY(grow(&list, registry->backend_count, sizeof backend));
    registry->backends = list;
    registry->backends[registry->backend_count++] = backend;
    return WEFT_OK;
}

#ifndef WEFT_OPENCL
const weft_backend *weft_backend_opencl(void)
{
    return NULL;
}
#endif

weft_status weft_register_builtin(weft_registry *registry)
{
    const weft_backend *opencl = weft_backend_opencl();
    if (opencl) WEFT_TRY(weft_backend_register(registry, opencl));
    return weft_backend_register(registry, weft_backend_cpu());
}

/* ---- scanning ---- */

static bool is_cpu_backend(const weft_device_entry *entry)
{
    return strcmp(entry->backend->name, "cpu") == 0;
}

/* There is one CPU, so its backend's device needs no number. */
static void name_entry(weft_device_entry *entry)
{
    const char *backend = entry->backend->name;
    if (is_cpu_backend(entry) && entry->index == 0) {
        snprintf(entry->id, sizeof entry->id, "%.64s", backend);
    } else {
        snprintf(entry->id, sizeof entry->id, "%.64s:%d", backend, entry->index);
    }
}

static weft_status scan_backend(const weft_backend *backend, const weft_log *log,
                                weft_device_entry **devices, int *count)
{
    int found = 0;
    if (backend->device_count(&found) != WEFT_OK) {
        weft_say(log, WEFT_WARNING, "%s: no devices: %s", backend->name, weft_error());
        return WEFT_OK;
    }
    for (int i = 0; i < found; i++) {
        weft_device_entry entry = {.backend = backend, .index = i};
        void *list = *devices;
        name_entry(&entry);
        if (backend->device_info(i, &entry.info) != WEFT_OK) {
            weft_say(log, WEFT_WARNING, "%s: left out: %s", entry.id, weft_error());
            continue;
        }
        WEFT_TRY(grow(&list, *count, sizeof entry));
        *devices = list;
        (*devices)[(*count)++] = entry;
    }
    return WEFT_OK;
}

weft_status weft_registry_scan(weft_registry *registry, const weft_log *log)
{
    weft_device_entry *devices = NULL;
    int count = 0;
    for (int i = 0; i < registry->backend_count; i++) {
        const weft_status status = scan_backend(registry->backends[i], log, &devices, &count);
        if (status != WEFT_OK) {
            free(devices);
            return status;
        }
    }
    free(registry->devices);
    registry->devices = devices;
    registry->device_count = count;
    return WEFT_OK;
}

int weft_registry_count(const weft_registry *registry)
{
    return registry->device_count;
}

const weft_device_entry *weft_registry_device(const weft_registry *registry, int index)
{
    return index >= 0 && index < registry->device_count ? &registry->devices[index] : NULL;
}

/* ---- choosing ---- */

static int rank(const weft_device_entry *entry)
{
    if (is_cpu_backend(entry)) return 3;
    switch (entry->info.type) {
    case WEFT_DEVICE_GPU:
        return 0;
    case WEFT_DEVICE_ACCELERATOR:
        return 1;
    case WEFT_DEVICE_CPU:
        break;
    }
    return 2;
}

/* Some drivers do not tell their clock; the units then decide alone. */
static int64_t speed(const weft_device_info *info)
{
    return (int64_t)info->compute_units * (info->clock_mhz > 0 ? info->clock_mhz : 1);
}

static bool is_better(const weft_device_entry *a, const weft_device_entry *b)
{
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return speed(&a->info) > speed(&b->info);
}

int weft_registry_auto_order(const weft_registry *registry, int *order)
{
    int count = 0;
    for (int i = 0; i < registry->device_count; i++) {
        const weft_device_entry *entry = &registry->devices[i];
        if (entry->info.emulated) continue;
        int at = count++;
        for (; at > 0 && is_better(entry, &registry->devices[order[at - 1]]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return count;
}

static bool same_text(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
    }
    return *a == *b;
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++) {
        size_t i = 0;
        while (part[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (!part[i]) return true;
    }
    return false;
}

/* A rule says whether a device is what the user named. */
typedef bool match_rule(const weft_device_entry *entry, const char *spec);

static bool match_id(const weft_device_entry *entry, const char *spec)
{
    char numbered[WEFT_NAME_MAX];
    snprintf(numbered, sizeof numbered, "%.64s:%d", entry->backend->name, entry->index);
    return same_text(entry->id, spec) || same_text(numbered, spec);
}

static bool match_gpu(const weft_device_entry *entry, const char *spec)
{
    return same_text(spec, "gpu") && entry->info.type == WEFT_DEVICE_GPU;
}

static bool match_backend(const weft_device_entry *entry, const char *spec)
{
    return same_text(entry->backend->name, spec);
}

static bool match_name(const weft_device_entry *entry, const char *spec)
{
    return contains(entry->info.name, spec) || contains(entry->info.platform, spec);
}

/* The best in auto's order that the rule accepts; false when there is none. */
static bool find_best(const weft_registry *registry, match_rule *rule, const char *spec, int *order)
{
    const int count = weft_registry_auto_order(registry, order);
    for (int i = 0; i < count; i++) {
        if (!rule(&registry->devices[order[i]], spec)) continue;
        order[0] = order[i];
        return true;
    }
    return false;
}

/* Every device that the rule accepts, emulators too. */
static int find_all(const weft_registry *registry, match_rule *rule, const char *spec, int *order)
{
    int count = 0;
    for (int i = 0; i < registry->device_count; i++) {
        if (rule(&registry->devices[i], spec)) order[count++] = i;
    }
    return count;
}

/* "cpu (AMD EPYC), opencl:0 (...)" of the devices in order, as many as there is room for. */
static const char *list_devices(const weft_registry *registry, const int *order, int count,
                                char text[LIST_TEXT])
{
    size_t at = 0;
    snprintf(text, LIST_TEXT, "none");
    for (int i = 0; i < count && at < LIST_TEXT - 1; i++) {
        const weft_device_entry *entry = &registry->devices[order[i]];
        const int wrote =
            snprintf(text + at, LIST_TEXT - at, "%s%s (%s%s%s)", i > 0 ? ", " : "", entry->id,
                     entry->info.name, *entry->info.platform ? ", " : "", entry->info.platform);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return text;
}

static bool match_any(const weft_device_entry *entry, const char *spec)
{
    (void)entry, (void)spec;
    return true;
}

static weft_status nothing(const weft_registry *registry, const char *spec, int *order)
{
    char text[LIST_TEXT];
    const int count = find_all(registry, match_any, spec, order);
    return weft_fail(WEFT_ERR_DEVICE,
                     "device \"%.100s\": no such device; give an id, or a part of a name, of: %s",
                     spec, list_devices(registry, order, count, text));
}

static weft_status several(const weft_registry *registry, const char *spec, int *order, int count)
{
    char text[LIST_TEXT];
    return weft_fail(WEFT_ERR_USAGE, "device \"%.100s\": fits %d devices, name one by its id: %s",
                     spec, count, list_devices(registry, order, count, text));
}

/* Which device the user named, most exact rule first. A whole backend or kind means its best
 * device; a part of a name has to be unique. */
static int find_named(const weft_registry *registry, const char *spec, int *order)
{
    const int by_id = find_all(registry, match_id, spec, order);
    if (by_id > 0) return by_id;
    if (find_best(registry, match_gpu, spec, order)) return 1;
    if (find_best(registry, match_backend, spec, order)) return 1;
    return find_all(registry, match_name, spec, order);
}

weft_status weft_registry_find(const weft_registry *registry, const char *spec, int *order,
                               int *count)
{
    const char *wanted = spec && *spec ? spec : "auto";
    const bool any = same_text(wanted, "auto");
    *count = 0;

    const int found =
        any ? weft_registry_auto_order(registry, order) : find_named(registry, wanted, order);
    if (found == 0) return nothing(registry, wanted, order);
    if (found > 1 && !any) return several(registry, wanted, order, found);
    *count = found;
    return WEFT_OK;
}
