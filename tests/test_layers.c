/* Each registered layer in a tiny network: its shapes, its plans on the null backend, and the whole
 * gradient on the CPU backend along its own direction. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "core/model.h"
#include "tests/layer_table.h"
#include "tests/null_backend.h"
#include "tests/op_reference.h"
#include "tests/suite.h"

enum { BATCH = 5, CLASSES = 3, STEPS_SEED = 3 };

/* A row's network as a model on a device, with samples of noise. */
typedef struct net {
    weft_graph *graph;
    weft_device *device;
    weft_model *model;
    weft_source *source;
    weft_plan *plan;
    float *samples;
} net;

static const weft_backend *backend_of(const net *n)
{
    return n->device->backend;
}

static weft_graph *parse(const layer_row *row)
{
    weft_graph *graph = NULL;
    ck_weft(weft_graph_parse(row->text, strlen(row->text), row->layer, &graph));
    return graph;
}

static void open_source(net *n)
{
    static const int32_t classes[BATCH] = {0, 2, 1, 1, 0}, order[BATCH] = {3, 0, 4, 1, 2};
    const weft_shape shape = weft_graph_input(n->graph);
    const int64_t count = BATCH * weft_shape_count(shape);
    n->samples = malloc((size_t)count * sizeof *n->samples);
    ck_assert_ptr_nonnull(n->samples);
    for (int64_t i = 0; i < count; i++)
        n->samples[i] = (float)(2 * op_uniform(31, i) - 1);

    const weft_dataset data = {.name = "noise",
                               .shape = shape,
                               .count = BATCH,
                               .dtype = WEFT_F32,
                               .samples = n->samples,
                               .classes = classes,
                               .class_count = CLASSES};
    weft_normalize norm = {.channels = shape.rank == 1 ? 1 : shape.dim[shape.rank - 1]};
    for (int i = 0; i < norm.channels; i++)
        norm.std[i] = 1;
    ck_weft(weft_source_new(n->device, &data, &norm, BATCH, &n->source));
    ck_weft(weft_source_order(n->source, 0, order, BATCH));
}

static void net_open(const layer_row *row, const weft_backend *backend, weft_mode mode, net *n)
{
    static const weft_optimizer sgd = {.kind = WEFT_SGD, .lr = 1};
    *n = (net){.graph = parse(row)};
    ck_weft(backend->open(0, &(weft_open_desc){0}, &n->device));
    const weft_model_desc desc = {.seed = STEPS_SEED, .optimizer = &sgd};
    ck_weft(weft_model_new(n->graph, n->device, &desc, &n->model));
    open_source(n);
    const weft_plan_desc wanted = {.mode = mode, .batch = BATCH, .source = n->source};
    ck_weft(weft_plan_new(n->model, &wanted, &n->plan));
    ck_weft(weft_model_prepare(n->model, NULL, NULL));
    ck_weft(weft_model_init(n->model));
}

static void net_close(net *n)
{
    const weft_backend *backend = backend_of(n);
    weft_plan_free(n->plan);
    weft_model_free(n->model);
    weft_source_free(n->source);
    if (backend == weft_backend_null()) {
        ck_assert_int_eq(null_device_counts(n->device)->live_buffers, 0);
        ck_assert_int_eq(null_device_counts(n->device)->live_steps, 0);
    }
    backend->close(n->device);
    weft_graph_free(n->graph);
    free(n->samples);
}

START_TEST(every_layer_has_a_row)
{
    for (int i = 0; weft_layer_at(i); i++) {
        bool found = false;
        for (int r = 0; layer_row_at(r); r++)
            found = found || strcmp(layer_row_at(r)->layer, weft_layer_at(i)->name) == 0;
        ck_assert_msg(found, "layer %s has no row in tests/layer_table.c", weft_layer_at(i)->name);
    }
}
END_TEST

START_TEST(infers_its_shape)
{
    const layer_row *row = layer_row_at(_i);
    weft_graph *graph = parse(row);
    const weft_node *node = NULL;
    for (int32_t i = 0; i < weft_graph_count(graph); i++)
        if (strcmp(weft_graph_node(graph, i)->name, row->name) == 0)
            node = weft_graph_node(graph, i);
    ck_assert_msg(node != NULL, "no line named %s: %s", row->name, row->text);
    ck_assert_str_eq(node->def->name, row->layer);
    char got[WEFT_SHAPE_TEXT], want[WEFT_SHAPE_TEXT];
    ck_assert_str_eq(weft_shape_print(node->needs.out.shape, got),
                     weft_shape_print(row->out, want));
    ck_assert_int_eq(weft_graph_parameters(graph), row->parameters);
    weft_graph_free(graph);
}
END_TEST

