/* check_numerics: the op where a training goes wrong is named, on every device, fused or not. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>

#include "core/checkpoint.h"
#include "tests/null_backend.h"
#include "tests/suite.h"
#include "tests/train_bench.h"

enum { PIXELS = BENCH_SIDE * BENCH_SIDE, BAD_SAMPLE = 100, MOST_VALUES = 512 };

/* Every device is opened once: its programs are built once then. */
enum { MOST_DEVICES = 4 };
static train_bench benches[MOST_DEVICES];
static int bench_count;

static void open_all(void)
{
    const char *device;
    for (bench_count = 0; (device = bench_device(bench_count)) != NULL; bench_count++) {
        ck_assert_int_lt(bench_count, MOST_DEVICES);
        bench_open(&benches[bench_count], device, BENCH_PLAIN);
    }
}

static void close_all(void)
{
    while (bench_count > 0)
        bench_close(&benches[--bench_count]);
}

/* A run that is going to fail on one device, fused or not. */
typedef struct failing {
    train_bench *b;
    weft_graph *graph;
    weft_train_desc desc;
    weft_trainer *trainer;
    weft_status status;
    weft_train_result result;
    const weft_bad_op *bad;
} failing;

static void open_failing(failing *f, train_bench *b, const char *network, bool fused)
{
    *f = (failing){.b = b, .desc = bench_desc(b)};
    ck_weft(weft_graph_parse(network, strlen(network), "network", &f->graph));
    f->desc.graph = f->graph;
    f->desc.overwrite = true;
    f->desc.check_numerics = true;
    f->desc.options.no_fusion = !fused;
}

static void make(failing *f)
{
    ck_weft(weft_trainer_new(f->b->device, &f->desc, &f->trainer));
    ck_assert_ptr_null(weft_trainer_bad_op(f->trainer));
}

static void run(failing *f)
{
    if (!f->trainer) make(f);
    f->status = weft_trainer_run(f->trainer, &f->result);
    f->bad = weft_trainer_bad_op(f->trainer);
}

static void close_failing(failing *f)
{
    weft_trainer_free(f->trainer);
    weft_graph_free(f->graph);
}

#define ck_bad_op(f, layer_, pass_, step_, says)                             \
    do {                                                                     \
        ck_weft_refused((f)->status, WEFT_ERR_DIVERGED, (says));             \
        ck_assert_int_eq((f)->result.outcome, WEFT_DIVERGED);                \
        ck_assert_msg((f)->bad != NULL, "no op is named: %s", weft_error()); \
        ck_assert_str_eq((f)->bad->layer, (layer_));                         \
        ck_assert_str_eq((f)->bad->pass, (pass_));                           \
        ck_assert_uint_eq((f)->bad->step, (step_));                          \
    } while (0)

static int64_t bad_count(const weft_numbers *n)
{
    return n->nan + n->infinite;
}

/* The tensor of this name among those that were seen. */
static const weft_seen *seen_as(const failing *f, const char *name, weft_seen_as as)
{
    for (int i = 0; i < f->bad->seen_count; i++)
        if (f->bad->seen[i].as == as && strcmp(f->bad->seen[i].name, name) == 0)
            return &f->bad->seen[i];
    ck_abort_msg("%s is not in the table of %s", name, weft_error());
    return NULL;
}

/* What makes an op the first one: everything that it started from was finite. */
static void ck_inputs_finite(const failing *f)
{
    int64_t outputs = 0;
    for (int i = 0; i < f->bad->seen_count; i++) {
        const weft_seen *seen = &f->bad->seen[i];
        if (seen->as == WEFT_SEEN_OUTPUT)
            outputs += bad_count(&seen->numbers);
        else
            ck_assert_msg(bad_count(&seen->numbers) == 0, "%s is not finite: %s", seen->name,
                          weft_error());
    }
    ck_assert_int_gt(outputs, 0);
    ck_assert_int_gt(bad_count(&f->bad->made), 0);
}

/* Each device, fused and not; the CPU backend, which fuses nothing, once. */
static bool way_of(int way, train_bench **device, bool *fused)
{
    *device = &benches[(way + 1) / 2];
    *fused = way % 2 != 0;
    return (way + 1) / 2 < bench_count;
}

#define EACH_WAY(device, fused) \
    train_bench *device;        \
    bool fused;                 \
    for (int way = 0; way_of(way, &device, &fused); way++)

/* ---- samples ---- */

static float floats[BENCH_COUNT * PIXELS];

