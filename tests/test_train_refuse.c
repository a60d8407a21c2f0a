/* What the driver refuses, what it survives, and the files it writes. */
#define _XOPEN_SOURCE 700

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/checkpoint.h"
#include "tests/null_backend.h"
#include "tests/train_bench.h"

static const char LAST[] = "checkpoints/last.safetensors";
static const char PREV[] = "checkpoints/prev.safetensors";
static const char BEST[] = "checkpoints/best.safetensors";

static weft_status try_new(train_bench *b, const weft_train_desc *desc)
{
    weft_trainer *trainer;
    const weft_status status = weft_trainer_new(b->device, desc, &trainer);
    ck_assert(status == WEFT_OK || trainer == NULL);
    weft_trainer_free(trainer);
    return status;
}

/* ---- data and networks ---- */

START_TEST(data_must_fit)
{
    train_bench b;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    weft_dataset data = b.data;
    desc.data = &data;
    data.shape = (weft_shape){3, {4, 9, 1}};
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_SHAPE, "6x6x1");
    data = b.data;
    data.class_count = 5;
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_SHAPE, "5 classes");
    data = b.data;
    b.classes[17] = 4;
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_FORMAT, "17");
    b.classes[17] = 0;
    desc.options.loss = WEFT_LOSS_MSE;
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_USAGE, "mse");
    bench_close(&b);
}
END_TEST

START_TEST(options_are_checked)
{
    train_bench b;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.options.val_count = BENCH_COUNT;
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_USAGE, "val_count");
    desc = bench_desc(&b);
    desc.options.freeze = "conv9";
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_USAGE, "conv9");
    desc = bench_desc(&b);
    desc.init_partial = "fc2";
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_USAGE, "init");
    desc = bench_desc(&b);
    desc.init = bench_path(&b, "nothing.safetensors");
    ck_weft_refused(try_new(&b, &desc), WEFT_ERR_IO, "nothing.safetensors");
    bench_close(&b);
}
END_TEST

START_TEST(small_sets_work)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.options.limit = 1;
    desc.options.val_count = 0;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_uint_eq(result.steps, 3);
    ck_assert(isnan(result.val_loss));
    desc = bench_desc(&b);
    desc.options.limit = 40;
    desc.options.val_count = 3;
    desc.options.no_shuffle = true;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_uint_eq(result.steps, 9);
    bench_close(&b);
}
END_TEST

START_TEST(a_trainer_runs_once)
{
    train_bench b;
    weft_train_result result;
    weft_trainer *trainer;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    ck_weft(weft_trainer_new(b.device, &desc, &trainer));
    ck_weft(weft_trainer_run(trainer, &result));
    ck_weft_refused(weft_trainer_run(trainer, &result), WEFT_ERR_USAGE, "once");
    weft_trainer_free(trainer);
    weft_trainer_free(NULL);
    bench_close(&b);
}
END_TEST

/* ---- the run folder ---- */

START_TEST(nothing_is_written_before_the_run)
{
    train_bench b;
    weft_trainer *trainer;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    ck_weft(weft_trainer_new(b.device, &desc, &trainer));
    ck_assert(!bench_exists(desc.out));
    weft_trainer_free(trainer);
    bench_close(&b);
}
END_TEST

START_TEST(a_run_is_not_overwritten)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    ck_weft(bench_train(&b, &desc, &result));
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_USAGE, "--overwrite");

    bench_write(bench_file(&b, "run", "notes.txt"), "mine", 4);
    desc.overwrite = true;
    desc.options.val_count = WEFT_NONE;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert(bench_exists(bench_file(&b, "run", "notes.txt")));
    ck_assert(!bench_exists(bench_file(&b, "run", BEST))); /* of the run before */
    bench_close(&b);
}
END_TEST

START_TEST(folders_that_cannot_be)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    bench_write(bench_path(&b, "file"), "", 0);
    desc.out = bench_path(&b, "file");
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_IO, "file");
    desc.out = bench_path(&b, "file/run");
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_IO, "file");
    desc.out = "/proc/nothing/here";
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_IO, "/proc");
    bench_close(&b);
}
END_TEST

START_TEST(two_runs_want_one_folder)
{
    train_bench b;
    weft_train_result result;
    weft_trainer *first, *second;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    ck_weft(weft_trainer_new(b.device, &desc, &first));
    ck_weft(weft_trainer_new(b.device, &desc, &second));
    ck_weft(weft_trainer_run(first, &result));
    ck_weft_refused(weft_trainer_run(second, &result), WEFT_ERR_IO,
                    "another run is using this folder");
    weft_trainer_free(second);
    bench_remove(desc.out);

    /* And when the first is gone, what it left is a run. */
    ck_weft(weft_trainer_new(b.device, &desc, &second));
    weft_trainer_free(first);
    ck_weft(bench_train(&b, &desc, &result));
    ck_weft_refused(weft_trainer_run(second, &result), WEFT_ERR_USAGE, "--overwrite");
    weft_trainer_free(second);
    bench_close(&b);
}
END_TEST

