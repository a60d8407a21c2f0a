#include "backends/opencl/tuned.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "backends/opencl/internal.h"
#include "backends/opencl/tuning.h"
#include "core/op_key.h"
#include "core/posix.h"

enum { FILE_MAX = 1 << 20, LINE_MAX = WEFT_KEY_MAX + WEFT_CHOICE_MAX + 32, NEAR = 4 };

static const char head[] = "weft choices 1\n";

typedef struct choice {
    weft_key key; /* batch 0: a row of the table */
    char text[WEFT_CHOICE_MAX];
} choice;

struct cl_choices {
    choice *list;
    int count;
    char *path; /* NULL: no cache folder */
    const char *tried;
};

/* ---- the list ---- */

static choice *find_exact(const cl_choices *c, const weft_key *key)
{
    for (int i = 0; i < c->count; i++) {
        choice *one = &c->list[i];
        if (one->key.batch == key->batch && strcmp(one->key.text, key->text) == 0) return one;
    }
    return NULL;
}

static weft_status put(cl_choices *c, const weft_key *key, const char *text)
{
    choice *one = find_exact(c, key);
    if (!one) {
        choice *list = realloc(c->list, ((size_t)c->count + 1) * sizeof *list);
        if (!list) return weft_fail(WEFT_ERR_MEMORY, "out of memory for tuned choices");
        c->list = list;
        one = &list[c->count++];
        one->key = *key;
    }
    snprintf(one->text, sizeof one->text, "%s", text);
    return WEFT_OK;
}

static void take_out(cl_choices *c, choice *one)
{
    *one = c->list[--c->count];
}

/* How many times larger one batch is than the other. */
static double distance(int32_t a, int32_t b)
{
    return a > b ? (double)a / b : (double)b / a;
}

static choice *find(const cl_choices *c, const weft_key *key)
{
    choice *best = NULL, *shipped = NULL;
    for (int i = 0; i < c->count; i++) {
        choice *one = &c->list[i];
        if (strcmp(one->key.text, key->text) != 0) continue;
        if (one->key.batch == 0) shipped = one;
        if (one->key.batch == 0 || distance(one->key.batch, key->batch) > NEAR) continue;
        if (!best || distance(one->key.batch, key->batch) < distance(best->key.batch, key->batch))
            best = one;
    }
    return best ? best : shipped;
}

const char *cl_choice_find(const cl_choices *c, const weft_op *op, bool *exact)
{
    weft_key key;
    *exact = false;
    if (c->count == 0 || !weft_op_key(op, &key)) return NULL;
    const choice *one = find(c, &key);
    *exact = one && one->key.batch == key.batch;
    return one ? one->text : NULL;
}

const char *cl_choice_shipped(const cl_choices *c, const weft_op *op)
{
    weft_key key;
    if (c->count == 0 || !weft_op_key(op, &key)) return NULL;
    key.batch = 0;
    const choice *one = find_exact(c, &key);
    return one ? one->text : NULL;
}

const char *cl_choice_try(cl_choices *c, const char *text)
{
    const char *before = c->tried;
    c->tried = text;
    return before;
}

const char *cl_choice_tried(const cl_choices *c)
{
    return c->tried;
}

/* ---- reading ---- */

/* "NAME=VALUE NAME=VALUE", nothing else. */
static bool is_settings(const char *text)
{
    const char *at = text;
    do {
        const size_t name = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
        if (name == 0 || at[name] != '=') return false;
        at += name + 1;
        const size_t value = strspn(at, "0123456789");
        if (value == 0 || value > 6) return false;
        at += value;
    } while (*at == ' ' && *++at);
    return *at == '\0' && strlen(text) < WEFT_CHOICE_MAX;
}