/* The data set as floats, one of which is bad; each batch of 8 in the order of the set. */
static void use_floats(failing *f, weft_dataset *data, float value)
{
    for (int i = 0; i < BENCH_COUNT * PIXELS; i++)
        floats[i] = (float)f->b->samples[i] / 255.0f;
    floats[BAD_SAMPLE * PIXELS + 3] = value;
    *data = f->b->data;
    data->dtype = WEFT_F32;
    data->samples = floats;
    f->desc.data = data;
    f->desc.options.augment = (weft_augment){0};
    f->desc.options.fixed_normalize = true;
    f->desc.options.normalize = (weft_normalize){.channels = 1, .std = {1}};
    f->desc.options.no_shuffle = true;
    f->desc.options.val_count = WEFT_NONE;
    f->desc.options.batch_size = 8;
}

START_TEST(one_sample)
{
    EACH_WAY(device, fused)
    {
        failing f;
        weft_dataset data;
        open_failing(&f, device, BENCH_NETWORK, fused);
        use_floats(&f, &data, device == benches ? NAN : -INFINITY);
        f.desc.out = bench_path(f.b, "run");
        f.desc.options.save_every = 4;
        run(&f);
        ck_bad_op(&f, "input1", "input", 13, "input1, input pass, sample 100: gather gives ");
        ck_weft_refused(f.status, WEFT_ERR_DIVERGED, "last.safetensors (step 12)");
        ck_assert_uint_eq(f.bad->epoch, 1);
        ck_assert_int_eq(f.bad->sample, BAD_SAMPLE);
        ck_assert_int_eq(bad_count(&f.bad->made), 1);
        const weft_numbers *n = &seen_as(&f, "samples", WEFT_SEEN_INPUT)->numbers;
        ck_assert_int_eq(n->count, BENCH_COUNT * PIXELS);
        ck_assert_int_eq(n->nan, device == benches);
        ck_assert_int_eq(n->infinite, device != benches);
        ck_assert(n->least >= 0 && n->largest <= 1 && n->mean > 0.1 && n->mean < 0.9);
        close_failing(&f);
    }
}
END_TEST

/* An evaluation is watched too. The bad sample is among those that are held out. */
START_TEST(a_sample_of_the_validation)
{
    failing f;
    weft_dataset data;
    open_failing(&f, &benches[0], BENCH_NETWORK, true);
    use_floats(&f, &data, NAN);
    f.desc.options.val_count = BENCH_COUNT - 8;
    run(&f);
    ck_bad_op(&f, "input1", "input", f.bad->step, "validation: input1, input pass, sample 100");
    ck_weft_refused(f.status, WEFT_ERR_DIVERGED, "in epoch 1, step 1:");
    ck_assert_uint_eq(f.bad->epoch, 0);
    close_failing(&f);
}
END_TEST

START_TEST(a_sample_of_the_test_set)
{
    failing f;
    weft_dataset data, test;
    open_failing(&f, &benches[0], BENCH_NETWORK, true);
    use_floats(&f, &data, NAN);
    test = data;
    data = f.b->data;
    f.desc.test = &test;
    run(&f);
    ck_bad_op(&f, "input1", "input", f.bad->step, "test set: input1, input pass, sample 100");
    close_failing(&f);
}
END_TEST

/* ---- weights ---- */

static int32_t parameter(const weft_model *model, const char *name)
{
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++)
        if (strcmp(weft_model_parameter(model, i)->name, name) == 0) return i;
    ck_abort_msg("no parameter %s", name);
    return -1;
}

static void set_value(weft_model *model, const char *name, int at, float value)
{
    static float values[MOST_VALUES];
    const int32_t index = parameter(model, name);
    ck_assert_int_le(weft_shape_count(weft_model_parameter(model, index)->file_shape), MOST_VALUES);
    ck_weft(weft_model_read(model, index, -1, values));
    values[at] = value;
    ck_weft(weft_model_write(model, index, -1, values));
}

/* Layers of BENCH_PLAIN whose weight is spoilt, and the layers whose ops see it, unfused and fused
 * by a device that fuses all it can. */
static const struct {
    const char *name, *layer;
    int at;
} weights[] = {{"conv1.weight", "conv1", 5},
               {"bn1.bias", "bn1", 2},
               {"bn1.running_var", "bn1", 1},
               {"fc1.weight", "fc1", 40},
               {"fc2.bias", "fc2", 3}};
enum { WEIGHTS = sizeof weights / sizeof *weights };

START_TEST(one_weight)
{
    const char *layer = weights[_i].layer, *name = weights[_i].name;
    EACH_WAY(device, fused)
    {
        failing f;
        open_failing(&f, device, BENCH_PLAIN, fused);
        make(&f);
        set_value(weft_trainer_model(f.trainer), name, weights[_i].at, NAN);
        run(&f);
        /* statistics are taken beside the convolution where that is one op */
        const bool beside = f.bad && strcmp(f.bad->kind, "conv2d_stats") == 0;
        ck_bad_op(&f, beside ? "conv1" : layer, "forward", 1, "forward pass: ");
        const bool state = strcmp(name, "bn1.running_var") == 0;
        const weft_seen *seen = seen_as(&f, name, state ? WEFT_SEEN_BEFORE : WEFT_SEEN_INPUT);
        ck_assert_int_eq(seen->numbers.nan, 1);
        ck_assert_int_eq(seen->numbers.infinite, 0);
        ck_assert_int_eq(f.bad->sample, -1);
        close_failing(&f);
    }
}
END_TEST

