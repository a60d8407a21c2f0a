#include "core/graph.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/number.h"
#include "core/posix.h"

struct weft_graph {
    char *text;
    weft_node *node;
    int32_t count, capacity;
    int64_t parameters;
};

/* Where the parser stands: a copy of the text that it cuts into words. */
typedef struct parser {
    weft_graph *graph;
    const char *file;
    int32_t line;
    weft_node *node; /* the line being read */
    bool named;
    char from[512];
} parser;

static weft_status fail_here(const parser *p, weft_status status)
{
    return weft_fail_in(status, "%s:%d", p->file, p->line);
}

static void free_node(weft_node *node)
{
    free(node->config);
}

void weft_graph_free(weft_graph *graph)
{
    if (!graph) return;
    for (int32_t i = 0; i < graph->count; i++)
        free_node(&graph->node[i]);
    free(graph->node);
    free(graph->text);
    free(graph);
}

int32_t weft_graph_find(const weft_graph *graph, const char *name)
{
    for (int32_t i = 0; i < graph->count; i++) {
        if (strcmp(graph->node[i].name, name) == 0) return i;
    }
    return -1;
}

/* ---- one line: words ---- */

static weft_status unknown_layer(const char *word)
{
    const char *names[64] = {NULL};
    for (int i = 0; i < 63 && weft_layer_at(i); i++)
        names[i] = weft_layer_at(i)->name;
    const char *near = weft_nearest(word, names);
    if (near) {
        return weft_fail(WEFT_ERR_FORMAT, "unknown layer '%.40s'; did you mean '%s'?", word, near);
    }
    return weft_fail(WEFT_ERR_FORMAT, "unknown layer '%.40s'; `weft layers` lists them", word);
}

static weft_status start_node(parser *p, const char *type)
{
    const weft_layer_def *def = weft_layer_find(type);
    if (!def) return unknown_layer(type);

    weft_node *node = p->node;
    *node = (weft_node){.def = def, .text_line = p->line};
    node->config = calloc(1, def->config_bytes ? def->config_bytes : 1);
    if (!node->config) return weft_fail(WEFT_ERR_MEMORY, "no memory for layer %s", type);
    weft_fields_default(def->fields, node->config);
    p->named = false;
    p->from[0] = '\0';
    return WEFT_OK;
}

static bool name_is_valid(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_') return false;
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_') return false;
    }
    return strcmp(name, "optim") != 0;
}

static weft_status set_name(parser *p, const char *value)
{
    if (strlen(value) >= WEFT_LAYER_NAME_MAX || !name_is_valid(value)) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "name=%.40s: letters, digits and _ are wanted, not a digit first, at most "
                         "%d, and not 'optim'",
                         value, WEFT_LAYER_NAME_MAX - 1);
    }
    memcpy(p->node->name, value, strlen(value) + 1);
    p->named = true;
    return WEFT_OK;
}

static weft_status set_key(parser *p, char *word, uint64_t *seen)
{
    char *equals = strchr(word, '=');
    if (!equals || equals == word || equals[1] == '\0') {
        return weft_fail(WEFT_ERR_FORMAT, "'%.40s': key=value is wanted", word);
    }
    *equals = '\0';
    const char *value = equals + 1;

    const weft_field *fields = p->node->def->fields;
    int bit = strcmp(word, "name") == 0 ? 0 : strcmp(word, "from") == 0 ? 1 : 2;
    if (bit == 2) {
        while (fields[bit - 2].name && strcmp(fields[bit - 2].name, word) != 0)
            bit++;
    }
    if (*seen >> bit & 1) return weft_fail(WEFT_ERR_FORMAT, "key '%.40s' is given twice", word);
    *seen |= (uint64_t)1 << bit;

    if (bit == 0) return set_name(p, value);
    if (bit > 1) return weft_fields_set(fields, p->node->config, word, value);
    if (strlen(value) >= sizeof p->from) return weft_fail(WEFT_ERR_FORMAT, "from= is too long");
    memcpy(p->from, value, strlen(value) + 1);
    return WEFT_OK;
}

static weft_status check_given(const weft_node *node, uint64_t seen)
{
    for (int i = 0; node->def->fields[i].name; i++) {
        const weft_field *field = &node->def->fields[i];
        if (!field->default_value && !(seen >> (i + 2) & 1)) {
            return weft_fail(WEFT_ERR_FORMAT, "%s: %s= is missing (%s)", node->def->name,
                             field->name, field->help);
        }
    }
    return WEFT_OK;
}

/* ---- one line: its place in the graph ---- */

