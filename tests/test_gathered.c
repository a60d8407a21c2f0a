/* The draws that a picture shows are those that a training plan gathers, bit for bit. */
#include <math.h>

#include "backends/backends.h"
#include "core/gathered.h"
#include "core/graph.h"
#include "core/model.h"
#include "tests/suite.h"

enum { COUNT = 9, BATCH = 3, EPOCHS = 16, PIXELS_MAX = 7 * 6 * 3, SEED = 11 };

static const int32_t batch_ids[BATCH] = {8, 0, 5};

typedef struct image_case {
    const char *network;
    weft_shape shape;
} image_case;
static const image_case cases[] = {
    {"input shape=7x6x1\nflatten\ndense units=2\n", {3, {7, 6, 1}}},
    {"input shape=6x7x3\nflatten\ndense units=2\n", {3, {6, 7, 3}}},
};
enum { CASES = sizeof cases / sizeof *cases };

static const weft_augment augments[] = {
    {0}, {.flip = true}, {.shift = 2, .flip = true, .erase = 0.5f}};
enum { AUGMENTS = sizeof augments / sizeof *augments };

static uint8_t samples[COUNT * PIXELS_MAX];
static const int32_t classes[COUNT];

static weft_dataset make_data(weft_shape shape)
{
    for (size_t i = 0; i < sizeof samples; i++)
        samples[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24 | 1);
    return (weft_dataset){.name = "made up",
                          .shape = shape,
                          .count = COUNT,
                          .dtype = WEFT_U8,
                          .samples = samples,
                          .classes = classes,
                          .class_count = 2};
}

static weft_normalize make_norm(weft_shape shape)
{
    return (weft_normalize){
        .channels = shape.dim[2], .mean = {0.3f, 0.41f, 0.57f}, .std = {0.35f, 0.22f, 0.19f}};
}

/* The backend of a loop's index, opened; NULL where a driver has no device. */
static weft_device *open_device(int index)
{
    const weft_backend *be = index == 0 ? weft_backend_cpu() : weft_backend_opencl();
    weft_device *device = NULL;
    int count = 0;
    if (!be || be->device_count(&count) != WEFT_OK || count == 0) return NULL;
    ck_weft(be->open(0, &(weft_open_desc){0}, &device));
    return device;
}

/* ---- what a training gathers ---- */

typedef struct training {
    weft_graph *graph;
    weft_source *source;
    weft_model *model;
    weft_plan *plan;
} training;

static training new_training(weft_device *device, const image_case *c, const weft_dataset *data,
                             const weft_normalize *norm, weft_augment augment)
{
    training t = {0};
    const weft_optimizer optimizer = {.kind = WEFT_SGD, .lr = 0.1f};
    const weft_model_desc desc = {.seed = SEED, .optimizer = &optimizer, .augment = augment};
    ck_weft(weft_graph_parse(c->network, strlen(c->network), "network", &t.graph));
    ck_weft(weft_source_new(device, data, norm, BATCH, &t.source));
    ck_weft(weft_source_order(t.source, 0, batch_ids, BATCH));
    ck_weft(weft_model_new(t.graph, device, &desc, &t.model));
    ck_weft(weft_plan_new(
        t.model, &(weft_plan_desc){.mode = WEFT_MODE_TRAIN, .batch = BATCH, .source = t.source},
        &t.plan));
    ck_weft(weft_model_prepare(t.model, NULL, NULL));
    return t;
}

static void free_training(training *t)
{
    weft_plan_free(t->plan);
    weft_model_free(t->model);
    weft_source_free(t->source);
    weft_graph_free(t->graph);
}

/* The batch that the input phase of the plan's first op writes. */
static void gather_batch(const training *t, uint32_t epoch, float *rows)
{
    const weft_op *op = weft_plan_op(t->plan, 0);
    const weft_values values = {.epoch = epoch, .batch_global = BATCH};
    ck_assert_int_eq(op->kind, WEFT_OP_gather);
    ck_weft(weft_plan_run(t->plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_INPUT));
    const weft_tensor out = op->out[0];
    ck_weft(out.buffer->device->backend->read(out.buffer, (size_t)out.offset * sizeof *rows, rows,
                                              (size_t)weft_shape_count(out.shape) * sizeof *rows));
}

