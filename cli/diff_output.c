#include "cli/diff_output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/output.h"
#include "core/number.h"

enum {
    INDEX_TEXT = 192,
    DIGITS = 3,
    VALUE_DIGITS = 9,
    KEY_WIDTH = 24,
    NAME_WIDTH = 30,
    VALUE_WIDTH = 42
};

static const char *const STATES[] = {
    [WEFT_DIFF_EQUAL] = "equal",   [WEFT_DIFF_VALUES] = "values", [WEFT_DIFF_SHAPE] = "shape",
    [WEFT_DIFF_ONLY_A] = "only_a", [WEFT_DIFF_ONLY_B] = "only_b",
};

static const weft_st_entry *entry_of(const weft_diff_tensor *t)
{
    return t->a ? t->a : t->b;
}

static bool has_figures(const weft_diff_tensor *t)
{
    return t->a && t->state == WEFT_DIFF_VALUES && strcmp(t->a->dtype, "F32") == 0;
}

/* ---- places ---- */

/* The element's place along every axis. */
static void place_of(const weft_diff_tensor *t, int64_t place[WEFT_ST_MAX_RANK])
{
    int64_t index = t->index;
    for (int i = t->a->rank - 1; i >= 0; i--) {
        place[i] = index % t->a->dim[i];
        index /= t->a->dim[i];
    }
}

/* "[3,0,1,2]" */
static const char *print_list(const int64_t *list, int count, char open, char close,
                              char text[INDEX_TEXT])
{
    int at = snprintf(text, INDEX_TEXT, "%c", open);
    for (int i = 0; i < count; i++) {
        at +=
            snprintf(text + at, (size_t)(INDEX_TEXT - at), "%s%" PRId64, i > 0 ? "," : "", list[i]);
    }
    snprintf(text + at, (size_t)(INDEX_TEXT - at), "%c", close);
    return text;
}

static const char *print_place(const weft_diff_tensor *t, char text[INDEX_TEXT])
{
    int64_t place[WEFT_ST_MAX_RANK] = {0};
    place_of(t, place);
    return print_list(place, t->a->rank, '[', ']', text);
}

static const char *print_shape(const weft_st_entry *entry, char text[INDEX_TEXT])
{
    char list[INDEX_TEXT];
    print_list(entry->dim, entry->rank, '[', ']', list);
    snprintf(text, INDEX_TEXT, "%s %.180s", entry->dtype, list);
    return text;
}

/* ---- JSON ---- */

static json_t *shape_json(const weft_st_entry *entry)
{
    json_t *list = entry ? json_array() : json_null();
    for (int i = 0; entry && i < entry->rank; i++)
        json_array_append_new(list, json_integer((json_int_t)entry->dim[i]));
    return list;
}

static json_t *place_json(const weft_diff_tensor *t)
{
    int64_t place[WEFT_ST_MAX_RANK] = {0};
    json_t *list = json_array();
    place_of(t, place);
    for (int i = 0; i < t->a->rank; i++)
        json_array_append_new(list, json_integer((json_int_t)place[i]));
    return list;
}

static json_t *tensor_json(const weft_diff_tensor *t)
{
    json_t *object =
        json_pack("{s:o,s:s,s:o,s:o,s:o,s:o}", "name", cli_json_text(entry_of(t)->name), "state",
                  STATES[t->state], "dtype_a", t->a ? json_string(t->a->dtype) : json_null(),
                  "dtype_b", t->b ? json_string(t->b->dtype) : json_null(), "shape_a",
                  shape_json(t->a), "shape_b", shape_json(t->b));
    if (t->state > WEFT_DIFF_VALUES) return object;
    json_object_set_new(object, "elements", json_integer((json_int_t)t->count));
    json_object_set_new(object, "differ", json_integer((json_int_t)t->differ));
    if (!has_figures(t)) return object;
    json_object_set_new(object, "largest", cli_json_number(t->largest));
    json_object_set_new(object, "index", place_json(t));
    json_object_set_new(object, "value_a", cli_json_number((double)t->value_a));
    json_object_set_new(object, "value_b", cli_json_number((double)t->value_b));
    json_object_set_new(object, "nan_only_a", json_integer((json_int_t)t->nan_a));
    json_object_set_new(object, "nan_only_b", json_integer((json_int_t)t->nan_b));
    json_object_set_new(object, "nmse", cli_json_number(t->nmse));
    json_object_set_new(object, "ulp", json_integer((json_int_t)t->ulp));
    return object;
}