static weft_status default_name(parser *p)
{
    int32_t number = 1;
    for (int32_t i = 0; i < p->graph->count; i++) {
        number += p->graph->node[i].def == p->node->def;
    }
    snprintf(p->node->name, sizeof p->node->name, "%s%d", p->node->def->name, number);
    return WEFT_OK;
}

static weft_status check_name(parser *p)
{
    const int32_t twin = weft_graph_find(p->graph, p->node->name);
    if (twin < 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "the name '%s' is taken by line %d", p->node->name,
                     p->graph->node[twin].text_line);
}

static weft_status unknown_from(const parser *p, const char *name)
{
    const char *names[WEFT_LAYERS_MAX + 1];
    for (int32_t i = 0; i < p->graph->count; i++)
        names[i] = p->graph->node[i].name;
    names[p->graph->count] = NULL;
    const char *near = weft_nearest(name, names);
    if (near) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "from=%.40s: no layer above has this name; did you mean '%s'?", name,
                         near);
    }
    return weft_fail(WEFT_ERR_FORMAT, "from=%.40s: no layer above has this name", name);
}

static weft_status connect_named(parser *p)
{
    char *at = p->from;
    for (bool more = true; more;) {
        const size_t length = strcspn(at, ",");
        more = at[length] == ',';
        at[length] = '\0';
        if (p->node->input_count == WEFT_LAYER_MAX_IN) {
            return weft_fail(WEFT_ERR_FORMAT, "from= names more than %d layers", WEFT_LAYER_MAX_IN);
        }
        const int32_t input = weft_graph_find(p->graph, at);
        if (input < 0) return unknown_from(p, at);
        p->node->input[p->node->input_count++] = input;
        at += length + 1;
    }
    return WEFT_OK;
}

static weft_status connect(parser *p)
{
    weft_node *node = p->node;
    const weft_layer_def *def = node->def;
    if (p->graph->count == 0 && def->input_max > 0) {
        return weft_fail(WEFT_ERR_FORMAT, "the first layer must be 'input', not '%s'", def->name);
    }
    if (p->graph->count > 0 && def->input_max == 0) {
        return weft_fail(WEFT_ERR_FORMAT, "a network has one input; this is a second");
    }
    if (p->from[0]) {
        WEFT_TRY(connect_named(p));
    } else if (def->input_max > 0) {
        node->input[node->input_count++] = p->graph->count - 1;
    }
    if (node->input_count >= def->input_min && node->input_count <= def->input_max) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s takes %d to %d inputs, not %d (from=a,b names them)",
                     def->name, def->input_min, def->input_max, node->input_count);
}

static weft_status infer(parser *p)
{
    weft_node *node = p->node;
    weft_feature in[WEFT_LAYER_MAX_IN];
    for (int i = 0; i < node->input_count; i++) {
        in[i] = p->graph->node[node->input[i]].needs.out;
    }
    const weft_status status = node->def->plan(node->config, in, node->input_count, &node->needs);
    if (status != WEFT_OK) return weft_fail_in(status, "%s", node->name);

    int64_t count = 0;
    WEFT_TRY(weft_shape_check(node->needs.out.shape, &count));
    for (int i = 0; i < node->needs.weight_count; i++) {
        WEFT_TRY(weft_shape_check(node->needs.weight[i].shape, &count));
        p->graph->parameters += count;
    }
    return WEFT_OK;
}

static weft_status finish_node(parser *p)
{
    if (!p->named) WEFT_TRY(default_name(p));
    WEFT_TRY(check_name(p));
    WEFT_TRY(connect(p));
    return infer(p);
}

/* ---- the whole text ---- */

static weft_status grow(weft_graph *graph)
{
    if (graph->count < graph->capacity) return WEFT_OK;
    if (graph->count == WEFT_LAYERS_MAX) {
        return weft_fail(WEFT_ERR_FORMAT, "more than %d layers", WEFT_LAYERS_MAX);
    }
    const int32_t capacity = graph->capacity ? 2 * graph->capacity : 32;
    weft_node *node = realloc(graph->node, (size_t)capacity * sizeof *node);
    if (!node) return weft_fail(WEFT_ERR_MEMORY, "no memory for %d layers", capacity);
    graph->node = node;
    graph->capacity = capacity;
    return WEFT_OK;
}

static weft_status parse_words(parser *p, char *line)
{
    static const char space[] = " \t\r\f\v";
    uint64_t seen = 0;
    char *word = line + strspn(line, space);
    for (bool first = true; *word; first = false) {
        const size_t length = strcspn(word, space);
        char *next = word + length;
        if (*next) *next++ = '\0';
        WEFT_TRY(first ? start_node(p, word) : set_key(p, word, &seen));
        word = next + strspn(next, space);
    }
    assert(p->node->def); /* the line has a first word */
    WEFT_TRY(check_given(p->node, seen));
    return finish_node(p);
}

