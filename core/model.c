#include "core/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/model_private.h"
#include "core/posix.h"
#include "core/rng.h"

/* ---- the table of parameters ---- */

static int32_t count_parameters(const weft_graph *graph)
{
    int32_t count = 0;
    for (int32_t n = 0; n < weft_graph_count(graph); n++) {
        const weft_layer_needs *needs = &weft_graph_node(graph, n)->needs;
        count += needs->weight_count + needs->state_count;
    }
    return count;
}

static weft_parameter describe(const weft_graph *graph, int32_t n, const weft_weight_need *need)
{
    const weft_node *node = weft_graph_node(graph, n);
    weft_parameter p = {
        .node = n,
        .shape = need->shape,
        .init = need->init,
        .fan_in = need->fan_in,
        .decay = need->decay,
    };
    snprintf(p.name, sizeof p.name, "%s.%s", node->name, need->name);
    memcpy(p.axis, need->axis, sizeof p.axis);
    const weft_feature *in = &weft_graph_node(graph, node->input[0])->needs.out;
    memcpy(p.flat_from, in->flat_from, sizeof p.flat_from);
    p.file_shape = weft_file_shape(&p);
    return p;
}

static void fill_table(weft_model *model, const char *freeze)
{
    const weft_graph *graph = model->graph;
    int32_t count = 0;
    for (int32_t n = 0; n < weft_graph_count(graph); n++) {
        const weft_node *node = weft_graph_node(graph, n);
        const bool frozen = freeze && weft_pattern_match(freeze, node->name);
        model->node_first[n] = count;
        for (int i = 0; i < node->needs.weight_count; i++) {
            weft_parameter *p = &model->parameter[count++];
            *p = describe(graph, n, &node->needs.weight[i]);
            p->frozen = frozen;
        }
        for (int i = 0; i < node->needs.state_count; i++) {
            weft_parameter *p = &model->parameter[count++];
            *p = describe(graph, n, &node->needs.state[i]);
            p->state = true;
            p->frozen = frozen;
        }
    }
}

/* Every pattern must name a layer with weights, or it is a typing error. */
static weft_status check_pattern(const weft_model *model, const char *pattern)
{
    for (int32_t i = 0; i < model->parameter_count; i++) {
        const weft_node *node = weft_graph_node(model->graph, model->parameter[i].node);
        if (weft_pattern_match(pattern, node->name)) return WEFT_OK;
    }
    return weft_fail(WEFT_ERR_USAGE, "freeze: no layer with weights is named like '%.60s'",
                     pattern);
}

static weft_status check_freeze(const weft_model *model, const char *freeze)
{
    if (!freeze) return WEFT_OK;
    char pattern[256];
    for (const char *at = freeze;;) {
        const size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof pattern) {
            return weft_fail(WEFT_ERR_USAGE, "freeze: '%.60s' is not a list of patterns", freeze);
        }
        memcpy(pattern, at, length);
        pattern[length] = '\0';
        WEFT_TRY(check_pattern(model, pattern));
        if (at[length] == '\0') return WEFT_OK;
        at += length + 1;
    }
}

/* ---- places in the arenas ---- */

typedef enum section { DECAYED, PLAIN, FROZEN, STATE } section;

static section section_of(const weft_parameter *p)
{
    if (p->state) return STATE;
    if (p->frozen) return FROZEN;
    return p->decay ? DECAYED : PLAIN;
}

static weft_status lay_section(weft_model *model, section which, int64_t *end)
{
    for (int32_t i = 0; i < model->parameter_count; i++) {
        weft_parameter *p = &model->parameter[i];
        if (section_of(p) != which) continue;
        p->offset = *end;
        if (weft_add_i64(*end, weft_shape_count(p->shape), end) ||
            weft_round_i64(*end, WEFT_ALIGN, end) || *end / WEFT_ALIGN > INT32_MAX) {
            return weft_fail(WEFT_ERR_MEMORY, "%s: the network has too many parameters", p->name);
        }
    }
    return WEFT_OK;
}

static weft_status lay_out(weft_model *model)
{
    int64_t end = 0;
    WEFT_TRY(lay_section(model, DECAYED, &end));
    model->decayed = end;
    WEFT_TRY(lay_section(model, PLAIN, &end));
    model->trained = end;
    WEFT_TRY(lay_section(model, FROZEN, &end));
    model->total = end;
    if (model->desc.optimizer && model->trained == 0) {
        return weft_fail(WEFT_ERR_USAGE, "every layer is frozen: there is nothing to train");
    }
    return lay_section(model, STATE, &model->state_total);
}