/* Every mode of plan is recorded, launched as often as it has ops, and freed whole. */
START_TEST(is_planned)
{
    static const weft_mode modes[] = {WEFT_MODE_TRAIN, WEFT_MODE_EVAL, WEFT_MODE_PREDICT};
    for (int m = 0; m < 3; m++) {
        net n;
        weft_plan_totals totals;
        net_open(layer_row_at(_i), weft_backend_null(), modes[m], &n);
        const int64_t before = null_device_counts(n.device)->launches;
        ck_weft(weft_plan_run(n.plan, &(weft_values){.batch_global = BATCH}, WEFT_PHASE_INPUT,
                              WEFT_PHASE_UPDATE));
        ck_assert_int_eq(null_device_counts(n.device)->launches - before, weft_plan_count(n.plan));
        ck_weft(weft_plan_sum(n.plan, &totals));
        ck_assert_int_eq(totals.ops, weft_plan_count(n.plan));
        ck_assert_int_ge(totals.activation_bytes, totals.live_peak_bytes);
        net_close(&n);
    }
}
END_TEST

static const weft_values values = {.step = 2,
                                   .batch_global = BATCH,
                                   .lr = 1,
                                   .correction1 = 1,
                                   .correction2 = 1,
                                   .grad_scale = 1,
                                   .loss_scale = 1.0f / BATCH};

/* Run up to a phase and return the mean loss of the batch. */
static double run_to(net *n, weft_phase to)
{
    float slot[2] = {0};
    weft_ticket ticket;
    ck_weft(weft_plan_run(n->plan, &values, WEFT_PHASE_INPUT, to));
    ck_weft(weft_model_read_slot(n->model, values.step, slot, &ticket));
    ck_weft(backend_of(n)->ticket_wait(n->device, ticket));
    ck_assert(isfinite(slot[0]));
    return (double)slot[0] / BATCH;
}

/* All trained numbers, one after the other; to the model, or from it. */
static int64_t move_weights(net *n, float *all, bool write)
{
    int64_t at = 0;
    for (int32_t i = 0; i < weft_model_parameter_count(n->model); i++) {
        const weft_parameter *p = weft_model_parameter(n->model, i);
        if (p->state) continue;
        ck_weft(write ? weft_model_write(n->model, i, -1, all + at)
                      : weft_model_read(n->model, i, -1, all + at));
        at += weft_shape_count(p->file_shape);
    }
    return at;
}

/* The loss at weights + step * direction. */
static double loss_along(net *n, const float *weights, const float *direction, int64_t count,
                         double step)
{
    float *moved = malloc((size_t)count * sizeof *moved);
    ck_assert_ptr_nonnull(moved);
    for (int64_t i = 0; i < count; i++)
        moved[i] = (float)((double)weights[i] + step * (double)direction[i]);
    move_weights(n, moved, true);
    free(moved);
    return run_to(n, WEFT_PHASE_LOSS);
}

/* One step of SGD with rate 1 and no momentum moves the weights by the gradient. Along it the loss
 * must fall as steeply as the gradient is long. */
START_TEST(has_its_gradient)
{
    net n;
    net_open(layer_row_at(_i), weft_backend_cpu(), WEFT_MODE_TRAIN, &n);
    const int64_t count = layer_row_at(_i)->parameters;
    float *weights = calloc((size_t)count, sizeof *weights);
    float *gradient = calloc((size_t)count, sizeof *gradient);
    ck_assert(weights && gradient);
    ck_assert_int_eq(move_weights(&n, weights, false), count);
    run_to(&n, WEFT_PHASE_UPDATE);
    move_weights(&n, gradient, false);
    double square = 0;
    for (int64_t i = 0; i < count; i++) {
        gradient[i] = weights[i] - gradient[i];
        square += (double)gradient[i] * (double)gradient[i];
    }
    ck_assert_double_gt(square, 1e-4);

    const double step = 2e-3 / sqrt(square);
    const double above = loss_along(&n, weights, gradient, count, step);
    const double below = loss_along(&n, weights, gradient, count, -step);
    const double slope = (above - below) / (2 * step);
    ck_assert_msg(fabs(slope - square) <= 1e-2 * square, "%s: slope %g, squared gradient %g",
                  layer_row_at(_i)->text, slope, square);
    free(weights);
    free(gradient);
    net_close(&n);
}
END_TEST

int main(void)
{
    int rows = 0;
    while (layer_row_at(rows))
        rows++;
    Suite *suite = suite_create("layers");
    TCase *tcase = tcase_create("layers");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, every_layer_has_a_row);
    tcase_add_loop_test(tcase, infers_its_shape, 0, rows);
    tcase_add_loop_test(tcase, is_planned, 0, rows);
    tcase_add_loop_test(tcase, has_its_gradient, 0, rows);
    suite_add_tcase(suite, tcase);
    return weft_suite_run(suite);
}
