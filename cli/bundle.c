#define _XOPEN_SOURCE 700
#include "cli/bundle.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/scrub.h"
#include "cli/self.h"
#include "cli/selftest_line.h"
#include "cli/signals.h"
#include "core/child.h"
#include "core/posix.h"

enum { FILES_MAX = 64, FILE_MAX = 1 << 20, BENCH_SECONDS = 600 };

/* ---- the device ---- */

static json_t *device_json(const weft_device_entry *entry)
{
    static const char *const types[] = {[WEFT_DEVICE_CPU] = "cpu",
                                        [WEFT_DEVICE_GPU] = "gpu",
                                        [WEFT_DEVICE_ACCELERATOR] = "accelerator"};
    const weft_device_info *i = &entry->info;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:b}",
                     "backend", entry->backend->name, "name", cli_json_text(i->name), "platform",
                     cli_json_text(i->platform), "driver", cli_json_text(i->driver), "version",
                     cli_json_text(i->version), "type", types[i->type], "compute_units",
                     (int)i->compute_units, "clock_mhz", (int)i->clock_mhz, "memory_bytes",
                     (json_int_t)i->memory_bytes, "max_alloc_bytes", (json_int_t)i->max_alloc_bytes,
                     "max_group", (json_int_t)i->max_group, "local_bytes",
                     (json_int_t)i->local_bytes, "vendor_id", (json_int_t)i->vendor_id,
                     "host_memory", i->host_memory, "emulated", i->emulated);
}

/* ---- a run of this program ---- */

static char *run_program(const cli_line *c, double seconds)
{
    char note[WEFT_SELFTEST_TEXT];
    int code;
    return cli_self_text(c->list, seconds, &code, note, sizeof note);
}

/* ---- what a run of it leaves of its programs ---- */

/* A folder of our own in the cache folder; NULL when there is none. */
static char *new_folder(void)
{
    char *cache = weft_cache_folder();
    char *folder = cache && weft_make_folders(cache) == WEFT_OK
                       ? weft_path_join(cache, "bundle-XXXXXX")
                       : NULL;
    free(cache);
    if (folder && !mkdtemp(folder)) {
        free(folder);
        folder = NULL;
    }
    return folder;
}

static bool is_log(const char *name)
{
    const char *ending = strrchr(name, '.');
    return ending && strcmp(ending, ".log") == 0;
}

/* Read a file into the object when it is one of the wanted, and remove it. */
static void take_file(const char *folder, const char *name, bool logs_only, json_t *files)
{
    char *path = weft_path_join(folder, name), *text = NULL;
    size_t length = 0;
    const bool wanted = json_object_size(files) < FILES_MAX && (!logs_only || is_log(name));
    if (path && wanted && weft_read_file(path, FILE_MAX, &text, &length) == WEFT_OK)
        (void)json_object_set_new(files, name, cli_json_text(text));
    if (path) (void)weft_remove(path);
    free(text);
    free(path);
}

/* The files of the folder, which is gone afterwards. */
static void take_files(const char *folder, bool logs_only, json_t *files)
{
    DIR *names = opendir(folder);
    for (struct dirent *entry; names && (entry = readdir(names));)
        if (entry->d_name[0] != '.') take_file(folder, entry->d_name, logs_only, files);
    if (names) closedir(names);
    (void)rmdir(folder);
}

/* What the command prints; sources and build logs of its programs are added. A dump compiles what
 * is in the cache too, so that there are build logs. */
static char *run_with_files(cli_line *c, double seconds, bool logs_only, json_t *files)
{
    char *folder = new_folder();
    if (folder) cli_line_option(c, "--dump-kernels", folder);
    char *text = run_program(c, seconds);
    if (folder) take_files(folder, logs_only, files);
    free(folder);
    return text;
}

/* Times of the steps of a network; null when the device cannot run it. It prints nothing until its
 * end. */
static json_t *bench_json(const char *program, const cli_selftest_wish *wish, json_t *files)
{
    static const char *const bench[] = {"bench", "seed-cnn", "--plan", "--json", "--quiet"};
    cli_line c = {.count = 0};
    cli_line_add(&c, program);
    for (size_t i = 0; i < sizeof bench / sizeof *bench; i++)
        cli_line_add(&c, bench[i]);
    cli_line_device(&c, wish);
    char *text = run_with_files(&c, BENCH_SECONDS, true, files);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return json ? json : json_null();
}

/* Programs of what failed as they were built, and their build logs. */
static void add_failures(const char *program, const cli_selftest_wish *wish,
                         const cli_selftest_result *result, json_t *files)
{
    for (int i = 0; i < result->count; i++) {
        cli_line c = {.count = 0};
        if (result->row[i].verdict != WEFT_VERDICT_FAILED) continue;
        cli_line_part(&c, program, wish, i);
        free(run_with_files(&c, wish->time_limit, false, files));
    }
}

/* ---- all of it ---- */

static json_t *bundle_json(const cli_selftest_wish *wish, const cli_selftest_result *result,
                           json_t *selftest)
{
    char date[32];
    char *program = weft_program_path();
    json_t *files = json_object();
    if (program) add_failures(program, wish, result, files);
    json_t *bench = program ? bench_json(program, wish, files) : json_null();
    weft_utc(date);
    json_t *bundle = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "weft", WEFT_VERSION, "date", date,
                               "device", device_json(wish->entry), "selftest", selftest, "bench",
                               bench, "programs", files);
    free(program);
    return bundle;
}

static weft_status save(const char *path, json_t *bundle)
{
    const bool clean = bundle && cli_scrub(bundle) == WEFT_OK;
    char *text = clean ? json_dumps(bundle, JSON_INDENT(1)) : NULL;
    if (!text) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the bundle");
    const weft_status status = weft_write_file(path, text, strlen(text));
    free(text);
    return status;
}

weft_status cli_bundle_write(const char *path, const cli_selftest_wish *wish,
                             const cli_selftest_result *result, json_t *selftest)
{
    json_t *bundle = bundle_json(wish, result, selftest);
    const weft_status status =
        cli_signals_exit_code() == 0
            ? save(path, bundle)
            : weft_fail(WEFT_ERR_DEVICE, "interrupted, so %s is not written", path);
    json_decref(bundle);
    return status;
}