/* ---- memory ---- */

static weft_status zero_arena(weft_model *model, int64_t elements, weft_buffer **out)
{
    const weft_backend *be = model->device->backend;
    size_t bytes = 0;
    if (elements == 0) return WEFT_OK;
    if (weft_mul_size((size_t)elements, sizeof(float), &bytes)) {
        return weft_fail(WEFT_ERR_MEMORY, "the network has too many parameters");
    }
    WEFT_TRY(be->buffer_new(model->device, bytes, out));
    return be->fill(*out, 0, bytes, 0);
}

/* The elements of each arena but those of activations and scratch. */
typedef struct arena_sizes {
    int64_t parameters, states, slots, gradients, moments;
} arena_sizes;

static arena_sizes sizes_of(const weft_model *model)
{
    const int64_t trained = model->desc.optimizer ? model->trained : 0;
    return (arena_sizes){model->total, model->state_total, (int64_t)2 * WEFT_SLOTS, trained,
                         trained * weft_model_slots(model)};
}

static weft_status allocate(weft_model *model)
{
    const arena_sizes size = sizes_of(model);
    WEFT_TRY(zero_arena(model, size.parameters, &model->parameters));
    WEFT_TRY(zero_arena(model, size.states, &model->states));
    WEFT_TRY(zero_arena(model, size.slots, &model->slots));
    WEFT_TRY(zero_arena(model, size.gradients, &model->gradients));
    return zero_arena(model, size.moments, &model->moments);
}

int64_t weft_model_arena_bytes(const weft_model *model, int64_t *largest)
{
    const arena_sizes size = sizes_of(model);
    const int64_t all[] = {size.parameters, size.states, size.slots, size.gradients, size.moments};
    int64_t sum = 0;
    *largest = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const int64_t bytes = all[i] * (int64_t)sizeof(float);
        if (bytes > *largest) *largest = bytes;
        sum += bytes;
    }
    return sum;
}

static weft_status build(weft_model *model)
{
    const size_t nodes = (size_t)weft_graph_count(model->graph);
    model->parameter_count = count_parameters(model->graph);
    model->parameter = calloc((size_t)model->parameter_count + 1, sizeof *model->parameter);
    model->node_first = calloc(nodes, sizeof *model->node_first);
    if (!model->parameter || !model->node_first) {
        return weft_fail(WEFT_ERR_MEMORY, "no memory for the model's table");
    }
    fill_table(model, model->desc.freeze);
    WEFT_TRY(check_freeze(model, model->desc.freeze));
    model->desc.freeze = NULL;
    WEFT_TRY(lay_out(model));
    return model->desc.plan_only ? WEFT_OK : allocate(model);
}

static float or_default(float value, float standard)
{
    return value != 0.0f ? value : standard;
}

static weft_optimizer with_defaults(weft_optimizer o)
{
    o.lr = or_default(o.lr, 3e-3f);
    o.beta1 = or_default(o.beta1, 0.9f);
    o.beta2 = or_default(o.beta2, 0.999f);
    o.eps = or_default(o.eps, 1e-8f);
    return o;
}

weft_status weft_model_new(const weft_graph *graph, weft_device *device,
                           const weft_model_desc *desc, weft_model **out)
{
    *out = NULL;
    weft_model *model = calloc(1, sizeof *model);
    if (!model) return weft_fail(WEFT_ERR_MEMORY, "no memory for a model");
    model->graph = graph;
    model->device = device;
    model->desc = *desc;
    if (desc->optimizer) {
        model->optimizer = with_defaults(*desc->optimizer);
        model->desc.optimizer = &model->optimizer;
    }
    const weft_status status = build(model);
    if (status == WEFT_OK) {
        *out = model;
    } else {
        weft_model_free(model);
    }
    return status;
}

static void free_buffers(const weft_model *model)
{
    weft_buffer *const all[] = {model->parameters, model->gradients, model->moments,
                                model->states,     model->slots,     model->activations,
                                model->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]) model->device->backend->buffer_free(all[i]);
    }
}

void weft_model_free(weft_model *model)
{
    if (!model) return;
    weft_predictor_free(model->predictor);
    while (model->plan_count > 0)
        weft_plan_free(model->plan[0]);
    weft_numerics_free(model);
    free_buffers(model);
    free(model->plan);
    free(model->parameter);
    free(model->node_first);
    free(model);
}

const weft_graph *weft_model_graph(const weft_model *model)
{
    return model->graph;
}

weft_device *weft_model_device(const weft_model *model)
{
    return model->device;
}