static weft_status parse_line(parser *p, char *line)
{
    line[strcspn(line, "#")] = '\0';
    if (line[strspn(line, " \t\r\f\v")] == '\0') return WEFT_OK;

    weft_status status = grow(p->graph);
    if (status != WEFT_OK) return fail_here(p, status);
    weft_node node = {0};
    /* cppcheck-suppress autoVariables ; nobody looks at p->node between two lines */
    p->node = &node;
    status = parse_words(p, line);
    if (status != WEFT_OK) {
        free_node(&node);
        return fail_here(p, status);
    }
    p->graph->node[p->graph->count++] = node;
    return WEFT_OK;
}

static weft_status check_text(const char *text, size_t length, const char *file)
{
    if (length > WEFT_NETWORK_TEXT_MAX) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: %zu bytes are too many for a network text (limit %d)", file, length,
                         WEFT_NETWORK_TEXT_MAX);
    }
    int32_t line = 1;
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        line += c == '\n';
        if (c < 32 && !isspace(c)) {
            return weft_fail(WEFT_ERR_FORMAT, "%s:%d: byte %u: this is not a network text", file,
                             line, c);
        }
    }
    return WEFT_OK;
}

/* Every layer but the last must feed another one; the last gives the output. */
static weft_status check_used(const weft_graph *graph, const char *file)
{
    for (int32_t i = 0; i + 1 < graph->count; i++) {
        bool used = false;
        for (int32_t j = i + 1; j < graph->count && !used; j++) {
            for (int k = 0; k < graph->node[j].input_count; k++) {
                used = used || graph->node[j].input[k] == i;
            }
        }
        if (!used) {
            return weft_fail(WEFT_ERR_FORMAT, "%s:%d: the output of '%s' is used by no layer", file,
                             graph->node[i].text_line, graph->node[i].name);
        }
    }
    return WEFT_OK;
}

static weft_status check_output(const weft_graph *graph, const char *file)
{
    if (graph->count == 0) return weft_fail(WEFT_ERR_FORMAT, "%s: no layer in it", file);
    const weft_node *last = &graph->node[graph->count - 1];
    if (last->needs.out.shape.rank == 1) return check_used(graph, file);
    char text[WEFT_SHAPE_TEXT];
    return weft_fail(WEFT_ERR_SHAPE,
                     "%s:%d: the last layer '%s' gives %s; a row of numbers is wanted (flatten, "
                     "dense)",
                     file, last->text_line, last->name,
                     weft_shape_print(last->needs.out.shape, text));
}

static weft_status parse_lines(parser *p, char *text)
{
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        p->line++;
        WEFT_TRY(parse_line(p, line));
        line = end ? end + 1 : NULL;
    }
    return check_output(p->graph, p->file);
}

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

weft_status weft_graph_parse(const char *text, size_t length, const char *file, weft_graph **out)
{
    *out = NULL;
    WEFT_TRY(check_text(text, length, file));

    weft_status status = WEFT_ERR_MEMORY;
    char *words = copy_text(text, length);
    weft_graph *graph = calloc(1, sizeof *graph);
    if (graph) graph->text = copy_text(text, length);
    if (!words || !graph || !graph->text) {
        status = weft_fail(WEFT_ERR_MEMORY, "no memory for the network %s", file);
        goto done;
    }
    parser p = {.graph = graph, .file = file};
    status = parse_lines(&p, words);
    if (status != WEFT_OK) goto done;
    *out = graph;
    graph = NULL;
done:
    weft_graph_free(graph);
    free(words);
    return status;
}

weft_status weft_graph_load(const char *path, weft_graph **out)
{
    char *text = NULL;
    size_t length = 0;
    *out = NULL;
    WEFT_TRY(weft_read_file(path, WEFT_NETWORK_TEXT_MAX, &text, &length));
    const weft_status status = weft_graph_parse(text, length, path, out);
    free(text);
    return status;
}

int32_t weft_graph_count(const weft_graph *graph)
{
    return graph->count;
}

const weft_node *weft_graph_node(const weft_graph *graph, int32_t index)
{
    return index >= 0 && index < graph->count ? &graph->node[index] : NULL;
}

weft_shape weft_graph_input(const weft_graph *graph)
{
    return graph->node[0].needs.out.shape;
}

weft_shape weft_graph_output(const weft_graph *graph)
{
    return graph->node[graph->count - 1].needs.out.shape;
}

const char *weft_graph_text(const weft_graph *graph)
{
    return graph->text;
}

int64_t weft_graph_parameters(const weft_graph *graph)
{
    return graph->parameters;
}
