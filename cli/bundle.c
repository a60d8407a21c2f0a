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

/* Times of the steps of a network; null when the device cannot run it. It prints nothing until its
 * end. */
static json_t *bench_json(const char *program, const cli_selftest_wish *wish)
{
    static const char *const bench[] = {"bench", "seed-cnn", "--plan", "--json", "--quiet"};
    cli_line c = {.count = 0};
    cli_line_add(&c, program);
    for (size_t i = 0; i < sizeof bench / sizeof *bench; i++)
        cli_line_add(&c, bench[i]);
    cli_line_device(&c, wish);
    char *text = run_program(&c, BENCH_SECONDS);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    return json ? json : json_null();
}

/* ---- sources of what failed ---- */

/* Read a file into the object, and remove it. */
static void take_file(const char *folder, const char *name, json_t *files)
{
    char *path = weft_path_join(folder, name), *text = NULL;
    size_t length = 0;
    const bool wanted = json_object_size(files) < FILES_MAX;
    if (path && wanted && weft_read_file(path, FILE_MAX, &text, &length) == WEFT_OK)
        (void)json_object_set_new(files, name, cli_json_text(text));
    if (path) (void)weft_remove(path);
    free(text);
    free(path);
}

/* Every file of the folder, which is gone afterwards. */
static void take_files(const char *folder, json_t *files)
{
    DIR *names = opendir(folder);
    for (struct dirent *entry; names && (entry = readdir(names));)
        if (entry->d_name[0] != '.') take_file(folder, entry->d_name, files);
    if (names) closedir(names);
    (void)rmdir(folder);
}

static void add_sources(const char *program, const cli_selftest_wish *wish, int part,
                        const char *folder, json_t *files)
{
    cli_line c = {.count = 0};
    cli_line_part(&c, program, wish, part);
    cli_line_option(&c, "--dump-kernels", folder);
    free(run_program(&c, wish->time_limit));
    take_files(folder, files);
}

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

/* Names and texts: programs as they were built, and build logs that are not empty. */
static json_t *sources_json(const char *program, const cli_selftest_wish *wish,
                            const cli_selftest_result *result)
{
    json_t *files = json_object();
    for (int i = 0; files && i < result->count; i++) {
        char *folder = result->row[i].verdict == WEFT_VERDICT_FAILED ? new_folder() : NULL;
        if (folder) add_sources(program, wish, i, folder, files);
        free(folder);
    }
    return files;
}

/* ---- all of it ---- */

static json_t *bundle_json(const cli_selftest_wish *wish, const cli_selftest_result *result,
                           json_t *selftest)
{
    char date[32];
    char *program = weft_program_path();
    weft_utc(date);
    json_t *bundle = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "weft", WEFT_VERSION, "date", date,
                               "device", device_json(wish->entry), "selftest", selftest, "bench",
                               program ? bench_json(program, wish) : json_null(), "programs",
                               program ? sources_json(program, wish, result) : json_null());
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
