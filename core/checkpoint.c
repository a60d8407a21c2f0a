#include "core/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/meta.h"
#include "core/posix.h"

enum { VALUES = -1, MISFIT_TEXT = 1600, SHAPE_TEXT = 160, CLAIM_LEAST = 1 << 20 };

/* The name of a tensor in files: "conv1.weight", "optim.0.conv1.weight". */
static const char *file_name(const weft_parameter *parameter, int slot, char text[WEFT_ST_NAME_MAX])
{
    if (slot == VALUES)
        snprintf(text, WEFT_ST_NAME_MAX, "%s", parameter->name);
    else
        snprintf(text, WEFT_ST_NAME_MAX, "optim.%d.%s", slot, parameter->name);
    return text;
}

/* Called for the values of every parameter, then for the moments of each slot. */
typedef weft_status visitor(weft_model *model, int32_t index, int slot, void *user);

static bool is_stored(const weft_parameter *parameter, int slot)
{
    return slot == VALUES || (!parameter->state && !parameter->frozen);
}

static weft_status visit(weft_model *model, bool optim, visitor *see, void *user)
{
    const int slots = optim ? weft_model_slots(model) : 0;
    for (int slot = VALUES; slot < slots; slot++) {
        for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
            if (!is_stored(weft_model_parameter(model, i), slot)) continue;
            WEFT_TRY(see(model, i, slot, user));
        }
    }
    return WEFT_OK;
}

/* Room for the largest tensor of the model. */
static weft_status new_values(const weft_model *model, float **out)
{
    int64_t most = 1;
    size_t bytes;
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        const int64_t count = weft_shape_count(weft_model_parameter(model, i)->file_shape);
        if (count > most) most = count;
    }
    *out = weft_mul_size((size_t)most, sizeof **out, &bytes) ? NULL : malloc(bytes);
    return *out ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a tensor's values");
}

/* ---- saving ---- */

typedef struct saving {
    weft_st_writer *writer;
    float *values;
} saving;

static weft_status add_tensor(weft_model *model, int32_t index, int slot, void *user)
{
    const saving *save = user;
    char name[WEFT_ST_NAME_MAX];
    const weft_parameter *parameter = weft_model_parameter(model, index);
    return weft_st_add(save->writer, file_name(parameter, slot, name), parameter->file_shape);
}

static weft_status write_tensor(weft_model *model, int32_t index, int slot, void *user)
{
    const saving *save = user;
    WEFT_TRY(weft_model_read(model, index, slot, save->values));
    return weft_st_write(save->writer, save->values);
}

static weft_status save_all(weft_model *model, const weft_meta *meta, bool optim, saving *save)
{
    WEFT_TRY(weft_meta_write(meta, save->writer));
    WEFT_TRY(visit(model, optim, add_tensor, save));
    WEFT_TRY(visit(model, optim, write_tensor, save));
    return weft_st_commit(save->writer);
}

weft_status weft_checkpoint_save(weft_model *model, const weft_meta *meta, const char *path,
                                 bool optim)
{
    saving save = {0};
    WEFT_TRY(new_values(model, &save.values));
    weft_status status = weft_st_create(path, &save.writer);
    if (status == WEFT_OK) status = save_all(model, meta, optim, &save);
    weft_st_writer_free(save.writer);
    free(save.values);
    return status;
}

/* ---- loading: what does not fit ---- */

typedef struct loading {
    weft_st_file *file;
    const char *path;
    const char *partial;
    float *values;
    char misfits[MISFIT_TEXT];
    size_t length;
    int shown, hidden; /* misfits */
} loading;

/* One more misfit; when the line is full it is only counted. */
static void add_misfit(loading *load, const char *text)
{
    const size_t bytes = strlen(text) + 2;
    if (load->hidden > 0 || load->length + bytes >= sizeof load->misfits) {
        load->hidden++;
        return;
    }
    const char *comma = load->shown > 0 ? ", " : "";
    snprintf(load->misfits + load->length, sizeof load->misfits - load->length, "%s%s", comma,
             text);
    load->length += strlen(comma) + strlen(text);
    load->shown++;
}

/* Whether a tensor belongs to a layer that starts afresh. Names of layers have no points. */
static bool is_afresh(const loading *load, const char *name)
{
    char layer[WEFT_ST_NAME_MAX];
    if (!load->partial) return false;
    snprintf(layer, sizeof layer, "%.*s", (int)strcspn(name, "."), name);
    return weft_pattern_match(load->partial, layer);
}