static json_t *read_json(const train_bench *b, const char *name)
{
    char *text = bench_read(bench_file(b, "run", name), NULL);
    json_t *object = json_loads(text, 0, NULL);
    ck_assert_msg(json_is_object(object), "%s is not JSON", name);
    free(text);
    return object;
}

START_TEST(summary_has_its_keys)
{
    static const char *const KEYS[] = {"outcome",
                                       "model",
                                       "data",
                                       "device",
                                       "seed",
                                       "epochs",
                                       "steps",
                                       "parameters",
                                       "seconds",
                                       "images_per_second",
                                       "train_loss",
                                       "train_accuracy",
                                       "val_loss",
                                       "val_accuracy",
                                       "test_loss",
                                       "test_accuracy",
                                       "best_epoch",
                                       "start_seconds",
                                       "compile_seconds",
                                       "device_bytes",
                                       "peak_memory_bytes"};
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    ck_weft(bench_train(&b, &desc, &result));
    json_t *summary = read_json(&b, "summary.json");
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        ck_assert_msg(json_object_get(summary, KEYS[i]) != NULL, "no %s", KEYS[i]);
    ck_assert_uint_eq(json_object_size(summary), sizeof KEYS / sizeof KEYS[0]);
    ck_assert_str_eq(json_string_value(json_object_get(summary, "outcome")), "finished");
    ck_assert(json_is_null(json_object_get(summary, "test_loss")));
    const double loss = json_real_value(json_object_get(summary, "train_loss"));
    ck_assert((float)loss == (float)result.train_loss);
    json_decref(summary);
    bench_close(&b);
}
END_TEST

START_TEST(config_and_logs)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    desc.options.log_every = 5;
    ck_weft(bench_train(&b, &desc, &result));
    json_t *config = read_json(&b, "config.json");
    ck_assert_int_eq(json_integer_value(json_object_get(config, "batch_size")), 16);
    ck_assert_str_eq(json_string_value(json_object_get(config, "device")), "cpu");
    ck_assert_str_eq(json_string_value(json_object_get(config, "device_name")), b.entry->info.name);
    const json_t *norm = json_object_get(config, "normalize");
    ck_assert_uint_eq(json_array_size(json_object_get(norm, "mean")), 1);
    json_decref(config);
    json_decref(read_json(&b, "env.json"));

    char *steps = bench_read(bench_file(&b, "run", "steps.csv"), NULL);
    ck_assert(strncmp(steps, "step,loss,accuracy,learning_rate\n5,", 35) == 0);
    ck_assert_ptr_nonnull(strstr(steps, "\n20,"));
    ck_assert_ptr_null(strstr(steps, "\n6,"));
    free(steps);
    char *metrics = bench_read(bench_file(&b, "run", "metrics.csv"), NULL);
    ck_assert_ptr_nonnull(strstr(metrics, "\n3,"));
    free(metrics);
    bench_close(&b);
}
END_TEST

/* ---- divergence ---- */

START_TEST(divergence_keeps_checkpoints)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        bench_open(&b, device, BENCH_PLAIN);
        weft_train_desc desc = bench_desc(&b);
        desc.out = bench_path(&b, "run");
        desc.options.save_every = 4;
        desc.options.schedule = WEFT_CONSTANT;
        desc.options.optimizer = (weft_optimizer){.kind = WEFT_SGD, .lr = 1e25f};
        ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_DIVERGED, "lr");
        ck_assert_ptr_nonnull(strstr(weft_error(), "there is no checkpoint yet"));
        ck_assert_int_eq(result.outcome, WEFT_DIVERGED);
        ck_assert_int_eq(b.log.ends, 1);
        ck_assert(!bench_exists(bench_file(&b, "run", LAST)));
        ck_assert(!bench_exists(bench_file(&b, "run", BEST)));
        json_t *summary = read_json(&b, "summary.json");
        ck_assert_str_eq(json_string_value(json_object_get(summary, "outcome")), "diverged");
        json_decref(summary);
        bench_close(&b);
    }
}
END_TEST

