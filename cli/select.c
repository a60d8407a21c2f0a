#include "cli/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "cli/qualify.h"
#include "core/posix.h"

cli_wish cli_wish_of(const cli_args *args, weft_log log)
{
    return (cli_wish){
        .device = cli_text(args, CLI_OPT_DEVICE),
        .family = (weft_family)cli_integer(args, CLI_OPT_FAMILY, WEFT_FAMILY_AUTO),
        .gemm = (weft_gemm_route)cli_integer(args, CLI_OPT_GEMM, WEFT_GEMM_AUTO),
        .threads = (int32_t)cli_integer(args, CLI_OPT_THREADS, 0),
        .dump_dir = cli_text(args, CLI_OPT_DUMP_KERNELS),
        .log = log,
    };
}

weft_status cli_registry(const char *wanted, const weft_log *log, weft_registry **out)
{
    weft_registry *registry = NULL;
    *out = NULL;
    weft_status status = weft_registry_new(&registry);
    if (status == WEFT_OK) {
        const bool only_cpu = wanted && strcmp(wanted, "cpu") == 0;
        status = only_cpu ? weft_backend_register(registry, weft_backend_cpu())
                          : weft_register_builtin(registry);
    }
    if (status == WEFT_OK) status = weft_registry_scan(registry, log);
    if (status != WEFT_OK) {
        weft_registry_free(registry);
        return status;
    }
    *out = registry;
    return WEFT_OK;
}

static void load_drivers(void *unused)
{
    int count = 0;
    (void)unused;
    (void)weft_backend_opencl()->device_count(&count);
}

weft_thread *cli_load_drivers(const char *wanted)
{
    weft_thread *thread = NULL;
    const char *named = wanted ? wanted : getenv("WEFT_DEVICE");
    const bool only_cpu = named && strcmp(named, "cpu") == 0;
    if (!only_cpu && weft_backend_opencl()) (void)weft_thread_start(load_drivers, NULL, &thread);
    return thread;
}

const char *cli_family_text(weft_family family)
{
    static const char *const names[] = {
        [WEFT_FAMILY_AUTO] = "auto", [WEFT_FAMILY_VECTOR] = "vector", [WEFT_FAMILY_TILE] = "tile"};
    return names[family];
}

const char *cli_gemm_text(weft_gemm_route route)
{
    static const char *const names[] = {
        [WEFT_GEMM_AUTO] = "auto", [WEFT_GEMM_OWN] = "own", [WEFT_GEMM_CLBLAST] = "clblast"};
    return names[route];
}

const char *cli_device_words(const weft_device_entry *entry)
{
    if (strcmp(entry->backend->name, "cpu") == 0) return "CPU backend";
    if (entry->info.type == WEFT_DEVICE_GPU) return "GPU";
    if (entry->info.type == WEFT_DEVICE_ACCELERATOR) return "accelerator";
    return "CPU through OpenCL";
}

const char *cli_device_print(const weft_device_entry *entry, char text[CLI_DEVICE_TEXT])
{
    const bool plain = !*entry->info.platform || strcmp(entry->backend->name, "cpu") == 0;
    snprintf(text, CLI_DEVICE_TEXT, "%s%s%s%s", entry->info.name, plain ? "" : " (",
             plain ? "" : entry->info.platform, plain ? "" : ")");
    return text;
}

/* ---- which devices are tried ---- */

static bool is_set(const char *text)
{
    return text && *text;
}

static bool has_opencl(const weft_registry *registry)
{
    for (int i = 0; i < weft_registry_count(registry); i++) {
        if (strcmp(weft_registry_device(registry, i)->backend->name, "opencl") == 0) return true;
    }
    return false;
}

static bool is_recorded(const weft_device_info *info, const cli_recorded *recorded)
{
    return is_set(recorded->name) && strcmp(info->name, recorded->name) == 0 &&
           (!recorded->platform || strcmp(info->platform, recorded->platform) == 0);
}

/* Index of the recorded device, or -1. */
static int find_recorded(const weft_registry *registry, const cli_recorded *recorded)
{
    for (int i = 0; i < weft_registry_count(registry); i++)
        if (is_recorded(&weft_registry_device(registry, i)->info, recorded)) return i;
    return -1;
}

