/* Grad-CAM and saliency on the CPU: each gradient that they are made of is a difference of the
 * network's output, computed in double; the maps are made again by hand. */
#include "backends/backends.h"
#include "tests/explain_net.h"
#include "tests/op_composed.h"
#include "tests/op_double.h"

enum { MAP_MOST = 4096, WHOLE = 400, SAMPLES = 24 };
static const double STEP = 1e-6; /* of a difference: its error is near 1e-9 */
/* Between gradient and difference, both in double, as a share of the largest gradient; from one
 * side only, the difference is good to the step times the curvature. */
static const double BOUND = 1e-6, SIDES = 1e-4;
static const double FLOAT_BOUND = 1e-4; /* float32 sums of thousands of terms beside double ones */

static const net_row rows[] = {
    {"plain", NET_PLAIN, "conv1", 1},
    {"plain", NET_PLAIN, "act1", 1},
    {"plain", NET_PLAIN, "pool1", 2},
    {"plain", NET_PLAIN, NULL, 1},
    {"residual", NET_RESIDUAL, "stem", 1},
    {"residual", NET_RESIDUAL, "conv1", 1},
    {"residual", NET_RESIDUAL, "sum1", 1},
    {"residual", NET_RESIDUAL, "skip2", 1},
    {"residual", NET_RESIDUAL, "pool", 1},
    {"residual", NET_RESIDUAL, NULL, 1},
    {"lenet5", NULL, NULL, 1},
    {"seed-cnn", NULL, NULL, 3},
    {"seed-cnn", NULL, "conv2", 1},
    {"resnet8", NULL, NULL, 1},
    {"resnet8", NULL, "block1_out", 1},
};
enum { ROWS = sizeof rows / sizeof *rows };
static const net_row mlp = {"mlp", NULL, NULL, 1};

static weft_device *open_cpu(void)
{
    weft_device *device = NULL;
    ck_weft(weft_backend_cpu()->open(0, &(weft_open_desc){.threads = 2}, &device));
    return device;
}

static weft_explainer *explain(const net *n, const char *layer)
{
    weft_explainer *e = NULL;
    ck_weft(weft_explainer_new(n->model, &n->norm, WEFT_U8, layer, &e));
    return e;
}

/* ---- a plan in double ---- */

typedef struct reference {
    int32_t output;
    weft_source *source;
    weft_plan *plan;
    op_double *d;
} reference;

static reference open_reference(const net *n, const char *layer, int32_t output)
{
    reference r = {.output = output};
    const int32_t outputs = weft_graph_output(n->graph).dim[0];
    const char *const names[] = {"input1", layer, NULL};
    ck_weft(weft_source_blank(n->device, weft_graph_input(n->graph), WEFT_U8, &n->norm, 1, outputs,
                              &r.source));
    const weft_plan_desc desc = {.mode = WEFT_MODE_GRADIENT,
                                 .batch = 1,
                                 .unfused = true,
                                 .keep = names,
                                 .wants = names,
                                 .source = r.source};
    ck_weft(weft_plan_new(n->model, &desc, &r.plan));
    ck_weft(weft_model_prepare(n->model, NULL, NULL));
    float *start = calloc((size_t)outputs, sizeof *start);
    ck_assert_ptr_nonnull(start);
    start[output] = 1;
    ck_weft(weft_source_write(r.source, 0, n->sample, 1));
    ck_weft(weft_source_write_targets(r.source, 0, start, 1));
    free(start);
    r.d = op_double_new(r.plan);
    op_double_run(r.d, 0, op_double_end(r.d));
    return r;
}

static void close_reference(reference *r)
{
    op_double_free(r->d);
    weft_plan_free(r->plan);
    weft_source_free(r->source);
}

/* The network's output when one number of a layer's output is moved. */
static double output_with(reference *r, const char *layer, int64_t element, double by)
{
    const int32_t behind = op_double_behind(r->d, layer);
    double *value = op_double_value(r->d, layer);
    const double before = value[element];
    value[element] = before + by;
    op_double_run(r->d, behind, op_double_phase(r->d, WEFT_PHASE_LOSS));
    value[element] = before;
    return op_double_output(r->d)[r->output];
}

/* Where zeros of a relu are equal within a pool's window, or a number sits at a relu's corner, the
 * two sides differ; the gradient is then that of one side. Returns whether it is such a place. */