/* Cut a row at its bars into three texts without blanks at their ends. */
static bool cut_row(char *line, char *cell[3])
{
    for (int i = 0; i < 3; i++) {
        char *bar = strchr(line, '|');
        if ((bar != NULL) != (i < 2)) return false;
        char *end = bar ? bar : line + strlen(line);
        while (isspace((unsigned char)*line))
            line++;
        while (end > line && isspace((unsigned char)end[-1]))
            end--;
        *end = '\0';
        cell[i] = line;
        if (bar) line = bar + 1;
    }
    return true;
}

static bool read_row(char *line, weft_key *key, char **text)
{
    char *cell[3], *end = NULL;
    if (!cut_row(line, cell) || strlen(cell[0]) >= WEFT_KEY_MAX || !is_settings(cell[2]))
        return false;
    const long batch = strtol(cell[1], &end, 10);
    if (*end || batch < 1 || batch > INT32_MAX || !*cell[0]) return false;
    *key = (weft_key){.batch = (int32_t)batch};
    snprintf(key->text, sizeof key->text, "%s", cell[0]);
    *text = cell[2];
    return true;
}

/* Returns how many rows could not be read. */
static int read_rows(cl_choices *c, char *rest, weft_status *status)
{
    int damaged = 0;
    for (char *line = rest; *line && *status == WEFT_OK;) {
        char *next = line + strcspn(line, "\n");
        const bool whole = *next == '\n';
        if (whole) *next++ = '\0';
        weft_key key;
        char *text = NULL;
        if (whole && read_row(line, &key, &text))
            *status = put(c, &key, text);
        else
            damaged++;
        line = next;
    }
    return damaged;
}

/* A file that cannot be read is as good as none; the next tuning writes it anew. */
static weft_status read_file(const cl_device *device, cl_choices *c)
{
    char *bytes = NULL;
    size_t count = 0;
    weft_status status = WEFT_OK;
    if (!c->path || !weft_path_exists(c->path)) return WEFT_OK;
    if (weft_read_file(c->path, FILE_MAX, &bytes, &count) != WEFT_OK) {
        weft_say(&device->log, WEFT_WARNING, "tuned choices are left out: %s", weft_error());
        return WEFT_OK;
    }
    const bool ours = strlen(bytes) == count && strncmp(bytes, head, sizeof head - 1) == 0;
    const int damaged = ours ? read_rows(c, bytes + sizeof head - 1, &status) : 0;
    if (!ours) {
        weft_say(&device->log, WEFT_WARNING,
                 "%s is damaged and left out; `weft tune` writes it again", c->path);
    } else if (damaged > 0) {
        weft_say(&device->log, WEFT_WARNING,
                 "%s: %d damaged rows are left out; `weft tune` writes it again", c->path, damaged);
    }
    free(bytes);
    return status;
}

/* Rows of the table that name an op, not a kernel: their first cell holds more than one word. */
static weft_status read_table(const cl_device *device, cl_choices *c)
{
    size_t length = 0;
    const char *table = cl_source_find("tuning.txt", &length);
    if (!table) return WEFT_OK;
    const char *end = table + length;
    for (const char *line = table; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const size_t size = (size_t)((newline ? newline : end) - line);
        char copy[LINE_MAX], *cell[3];
        const bool row = size < sizeof copy && line[0] != '#';
        if (row) {
            memcpy(copy, line, size);
            copy[size] = '\0';
        }
        if (row && cut_row(copy, cell) && strchr(cell[0], ' ') && strlen(cell[0]) < WEFT_KEY_MAX &&
            cl_row_fits(cell[1], device) && is_settings(cell[2])) {
            weft_key key = {.batch = 0};
            snprintf(key.text, sizeof key.text, "%s", cell[0]);
            WEFT_TRY(put(c, &key, cell[2]));
        }
        line = newline ? newline + 1 : end;
    }
    return WEFT_OK;
}

