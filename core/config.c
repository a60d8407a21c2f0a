/* Training options to and from JSON by one table. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/config.h"
#include "core/number.h"

typedef weft_train_options options;

typedef enum field_type {
    COUNT,    /* int64_t */
    SWITCHED, /* int64_t: 0 in the file is WEFT_NONE, 0 in memory is a default and left out */
    SEED,     /* uint64_t: a string above the range of JSON integers */
    REAL,     /* float */
    FLAG,     /* bool */
    TEXT,     /* const char *, null for none */
    BETAS,
    OPTIMIZER,
    SCHEDULE,
    LOSS,
    AUGMENT,
    NORMALIZE
} field_type;

typedef struct field {
    const char *key;
    field_type type;
    size_t offset;
    bool result; /* it changes what is computed */
} field;

#define AT(member) offsetof(weft_train_options, member)

static const field FIELDS[] = {
    {"epochs", COUNT, AT(epochs), true},
    {"batch_size", COUNT, AT(batch_size), true},
    {"optimizer", OPTIMIZER, AT(optimizer.kind), true},
    {"lr", REAL, AT(optimizer.lr), true},
    {"betas", BETAS, AT(optimizer.beta1), true},
    {"eps", REAL, AT(optimizer.eps), true},
    {"momentum", REAL, AT(optimizer.momentum), true},
    {"nesterov", FLAG, AT(optimizer.nesterov), true},
    {"weight_decay", REAL, AT(optimizer.weight_decay), true},
    {"schedule", SCHEDULE, AT(schedule), true},
    {"loss", LOSS, AT(loss), true},
    {"label_smoothing", REAL, AT(label_smoothing), true},
    {"augment", AUGMENT, AT(augment), true},
    {"no_shuffle", FLAG, AT(no_shuffle), true},
    {"no_fusion", FLAG, AT(no_fusion), true},
    {"seed", SEED, AT(seed), true},
    {"val_count", SWITCHED, AT(val_count), true},
    {"limit", COUNT, AT(limit), true},
    {"max_steps", COUNT, AT(max_steps), true},
    {"patience", COUNT, AT(patience), true},
    {"freeze", TEXT, AT(freeze), true},
    {"log_every", SWITCHED, AT(log_every), false},
    {"save_every", COUNT, AT(save_every), false},
    {"normalize", NORMALIZE, AT(normalize), false}, /* checkpoints hold it in a key of its own */
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof FIELDS[0] };

/* ---- writing ---- */

double weft_config_real(float value)
{
    char text[WEFT_NUMBER_TEXT];
    double back = (double)value;
    for (int digits = 6; digits <= 9; digits++)
        if (weft_parse_double(weft_format((double)value, digits, text), &back) &&
            (float)back == value)
            return back;
    return (double)value;
}

static json_t *real_json(float value)
{
    return json_real(weft_config_real(value));
}

static json_t *seed_json(uint64_t seed)
{
    char text[24];
    if (seed <= INT64_MAX) return json_integer((json_int_t)seed);
    int at = (int)sizeof text - 1;
    text[at] = '\0';
    for (; seed > 0; seed /= 10)
        text[--at] = (char)('0' + seed % 10);
    return json_string(text + at);
}

static json_t *reals_json(const float *values, int32_t count)
{
    json_t *list = json_array();
    for (int32_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, real_json(values[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *normalize_json(const weft_normalize *norm)
{
    return json_pack("{s:o,s:o}", "mean", reals_json(norm->mean, norm->channels), "std",
                     reals_json(norm->std, norm->channels));
}

static json_t *value_json(const field *f, const options *o)
{
    const char *at = (const char *)o + f->offset;
    char text[WEFT_AUGMENT_TEXT];
    switch (f->type) {
    case COUNT:
        return json_integer((json_int_t) * (const int64_t *)(const void *)at);
    case SWITCHED: {
        const int64_t value = *(const int64_t *)(const void *)at;
        return json_integer(value == WEFT_NONE ? 0 : (json_int_t)value);
    }
    case SEED:
        return seed_json(o->seed);
    case REAL:
        return real_json(*(const float *)(const void *)at);
    case FLAG:
        return json_boolean(*(const bool *)(const void *)at);
    case TEXT:
        return o->freeze ? json_string(o->freeze) : json_null();
    case BETAS:
        return reals_json((float[]){o->optimizer.beta1, o->optimizer.beta2}, 2);
    case OPTIMIZER:
        return json_string(weft_optimizer_name(o->optimizer.kind));
    case SCHEDULE:
        return json_string(weft_schedule_name(o->schedule));
    case LOSS:
        return json_string(weft_loss_name(o->loss));
    case AUGMENT:
        return json_string(weft_augment_print(&o->augment, text));
    case NORMALIZE:
        return normalize_json(&o->normalize);
    }
    return NULL;
}

/* Not decided yet: the reader will decide anew. */
static bool is_open(const field *f, const options *o)
{
    if (f->type == NORMALIZE) return o->normalize.channels < 1;
    return f->type == SWITCHED &&
           *(const int64_t *)(const void *)((const char *)o + f->offset) == 0;
}

static weft_status write_fields(const options *o, bool results_only, json_t *object)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        const field *f = &FIELDS[i];
        if ((results_only && !f->result) || is_open(f, o)) continue;
        if (json_object_set_new(object, f->key, value_json(f, o)) != 0)
            return weft_fail(WEFT_ERR_MEMORY, "no memory to write the option %s", f->key);
    }
    return WEFT_OK;
}

weft_status weft_config_write(const weft_train_options *o, json_t *object)
{
    return write_fields(o, false, object);
}

weft_status weft_config_write_results(const weft_train_options *o, json_t *object)
{
    return write_fields(o, true, object);
}

/* ---- reading ---- */

static weft_status wants(const char *key, const char *what)
{
    return weft_fail(WEFT_ERR_FORMAT, "config: \"%s\" wants %s", key, what);
}

static weft_status read_real(const char *key, const json_t *value, float *out)
{
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(fabs(number) <= (double)FLT_MAX)) return wants(key, "a number");
    *out = (float)number;
    return WEFT_OK;
}

static weft_status read_reals(const char *key, const json_t *list, float *out, size_t low,
                              size_t high)
{
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count < low || count > high) return wants(key, "a list of numbers");
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(read_real(key, json_array_get(list, i), &out[i]));
    return WEFT_OK;
}