static bool ck_difference(const char *what, reference *r, const char *layer, int64_t i, double most)
{
    const double gradient = op_double_gradient(r->d, layer)[i];
    const double at = output_with(r, layer, i, 0);
    const double above = (output_with(r, layer, i, STEP) - at) / STEP;
    const double below = (at - output_with(r, layer, i, -STEP)) / STEP;
    const bool corner = fabs(above - below) > SIDES * most;
    const double difference = !corner ? (above + below) / 2
                              : fabs(above - gradient) < fabs(below - gradient) ? above
                                                                                : below;
    ck_assert_msg(fabs(difference - gradient) <= (corner ? SIDES : BOUND) * most,
                  "%s, %s, element %lld: gradient %.12g, differences %.12g and %.12g", what, layer,
                  (long long)i, gradient, above, below);
    return corner;
}

/* Each number of a small layer, some of a large one. */
static void ck_differences(const char *what, reference *r, const char *layer, int64_t count)
{
    double most = 0;
    int64_t corners = 0;
    const double *gradient = op_double_gradient(r->d, layer);
    const int64_t tried = count <= WHOLE ? count : SAMPLES;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(gradient[i]));
    ck_assert_double_gt(most, 0);
    for (int64_t s = 0; s < tried; s++) {
        const int64_t i = count <= WHOLE ? s : op_random(13, s, (uint32_t)count);
        corners += ck_difference(what, r, layer, i, most);
    }
    ck_assert_msg(2 * corners < tried, "%s, %s: %lld of %lld are corners", what, layer,
                  (long long)corners, (long long)tried);
}

/* ---- the formulas, by hand ---- */

static void make_gradcam(reference *r, const char *layer, weft_shape map, double *to)
{
    const int64_t positions = (int64_t)map.dim[0] * map.dim[1];
    const double *a = op_double_value(r->d, layer), *da = op_double_gradient(r->d, layer);
    for (int64_t p = 0; p < positions; p++) {
        to[p] = 0;
        for (int32_t k = 0; k < map.dim[2]; k++) {
            double alpha = 0;
            for (int64_t q = 0; q < positions; q++)
                alpha += da[q * map.dim[2] + k] / (double)positions;
            to[p] += alpha * a[p * map.dim[2] + k];
        }
        to[p] = fmax(to[p], 0);
    }
}

static void make_saliency(reference *r, weft_shape input, double *to)
{
    const double *dx = op_double_gradient(r->d, "input1");
    for (int64_t p = 0; p < (int64_t)input.dim[0] * input.dim[1]; p++) {
        to[p] = 0;
        for (int32_t c = 0; c < input.dim[2]; c++)
            to[p] = fmax(to[p], fabs(dx[p * input.dim[2] + c]));
    }
}

static void ck_saliency(const char *what, weft_explainer *e, reference *r)
{
    double map[MAP_MOST];
    const weft_shape input = weft_explainer_input(e);
    ck_differences(what, r, "input1", weft_shape_count(input));
    make_saliency(r, input, map);
    ck_net_near(what, weft_explainer_saliency(e), map, (int64_t)input.dim[0] * input.dim[1],
                FLOAT_BOUND);
}

static void ck_gradcam(const char *what, weft_explainer *e, reference *r)
{
    double map[MAP_MOST];
    const char *layer = weft_explainer_layer(e);
    const weft_shape shape = weft_explainer_map(e);
    const int64_t count = weft_shape_count(shape);
    ck_differences(what, r, layer, count);
    ck_net_near(what, weft_explainer_features(e), op_double_value(r->d, layer), count, FLOAT_BOUND);
    ck_net_near(what, weft_explainer_gradient(e), op_double_gradient(r->d, layer), count,
                FLOAT_BOUND);
    make_gradcam(r, layer, shape, map);
    ck_net_near(what, weft_explainer_gradcam(e), map, (int64_t)shape.dim[0] * shape.dim[1],
                FLOAT_BOUND);
}

START_TEST(maps_follow_their_formulas)
{
    net n;
    weft_device *device = open_cpu();
    net_open(&rows[_i], device, &n);
    weft_explainer *e = explain(&n, rows[_i].layer);
    reference r = open_reference(&n, weft_explainer_layer(e), rows[_i].output);
    ck_weft(weft_explainer_run(e, n.sample, rows[_i].output));
    ck_assert_int_eq(weft_explainer_output(e), rows[_i].output);
    ck_gradcam(rows[_i].name, e, &r);
    ck_saliency(rows[_i].name, e, &r);
    ck_net_near(rows[_i].name, weft_explainer_outputs(e), op_double_output(r.d),
                weft_graph_output(n.graph).dim[0], FLOAT_BOUND);
    close_reference(&r);
    weft_explainer_free(e);
    net_close(&n);
    device->backend->close(device);
}
END_TEST