static const char *print_extents(const weft_st_entry *entry, char text[SHAPE_TEXT])
{
    size_t at = 0;
    snprintf(text, SHAPE_TEXT, "a scalar");
    for (int i = 0; i < entry->rank && at < SHAPE_TEXT; i++) {
        const int wrote = snprintf(text + at, SHAPE_TEXT - at, "%s%lld", i > 0 ? "x" : "",
                                   (long long)entry->dim[i]);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return text;
}

static bool has_shape(const weft_st_entry *entry, weft_shape shape)
{
    if (entry->rank != shape.rank) return false;
    for (int i = 0; i < shape.rank; i++) {
        if (entry->dim[i] != shape.dim[i]) return false;
    }
    return true;
}

static weft_status check_tensor(weft_model *model, int32_t index, int slot, void *user)
{
    loading *load = user;
    char name[WEFT_ST_NAME_MAX], text[WEFT_ST_NAME_MAX + SHAPE_TEXT + WEFT_SHAPE_TEXT + 32];
    char have[SHAPE_TEXT], want[WEFT_SHAPE_TEXT];
    const weft_parameter *parameter = weft_model_parameter(model, index);
    if (is_afresh(load, parameter->name)) return WEFT_OK;

    const weft_st_entry *entry = weft_st_find(load->file, file_name(parameter, slot, name));
    weft_shape_print(parameter->file_shape, want);
    if (!entry) {
        snprintf(text, sizeof text, "%s is missing (%s)", name, want);
    } else if (!has_shape(entry, parameter->file_shape)) {
        snprintf(text, sizeof text, "%s is %s, wants %s", name, print_extents(entry, have), want);
    } else if (strcmp(entry->dtype, "F32") != 0) {
        snprintf(text, sizeof text, "%s is %s, wants F32", name, entry->dtype);
    } else {
        return WEFT_OK;
    }
    add_misfit(load, text);
    return WEFT_OK;
}

static bool is_known(const weft_model *model, const char *name)
{
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        if (strcmp(weft_model_parameter(model, i)->name, name) == 0) return true;
    }
    return false;
}

/* Moments that nobody asked for and PyTorch's counter of batches may be there. */
static bool is_ignored(const char *name)
{
    static const char counter[] = ".num_batches_tracked", moments[] = "optim.";
    const size_t length = strlen(name), tail = sizeof counter - 1;
    if (strncmp(name, moments, sizeof moments - 1) == 0) return true;
    return length > tail && strcmp(name + length - tail, counter) == 0;
}

static void check_unknown(const weft_model *model, loading *load)
{
    for (int i = 0; i < weft_st_count(load->file); i++) {
        const char *name = weft_st_at(load->file, i)->name;
        char text[WEFT_ST_NAME_MAX + 32];
        if (is_known(model, name) || is_ignored(name) || is_afresh(load, name)) continue;
        snprintf(text, sizeof text, "%s is not in the network", name);
        add_misfit(load, text);
    }
}

static weft_status check_partial(const weft_model *model, const char *partial)
{
    char pattern[WEFT_ST_NAME_MAX];
    while (partial && *partial) {
        const size_t length = strcspn(partial, ",");
        loading one = {.partial = pattern};
        bool found = length == 0;
        snprintf(pattern, sizeof pattern, "%.*s", (int)length, partial);
        for (int32_t i = 0; i < weft_model_parameter_count(model) && !found; i++) {
            found = is_afresh(&one, weft_model_parameter(model, i)->name);
        }
        if (!found) {
            return weft_fail(WEFT_ERR_USAGE, "pattern \"%s\": fits no layer with weights", pattern);
        }
        partial += length + (partial[length] == ',');
    }
    return WEFT_OK;
}

static weft_status check_all(weft_model *model, bool optim, loading *load)
{
    char more[32] = "";
    WEFT_TRY(visit(model, optim, check_tensor, load));
    check_unknown(model, load);
    if (load->shown + load->hidden == 0) return WEFT_OK;
    if (load->hidden > 0) snprintf(more, sizeof more, " and %d more", load->hidden);
    return weft_fail(WEFT_ERR_SHAPE, "%s: does not fit the network: %s%s", load->path,
                     load->misfits, more);
}

/* ---- loading ---- */

static weft_status load_tensor(weft_model *model, int32_t index, int slot, void *user)
{
    const loading *load = user;
    char name[WEFT_ST_NAME_MAX];
    const weft_parameter *parameter = weft_model_parameter(model, index);
    if (is_afresh(load, parameter->name)) return WEFT_OK;
    const weft_st_entry *entry = weft_st_find(load->file, file_name(parameter, slot, name));
    WEFT_TRY(weft_st_read(load->file, entry, load->values));
    return weft_model_write(model, index, slot, load->values);
}

/* Everything is checked before the first weight changes. */
static weft_status load_all(weft_model *model, bool optim, loading *load)
{
    WEFT_TRY(check_partial(model, load->partial));
    WEFT_TRY(check_all(model, optim, load));
    return visit(model, optim, load_tensor, load);
}

weft_status weft_checkpoint_load(weft_model *model, const char *path, const weft_load_desc *desc)
{
    const weft_load_desc plain = {0}, *wanted = desc ? desc : &plain;
    loading load = {.path = path, .partial = wanted->partial};
    WEFT_TRY(weft_st_open(path, &load.file));
    weft_status status = new_values(model, &load.values);
    if (status == WEFT_OK) status = load_all(model, wanted->optim, &load);
    free(load.values);
    weft_st_close(load.file);
    return status;
}

weft_status weft_checkpoint_meta(const char *path, weft_meta **out)
{
    weft_st_file *file;
    *out = NULL;
    WEFT_TRY(weft_st_open(path, &file));
    const weft_status status = weft_meta_read(file, path, out);
    weft_st_close(file);
    return status;
}

weft_status weft_checkpoint_claim(const char *path, const weft_graph *graph)
{
    weft_st_file *file;
    uint64_t held = 0;
    const uint64_t wanted = (uint64_t)weft_graph_parameters(graph) * sizeof(float);
    WEFT_TRY(weft_st_open(path, &file));
    for (int i = 0; i < weft_st_count(file); i++)
        held += weft_st_at(file, i)->end - weft_st_at(file, i)->begin;
    weft_st_close(file);
    if (wanted < CLAIM_LEAST || wanted <= held) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: its network wants %llu bytes of weights, its tensors have %llu: damaged "
                     "or not a checkpoint of weft",
                     path, (unsigned long long)wanted, (unsigned long long)held);
}