START_TEST(a_weight_of_the_initial_ones)
{
    failing f;
    weft_model *model;
    open_failing(&f, &benches[0], BENCH_PLAIN, true);
    ck_weft(weft_model_new(f.b->graph, f.b->device, &(weft_model_desc){.seed = 3}, &model));
    ck_weft(weft_model_init(model));
    set_value(model, "fc2.weight", 7, INFINITY);
    weft_meta *meta;
    ck_weft(weft_meta_new(&meta));
    const char *path = bench_path(f.b, "start.safetensors");
    ck_weft(weft_checkpoint_save(model, meta, path, false));
    weft_meta_free(meta);
    weft_model_free(model);
    f.desc.init = path;
    run(&f);
    ck_bad_op(&f, "fc2", "forward", 1, "fc2, forward pass: gemm gives ");
    ck_assert_int_eq(seen_as(&f, "fc2.weight", WEFT_SEEN_INPUT)->numbers.infinite, 1);
    close_failing(&f);
}
END_TEST

/* ---- numbers that grow too large ---- */

/* No activation that can die, so nothing stops the weights from growing. */
static const char linear[] = "input shape=6x6x1\nflatten\ndense units=16 name=a\ndense units=16 "
                             "name=b\ndense units=4 name=c\n";

START_TEST(a_large_rate)
{
    EACH_WAY(device, fused)
    {
        failing f;
        open_failing(&f, device, linear, fused);
        f.desc.options.schedule = WEFT_CONSTANT;
        f.desc.options.optimizer = (weft_optimizer){.kind = WEFT_SGD, .lr = 1e6f};
        run(&f);
        ck_weft_refused(f.status, WEFT_ERR_DIVERGED, "pass: ");
        ck_assert_ptr_nonnull(f.bad);
        ck_assert_msg(f.bad->step > 1 && f.bad->step < 24, "step %d", (int)f.bad->step);
        ck_assert_str_ne(f.bad->layer, "");
        ck_assert_ptr_nonnull(strstr(weft_error(), f.bad->layer));
        ck_assert_ptr_nonnull(strstr(weft_error(), f.bad->pass));
        ck_inputs_finite(&f);
        close_failing(&f);
    }
}
END_TEST

/* The weights are one arena to an update; the one that went bad is named all the same. */
START_TEST(an_update)
{
    EACH_WAY(device, fused)
    {
        failing f;
        open_failing(&f, device, BENCH_PLAIN, fused);
        f.desc.options.schedule = WEFT_CONSTANT;
        f.desc.options.optimizer =
            (weft_optimizer){.kind = WEFT_SGD, .lr = 1e29f, .weight_decay = 1e12f};
        run(&f);
        ck_bad_op(&f, "conv1.weight", "update", 1, "conv1.weight, update pass: sgd gives ");
        ck_inputs_finite(&f);
        ck_assert_int_eq(seen_as(&f, "parameters", WEFT_SEEN_BEFORE)->numbers.nan, 0);
        const weft_seen *seen = seen_as(&f, "conv1.weight", WEFT_SEEN_OUTPUT);
        ck_assert_int_eq(seen->numbers.count, 36);
        ck_assert_int_gt(bad_count(&seen->numbers), 0);
        seen_as(&f, "conv1.weight (gradient)", WEFT_SEEN_INPUT);
        close_failing(&f);
    }
}
END_TEST

/* Adam's square of a gradient leaves the range of floats before the weight does. */
START_TEST(a_moment)
{
    failing f;
    open_failing(&f, &benches[0], "input shape=6x6x1\nflatten\ndense units=4 name=fc\n", true);
    weft_dataset data;
    use_floats(&f, &data, 1e25f);
    f.desc.options.no_shuffle = true;
    run(&f);
    ck_bad_op(&f, "fc.weight", "update", 13, "fc.weight, update pass: adam gives ");
    ck_inputs_finite(&f);
    close_failing(&f);
}
END_TEST

static float targets[BENCH_COUNT * BENCH_CLASSES];

static void use_targets(failing *f, weft_dataset *data, float value)
{
    for (int i = 0; i < BENCH_COUNT * BENCH_CLASSES; i++)
        targets[i] = value;
    *data = f->b->data;
    data->classes = NULL;
    data->targets = targets;
    data->target_width = BENCH_CLASSES;
    f->desc.data = data;
    f->desc.options.loss = WEFT_LOSS_MSE;
}

