#include "tests/onnx_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/onnx_tensor.h"

/* Numbers of fields in onnx.proto. */
enum { MODEL_GRAPH = 7, MODEL_OPSET = 8, OPSET_VERSION = 2 };
enum { GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11 };
enum { NODE_INPUT = 1, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_S = 4, ATTRIBUTE_INTS = 8 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1 };
enum { MOST_BYTES = 1 << 26 };

static weft_status full(const char *what)
{
    return weft_fail(WEFT_ERR_FORMAT, "more %s than a case may have", what);
}

static weft_status damaged(const char *what)
{
    return weft_fail(WEFT_ERR_FORMAT, "damaged %s", what);
}

/* ---- files ---- */

static weft_status read_file(const char *path, unsigned char **out, onnx_bytes *bytes)
{
    FILE *file = fopen(path, "rb");
    *out = NULL;
    if (!file) return weft_fail(WEFT_ERR_IO, "%s: cannot be opened", path);
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    rewind(file);
    if (size >= 0 && size <= MOST_BYTES) *out = malloc((size_t)size + 1);
    const bool whole = *out && fread(*out, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    *bytes = (onnx_bytes){*out, (size_t)size};
    return whole ? WEFT_OK : weft_fail(WEFT_ERR_IO, "%s: cannot be read", path);
}

/* ---- the model ---- */

static weft_status add_int(onnx_attribute *a, uint64_t value)
{
    if (a->int_count == ONNX_MAX_INTS) return full("numbers in an attribute");
    a->ints[a->int_count++] = (int64_t)value;
    return WEFT_OK;
}

static weft_status add_ints(onnx_attribute *a, onnx_field *field)
{
    if (field->wire == ONNX_VARINT) return add_int(a, field->value);
    for (uint64_t value = 0; onnx_next_varint(&field->bytes, &value);)
        WEFT_TRY(add_int(a, value));
    return field->bytes.at ? WEFT_OK : damaged("attribute");
}

static weft_status read_attribute(onnx_bytes message, onnx_case *c)
{
    if (c->attribute_count == ONNX_MAX_ATTRIBUTES) return full("attributes");
    onnx_attribute *a = &c->attribute[c->attribute_count++];
    for (onnx_field field; onnx_next(&message, &field);) {
        const uint32_t low = (uint32_t)field.value;
        if (field.number == ATTRIBUTE_NAME) onnx_text_of(&field, a->name, sizeof a->name);
        if (field.number == ATTRIBUTE_F) memcpy(&a->f, &low, sizeof a->f);
        if (field.number == ATTRIBUTE_I) a->i = (int64_t)field.value;
        if (field.number == ATTRIBUTE_S) onnx_text_of(&field, a->text, sizeof a->text);
        if (field.number == ATTRIBUTE_INTS) WEFT_TRY(add_ints(a, &field));
    }
    return message.at ? WEFT_OK : damaged("attribute");
}

static void add_op(onnx_case *c, const onnx_field *field)
{
    char name[ONNX_NAME];
    onnx_text_of(field, name, sizeof name);
    const size_t used = strlen(c->ops);
    (void)snprintf(c->ops + used, sizeof c->ops - used, "%s%s", used ? " " : "", name);
}

static weft_status read_op(onnx_bytes node, onnx_case *c)
{
    for (onnx_field field; onnx_next(&node, &field);)
        if (field.number == NODE_OP) add_op(c, &field);
    return node.at ? WEFT_OK : damaged("node");
}

static weft_status read_node(onnx_bytes node, onnx_case *c)
{
    for (onnx_field field; onnx_next(&node, &field);) {
        if (field.number == NODE_ATTRIBUTE) WEFT_TRY(read_attribute(field.bytes, c));
        if (field.number != NODE_INPUT) continue;
        if (c->in_count == ONNX_MAX_TENSORS) return full("inputs");
        onnx_text_of(&field, c->in[c->in_count++], ONNX_NAME);
    }
    return node.at ? WEFT_OK : damaged("node");
}

/* The inputs and attributes of the first node. */
static weft_status read_first_node(onnx_bytes graph, onnx_case *c)
{
    for (onnx_field field; onnx_next(&graph, &field);)
        if (field.number == GRAPH_NODE) return read_node(field.bytes, c);
    return damaged("graph");
}

static weft_status next_given(onnx_case *c, onnx_tensor **out)
{
    if (c->given_count == ONNX_MAX_TENSORS) return full("tensors");
    *out = &c->given[c->given_count++];
    return WEFT_OK;
}

static bool is_given(const onnx_case *c, const char *name)
{
    for (int i = 0; i < c->given_count; i++)
        if (strcmp(c->given[i].name, name) == 0) return true;
    return false;
}

static weft_status check_type(onnx_bytes type, onnx_case *c)
{
    for (onnx_field field; onnx_next(&type, &field);)
        if (field.number != TYPE_TENSOR) c->not_tensors = true;
    return type.at ? WEFT_OK : damaged("type");
}

/* An input that is no initializer gets its place among the given tensors, and its name. */
static weft_status read_input(onnx_bytes message, onnx_case *c)
{
    onnx_tensor *tensor = NULL;
    char name[ONNX_NAME] = "";
    for (onnx_field field; onnx_next(&message, &field);) {
        if (field.number == VALUE_NAME) onnx_text_of(&field, name, sizeof name);
        if (field.number == VALUE_TYPE) WEFT_TRY(check_type(field.bytes, c));
    }
    if (!message.at) return damaged("input");
    if (is_given(c, name)) return WEFT_OK;
    WEFT_TRY(next_given(c, &tensor));
    memcpy(tensor->name, name, sizeof name);
    return WEFT_OK;
}

/* One kind of field of the graph at a time: initializers must be known before inputs. */
static weft_status read_graph(onnx_bytes message, uint64_t kind, onnx_case *c)
{
    onnx_tensor *tensor = NULL;
    for (onnx_field field; onnx_next(&message, &field);) {
        if (field.number != kind) continue;
        if (kind == GRAPH_NODE) WEFT_TRY(read_op(field.bytes, c));
        if (kind == GRAPH_INPUT) WEFT_TRY(read_input(field.bytes, c));
        if (kind != GRAPH_INITIALIZER) continue;
        WEFT_TRY(next_given(c, &tensor));
        WEFT_TRY(onnx_tensor_read(field.bytes, tensor));
    }
    return message.at ? WEFT_OK : damaged("graph");
}

static weft_status read_opset(onnx_bytes message, onnx_case *c)
{
    for (onnx_field field; onnx_next(&message, &field);)
        if (field.number == OPSET_VERSION) c->opset = (int64_t)field.value;
    return message.at ? WEFT_OK : damaged("version");
}

static weft_status read_model(onnx_bytes message, bool ops_only, onnx_case *c)
{
    for (onnx_field field; onnx_next(&message, &field);) {
        if (field.number == MODEL_OPSET) WEFT_TRY(read_opset(field.bytes, c));
        if (field.number != MODEL_GRAPH) continue;
        WEFT_TRY(read_graph(field.bytes, GRAPH_NODE, c));
        if (ops_only) continue;
        WEFT_TRY(read_first_node(field.bytes, c));
        WEFT_TRY(read_graph(field.bytes, GRAPH_INITIALIZER, c));
        WEFT_TRY(read_graph(field.bytes, GRAPH_INPUT, c));
    }
    return message.at ? WEFT_OK : damaged("model");
}

static weft_status read_folder(const char *folder, bool ops_only, onnx_case *out)
{
    char path[ONNX_PATH];
    unsigned char *memory = NULL;
    onnx_bytes bytes;
    *out = (onnx_case){.opset = 0};
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    weft_status status = read_file(path, &memory, &bytes);
    if (status == WEFT_OK) status = read_model(bytes, ops_only, out);
    if (status != WEFT_OK) status = weft_fail_in(status, "%s", folder);
    free(memory);
    return status;
}

weft_status onnx_ops_read(const char *folder, onnx_case *out)
{
    return read_folder(folder, true, out);
}

/* ---- inputs and outputs ---- */

static weft_status read_tensor(const char *folder, const char *side, int index, onnx_tensor *out)
{
    char path[ONNX_PATH];
    unsigned char *memory = NULL;
    onnx_bytes bytes;
    (void)snprintf(path, sizeof path, "%s/test_data_set_0/%s_%d.pb", folder, side, index);
    weft_status status = read_file(path, &memory, &bytes);
    if (status == WEFT_OK) status = onnx_tensor_read(bytes, out);
    free(memory);
    return status;
}

static bool has_output(const char *folder, int index)
{
    char path[ONNX_PATH];
    (void)snprintf(path, sizeof path, "%s/test_data_set_0/output_%d.pb", folder, index);
    FILE *file = fopen(path, "rb");
    if (file) fclose(file);
    return file != NULL;
}

/* The files are numbered as the inputs of the graph that are no initializers. */
static weft_status read_inputs(const char *folder, onnx_case *c)
{
    int index = 0;
    for (int i = 0; i < c->given_count; i++) {
        if (c->given[i].value) continue;
        char name[ONNX_NAME];
        memcpy(name, c->given[i].name, sizeof name);
        WEFT_TRY(read_tensor(folder, "input", index++, &c->given[i]));
        memcpy(c->given[i].name, name, sizeof name);
    }
    return WEFT_OK;
}

weft_status onnx_case_read(const char *folder, onnx_case *out)
{
    WEFT_TRY(read_folder(folder, false, out));
    if (out->not_tensors) return WEFT_OK;
    WEFT_TRY(read_inputs(folder, out));
    while (has_output(folder, out->out_count)) {
        if (out->out_count == ONNX_MAX_TENSORS) return full("outputs");
        const int index = out->out_count++;
        WEFT_TRY(read_tensor(folder, "output", index, &out->out[index]));
    }
    return out->out_count > 0 ? WEFT_OK : weft_fail(WEFT_ERR_IO, "%s: has no outputs", folder);
}

void onnx_case_free(onnx_case *c)
{
    for (int i = 0; i < ONNX_MAX_TENSORS; i++) {
        free(c->given[i].value);
        free(c->out[i].value);
    }
    *c = (onnx_case){.opset = 0};
}

/* ---- what the first node has ---- */

const onnx_tensor *onnx_case_in(const onnx_case *c, int index)
{
    if (index >= c->in_count) return NULL;
    for (int i = 0; i < c->given_count; i++)
        if (strcmp(c->given[i].name, c->in[index]) == 0) return &c->given[i];
    return NULL;
}

static const onnx_attribute *attribute(const onnx_case *c, const char *name)
{
    for (int i = 0; i < c->attribute_count; i++)
        if (strcmp(c->attribute[i].name, name) == 0) return &c->attribute[i];
    return NULL;
}

int64_t onnx_case_int(const onnx_case *c, const char *name, int64_t otherwise)
{
    const onnx_attribute *a = attribute(c, name);
    return a ? a->i : otherwise;
}

float onnx_case_float(const onnx_case *c, const char *name, float otherwise)
{
    const onnx_attribute *a = attribute(c, name);
    return a ? a->f : otherwise;
}

const char *onnx_case_text(const onnx_case *c, const char *name, const char *otherwise)
{
    const onnx_attribute *a = attribute(c, name);
    return a ? a->text : otherwise;
}

int onnx_case_ints(const onnx_case *c, const char *name, int64_t list[ONNX_MAX_INTS])
{
    const onnx_attribute *a = attribute(c, name);
    if (!a) return 0;
    memcpy(list, a->ints, sizeof a->ints);
    return a->int_count;
}
