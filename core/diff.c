#include "core/diff.h"

#include <math.h>
#include <stdlib.h>

#include "core/diff_private.h"
#include "core/posix.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

weft_status weft_diff_no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a comparison");
}

/* ---- checkpoints ---- */

static weft_status find_checkpoint(const char *word, bool may_lack, char **path)
{
    const bool folder = weft_is_folder(word);
    *path = weft_path_join(folder ? word : "", folder ? "checkpoints/last.safetensors" : word);
    if (!*path) return weft_diff_no_memory();
    if (!folder && !weft_path_exists(word)) {
        return weft_fail(WEFT_ERR_IO, "%s: no such run folder or checkpoint file", word);
    }
    if (!folder || weft_path_exists(*path)) return WEFT_OK;
    if (!may_lack) {
        return weft_fail(WEFT_ERR_IO, "%s is missing: %s holds no checkpoint", *path, word);
    }
    free(*path);
    *path = NULL;
    return WEFT_OK;
}

static weft_status compare_checkpoints(weft_diff *diff, const char *const word[2])
{
    for (int i = 0; i < 2; i++)
        WEFT_TRY(find_checkpoint(word[i], diff->runs, &diff->path[i]));
    if (!diff->path[0] || !diff->path[1]) return WEFT_OK;
    for (int i = 0; i < 2; i++)
        WEFT_TRY(weft_st_open(diff->path[i], &diff->file[i]));
    WEFT_TRY(weft_diff_metadata(diff));
    return weft_diff_tensors(diff);
}

/* ---- runs ---- */

static weft_status parse_config(const char *path, json_t **out)
{
    char *bytes = NULL;
    size_t count = 0;
    json_error_t error;
    WEFT_TRY(weft_read_file(path, CONFIG_BYTES_MAX, &bytes, &count));
    *out = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    free(bytes);
    if (!*out) return weft_fail(WEFT_ERR_FORMAT, "%s:%d: %s", path, error.line, error.text);
    if (json_is_object(*out)) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s: not a JSON object", path);
}

static weft_status read_config(const char *run, json_t **out)
{
    char *path = weft_path_join(run, "config.json");
    if (!path) return weft_diff_no_memory();
    const weft_status status = parse_config(path, out);
    free(path);
    return status;
}

static weft_status compare_configs(weft_diff *diff, const char *const word[2])
{
    json_t *a = NULL, *b = NULL;
    weft_status status = read_config(word[0], &a);
    if (status == WEFT_OK) status = read_config(word[1], &b);
    if (status == WEFT_OK) status = weft_diff_objects(a, b, &diff->config, &diff->config_count);
    json_decref(a);
    json_decref(b);
    return status;
}

static weft_status compare_all(weft_diff *diff, const char *const word[2])
{
    static const char *const LOGS[WEFT_DIFF_LOGS] = {"metrics.csv", "steps.csv"};
    diff->runs = weft_is_folder(word[0]) && weft_is_folder(word[1]);
    if (diff->runs) {
        WEFT_TRY(compare_configs(diff, word));
        for (int i = 0; i < WEFT_DIFF_LOGS; i++)
            WEFT_TRY(weft_diff_logs(word[0], word[1], LOGS[i], &diff->log[i]));
    }
    return compare_checkpoints(diff, word);
}

/* ---- the verdict ---- */

/* Tensors that cannot be compared come before all that can. */
static double badness(const weft_diff_tensor *t)
{
    return t->state > WEFT_DIFF_VALUES ? (double)INFINITY : t->nmse;
}

static bool worse(const weft_diff_tensor *a, const weft_diff_tensor *b)
{
    if (a->state != b->state && (a->state > WEFT_DIFF_VALUES || b->state > WEFT_DIFF_VALUES)) {
        return a->state > b->state;
    }
    return badness(a) > badness(b);
}

static bool counts(const weft_diff_tensor *t, double tolerance)
{
    if (t->state == WEFT_DIFF_EQUAL) return false;
    return tolerance == 0 || badness(t) > tolerance;
}

static void find_worst(weft_diff *diff, double tolerance)
{
    diff->worst = -1;
    for (int i = 0; i < diff->tensor_count; i++) {
        const weft_diff_tensor *t = &diff->tensor[i];
        if (!counts(t, tolerance)) continue;
        if (diff->worst < 0 || worse(t, &diff->tensor[diff->worst])) diff->worst = i;
    }
}

static bool settings_equal(const weft_diff *diff)
{
    bool equal = diff->config_count == 0 && diff->meta_count == 0;
    for (int i = 0; i < WEFT_DIFF_LOGS && diff->runs; i++)
        equal = equal && diff->log[i].in_a == diff->log[i].in_b && diff->log[i].first < 0;
    return equal;
}

static void judge(weft_diff *diff, double tolerance)
{
    find_worst(diff, tolerance);
    const bool both = (diff->path[0] != NULL) == (diff->path[1] != NULL);
    diff->equal = both && diff->worst < 0 && (tolerance > 0 || settings_equal(diff));
}

weft_status weft_diff_open(const char *a, const char *b, double tolerance, weft_diff *out)
{
    *out = (weft_diff){.worst = -1};
    WEFT_TRY(compare_all(out, (const char *const[]){a, b}));
    judge(out, tolerance);
    return WEFT_OK;
}

void weft_diff_close(weft_diff *diff)
{
    for (int i = 0; i < 2; i++) {
        weft_st_close(diff->file[i]);
        free(diff->path[i]);
    }
    weft_diff_pairs_free(diff->config, diff->config_count);
    weft_diff_pairs_free(diff->meta, diff->meta_count);
    free(diff->tensor);
    *diff = (weft_diff){.worst = -1};
}