static json_t *text_or_null(const char *text)
{
    return text ? cli_json_text(text) : json_null();
}

static json_t *pairs_json(const weft_diff_pair *pair, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:o}", "key", cli_json_text(pair[i].key), "a",
                                        text_or_null(pair[i].a), "b", text_or_null(pair[i].b)));
    return list;
}

static json_t *columns_json(const weft_diff_log *log)
{
    json_t *list = json_array();
    for (int i = 0; i < log->column_count; i++) {
        const weft_diff_column *c = &log->column[i];
        if (!(c->largest > 0)) continue;
        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:I}", "name", cli_json_text(c->name), "largest",
                                        cli_json_number(c->largest), "row", (json_int_t)c->row));
    }
    return list;
}

static json_t *log_json(const weft_diff_log *log)
{
    return json_pack("{s:s,s:b,s:b,s:I,s:I,s:I,s:I,s:o,s:o}", "file", log->name, "in_a",
                     log->in_a ? 1 : 0, "in_b", log->in_b ? 1 : 0, "rows_a",
                     (json_int_t)log->rows_a, "rows_b", (json_int_t)log->rows_b, "rows_only_a",
                     (json_int_t)log->only_a, "rows_only_b", (json_int_t)log->only_b, "first",
                     log->first >= 0 ? json_integer((json_int_t)log->first) : json_null(),
                     "columns", columns_json(log));
}

static json_t *logs_json(const weft_diff *diff)
{
    json_t *list = json_array();
    for (int i = 0; i < WEFT_DIFF_LOGS && diff->runs; i++)
        json_array_append_new(list, log_json(&diff->log[i]));
    return list;
}

static json_t *tensors_json(const weft_diff *diff)
{
    json_t *list = json_array();
    for (int i = 0; i < diff->tensor_count; i++)
        json_array_append_new(list, tensor_json(&diff->tensor[i]));
    return list;
}

json_t *cli_diff_json(const weft_diff *diff, const char *a, const char *b, double tolerance)
{
    const char *worst = diff->worst < 0 ? NULL : entry_of(&diff->tensor[diff->worst])->name;
    return json_pack("{s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "a", cli_json_text(a), "b",
                     cli_json_text(b), "equal", diff->equal ? 1 : 0, "tolerance",
                     cli_json_number(tolerance), "worst", text_or_null(worst), "checkpoint_a",
                     text_or_null(diff->path[0]), "checkpoint_b", text_or_null(diff->path[1]),
                     "config", pairs_json(diff->config, diff->config_count), "logs",
                     logs_json(diff), "metadata", pairs_json(diff->meta, diff->meta_count),
                     "tensors", tensors_json(diff));
}

/* ---- tables ---- */

/* The start of a text, which may be a whole network. */
static void put_value(const char *text)
{
    const char *shown = text ? text : "(missing)";
    const int columns = cli_columns(shown);
    cli_put_cut(stdout, shown, columns < VALUE_WIDTH ? columns : VALUE_WIDTH);
}

static void print_pairs(const char *title, const weft_diff_pair *pair, int count)
{
    if (count > 0) printf("%s\n", title);
    for (int i = 0; i < count; i++) {
        fputs("  ", stdout);
        cli_put_column(stdout, pair[i].key, KEY_WIDTH);
        putchar(' ');
        put_value(pair[i].a);
        fputs("  |  ", stdout);
        put_value(pair[i].b);
        putchar('\n');
    }
}

static void print_columns(const weft_diff_log *log)
{
    char text[WEFT_NUMBER_TEXT];
    for (int i = 0; i < log->column_count; i++) {
        const weft_diff_column *c = &log->column[i];
        if (!(c->largest > 0)) continue;
        fputs("  ", stdout);
        cli_put_column(stdout, c->name, KEY_WIDTH);
        printf(" by %s at most, in row %" PRId64 "\n", weft_format(c->largest, DIGITS, text),
               c->row);
    }
}

static void print_log(const weft_diff_log *log)
{
    if (log->in_a != log->in_b) printf("%s\n  only in %s\n", log->name, log->in_a ? "A" : "B");
    if (log->first < 0) return;
    printf("%s\n  %-*s in row %" PRId64 "; rows: %" PRId64 "  |  %" PRId64 "\n", log->name,
           KEY_WIDTH, "first difference", log->first, log->rows_a, log->rows_b);
    print_columns(log);
}

