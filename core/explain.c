#include "core/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model_private.h"

enum { LIST_TEXT = 240 };

struct weft_explainer {
    weft_model *model;
    weft_source *source;
    weft_plan *plan;
    const weft_node *layer; /* NULL: none has a map */
    weft_shape map, input;  /* H x W x C */
    int32_t outputs, output;
    float *logits, *start;                /* outputs; the gradient of the outputs */
    float *features, *gradient, *gradcam; /* of the layer */
    float *input_gradient, *saliency;
};

/* ---- which layers ---- */

static bool is_convolution(const weft_node *node)
{
    return strcmp(node->def->name, "conv2d") == 0;
}

/* The one layer that reads another's output, or -1 when there are several. */
static int32_t only_reader(const weft_graph *graph, int32_t of)
{
    int32_t reader = -1;
    for (int32_t n = of + 1; n < weft_graph_count(graph); n++) {
        const weft_node *node = weft_graph_node(graph, n);
        for (int i = 0; i < node->input_count; i++) {
            if (node->input[i] != of) continue;
            if (reader >= 0) return -1;
            reader = n;
        }
    }
    return reader;
}

/* Layers that work element by element; a pool of stride 1 keeps the shape too. */
static bool follows(const weft_node *before, const weft_node *node)
{
    return strstr(node->def->name, "pool") == NULL && !is_convolution(node) &&
           weft_shape_equal(before->needs.out.shape, node->needs.out.shape);
}

int32_t weft_explain_map_layer(const weft_graph *graph)
{
    int32_t at = weft_graph_count(graph) - 1;
    while (at >= 0 && !is_convolution(weft_graph_node(graph, at)))
        at--;
    while (at >= 0) {
        const int32_t next = only_reader(graph, at);
        if (next < 0 || !follows(weft_graph_node(graph, at), weft_graph_node(graph, next))) break;
        at = next;
    }
    return at;
}

int32_t weft_explain_hidden_layer(const weft_graph *graph)
{
    for (int32_t n = weft_graph_count(graph) - 1; n > 0; n--) {
        const weft_node *node = weft_graph_node(graph, n);
        const bool mixes = node->needs.weight_count > 0 && node->needs.weight[0].shape.rank >= 2;
        if (mixes) return node->input[0];
    }
    return -1;
}

/* ---- one plan ---- */

/* "a, b, c": the layers whose output has height and width. */
static void list_maps(const weft_graph *graph, char text[LIST_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (int32_t n = 0; n < weft_graph_count(graph) && used < LIST_TEXT; n++) {
        const weft_node *node = weft_graph_node(graph, n);
        if (node->needs.out.shape.rank != 3) continue;
        used += (size_t)snprintf(text + used, LIST_TEXT - used, "%s%s", used > 0 ? ", " : "",
                                 node->name);
    }
    if (used >= LIST_TEXT) memcpy(text + LIST_TEXT - 4, "...", 4);
    if (used == 0) memcpy(text, "none", 5);
}

static weft_status choose_layer(weft_explainer *e, const char *name)
{
    const weft_graph *graph = e->model->graph;
    const int32_t n = name ? weft_graph_find(graph, name) : weft_explain_map_layer(graph);
    const weft_node *node = weft_graph_node(graph, n);
    if (node && node->needs.out.shape.rank == 3) {
        e->layer = node;
        e->map = node->needs.out.shape;
        return WEFT_OK;
    }
    if (!name) return WEFT_OK;
    char maps[LIST_TEXT];
    list_maps(graph, maps);
    return weft_fail(WEFT_ERR_USAGE, "%s '%.60s'; layers with height and width: %s",
                     node ? "there is no map of layer" : "the network has no layer", name, maps);
}

static weft_shape as_image(weft_shape shape)
{
    return shape.rank == 3 ? shape : (weft_shape){3, {1, shape.dim[0], 1}};
}

static float *floats(int64_t count)
{
    return calloc((size_t)count + 1, sizeof(float));
}

static weft_status allocate(weft_explainer *e)
{
    const int64_t map = weft_shape_count(e->map), input = weft_shape_count(e->input);
    e->logits = floats(e->outputs);
    e->start = floats(e->outputs);
    e->features = floats(map);
    e->gradient = floats(map);
    e->gradcam = floats((int64_t)e->map.dim[0] * e->map.dim[1]);
    e->input_gradient = floats(input);
    e->saliency = floats((int64_t)e->input.dim[0] * e->input.dim[1]);
    const bool all = e->logits && e->start && e->features && e->gradient && e->gradcam &&
                     e->input_gradient && e->saliency;
    return all ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "no memory to explain a sample");
}