static weft_status read_seed(const json_t *value, uint64_t *out)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return WEFT_OK;
    }
    const char *text = json_string_value(value);
    uint64_t seed = 0;
    for (; text && *text >= '0' && *text <= '9'; text++) {
        const uint64_t digit = (uint64_t)(*text - '0');
        if (seed > (UINT64_MAX - digit) / 10) break;
        seed = seed * 10 + digit;
    }
    if (!text || *text) return wants("seed", "a whole number below 2^64");
    *out = seed;
    return WEFT_OK;
}

static weft_status read_normalize(const char *key, const json_t *value, options *o)
{
    weft_normalize norm = {0};
    const json_t *mean = json_object_get(value, "mean"), *std = json_object_get(value, "std");
    WEFT_TRY(read_reals(key, mean, norm.mean, 1, WEFT_MAX_CHANNELS));
    WEFT_TRY(read_reals(key, std, norm.std, json_array_size(mean), json_array_size(mean)));
    norm.channels = (int32_t)json_array_size(mean);
    o->normalize = norm;
    o->fixed_normalize = true;
    return WEFT_OK;
}

static weft_status read_count(const field *f, const json_t *value, int64_t *out)
{
    if (!json_is_integer(value)) return wants(f->key, "a whole number");
    *out = (int64_t)json_integer_value(value);
    if (f->type == SWITCHED && *out == 0) *out = WEFT_NONE;
    return WEFT_OK;
}

static weft_status read_text(const char *key, const json_t *value, const char **out)
{
    if (!json_is_null(value) && !json_is_string(value)) return wants(key, "a text");
    *out = json_string_value(value);
    return WEFT_OK;
}

/* Values that are words. */
static weft_status read_word(const field *f, const json_t *value, options *o)
{
    const char *text = json_string_value(value);
    if (!text) return wants(f->key, "a text");
    if (f->type == OPTIMIZER) return weft_optimizer_parse(text, &o->optimizer.kind);
    if (f->type == SCHEDULE) return weft_schedule_parse(text, &o->schedule);
    if (f->type == LOSS) return weft_loss_parse(text, &o->loss);
    return weft_augment_parse(text, &o->augment);
}

static weft_status read_value(const field *f, const json_t *value, options *o)
{
    char *at = (char *)o + f->offset;
    switch (f->type) {
    case COUNT:
    case SWITCHED:
        return read_count(f, value, (int64_t *)(void *)at);
    case SEED:
        return read_seed(value, &o->seed);
    case REAL:
        return read_real(f->key, value, (float *)(void *)at);
    case FLAG:
        if (!json_is_boolean(value)) return wants(f->key, "true or false");
        *(bool *)(void *)at = json_is_true(value);
        return WEFT_OK;
    case TEXT:
        return read_text(f->key, value, (const char **)(void *)at);
    case BETAS: {
        float betas[2] = {0};
        WEFT_TRY(read_reals(f->key, value, betas, 2, 2));
        o->optimizer.beta1 = betas[0];
        o->optimizer.beta2 = betas[1];
        return WEFT_OK;
    }
    case NORMALIZE:
        return read_normalize(f->key, value, o);
    case OPTIMIZER:
    case SCHEDULE:
    case LOSS:
    case AUGMENT:
        break;
    }
    const weft_status status = read_word(f, value, o);
    return status == WEFT_OK ? WEFT_OK : weft_fail_in(WEFT_ERR_FORMAT, "config: \"%s\"", f->key);
}

weft_status weft_config_read(const json_t *object, weft_train_options *out)
{
    if (!json_is_object(object)) return weft_fail(WEFT_ERR_FORMAT, "config: not a JSON object");
    weft_train_options o = *out;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const json_t *value = json_object_get(object, FIELDS[i].key);
        if (value) WEFT_TRY(read_value(&FIELDS[i], value, &o));
    }
    *out = o;
    return WEFT_OK;
}