/* New kernels, a new driver or another family start untuned. */
static char *path_of(const cl_device *device)
{
    if (!device->cache_dir) return NULL;
    XXH3_state_t *state = XXH3_createState();
    if (!state) return NULL;
    const char *identity = cl_cache_identity(device->cache);
    const uint64_t sources = cl_sources_hash();
    (void)XXH3_128bits_reset(state);
    (void)XXH3_128bits_update(state, identity, strlen(identity));
    (void)XXH3_128bits_update(state, &sources, sizeof sources);
    const XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);

    char name[64];
    snprintf(name, sizeof name, "tune-%s-%016" PRIx64 "%016" PRIx64 ".txt",
             device->info.family == WEFT_FAMILY_VECTOR ? "vector" : "tile", (uint64_t)hash.high64,
             (uint64_t)hash.low64);
    return weft_path_join(device->cache_dir, name);
}

weft_status cl_choices_new(const cl_device *device, cl_choices **out)
{
    cl_choices *c = calloc(1, sizeof *c);
    *out = c;
    if (!c) return weft_fail(WEFT_ERR_MEMORY, "out of memory for tuned choices");
    c->path = path_of(device);
    WEFT_TRY(read_table(device, c));
    return read_file(device, c);
}

void cl_choices_free(cl_choices *c)
{
    if (!c) return;
    free(c->list);
    free(c->path);
    free(c);
}

/* ---- changing ---- */

/* The file with every row, as one text. */
static char *print_all(const cl_choices *c)
{
    const size_t room = sizeof head + (size_t)c->count * LINE_MAX;
    char *text = malloc(room);
    if (!text) return NULL;
    size_t used = (size_t)snprintf(text, room, "%s", head);
    for (int i = 0; i < c->count; i++) {
        const choice *one = &c->list[i];
        if (one->key.batch == 0) continue;
        used += (size_t)snprintf(text + used, room - used, "%s | %" PRId32 " | %s\n", one->key.text,
                                 one->key.batch, one->text);
    }
    return text;
}

static weft_status write_file(const cl_device *device, const cl_choices *c)
{
    if (!c->path) return WEFT_OK;
    WEFT_TRY(weft_make_folders(device->cache_dir));
    char *text = print_all(c);
    if (!text) return weft_fail(WEFT_ERR_MEMORY, "out of memory for tuned choices");
    const weft_status status = weft_write_file(c->path, text, strlen(text));
    free(text);
    return status;
}

weft_status cl_store(weft_device *device_, const weft_op *op, const char *text)
{
    cl_device *device = (cl_device *)device_;
    cl_choices *c = device->choices;
    weft_key key;
    if (!weft_op_key(op, &key)) {
        return weft_fail(WEFT_ERR_USAGE, "%s has no settings", weft_op_describe(op->kind)->name);
    }
    if (text && !is_settings(text))
        return weft_fail(WEFT_ERR_USAGE, "\"%.80s\" is not a list of NAME=VALUE", text);
    choice *old = find_exact(c, &key);
    if (text)
        WEFT_TRY(put(c, &key, text));
    else if (old)
        take_out(c, old);
    return text || old ? write_file(device, c) : WEFT_OK;
}

weft_status cl_stored(weft_device *device, int index, weft_key *key, weft_choice *out, bool *found)
{
    const cl_choices *c = ((const cl_device *)device)->choices;
    *found = index >= 0 && index < c->count;
    if (!*found) return WEFT_OK;
    *key = c->list[index].key;
    *out = (weft_choice){.scratch_bytes = 0};
    snprintf(out->text, sizeof out->text, "%s", c->list[index].text);
    return WEFT_OK;
}

void cl_choice_drop(cl_device *device, const weft_op *op, const char *why)
{
    weft_key key;
    choice *one = weft_op_key(op, &key) ? find(device->choices, &key) : NULL;
    if (!one) return;
    weft_say(&device->log, WEFT_WARNING, "the tuned choice %s of %s is dropped: %s", one->text,
             weft_op_describe(op->kind)->name, why);
    take_out(device->choices, one);
    (void)write_file(device, device->choices);
}