START_TEST(a_network_without_convolution_has_a_saliency)
{
    net n;
    weft_device *device = open_cpu();
    net_open(&mlp, device, &n);
    weft_explainer *e = explain(&n, NULL);
    reference r = open_reference(&n, NULL, 1);
    ck_weft(weft_explainer_run(e, n.sample, 1));
    ck_assert_ptr_null(weft_explainer_layer(e));
    ck_assert_int_eq(weft_explainer_map(e).rank, 0);
    ck_assert(!weft_explainer_gradcam(e) && !weft_explainer_features(e) &&
              !weft_explainer_gradient(e));
    ck_saliency("mlp", e, &r);
    close_reference(&r);
    weft_explainer_free(e);
    net_close(&n);
    device->backend->close(device);
}
END_TEST

/* The gradient by a dropout is that of its own readers, not of all that read its input. */
START_TEST(an_alias_has_a_gradient_of_its_own)
{
    net n;
    weft_device *device = open_cpu();
    net_open(&(net_row){"residual", NET_RESIDUAL, NULL, 1}, device, &n);
    static const char *const layers[] = {"drop", "sum1", "stem_out"};
    const int64_t count = 8 * 8 * 4;
    double gradient[3][8 * 8 * 4];
    for (int k = 0; k < 3; k++) {
        weft_explainer *e = explain(&n, layers[k]);
        ck_weft(weft_explainer_run(e, n.sample, 1));
        ck_assert_int_eq(weft_shape_count(weft_explainer_map(e)), count);
        for (int64_t i = 0; i < count; i++)
            gradient[k][i] = (double)weft_explainer_gradient(e)[i];
        weft_explainer_free(e);
    }
    float sum[8 * 8 * 4];
    for (int64_t i = 0; i < count; i++)
        sum[i] = (float)(gradient[0][i] + gradient[1][i]);
    ck_net_near("alias", sum, gradient[2], count, 1e-6);
    net_close(&n);
    device->backend->close(device);
}
END_TEST

/* ---- which layers ---- */

START_TEST(layers_are_chosen)
{
    static const struct {
        net_row row;
        const char *map, *hidden;
    } wanted[] = {
        {{"plain", NET_PLAIN, NULL, 1}, "act2", "drop"},
        {{"residual", NET_RESIDUAL, NULL, 1}, "out2", "flat"},
        {{"seed-cnn", NULL, NULL, 3}, "relu2", "dropout1"},
        {{"lenet5", NULL, NULL, 1}, "relu2", "relu4"},
        {{"resnet8", NULL, NULL, 1}, "block3_out", "flatten1"},
        {{"mlp", NULL, NULL, 1}, NULL, "relu2"},
        {{"conv", "input shape=4x4x1\nconv2d filters=3 kernel=4\nflatten\n", NULL, 0},
         "conv2d1",
         "input1"},
        {{"pool", "input shape=4x4x1\nflatten\n", NULL, 0}, NULL, NULL},
    };
    weft_device *device = open_cpu();
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        net n;
        net_open(&wanted[i].row, device, &n);
        const weft_node *map = weft_graph_node(n.graph, weft_explain_map_layer(n.graph));
        const weft_node *hidden = weft_graph_node(n.graph, weft_explain_hidden_layer(n.graph));
        ck_assert_pstr_eq(map ? map->name : NULL, wanted[i].map);
        ck_assert_pstr_eq(hidden ? hidden->name : NULL, wanted[i].hidden);
        net_close(&n);
    }
    device->backend->close(device);
}
END_TEST