/* What there is to say of a tensor whose numbers cannot be set against each other. */
static void print_state(const weft_diff_tensor *t)
{
    char a[INDEX_TEXT], b[INDEX_TEXT];
    if (t->state == WEFT_DIFF_SHAPE)
        printf(" %s  |  %s\n", print_shape(t->a, a), print_shape(t->b, b));
    else if (t->state == WEFT_DIFF_VALUES)
        printf(" %" PRId64 " of %" PRId64 " elements of %s\n", t->differ, t->count, t->a->dtype);
    else
        printf(" only in %s: %s\n", t->a ? "A" : "B", print_shape(entry_of(t), a));
}

static void print_figures(const weft_diff_tensor *t)
{
    char differ[48], nmse[WEFT_NUMBER_TEXT], largest[WEFT_NUMBER_TEXT], place[INDEX_TEXT];
    char a[WEFT_NUMBER_TEXT], b[WEFT_NUMBER_TEXT];
    snprintf(differ, sizeof differ, "%" PRId64 "/%" PRId64, t->differ, t->count);
    printf(" %15s %9s %10" PRIu32 " %9s  %s: %s  |  %s\n", differ,
           weft_format(t->nmse, DIGITS, nmse), t->ulp, weft_format(t->largest, DIGITS, largest),
           print_place(t, place), weft_format((double)t->value_a, VALUE_DIGITS, a),
           weft_format((double)t->value_b, VALUE_DIGITS, b));
}

static void print_tensors(const weft_diff *diff)
{
    bool head = false;
    for (int i = 0; i < diff->tensor_count; i++) {
        const weft_diff_tensor *t = &diff->tensor[i];
        if (t->state == WEFT_DIFF_EQUAL) continue;
        if (!head)
            printf("%-*s %15s %9s %10s %9s  %s\n", NAME_WIDTH, "tensor", "differ", "NMSE", "ULP",
                   "largest", "where");
        head = true;
        cli_put_column(stdout, entry_of(t)->name, NAME_WIDTH);
        if (has_figures(t))
            print_figures(t);
        else
            print_state(t);
    }
}

void cli_diff_print(const weft_diff *diff)
{
    print_pairs("config.json", diff->config, diff->config_count);
    for (int i = 0; i < WEFT_DIFF_LOGS && diff->runs; i++)
        print_log(&diff->log[i]);
    print_pairs("metadata", diff->meta, diff->meta_count);
    print_tensors(diff);
}

/* ---- one line ---- */

static const char *worst_line(const weft_diff_tensor *t, char text[CLI_DIFF_TEXT])
{
    char nmse[WEFT_NUMBER_TEXT], largest[WEFT_NUMBER_TEXT], a[INDEX_TEXT], b[INDEX_TEXT];
    const char *name = entry_of(t)->name;
    if (t->state == WEFT_DIFF_SHAPE)
        snprintf(text, CLI_DIFF_TEXT, "the worst tensor is %.150s: %.150s and %.150s", name,
                 print_shape(t->a, a), print_shape(t->b, b));
    else if (t->state > WEFT_DIFF_SHAPE)
        snprintf(text, CLI_DIFF_TEXT, "the worst tensor is %.150s: it is only in %s", name,
                 t->a ? "A" : "B");
    else if (!has_figures(t))
        snprintf(text, CLI_DIFF_TEXT, "the worst tensor is %.150s: %" PRId64 " elements differ",
                 name, t->differ);
    else
        snprintf(text, CLI_DIFF_TEXT,
                 "the worst tensor is %.150s: NMSE %s, %" PRIu32 " ULP, by %s at %.150s", name,
                 weft_format(t->nmse, DIGITS, nmse), t->ulp,
                 weft_format(t->largest, DIGITS, largest), print_place(t, a));
    return text;
}

const char *cli_diff_line(const weft_diff *diff, char text[CLI_DIFF_TEXT])
{
    const bool a = diff->path[0] != NULL, b = diff->path[1] != NULL;
    int64_t elements = 0;
    for (int i = 0; i < diff->tensor_count; i++)
        elements += diff->tensor[i].count;
    if (diff->worst >= 0) return worst_line(&diff->tensor[diff->worst], text);
    if (a != b)
        snprintf(text, CLI_DIFF_TEXT, "only %s has a checkpoint", a ? "A" : "B");
    else if (!a)
        snprintf(text, CLI_DIFF_TEXT, "neither has a checkpoint");
    else
        snprintf(text, CLI_DIFF_TEXT, "%d tensors, %" PRId64 " elements%s", diff->tensor_count,
                 elements, diff->equal ? "" : " are equal, not what is beside them");
    return text;
}