/* Put a device in front, whether it was in the order or not. */
static void move_first(int *order, int *count, int device)
{
    int at = 0;
    while (at < *count && order[at] != device)
        at++;
    if (at == *count) (*count)++;
    memmove(order + 1, order, (size_t)at * sizeof *order);
    order[0] = device;
}

/* Put the recorded device first, or say that it is not here. */
static void prefer_recorded(const weft_registry *registry, const cli_wish *wish, int *order,
                            int *count)
{
    const cli_recorded *recorded = &wish->recorded;
    const int found = find_recorded(registry, recorded);
    if (found < 0) {
        weft_say(&wish->log, WEFT_WARNING,
                 "the run's device %s (%s) is not here; taking %s, so results may differ in the "
                 "last digits",
                 recorded->name, recorded->platform ? recorded->platform : "no platform",
                 weft_registry_device(registry, order[0])->id);
        return;
    }
    const weft_device_info *info = &weft_registry_device(registry, found)->info;
    if (recorded->driver && strcmp(info->driver, recorded->driver) != 0) {
        weft_say(&wish->log, WEFT_WARNING,
                 "the driver of %s was \"%s\" and is \"%s\"; results may differ in the last digits",
                 info->name, recorded->driver, info->driver);
    }
    move_first(order, count, found);
}

/* That `auto` has no choice is worth a line where the program could use OpenCL. */
static void tell_without_opencl(const weft_registry *registry, const weft_log *log)
{
    if (!weft_backend_opencl() || has_opencl(registry)) return;
    weft_say(log, WEFT_INFO,
             "no OpenCL device here, taking the CPU backend; `weft devices` tells more");
}

/* What the user named by option or environment; NULL: nothing, or a recorded device comes first. */
static const char *named_device(const cli_wish *wish)
{
    if (wish->device || is_set(wish->recorded.name)) return wish->device;
    const char *named = getenv("WEFT_DEVICE");
    return is_set(named) ? named : NULL;
}

/* Whether the program chooses, and may take another device than the first. */
static bool is_auto(const cli_wish *wish)
{
    const char *named = named_device(wish);
    return !named || strcmp(named, "auto") == 0;
}

/* The devices to try, best first; order has room for every device. */
static weft_status list_candidates(const weft_registry *registry, const cli_wish *wish, int *order,
                                   int *count)
{
    const char *named = named_device(wish);
    if (is_auto(wish)) {
        WEFT_TRY(weft_registry_find(registry, "auto", order, count));
        if (!named && is_set(wish->recorded.name)) {
            prefer_recorded(registry, wish, order, count);
        } else {
            tell_without_opencl(registry, &wish->log);
        }
        return WEFT_OK;
    }
    const weft_status status = weft_registry_find(registry, named, order, count);
    if (status != WEFT_ERR_DEVICE) return status;
    return weft_fail(status, "%s; `weft devices` tells what is missing", weft_error());
}

/* ---- trying them ---- */

static weft_status try_device(const weft_device_entry *entry, const weft_open_desc *desc,
                              cli_attempt *attempt, void *user, weft_device **out)
{
    weft_device *device = NULL;
    *out = NULL;
    weft_status status = entry->backend->open(entry->index, desc, &device);
    if (status == WEFT_ERR_USAGE) { /* the index was listed, so the device has gone since */
        status = weft_fail(WEFT_ERR_DEVICE, "%s", weft_error());
    }
    WEFT_TRY(status);
    if (attempt) status = attempt(device, entry, user);
    if (status != WEFT_OK) {
        entry->backend->close(device);
        return status;
    }
    *out = device;
    return WEFT_OK;
}

/* The next device is taken: say why, and name the failed one once. */
static void tell_fallback(const weft_log *log, const weft_device_entry *failed,
                          const weft_device_entry *next)
{
    char text[CLI_DEVICE_TEXT];
    const char *why = weft_error();
    if (strncmp(why, failed->id, strlen(failed->id)) == 0) {
        weft_say(log, WEFT_WARNING, "%s; taking %s instead", why, next->id);
    } else {
        weft_say(log, WEFT_WARNING, "%s, %s, failed: %s; taking %s instead", failed->id,
                 cli_device_print(failed, text), why, next->id);
    }
}