/* A sample that is not a number, met after sound steps. */
START_TEST(bad_samples_after_good_steps)
{
    train_bench b;
    weft_train_result result;
    static float samples[BENCH_COUNT * 36];
    bench_open(&b, "cpu", BENCH_NETWORK);
    for (int i = 0; i < BENCH_COUNT * 36; i++)
        samples[i] = (float)b.samples[i] / 255.0f;
    samples[100 * 36 + 3] = NAN;
    weft_dataset data = b.data;
    data.dtype = WEFT_F32;
    data.samples = samples;
    weft_train_desc desc = bench_desc(&b);
    desc.data = &data;
    desc.out = bench_path(&b, "run");
    desc.options.fixed_normalize = true;
    desc.options.normalize = (weft_normalize){.channels = 1, .std = {1}};
    desc.options.augment = (weft_augment){0};
    desc.options.no_shuffle = true;
    desc.options.val_count = WEFT_NONE;
    desc.options.save_every = 2;
    desc.options.batch_size = 8;
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_DIVERGED, "epoch 1, step 13");
    ck_assert_ptr_nonnull(strstr(weft_error(), "checkpoints/last.safetensors (step 12)"));
    weft_model *model = NULL;
    ck_weft(weft_model_new(b.graph, b.device, &(weft_model_desc){0}, &model));
    ck_weft(weft_checkpoint_load(model, bench_file(&b, "run", LAST), &(weft_load_desc){0}));
    float values[36];
    ck_weft(weft_model_read(model, 0, -1, values));
    for (int i = 0; i < 36; i++)
        ck_assert(isfinite(values[i]));
    weft_model_free(model);
    bench_close(&b);
}
END_TEST

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* From the second epoch on, no file can grow beyond the size of small logs. */
static bool fill_disk(void *user, const weft_epoch_report *report)
{
    (void)user;
    if (report->epoch == 1) limit_files(4096);
    return false;
}

START_TEST(full_disk_keeps_the_checkpoint)
{
    train_bench b;
    weft_train_result result;
    weft_meta *meta;
    bench_open(&b, "cpu", BENCH_NETWORK);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    desc.observer = (weft_observer){.on_epoch = fill_disk};
    const weft_status status = bench_train(&b, &desc, &result);
    limit_files(RLIM_INFINITY);
    signal(SIGXFSZ, before);
    ck_weft_refused(status, WEFT_ERR_IO, "checkpoints");

    ck_weft(weft_checkpoint_meta(bench_file(&b, "run", LAST), &meta));
    ck_assert_str_eq(weft_meta_get(meta, "epoch"), "1");
    weft_meta_free(meta);
    ck_assert(!bench_exists(bench_file(&b, "run", PREV)));
    desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_FINISHED);
    bench_close(&b);
}
END_TEST

/* ---- a device that fails ---- */

START_TEST(device_failures_are_clean)
{
    train_bench b;
    weft_train_result result;
    weft_status status = WEFT_ERR_DEVICE;
    bench_open(&b, "cpu", BENCH_NETWORK);
    int calls = 0;
    for (int step = 1; status != WEFT_OK; calls += step, step = 1 + calls / 20) {
        weft_device *device;
        ck_weft(weft_backend_null()->open(0, &(weft_open_desc){.threads = 1}, &device));
        null_device_fail(device, calls + 1);
        weft_train_desc desc = bench_desc(&b);
        desc.device_entry = NULL;
        desc.test = &b.test;
        desc.options.epochs = 2;
        weft_trainer *trainer = NULL;
        status = weft_trainer_new(device, &desc, &trainer);
        if (status == WEFT_OK) status = weft_trainer_run(trainer, &result);
        ck_assert_msg(status == WEFT_OK || status == WEFT_ERR_DEVICE, "call %d: %s", calls + 1,
                      weft_error());
        weft_trainer_free(trainer);
        ck_assert_int_eq(null_device_counts(device)->live_buffers, 0);
        ck_assert_int_eq(null_device_counts(device)->live_steps, 0);
        weft_backend_null()->close(device);
    }
    ck_assert_int_gt(calls, 100);
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train_refuse");
    TCase *tests = tcase_create("train_refuse");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, data_must_fit);
    tcase_add_test(tests, options_are_checked);
    tcase_add_test(tests, small_sets_work);
    tcase_add_test(tests, a_trainer_runs_once);
    tcase_add_test(tests, nothing_is_written_before_the_run);
    tcase_add_test(tests, a_run_is_not_overwritten);
    tcase_add_test(tests, folders_that_cannot_be);
    tcase_add_test(tests, two_runs_want_one_folder);
    tcase_add_test(tests, summary_has_its_keys);
    tcase_add_test(tests, config_and_logs);
    tcase_add_test(tests, divergence_keeps_checkpoints);
    tcase_add_test(tests, bad_samples_after_good_steps);
    tcase_add_test(tests, full_disk_keeps_the_checkpoint);
    tcase_add_test(tests, device_failures_are_clean);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