/* ---- beside each other ---- */

/* How many epochs of a sample differ from its first one. */
static int changed(const float *values, size_t size)
{
    int count = 0;
    for (size_t e = 1; e < EPOCHS; e++)
        count += memcmp(values, values + e * size, size * sizeof *values) != 0;
    return count;
}

START_TEST(draws_are_those_of_a_training)
{
    static float rows[EPOCHS][BATCH * PIXELS_MAX], draws[EPOCHS * PIXELS_MAX];
    const image_case *c = &cases[_i % CASES];
    const weft_augment augment = augments[_i / CASES % AUGMENTS];
    weft_device *device = open_device(_i / CASES / AUGMENTS);
    if (!device) return;
    const weft_dataset data = make_data(c->shape);
    const weft_normalize norm = make_norm(c->shape);
    const size_t size = (size_t)weft_shape_count(c->shape);
    training t = new_training(device, c, &data, &norm, augment);
    for (uint32_t e = 0; e < EPOCHS; e++)
        gather_batch(&t, e, rows[e]);

    const weft_gather with = {.augment = augment, .seed = SEED};
    for (size_t b = 0; b < BATCH; b++) {
        ck_weft(weft_gather_epochs(device, &data, &norm, &with, batch_ids[b], EPOCHS, draws));
        for (size_t e = 0; e < EPOCHS; e++)
            ck_assert_mem_eq(draws + e * size, rows[e] + b * size, size * sizeof *draws);
        ck_assert_int_eq(changed(draws, size) > 0, augment.flip);
    }
    free_training(&t);
    device->backend->close(device);
}
END_TEST

/* Without augmentation the bytes come back as they were. */
START_TEST(bytes_come_back)
{
    static float draws[PIXELS_MAX];
    uint8_t bytes[PIXELS_MAX];
    const weft_shape shape = cases[1].shape;
    weft_device *device = open_device(0);
    const weft_dataset data = make_data(shape);
    const weft_normalize norm = make_norm(shape);
    for (int32_t id = 0; id < COUNT; id++) {
        ck_weft(weft_gather_epochs(device, &data, &norm, &(weft_gather){0}, id, 1, draws));
        weft_denormalize(&norm, draws, PIXELS_MAX, bytes);
        ck_assert_mem_eq(bytes, samples + (size_t)id * PIXELS_MAX, PIXELS_MAX);
    }
    const float odd[] = {(float)NAN, -100, 100};
    weft_denormalize(&norm, odd, 3, bytes);
    ck_assert_mem_eq(bytes, ((const uint8_t[]){0, 0, 255}), 3);
    device->backend->close(device);
}
END_TEST

START_TEST(what_is_not_there_is_refused)
{
    float values[PIXELS_MAX];
    weft_device *device = open_device(0);
    const weft_dataset data = make_data(cases[0].shape);
    const weft_normalize norm = make_norm(cases[0].shape), other = make_norm(cases[1].shape);
    const weft_gather with = {.augment = {.shift = 1 << 21}};
    ck_weft_refused(weft_gather_epochs(device, &data, &norm, &(weft_gather){0}, COUNT, 1, values),
                    WEFT_ERR_USAGE, "no sample 9");
    ck_weft_refused(weft_gather_epochs(device, &data, &norm, &(weft_gather){0}, -1, 1, values),
                    WEFT_ERR_USAGE, "no sample -1");
    ck_weft_refused(weft_gather_epochs(device, &data, &other, &(weft_gather){0}, 0, 1, values),
                    WEFT_ERR_SHAPE, "3 channels");
    ck_weft_refused(weft_gather_epochs(device, &data, &norm, &with, 0, 1, values),
                    WEFT_ERR_UNSUPPORTED, "shift");
    device->backend->close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gathered");
    TCase *tests = tcase_create("gathered");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, draws_are_those_of_a_training, 0, 2 * CASES * AUGMENTS);
    tcase_add_test(tests, bytes_come_back);
    tcase_add_test(tests, what_is_not_there_is_refused);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