START_TEST(a_loss)
{
    EACH_WAY(device, fused)
    {
        failing f;
        weft_dataset data;
        open_failing(&f, device, BENCH_PLAIN, fused);
        use_targets(&f, &data, 1e30f);
        run(&f);
        ck_bad_op(&f, "fc2", "loss", 1, "fc2, loss pass: mse gives ");
        ck_inputs_finite(&f);
        ck_assert_int_eq(seen_as(&f, "loss", WEFT_SEEN_OUTPUT)->numbers.infinite, 1);
        close_failing(&f);
    }
}
END_TEST

/* A dead layer in front of a huge weight: nothing shows before the gradient goes back through it.
 */
START_TEST(a_gradient)
{
    EACH_WAY(device, fused)
    {
        failing f;
        weft_dataset data;
        open_failing(&f, device, BENCH_PLAIN, fused);
        use_targets(&f, &data, 1e15f);
        make(&f);
        weft_model *model = weft_trainer_model(f.trainer);
        for (int i = 0; i < 12; i++)
            set_value(model, "fc1.bias", i, -1e30f);
        set_value(model, "fc2.weight", 7, 1e30f);
        run(&f);
        ck_bad_op(&f, "fc2", "backward", 1, "fc2, backward pass: ");
        ck_inputs_finite(&f);
        ck_assert(seen_as(&f, "fc2.weight", WEFT_SEEN_INPUT)->numbers.largest > 9e29);
        close_failing(&f);
    }
}
END_TEST

/* ---- a sound run ---- */

START_TEST(watching_changes_nothing)
{
    EACH_WAY(device, fused)
    {
        failing f;
        open_failing(&f, device, BENCH_NETWORK, fused);
        f.desc.test = &f.b->test;
        f.desc.out = bench_path(f.b, "watched");
        run(&f);
        ck_weft(f.status);
        ck_assert_ptr_null(f.bad);
        f.desc.check_numerics = false;
        f.desc.out = bench_path(f.b, "plain");
        ck_weft(bench_train(f.b, &f.desc, &f.result));
        ck_assert(bench_same(bench_file(f.b, "watched", "checkpoints/last.safetensors"),
                             bench_file(f.b, "plain", "checkpoints/last.safetensors")));
        close_failing(&f);
    }
}
END_TEST

/* Resumed: the state of a device that has not run this training before. */
START_TEST(watching_a_resumed_run)
{
    failing f;
    open_failing(&f, &benches[0], BENCH_NETWORK, true);
    f.desc.out = bench_path(f.b, "run");
    f.b->log.stop_step = 10;
    ck_weft(bench_train(f.b, &f.desc, &f.result));
    ck_assert_int_eq(f.result.outcome, WEFT_STOPPED);
    f.b->log.stop_step = 0;
    f.desc.resume = f.desc.out;
    run(&f);
    ck_weft(f.status);
    ck_assert_int_eq(f.result.outcome, WEFT_FINISHED);
    close_failing(&f);
}
END_TEST

static int64_t inspected(bool check)
{
    weft_device *device;
    weft_train_result result;
    weft_train_desc desc = bench_desc(&benches[0]);
    weft_trainer *trainer;
    ck_weft(weft_backend_null()->open(0, &(weft_open_desc){.threads = 1}, &device));
    desc.device_entry = NULL;
    desc.check_numerics = check;
    ck_weft(weft_trainer_new(device, &desc, &trainer));
    ck_weft(weft_trainer_run(trainer, &result));
    weft_trainer_free(trainer);
    const int64_t count = null_device_counts(device)->launched[WEFT_OP_inspect];
    ck_assert_int_eq(null_device_counts(device)->live_steps, 0);
    ck_assert_int_eq(null_device_counts(device)->live_buffers, 0);
    weft_backend_null()->close(device);
    return count;
}

START_TEST(a_plain_run_pays_nothing)
{
    ck_assert_int_eq(inspected(false), 0);
    ck_assert_int_gt(inspected(true), 24 * 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("numerics");
    TCase *tests = tcase_create("numerics");
    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, open_all, close_all);
    tcase_add_test(tests, one_sample);
    tcase_add_test(tests, a_sample_of_the_validation);
    tcase_add_test(tests, a_sample_of_the_test_set);
    tcase_add_loop_test(tests, one_weight, 0, WEIGHTS);
    tcase_add_test(tests, a_weight_of_the_initial_ones);
    tcase_add_test(tests, a_large_rate);
    tcase_add_test(tests, an_update);
    tcase_add_test(tests, a_moment);
    tcase_add_test(tests, a_loss);
    tcase_add_test(tests, a_gradient);
    tcase_add_test(tests, watching_changes_nothing);
    tcase_add_test(tests, watching_a_resumed_run);
    tcase_add_test(tests, a_plain_run_pays_nothing);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
