/* Settings: what two JSON objects, and the metadata of two checkpoints, do not say alike. */
#include <stdlib.h>
#include <string.h>

#include "core/diff_private.h"
#include "core/number.h"

typedef struct pair_list {
    weft_diff_pair **list;
    int *count;
    const char *prefix; /* of every key */
} pair_list;

void weft_diff_pairs_free(weft_diff_pair *list, int count)
{
    for (int i = 0; i < count; i++) {
        free(list[i].key);
        free(list[i].a);
        free(list[i].b);
    }
    free(list);
}

static char *joined(const char *prefix, const char *key)
{
    const size_t head = strlen(prefix), tail = strlen(key) + 1;
    char *text = malloc(head + tail);
    if (!text) return NULL;
    memcpy(text, prefix, head); /* NOLINT(bugprone-not-null-terminated-result): the key follows */
    memcpy(text + head, key, tail);
    return text;
}

/* A text as it is, anything else as JSON; NULL for what is missing or without memory. */
static char *text_of(const json_t *value)
{
    if (json_is_string(value)) return joined("", json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
}

static weft_status add(const pair_list *to, const char *key, const json_t *a, const json_t *b)
{
    const size_t count = (size_t)*to->count;
    weft_diff_pair *list = realloc(*to->list, (count + 1) * sizeof *list);
    if (!list) return weft_diff_no_memory();
    *to->list = list;
    list[count] = (weft_diff_pair){joined(to->prefix, key), text_of(a), text_of(b)};
    ++*to->count;
    const bool whole = list[count].key && (!a || list[count].a) && (!b || list[count].b);
    return whole ? WEFT_OK : weft_diff_no_memory();
}

static weft_status compare(const pair_list *to, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        if (!other || !json_equal(value, other)) WEFT_TRY(add(to, key, value, other));
    }
    json_object_foreach((json_t *)(uintptr_t)b, key, value)
    {
        if (!json_object_get(a, key)) WEFT_TRY(add(to, key, NULL, value));
    }
    return WEFT_OK;
}

weft_status weft_diff_objects(const json_t *a, const json_t *b, weft_diff_pair **list, int *count)
{
    return compare(&(pair_list){list, count, ""}, a, b);
}

/* ---- metadata ---- */

static json_t *all_meta(const weft_st_file *file)
{
    const char *key;
    json_t *all = json_object();
    for (int i = 0; all && (key = weft_st_meta_key(file, i)) != NULL; i++) {
        if (json_object_set_new(all, key, json_string(weft_st_meta(file, key))) == 0) continue;
        json_decref(all);
        all = NULL;
    }
    return all;
}

/* Sums and best values are kept as the bits of a double; people read numbers. */
static void show_number(json_t *meta, const char *key)
{
    char number[WEFT_NUMBER_TEXT], *end = NULL;
    double value;
    const char *text = json_string_value(json_object_get(meta, key));
    if (!text || strlen(text) != 16) return;
    const uint64_t bits = strtoull(text, &end, 16);
    if (*end) return;
    memcpy(&value, &bits, sizeof value);
    (void)json_object_set_new(meta, key, json_string(weft_format(value, 17, number)));
}

static void show_numbers(json_t *meta)
{
    static const char *const KEYS[] = {"loss_sum",       "correct_sum", "best_loss",   "train_loss",
                                       "train_accuracy", "val_loss",    "val_accuracy"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        show_number(meta, KEYS[i]);
}

static json_t *options_of(const json_t *meta)
{
    const char *text = json_string_value(json_object_get(meta, "options"));
    json_t *options = text ? json_loads(text, 0, NULL) : NULL;
    if (json_is_object(options)) return options;
    json_decref(options);
    return NULL;
}

/* The options of a training are a JSON text among the metadata: each of them is compared. */
static weft_status compare_meta(weft_diff *diff, json_t *a, json_t *b)
{
    const pair_list plain = {&diff->meta, &diff->meta_count, ""};
    const pair_list option = {&diff->meta, &diff->meta_count, "options."};
    json_t *was = options_of(a), *is = options_of(b);
    show_numbers(a);
    show_numbers(b);
    weft_status status = WEFT_OK;
    if (was && is) {
        status = compare(&option, was, is);
        json_object_del(a, "options");
        json_object_del(b, "options");
    }
    json_decref(was);
    json_decref(is);
    return status == WEFT_OK ? compare(&plain, a, b) : status;
}

weft_status weft_diff_metadata(weft_diff *diff)
{
    json_t *a = all_meta(diff->file[0]), *b = all_meta(diff->file[1]);
    const weft_status status = a && b ? compare_meta(diff, a, b) : weft_diff_no_memory();
    json_decref(a);
    json_decref(b);
    return status;
}
