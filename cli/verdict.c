#include "cli/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/output.h"
#include "core/posix.h"

enum { FILE_MAX = 1 << 16 };

static uint64_t add(uint64_t hash, const char *text)
{
    return XXH3_64bits_withSeed(text, strlen(text) + 1, hash);
}

/* A new string; NULL without a cache folder. */
static char *path_of(const weft_device_entry *entry, weft_family family, weft_gemm_route gemm,
                     char **folder)
{
    const weft_device_info *info = &entry->info;
    uint64_t hash = info->programs;
    hash = add(hash, entry->backend->name);
    hash = add(hash, info->name);
    hash = add(hash, info->platform);
    hash = add(hash, info->driver);
    hash = add(hash, cli_gemm_text(gemm));
    hash = add(hash, WEFT_VERSION);

    char name[64];
    const weft_family own = family == WEFT_FAMILY_AUTO ? info->family : family;
    snprintf(name, sizeof name, "selftest-%s-%016" PRIx64 ".json", cli_family_text(own), hash);
    *folder = weft_cache_folder();
    return *folder ? weft_path_join(*folder, name) : NULL;
}

/* ---- reading ---- */

static json_t *read_json(const char *path)
{
    char *bytes = NULL;
    size_t count = 0;
    if (!path || !weft_path_exists(path)) return NULL;
    if (weft_read_file(path, FILE_MAX, &bytes, &count) != WEFT_OK) return NULL;
    json_t *json = json_loadb(bytes, count, 0, NULL);
    free(bytes);
    return json;
}

static weft_verdict read_verdict(const json_t *json)
{
    const char *text = json_string_value(json_object_get(json, "verdict"));
    if (text && strcmp(text, cli_verdict_text(WEFT_VERDICT_PASSED)) == 0)
        return WEFT_VERDICT_PASSED;
    if (text && strcmp(text, cli_verdict_text(WEFT_VERDICT_FAILED)) == 0)
        return WEFT_VERDICT_FAILED;
    return WEFT_VERDICT_NONE;
}

cli_verdict cli_verdict_load(const weft_device_entry *entry, weft_family family,
                             weft_gemm_route gemm)
{
    char *folder = NULL, *path = path_of(entry, family, gemm, &folder);
    json_t *json = read_json(path);
    cli_verdict verdict = {.verdict = read_verdict(json)};
    verdict.quick = json_is_true(json_object_get(json, "quick"));
    cli_json_copy(json, "date", verdict.date, sizeof verdict.date);
    cli_json_copy(json, "failure", verdict.failure, sizeof verdict.failure);
    json_decref(json);
    free(path);
    free(folder);
    return verdict;
}

/* ---- writing ---- */

static char *print(const cli_selftest_result *result)
{
    char date[32];
    const weft_selftest_row *failure = cli_selftest_failure(result);
    weft_utc(date);
    json_t *json =
        json_pack("{s:s, s:b, s:s, s:s}", "verdict", cli_verdict_text(result->verdict), "quick",
                  result->quick, "date", date, "failure", failure ? failure->failure : "");
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    return text;
}

weft_status cli_verdict_save(const weft_device_entry *entry, weft_family family,
                             weft_gemm_route gemm, const cli_selftest_result *result)
{
    const cli_verdict before = cli_verdict_load(entry, family, gemm);
    const bool was_whole = before.verdict != WEFT_VERDICT_NONE && !before.quick;
    if (was_whole && result->quick && result->verdict == WEFT_VERDICT_PASSED) return WEFT_OK;
    char *folder = NULL, *path = path_of(entry, family, gemm, &folder);
    char *text = print(result);
    weft_status status = text ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a verdict");
    if (status == WEFT_OK && path) status = weft_make_folders(folder);
    if (status == WEFT_OK && path) status = weft_write_file(path, text, strlen(text));
    free(text);
    free(path);
    free(folder);
    return status;
}

/* ---- words ---- */

const char *cli_verdict_words(const cli_verdict *v)
{
    if (v->verdict == WEFT_VERDICT_NONE) return "not tested";
    if (v->verdict == WEFT_VERDICT_FAILED) return "FAILED";
    return v->quick ? "passed (quick)" : "passed";
}

bool cli_verdict_applies(const weft_device_entry *entry)
{
    return strcmp(entry->backend->name, "cpu") != 0;
}