int32_t weft_model_parameter_count(const weft_model *model)
{
    return model->parameter_count;
}

const weft_parameter *weft_model_parameter(const weft_model *model, int32_t index)
{
    return index >= 0 && index < model->parameter_count ? &model->parameter[index] : NULL;
}

int weft_model_slots(const weft_model *model)
{
    return model->desc.optimizer ? weft_optimizer_slots(model->desc.optimizer) : 0;
}

/* ---- numbers in and out ---- */

/* The buffer and byte offset of a parameter's values (slot -1) or of one of its moments. */
static weft_status locate(const weft_model *model, int32_t index, int slot, weft_buffer **buffer,
                          size_t *at)
{
    const weft_parameter *p = weft_model_parameter(model, index);
    if (!p) return weft_fail(WEFT_ERR_USAGE, "no parameter %d", index);
    int64_t place = p->offset;
    if (slot < 0) {
        *buffer = p->state ? model->states : model->parameters;
    } else if (slot < weft_model_slots(model) && !p->state && !p->frozen) {
        *buffer = model->moments;
        place += slot * model->trained;
    } else {
        return weft_fail(WEFT_ERR_USAGE, "%s has no moment %d", p->name, slot);
    }
    *at = (size_t)place * sizeof(float);
    return WEFT_OK;
}

static float *device_order_copy(const weft_parameter *p, size_t *bytes)
{
    *bytes = (size_t)weft_shape_count(p->shape) * sizeof(float);
    return malloc(*bytes);
}

static weft_status read_values(weft_model *model, const weft_parameter *p, weft_buffer *buffer,
                               size_t at, float *values)
{
    size_t bytes = 0;
    float *copy = device_order_copy(p, &bytes);
    if (!copy) return weft_fail(WEFT_ERR_MEMORY, "no memory to read %s", p->name);
    const weft_status status = model->device->backend->read(buffer, at, copy, bytes);
    if (status == WEFT_OK) weft_to_file_order(p, copy, values);
    free(copy);
    return status;
}

weft_status weft_model_read(weft_model *model, int32_t parameter, int slot, float *values)
{
    weft_buffer *buffer = NULL;
    size_t at = 0;
    WEFT_TRY(locate(model, parameter, slot, &buffer, &at));
    return read_values(model, &model->parameter[parameter], buffer, at, values);
}

weft_status weft_model_read_gradient(weft_model *model, int32_t parameter, float *values)
{
    const weft_parameter *p = weft_model_parameter(model, parameter);
    if (!p) return weft_fail(WEFT_ERR_USAGE, "no parameter %d", parameter);
    if (p->state || p->frozen || !model->gradients)
        return weft_fail(WEFT_ERR_USAGE, "%s has no gradient", p->name);
    return read_values(model, p, model->gradients, (size_t)p->offset * sizeof(float), values);
}

weft_status weft_model_write(weft_model *model, int32_t parameter, int slot, const float *values)
{
    weft_buffer *buffer = NULL;
    size_t at = 0, bytes = 0;
    WEFT_TRY(locate(model, parameter, slot, &buffer, &at));
    const weft_parameter *p = &model->parameter[parameter];
    float *copy = device_order_copy(p, &bytes);
    if (!copy) return weft_fail(WEFT_ERR_MEMORY, "no memory to write %s", p->name);
    weft_to_device_order(p, values, copy);
    const weft_status status = model->device->backend->write(buffer, at, copy, bytes);
    free(copy);
    return status;
}

/* He, Zhang, Ren, Sun (2015): normal with standard deviation sqrt(2 / fan_in). Element e takes the
 * words 2 e and 2 e + 1, so a block of four words makes two elements. */
static void draw_he(const weft_parameter *p, uint64_t seed, float *values, int64_t count)
{
    const double deviation = sqrt(2.0 / (double)p->fan_in);
    for (int64_t i = 0; i < count; i += 2) {
        const weft_words words =
            weft_draw_block(seed, WEFT_RNG_INIT, (uint32_t)p->node, 0, 0, (uint32_t)(i / 2));
        for (int64_t k = 0; k < 2 && i + k < count; k++)
            values[i + k] =
                (float)(weft_normal(words.word[2 * k], words.word[2 * k + 1]) * deviation);
    }
}