START_TEST(bad_wishes_are_refused)
{
    net n;
    weft_device *device = open_cpu();
    weft_explainer *e = NULL;
    net_open(&(net_row){"plain", NET_PLAIN, NULL, 1}, device, &n);
    ck_weft_refused(weft_explainer_new(n.model, &n.norm, WEFT_U8, "conv3", &e), WEFT_ERR_USAGE,
                    "no layer 'conv3'; layers with height and width: input1, conv1, bn1, act1, "
                    "pool1, conv2, bn2, act2");
    ck_assert_ptr_null(e);
    ck_weft_refused(weft_explainer_new(n.model, &n.norm, WEFT_U8, "fc1", &e), WEFT_ERR_USAGE,
                    "no map of layer 'fc1'; layers with height and width: input1");
    e = explain(&n, NULL);
    ck_weft_refused(weft_explainer_run(e, n.sample, 4), WEFT_ERR_USAGE, "has 0 to 3");
    ck_weft_refused(weft_explainer_run(e, n.sample, -2), WEFT_ERR_USAGE, "no output -2");
    weft_explainer_free(e);

    static const char *const nobody[] = {"conv1", "nobody", NULL};
    weft_source *source = NULL;
    weft_plan *plan = NULL;
    ck_weft(weft_source_blank(device, weft_graph_input(n.graph), WEFT_U8, &n.norm, 1, 3, &source));
    weft_plan_desc desc = {.mode = WEFT_MODE_GRADIENT, .batch = 1, .source = source};
    ck_weft_refused(weft_plan_new(n.model, &desc, &plan), WEFT_ERR_USAGE, "wants 4 targets");
    desc = (weft_plan_desc){.mode = WEFT_MODE_PREDICT, .batch = 1, .source = source};
    desc.wants = nobody;
    ck_weft_refused(weft_plan_new(n.model, &desc, &plan), WEFT_ERR_USAGE, "only a gradient plan");
    desc.wants = NULL;
    desc.keep = nobody;
    ck_weft_refused(weft_plan_new(n.model, &desc, &plan), WEFT_ERR_USAGE, "no layer 'nobody'");
    weft_source_free(source);
    net_close(&n);
    device->backend->close(device);
}
END_TEST

/* ---- runs ---- */

static double *copy(const float *values, int64_t count)
{
    double *to = malloc((size_t)count * sizeof *to);
    ck_assert_ptr_nonnull(to);
    for (int64_t i = 0; i < count; i++)
        to[i] = (double)values[i];
    return to;
}

/* Without a wish it is the class that the network says; another run changes nothing of the first's
 * answer. */
START_TEST(runs_do_not_depend_on_each_other)
{
    net n;
    weft_device *device = open_cpu();
    net_open(&(net_row){"plain", NET_PLAIN, NULL, 1}, device, &n);
    weft_explainer *e = explain(&n, NULL);
    const weft_shape shape = weft_explainer_map(e);
    const int64_t count = (int64_t)shape.dim[0] * shape.dim[1];
    ck_weft(weft_explainer_run(e, n.sample, -1));
    const int32_t said = weft_explainer_output(e);
    float outputs[4];
    ck_weft(weft_model_predict(n.model, n.sample, WEFT_U8, 1, &n.norm, outputs));
    for (int i = 0; i < 4; i++) {
        ck_assert(outputs[i] <= outputs[said]);
        ck_assert(outputs[i] == weft_explainer_outputs(e)[i]);
    }
    double *first = copy(weft_explainer_gradcam(e), count);
    double *pixels = copy(weft_explainer_saliency(e), 8 * 7);
    ck_weft(weft_explainer_run(e, n.sample, (said + 1) % 4));
    ck_assert_int_eq(weft_explainer_output(e), (said + 1) % 4);
    bool same = true;
    for (int64_t i = 0; i < 8 * 7; i++)
        same = same && (double)weft_explainer_saliency(e)[i] == pixels[i];
    ck_assert(!same);
    ck_weft(weft_explainer_run(e, n.sample, said));
    ck_net_near("again", weft_explainer_gradcam(e), first, count, 0);
    ck_net_near("again", weft_explainer_saliency(e), pixels, 8 * 7, 0);
    free(first);
    free(pixels);
    weft_explainer_free(e);
    net_close(&n);
    device->backend->close(device);
}
END_TEST

/* Where ops are merged, what was asked for is there all the same. */
START_TEST(fused_plans_give_the_same)
{
    net n, fused;
    weft_device *device = open_cpu(), *composed = NULL;
    ck_weft(op_composed_open(&composed));
    net_open(&rows[_i], device, &n);
    net_open(&rows[_i], composed, &fused);
    weft_explainer *e = explain(&n, rows[_i].layer), *f = explain(&fused, rows[_i].layer);
    ck_weft(weft_explainer_run(e, n.sample, 1));
    ck_weft(weft_explainer_run(f, n.sample, 1));
    const int64_t count = weft_shape_count(weft_explainer_map(e));
    double *features = copy(weft_explainer_features(e), count);
    double *gradient = copy(weft_explainer_gradient(e), count);
    ck_net_near("features", weft_explainer_features(f), features, count, FLOAT_BOUND);
    ck_net_near("gradient", weft_explainer_gradient(f), gradient, count, FLOAT_BOUND);
    free(features);
    free(gradient);
    weft_explainer_free(e);
    weft_explainer_free(f);
    net_close(&n);
    net_close(&fused);
    device->backend->close(device);
    composed->backend->close(composed);
}
END_TEST

