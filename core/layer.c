#include "core/layer.h"

#include <math.h>
#include <string.h>

#include "core/number.h"

#define LAYER_ENTRY(name)                                              &weft_layer_##name,
#define ACTIVATION_ENTRY(name, value, gradient, saves, default_a, key) &weft_layer_##name,
static const weft_layer_def *const layers[] = {WEFT_LAYER_LIST(LAYER_ENTRY)
                                                   WEFT_ACTIVATION_LIST(ACTIVATION_ENTRY) NULL};

const weft_layer_def *weft_layer_at(int index)
{
    const int count = (int)(sizeof layers / sizeof *layers) - 1;
    return index >= 0 && index < count ? layers[index] : NULL;
}

const weft_layer_def *weft_layer_find(const char *name)
{
    for (int i = 0; layers[i]; i++) {
        if (strcmp(layers[i]->name, name) == 0) return layers[i];
    }
    return NULL;
}

static weft_status check_range(const weft_field *field, double value, const char *text)
{
    if (value >= field->low && value <= field->high) return WEFT_OK;
    char low[WEFT_NUMBER_TEXT], high[WEFT_NUMBER_TEXT];
    return weft_fail(WEFT_ERR_FORMAT, "%s=%.40s is out of range (%s to %s)", field->name, text,
                     weft_format(field->low, 9, low), weft_format(field->high, 9, high));
}

static weft_status parse_whole(const weft_field *field, const char *text, int32_t *out)
{
    int64_t value = 0;
    if (!weft_parse_int(text, &value)) {
        return weft_fail(WEFT_ERR_FORMAT, "%s=%.40s is not a whole number", field->name, text);
    }
    WEFT_TRY(check_range(field, (double)value, text));
    *out = (int32_t)value;
    return WEFT_OK;
}

/* Numbers joined by x: "28x28x1". Returns how many through count; at most `most`. */
static weft_status parse_list(const weft_field *field, const char *text, int32_t *out, int most,
                              int *count)
{
    char part[32];
    *count = 0;
    for (const char *at = text;;) {
        const size_t length = strcspn(at, "x");
        if (*count == most || length >= sizeof part) {
            return weft_fail(WEFT_ERR_FORMAT, "%s=%.40s: at most %d numbers joined by x",
                             field->name, text, most);
        }
        memcpy(part, at, length);
        part[length] = '\0';
        WEFT_TRY(parse_whole(field, part, &out[(*count)++]));
        if (at[length] == '\0') return WEFT_OK;
        at += length + 1;
    }
}

static weft_status parse_int_field(const weft_field *field, const char *text, void *out)
{
    return parse_whole(field, text, out);
}

static weft_status parse_float_field(const weft_field *field, const char *text, void *out)
{
    double value = 0;
    if (!weft_parse_double(text, &value) || !isfinite(value)) {
        return weft_fail(WEFT_ERR_FORMAT, "%s=%.40s is not a number", field->name, text);
    }
    WEFT_TRY(check_range(field, value, text));
    *(float *)out = (float)value;
    return WEFT_OK;
}

static weft_status parse_bool_field(const weft_field *field, const char *text, void *out)
{
    const bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0) {
        return weft_fail(WEFT_ERR_FORMAT, "%s=%.40s: yes or no is wanted", field->name, text);
    }
    *(bool *)out = yes;
    return WEFT_OK;
}

static weft_status parse_pair_field(const weft_field *field, const char *text, void *out)
{
    int32_t *pair = out;
    int count = 0;
    WEFT_TRY(parse_list(field, text, pair, 2, &count));
    if (count == 1) pair[1] = pair[0];
    return WEFT_OK;
}

static weft_status parse_shape_field(const weft_field *field, const char *text, void *out)
{
    weft_shape shape = {0, {0}};
    int count = 0;
    WEFT_TRY(parse_list(field, text, shape.dim, 3, &count));
    shape.rank = count;
    if (count == 2) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s=%.40s: height x width x channels or a number of features is wanted",
                         field->name, text);
    }
    *(weft_shape *)out = shape;
    return WEFT_OK;
}

static weft_status parse_padding_field(const weft_field *field, const char *text, void *out)
{
    weft_padding *padding = out;
    if (strcmp(text, "same") == 0) {
        *padding = WEFT_PAD_SAME;
        return WEFT_OK;
    }
    if (strcmp(text, "valid") == 0) {
        *padding = 0;
        return WEFT_OK;
    }
    int64_t pixels = 0;
    if (weft_parse_int(text, &pixels)) return parse_whole(field, text, padding);
    return weft_fail(WEFT_ERR_FORMAT, "%s=%.40s: same, valid or a number of pixels is wanted",
                     field->name, text);
}

typedef weft_status field_parser(const weft_field *field, const char *text, void *out);
static field_parser *const parsers[] = {
    [WEFT_FIELD_INT] = parse_int_field,     [WEFT_FIELD_FLOAT] = parse_float_field,
    [WEFT_FIELD_BOOL] = parse_bool_field,   [WEFT_FIELD_PAIR] = parse_pair_field,
    [WEFT_FIELD_SHAPE] = parse_shape_field, [WEFT_FIELD_PADDING] = parse_padding_field,
};

static weft_status set_field(const weft_field *field, void *config, const char *text)
{
    return parsers[field->type](field, text, (char *)config + field->offset);
}

void weft_fields_default(const weft_field *fields, void *config)
{
    for (const weft_field *f = fields; f->name; f++) {
        if (f->default_value) (void)set_field(f, config, f->default_value);
    }
}

static weft_status unknown_key(const weft_field *fields, const char *key)
{
    enum { MOST = 16 };
    const char *names[MOST + 3] = {"name", "from"};
    int count = 2;
    for (const weft_field *f = fields; f->name && count < MOST + 2; f++)
        names[count++] = f->name;
    const char *near = weft_nearest(key, names);
    if (near) {
        return weft_fail(WEFT_ERR_FORMAT, "unknown key '%.40s'; did you mean '%s'?", key, near);
    }
    return weft_fail(WEFT_ERR_FORMAT, "unknown key '%.40s'; `weft layers` lists the keys", key);
}

weft_status weft_fields_set(const weft_field *fields, void *config, const char *key,
                            const char *value)
{
    for (const weft_field *f = fields; f->name; f++) {
        if (strcmp(f->name, key) == 0) return set_field(f, config, value);
    }
    return unknown_key(fields, key);
}