/* Failures that another device may not have. */
static bool is_device_failure(weft_status status)
{
    return status == WEFT_ERR_DEVICE || status == WEFT_ERR_UNSUPPORTED || status == WEFT_ERR_MEMORY;
}

/* The last failure; whoever named the device can let auto go on. */
static weft_status give_up(const cli_wish *wish, const weft_device_entry *entry, weft_status status)
{
    const bool named = wish->device && strcmp(wish->device, "auto") != 0;
    if (!named || status == WEFT_ERR_MEMORY || strcmp(entry->backend->name, "cpu") == 0)
        return status;
    return weft_fail(status, "%s; --device auto goes on to the next device", weft_error());
}

static weft_status try_all(const cli_wish *wish, const weft_open_desc *desc, const int *order,
                           int count, cli_attempt *attempt, void *user, cli_choice *out)
{
    const bool automatic = is_auto(wish);
    weft_open_desc open = *desc;
    weft_status status = weft_fail(WEFT_ERR_DEVICE, "no device to run on");
    for (int i = 0; i < count; i++) {
        out->entry = weft_registry_device(out->registry, order[i]);
        if (automatic && i + 1 < count && !cli_qualify(out->entry, wish)) continue;
        const bool again = is_recorded(&out->entry->info, &wish->recorded);
        open.routes = again ? wish->recorded.routes : NULL;
        status = try_device(out->entry, &open, attempt, user, &out->device);
        if (!is_device_failure(status)) return status;
        if (i + 1 == count) return give_up(wish, out->entry, status);
        tell_fallback(&wish->log, out->entry, weft_registry_device(out->registry, order[i + 1]));
    }
    return status;
}

static weft_status select_device(const cli_wish *wish, cli_attempt *attempt, void *user,
                                 cli_choice *out)
{
    char *cache = weft_cache_folder();
    const weft_open_desc desc = {
        .profile = wish->profile,
        .family = wish->family,
        .gemm = wish->gemm,
        .threads = wish->threads,
        .cache_dir = cache,
        .dump_dir = wish->dump_dir,
        .log = wish->log,
    };
    int count = weft_registry_count(out->registry);
    int *order = calloc((size_t)count + 1, sizeof *order);
    weft_status status = WEFT_OK;
    if (!order) status = weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
    if (status == WEFT_OK) status = list_candidates(out->registry, wish, order, &count);
    if (status == WEFT_OK && is_auto(wish)) cli_qualify_filter(out->registry, wish, order, &count);
    if (status == WEFT_OK) status = try_all(wish, &desc, order, count, attempt, user, out);
    free(order);
    free(cache);
    return status;
}

weft_status cli_select(const cli_wish *wish, cli_attempt *attempt, void *user, cli_choice *out)
{
    *out = (cli_choice){0};
    if (wish->dump_dir) WEFT_TRY(weft_make_folders(wish->dump_dir));
    WEFT_TRY(cli_registry(named_device(wish), &wish->log, &out->registry));
    const weft_status status = select_device(wish, attempt, user, out);
    if (status != WEFT_OK) cli_choice_free(out);
    return status;
}

static weft_status first_candidate(const cli_wish *wish, const weft_registry *registry,
                                   const weft_device_entry **entry)
{
    int count = weft_registry_count(registry);
    int *order = calloc((size_t)count + 1, sizeof *order);
    if (!order) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
    const weft_status status = list_candidates(registry, wish, order, &count);
    if (status == WEFT_OK) *entry = weft_registry_device(registry, order[0]);
    free(order);
    return status;
}

weft_status cli_select_entry(const cli_wish *wish, weft_registry **registry,
                             const weft_device_entry **entry)
{
    *entry = NULL;
    WEFT_TRY(cli_registry(named_device(wish), &wish->log, registry));
    return first_candidate(wish, *registry, entry);
}

void cli_choice_free(cli_choice *choice)
{
    if (choice->device) choice->entry->backend->close(choice->device);
    weft_registry_free(choice->registry);
    *choice = (cli_choice){0};
}