static int fused_ops(const net *n, const char *layer)
{
    int count = 0;
    weft_source *source = NULL;
    weft_plan *plan = NULL;
    const char *const names[] = {layer, NULL};
    ck_weft(weft_source_blank(n->device, weft_graph_input(n->graph), WEFT_U8, &n->norm, 1,
                              weft_graph_output(n->graph).dim[0], &source));
    const weft_plan_desc desc = {
        .mode = WEFT_MODE_GRADIENT, .batch = 1, .keep = names, .wants = names, .source = source};
    ck_weft(weft_plan_new(n->model, &desc, &plan));
    for (int32_t i = 0; i < weft_plan_count(plan); i++)
        count += weft_plan_op(plan, i)->kind >= WEFT_OP_COUNT;
    weft_plan_free(plan);
    weft_source_free(source);
    return count;
}

/* conv1, bn1, relu1 and pool1 are one op as long as nobody looks between them. */
START_TEST(kept_layers_are_not_merged_away)
{
    net n;
    weft_device *composed = NULL;
    ck_weft(op_composed_open(&composed));
    net_open(&(net_row){"seed-cnn", NULL, NULL, 3}, composed, &n);
    const int behind = fused_ops(&n, "relu2"), between = fused_ops(&n, "conv1");
    ck_assert_int_eq(behind, 3); /* block 1 with its pool, block 2 without, the dense layer */
    ck_assert_int_lt(between, behind);
    net_close(&n);
    composed->backend->close(composed);
}
END_TEST

/* Any layer for many samples: the last layer's are the predictions, whatever the batches. */
START_TEST(features_come_in_batches)
{
    enum { MANY = 70, SIZE = 8 * 7 * 2 };
    net n;
    weft_device *device = open_cpu();
    net_open(&(net_row){"plain", NET_PLAIN, NULL, 1}, device, &n);
    uint8_t samples[MANY * SIZE];
    float values[MANY * 6], outputs[MANY * 4], again[MANY * 4], one[6];
    for (int64_t i = 0; i < MANY * SIZE; i++)
        samples[i] = (uint8_t)(256 * op_uniform(8, i));
    ck_weft(weft_model_features(n.model, "drop", samples, WEFT_U8, MANY, &n.norm, values));
    ck_weft(weft_model_features(n.model, "fc2", samples, WEFT_U8, MANY, &n.norm, outputs));
    ck_weft(weft_model_predict(n.model, samples, WEFT_U8, MANY, &n.norm, again));
    ck_assert_mem_eq(outputs, again, sizeof outputs);
    double most = 0;
    for (int at = 0; at < MANY; at += 23) {
        ck_weft(
            weft_model_features(n.model, "act3", samples + at * SIZE, WEFT_U8, 1, &n.norm, one));
        for (int k = 0; k < 6; k++) {
            ck_assert_double_eq_tol((double)one[k], (double)values[at * 6 + k], 1e-5);
            most = fmax(most, (double)one[k]);
        }
    }
    ck_assert_double_gt(most, 0.1);
    ck_weft_refused(weft_model_features(n.model, "act4", samples, WEFT_U8, 1, &n.norm, one),
                    WEFT_ERR_USAGE, "no layer 'act4'");
    ck_weft_refused(weft_model_features(n.model, "act3", samples, WEFT_U8, 0, &n.norm, one),
                    WEFT_ERR_USAGE, "no samples");
    net_close(&n);
    device->backend->close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain");
    TCase *tests = tcase_create("explain");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, maps_follow_their_formulas, 0, ROWS);
    tcase_add_test(tests, a_network_without_convolution_has_a_saliency);
    tcase_add_test(tests, an_alias_has_a_gradient_of_its_own);
    tcase_add_test(tests, layers_are_chosen);
    tcase_add_test(tests, bad_wishes_are_refused);
    tcase_add_test(tests, runs_do_not_depend_on_each_other);
    tcase_add_loop_test(tests, fused_plans_give_the_same, 0, ROWS);
    tcase_add_test(tests, kept_layers_are_not_merged_away);
    tcase_add_test(tests, features_come_in_batches);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
