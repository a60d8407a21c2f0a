/* setenv is POSIX. */
#define _XOPEN_SOURCE 700

/* Explanations on OpenCL devices, in each kernel family, beside those of the CPU backend. */
#include "backends/backends.h"
#include "tests/explain_net.h"
#include "tests/op_devices.h"

/* Sums of thousands of float32 terms in another order; a near tie in a pool may move one number to
 * its neighbour, which no row here has. */
static const double BOUND = 1e-4;

static const net_row rows[] = {
    {"plain", NET_PLAIN, "act1", 1},
    {"plain", NET_PLAIN, NULL, 1},
    {"residual", NET_RESIDUAL, "stem", 1},
    {"residual", NET_RESIDUAL, NULL, 1},
    {"lenet5", NULL, NULL, 1},
    {"seed-cnn", NULL, NULL, 3},
    {"resnet8", NULL, NULL, 1},
    {"mlp", NULL, NULL, 1},
};
enum { ROWS = sizeof rows / sizeof *rows };

static op_device devices[OP_MAX_DEVICES];
static weft_device *cpu;
static int device_count;

static void ck_same(const char *what, const char *part, const float *is, const float *should,
                    int64_t count)
{
    char text[300];
    double *wide = malloc((size_t)count * sizeof *wide);
    ck_assert_ptr_nonnull(wide);
    for (int64_t i = 0; i < count; i++)
        wide[i] = (double)should[i];
    (void)snprintf(text, sizeof text, "%s: %s", what, part);
    ck_net_near(text, is, wide, count, BOUND);
    free(wide);
}

static weft_explainer *explain(const net_row *row, weft_device *device, net *n)
{
    weft_explainer *e = NULL;
    net_open(row, device, n);
    ck_weft(weft_explainer_new(n->model, &n->norm, WEFT_U8, row->layer, &e));
    ck_weft(weft_explainer_run(e, n->sample, row->output));
    return e;
}

START_TEST(devices_agree)
{
    net n, m;
    char what[256];
    const op_device *d = &devices[_i / ROWS];
    const net_row *row = &rows[_i % ROWS];
    (void)snprintf(what, sizeof what, "%s, %s", d->name, row->name);
    weft_explainer *is = explain(row, d->device, &n), *should = explain(row, cpu, &m);
    const weft_shape map = weft_explainer_map(is), input = weft_explainer_input(is);
    ck_same(what, "outputs", weft_explainer_outputs(is), weft_explainer_outputs(should),
            weft_graph_output(n.graph).dim[0]);
    ck_same(what, "saliency", weft_explainer_saliency(is), weft_explainer_saliency(should),
            (int64_t)input.dim[0] * input.dim[1]);
    if (map.rank > 0) {
        ck_same(what, "gradcam", weft_explainer_gradcam(is), weft_explainer_gradcam(should),
                (int64_t)map.dim[0] * map.dim[1]);
        ck_same(what, "features", weft_explainer_features(is), weft_explainer_features(should),
                weft_shape_count(map));
        ck_same(what, "gradient", weft_explainer_gradient(is), weft_explainer_gradient(should),
                weft_shape_count(map));
    }
    weft_explainer_free(is);
    weft_explainer_free(should);
    net_close(&n);
    net_close(&m);
}
END_TEST

int main(void)
{
    setenv("WEFT_TEST_BACKEND", "opencl", 1);
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;
    const weft_open_desc desc = {.threads = 2};
    if (weft_backend_cpu()->open(0, &desc, &cpu) != WEFT_OK) return EXIT_FAILURE;
    Suite *suite = suite_create("explain_slow");
    TCase *tests = tcase_create("devices");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, devices_agree, 0, device_count * ROWS);
    suite_add_tcase(suite, tests);
    const int code = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    cpu->backend->close(cpu);
    return code;
}