static void draw_initial(const weft_parameter *p, uint64_t seed, float *values, int64_t count)
{
    if (p->init != WEFT_INIT_ZERO && p->init != WEFT_INIT_ONE) {
        draw_he(p, seed, values, count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        values[i] = p->init == WEFT_INIT_ONE ? 1.0f : 0.0f;
}

/* Clear `slots` moments of a parameter, then draw its values. */
static weft_status draw_parameter(weft_model *model, int32_t index, int slots)
{
    const weft_parameter *p = &model->parameter[index];
    const int64_t count = weft_shape_count(p->shape);
    float *values = calloc((size_t)count, sizeof *values);
    if (!values) return weft_fail(WEFT_ERR_MEMORY, "no memory to draw %s", p->name);

    weft_status status = WEFT_OK;
    for (int s = 0; s < slots && status == WEFT_OK; s++) {
        status = weft_model_write(model, index, s, values);
    }
    draw_initial(p, model->desc.seed, values, count);
    if (status == WEFT_OK) status = weft_model_write(model, index, -1, values);
    free(values);
    return status;
}

weft_status weft_model_init_parameter(weft_model *model, int32_t index)
{
    const weft_parameter *p = weft_model_parameter(model, index);
    if (!p) return weft_fail(WEFT_ERR_USAGE, "no parameter %d", index);
    return draw_parameter(model, index, p->state || p->frozen ? 0 : weft_model_slots(model));
}

/* Padding between tensors must be zero, whatever ran before: clear everything, then draw. */
weft_status weft_model_init(weft_model *model)
{
    weft_buffer *const all[] = {model->parameters, model->gradients, model->moments, model->states,
                                model->slots};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]) WEFT_TRY(model->device->backend->fill(all[i], 0, all[i]->bytes, 0));
    }
    for (int32_t i = 0; i < model->parameter_count; i++) {
        WEFT_TRY(draw_parameter(model, i, 0));
    }
    return WEFT_OK;
}

/* ---- making plans runnable ---- */

/* A buffer of at least this size; *grown tells that prepared steps point at an old one. */
static weft_status reserve(weft_model *model, int64_t bytes, weft_buffer **buffer, bool *grown)
{
    const weft_backend *be = model->device->backend;
    if (bytes == 0 || (*buffer && (*buffer)->bytes >= (size_t)bytes)) return WEFT_OK;
    if (*buffer) be->buffer_free(*buffer);
    *buffer = NULL;
    *grown = true;
    const weft_status status = be->buffer_new(model->device, (size_t)bytes, buffer);
    if (status == WEFT_OK) return WEFT_OK;
    return weft_fail_in(status, "activations of %lld MiB (a smaller batch needs less)",
                        (long long)(bytes >> 20));
}

static int count_unprepared(const weft_model *model)
{
    int count = 0;
    for (int32_t i = 0; i < model->plan_count; i++) {
        for (int32_t k = 0; k < model->plan[i]->op_count; k++)
            count += !model->plan[i]->step[k];
    }
    return count;
}

weft_status weft_model_prepare(weft_model *model, weft_progress *progress, void *user)
{
    int64_t activations = 0, scratch = 0;
    bool grown = false;
    for (int32_t i = 0; i < model->plan_count; i++) {
        const weft_plan *plan = model->plan[i];
        if (plan->activation_bytes > activations) activations = plan->activation_bytes;
        if (plan->scratch_bytes > scratch) scratch = plan->scratch_bytes;
    }
    WEFT_TRY(reserve(model, activations, &model->activations, &grown));
    WEFT_TRY(reserve(model, scratch, &model->scratch, &grown));

    for (int32_t i = 0; i < model->plan_count; i++) {
        if (grown) weft_plan_release(model->plan[i]);
        weft_plan_bind(model->plan[i]);
    }
    int done = 0;
    const int total = count_unprepared(model);
    for (int32_t i = 0; i < model->plan_count; i++) {
        WEFT_TRY(weft_plan_prepare(model->plan[i], progress, user, &done, total));
    }
    return WEFT_OK;
}

weft_status weft_model_read_slot(weft_model *model, uint64_t step, float *dst, weft_ticket *ticket)
{
    const size_t at = (size_t)(step % WEFT_SLOTS) * 2 * sizeof *dst;
    return model->device->backend->read_async(model->slots, at, dst, 2 * sizeof *dst, ticket);
}

weft_model_memory weft_model_memory_use(const weft_model *model)
{
    weft_model_memory use = {0};
    const weft_buffer *const arenas[] = {model->parameters, model->gradients, model->moments,
                                         model->states};
    for (size_t i = 0; i < sizeof arenas / sizeof *arenas; i++) {
        if (arenas[i]) use.weights += (int64_t)arenas[i]->bytes;
    }
    if (model->activations) use.activations = (int64_t)model->activations->bytes;
    if (model->scratch) use.scratch = (int64_t)model->scratch->bytes;
    return use;
}