static const char *input_name(const weft_explainer *e)
{
    return weft_graph_node(e->model->graph, 0)->name;
}

static weft_status make_plan(weft_explainer *e, const weft_normalize *norm, weft_dtype dtype)
{
    const weft_graph *graph = e->model->graph;
    const char *const layer = e->layer ? e->layer->name : NULL;
    const char *const keep[] = {layer, NULL}, *const wants[] = {input_name(e), layer, NULL};
    WEFT_TRY(weft_source_blank(e->model->device, weft_graph_input(graph), dtype, norm, 1,
                               e->outputs, &e->source));
    const weft_plan_desc desc = {
        .mode = WEFT_MODE_GRADIENT, .batch = 1, .keep = keep, .wants = wants, .source = e->source};
    WEFT_TRY(weft_plan_new(e->model, &desc, &e->plan));
    return weft_model_prepare(e->model, NULL, NULL);
}

static weft_status build(weft_explainer *e, const weft_normalize *norm, weft_dtype dtype,
                         const char *layer)
{
    WEFT_TRY(choose_layer(e, layer));
    e->input = as_image(weft_graph_input(e->model->graph));
    e->outputs = weft_graph_output(e->model->graph).dim[0];
    WEFT_TRY(allocate(e));
    return make_plan(e, norm, dtype);
}

weft_status weft_explainer_new(weft_model *model, const weft_normalize *norm, weft_dtype dtype,
                               const char *layer, weft_explainer **out)
{
    *out = NULL;
    weft_explainer *e = calloc(1, sizeof *e);
    if (!e) return weft_fail(WEFT_ERR_MEMORY, "no memory to explain a sample");
    e->model = model;
    const weft_status status = build(e, norm, dtype, layer);
    if (status == WEFT_OK) {
        *out = e;
    } else {
        weft_explainer_free(e);
    }
    return status;
}

void weft_explainer_free(weft_explainer *explainer)
{
    if (!explainer) return;
    weft_plan_free(explainer->plan);
    weft_source_free(explainer->source);
    free(explainer->logits);
    free(explainer->start);
    free(explainer->features);
    free(explainer->gradient);
    free(explainer->gradcam);
    free(explainer->input_gradient);
    free(explainer->saliency);
    free(explainer);
}

/* ---- a run ---- */

/* The first `count` numbers of a tensor. */
static weft_status fetch(weft_tensor tensor, int64_t count, float *to)
{
    return tensor.buffer->device->backend->read(
        tensor.buffer, (size_t)tensor.offset * sizeof(float), to, (size_t)count * sizeof(float));
}

static int32_t largest(const float *values, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++) {
        if (values[i] > values[best]) best = i;
    }
    return best;
}

static void compute_gradcam(weft_explainer *e)
{
    const int32_t channels = e->map.dim[2];
    const int64_t positions = (int64_t)e->map.dim[0] * e->map.dim[1];
    for (int64_t p = 0; p < positions; p++)
        e->gradcam[p] = 0;
    for (int32_t k = 0; k < channels; k++) {
        double sum = 0;
        for (int64_t p = 0; p < positions; p++)
            sum += (double)e->gradient[p * channels + k];
        const double alpha = sum / (double)positions;
        for (int64_t p = 0; p < positions; p++)
            e->gradcam[p] += (float)(alpha * (double)e->features[p * channels + k]);
    }
    for (int64_t p = 0; p < positions; p++)
        e->gradcam[p] = e->gradcam[p] < 0 ? 0 : e->gradcam[p];
}

static void compute_saliency(weft_explainer *e)
{
    const int32_t channels = e->input.dim[2];
    const int64_t positions = (int64_t)e->input.dim[0] * e->input.dim[1];
    for (int64_t p = 0; p < positions; p++) {
        float most = 0;
        for (int32_t c = 0; c < channels; c++) {
            const float size = fabsf(e->input_gradient[p * channels + c]);
            most = size <= most ? most : size; /* a NaN passes */
        }
        e->saliency[p] = most;
    }
}

static weft_status forward(weft_explainer *e, const void *sample)
{
    const weft_values values = {.batch_global = 1};
    WEFT_TRY(weft_source_write(e->source, 0, sample, 1));
    WEFT_TRY(weft_plan_run(e->plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_FORWARD));
    return fetch(weft_plan_output(e->plan), e->outputs, e->logits);
}

static weft_status backward(weft_explainer *e)
{
    const weft_values values = {.batch_global = 1};
    memset(e->start, 0, (size_t)e->outputs * sizeof *e->start);
    e->start[e->output] = 1;
    WEFT_TRY(weft_source_write_targets(e->source, 0, e->start, 1));
    return weft_plan_run(e->plan, &values, WEFT_PHASE_LOSS, WEFT_PHASE_BACKWARD);
}

static weft_status take_results(weft_explainer *e)
{
    WEFT_TRY(fetch(weft_plan_gradient(e->plan, input_name(e)), weft_shape_count(e->input),
                   e->input_gradient));
    compute_saliency(e);
    if (!e->layer) return WEFT_OK;
    const int64_t count = weft_shape_count(e->map);
    WEFT_TRY(fetch(weft_plan_value(e->plan, e->layer->name), count, e->features));
    WEFT_TRY(fetch(weft_plan_gradient(e->plan, e->layer->name), count, e->gradient));
    compute_gradcam(e);
    return WEFT_OK;
}

weft_status weft_explainer_run(weft_explainer *explainer, const void *sample, int32_t wanted)
{
    weft_explainer *e = explainer;
    if (wanted < -1 || wanted >= e->outputs) {
        return weft_fail(WEFT_ERR_USAGE, "no output %d: the network has 0 to %d", (int)wanted,
                         (int)e->outputs - 1);
    }
    WEFT_TRY(forward(e, sample));
    e->output = wanted < 0 ? largest(e->logits, e->outputs) : wanted;
    WEFT_TRY(backward(e));
    return take_results(e);
}

/* ---- what came out ---- */

const char *weft_explainer_layer(const weft_explainer *explainer)
{
    return explainer->layer ? explainer->layer->name : NULL;
}

weft_shape weft_explainer_map(const weft_explainer *explainer)
{
    return explainer->map;
}

weft_shape weft_explainer_input(const weft_explainer *explainer)
{
    return explainer->input;
}

int32_t weft_explainer_output(const weft_explainer *explainer)
{
    return explainer->output;
}

const float *weft_explainer_outputs(const weft_explainer *explainer)
{
    return explainer->logits;
}

const float *weft_explainer_gradcam(const weft_explainer *explainer)
{
    return explainer->layer ? explainer->gradcam : NULL;
}

static bool any_above_zero(const float *values, weft_shape map)
{
    const int64_t count = values ? (int64_t)map.dim[0] * map.dim[1] : 0;
    for (int64_t i = 0; i < count; i++)
        if (values[i] > 0) return true;
    return false;
}

bool weft_explainer_has_evidence(const weft_explainer *explainer)
{
    return any_above_zero(weft_explainer_gradcam(explainer), weft_explainer_map(explainer));
}

bool weft_explainer_has_saliency(const weft_explainer *explainer)
{
    return any_above_zero(weft_explainer_saliency(explainer), weft_explainer_input(explainer));
}

const float *weft_explainer_saliency(const weft_explainer *explainer)
{
    return explainer->saliency;
}

const float *weft_explainer_features(const weft_explainer *explainer)
{
    return explainer->layer ? explainer->features : NULL;
}

const float *weft_explainer_gradient(const weft_explainer *explainer)
{
    return explainer->layer ? explainer->gradient : NULL;
}
