/* A loss that is not a finite number ends the run: what is said, and what stays of the run. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdlib.h>

#include "tests/suite.h"
#include "tests/train_bench.h"

enum { MOST_VALUES = 64 };

static const char LAST[] = "checkpoints/last.safetensors";
static const char PREV[] = "checkpoints/prev.safetensors";
static const char BEST[] = "checkpoints/best.safetensors";

/* ---- a weight that goes bad at the end of an epoch ---- */

typedef struct spoiler {
    train_bench *b;
    weft_trainer *trainer;
    uint32_t epoch;
} spoiler;

static void spoil_weight(weft_model *model)
{
    float values[MOST_VALUES];
    ck_assert_int_le(weft_shape_count(weft_model_parameter(model, 0)->file_shape), MOST_VALUES);
    ck_weft(weft_model_read(model, 0, -1, values));
    values[7] = NAN;
    ck_weft(weft_model_write(model, 0, -1, values));
}

/* What is on disk then is copied, to be compared with what stays. */
static bool spoil(void *user, const weft_epoch_report *report)
{
    const spoiler *s = user;
    if (report->epoch != s->epoch) return false;
    spoil_weight(weft_trainer_model(s->trainer));
    bench_snapshot(bench_path(s->b, "run"), bench_path(s->b, "before"));
    return false;
}

static weft_status train_spoiled(train_bench *b, weft_train_desc desc, uint32_t epoch)
{
    weft_train_result result;
    spoiler s = {.b = b, .epoch = epoch};
    desc.observer = (weft_observer){.on_epoch = spoil, .user = &s};
    ck_weft(weft_trainer_new(b->device, &desc, &s.trainer));
    const weft_status status = weft_trainer_run(s.trainer, &result);
    ck_assert_int_eq(result.outcome, WEFT_DIVERGED);
    weft_trainer_free(s.trainer);
    return status;
}

static void ck_untouched(const train_bench *b, const char *name)
{
    ck_assert_msg(bench_same(bench_file(b, "run", name), bench_file(b, "before", name)),
                  "%s was touched", name);
}

START_TEST(checkpoints_are_untouched_and_named)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        bench_open(&b, device, BENCH_NETWORK);
        weft_train_desc desc = bench_desc(&b);
        desc.out = bench_path(&b, "run");
        const weft_status status = train_spoiled(&b, desc, 2);
        ck_weft_refused(status, WEFT_ERR_DIVERGED,
                        "the loss is not a finite number in epoch 3, step 17");
        ck_weft_refused(status, WEFT_ERR_DIVERGED, "the last good checkpoint is");
        ck_weft_refused(status, WEFT_ERR_DIVERGED, "run/checkpoints/last.safetensors (step 16)");
        ck_untouched(&b, LAST);
        ck_untouched(&b, PREV);
        ck_untouched(&b, BEST);
        bench_close(&b);
    }
}
END_TEST

/* The newest checkpoint is damaged, so the one before it is what a resume has. */
START_TEST(an_older_checkpoint_is_named)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    b.log.stop_epoch = 2;
    ck_weft(bench_train(&b, &desc, &result));
    bench_write(bench_file(&b, "run", LAST), "cut", 3);

    weft_trainer *trainer;
    desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    ck_weft(weft_trainer_new(b.device, &desc, &trainer));
    spoil_weight(weft_trainer_model(trainer));
    const weft_status status = weft_trainer_run(trainer, &result);
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "epoch 2, step 9");
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "run/checkpoints/prev.safetensors (step 8)");
    weft_trainer_free(trainer);
    bench_close(&b);
}
END_TEST

/* A weight that never reaches the loss of the step that spoils it is met when it is to be saved. */
START_TEST(a_weight_in_the_last_step)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_PLAIN);
    weft_train_desc desc = bench_desc(&b);
    desc.out = bench_path(&b, "run");
    desc.options.epochs = 1;
    desc.options.max_steps = 1;
    desc.options.val_count = WEFT_NONE;
    desc.options.schedule = WEFT_CONSTANT;
    desc.options.optimizer = (weft_optimizer){.kind = WEFT_SGD, .lr = 1e29f, .weight_decay = 1e12f};
    const weft_status status = bench_train(&b, &desc, &result);
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "is no longer a finite number in epoch 1, step 1");
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "there is no checkpoint yet");
    ck_assert(!bench_exists(bench_file(&b, "run", LAST)));
    bench_close(&b);
}
END_TEST

/* Without files there is nothing to name. */
START_TEST(no_run_folder)
{
    train_bench b;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    weft_train_result result;
    weft_trainer *trainer;
    ck_weft(weft_trainer_new(b.device, &desc, &trainer));
    spoil_weight(weft_trainer_model(trainer));
    ck_weft_refused(weft_trainer_run(trainer, &result), WEFT_ERR_DIVERGED, "epoch 1, step 1");
    ck_assert_ptr_null(strstr(weft_error(), "checkpoint"));
    weft_trainer_free(trainer);
    bench_close(&b);
}
END_TEST

/* ---- samples ---- */

/* A data set of floats with one value that is not a number. */
static weft_dataset float_data(const weft_dataset *bytes, float *samples, int bad_sample)
{
    const int64_t pixels = weft_shape_count(bytes->shape);
    const uint8_t *from = bytes->samples;
    for (int64_t i = 0; i < bytes->count * pixels; i++)
        samples[i] = (float)from[i] / 255.0f;
    if (bad_sample >= 0) samples[bad_sample * pixels + 3] = NAN;
    weft_dataset data = *bytes;
    data.dtype = WEFT_F32;
    data.samples = samples;
    return data;
}

START_TEST(a_bad_sample_of_the_test_set)
{
    train_bench b;
    weft_train_result result;
    static float samples[BENCH_COUNT * 36], test_samples[BENCH_TEST * 36];
    bench_open(&b, "cpu", BENCH_NETWORK);
    const weft_dataset data = float_data(&b.data, samples, -1);
    const weft_dataset test = float_data(&b.test, test_samples, 20);
    weft_train_desc desc = bench_desc(&b);
    desc.data = &data;
    desc.test = &test;
    desc.out = bench_path(&b, "run");
    const weft_status status = bench_train(&b, &desc, &result);
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "the test loss is not a finite number");
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "last.safetensors (step 24)");
    ck_assert_int_eq(result.outcome, WEFT_DIVERGED);
    ck_assert(isnan(result.test_loss) && isfinite(result.val_loss));
    bench_close(&b);
}
END_TEST

/* The normalisation is measured on the samples, so nothing starts. */
START_TEST(a_bad_sample_that_is_measured)
{
    train_bench b;
    weft_train_result result;
    static float samples[BENCH_COUNT * 36];
    bench_open(&b, "cpu", BENCH_NETWORK);
    const weft_dataset data = float_data(&b.data, samples, 5);
    weft_train_desc desc = bench_desc(&b);
    desc.data = &data;
    desc.out = bench_path(&b, "run");
    desc.options.limit = 6;
    desc.options.val_count = WEFT_NONE;
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_FORMAT,
                    "number 3 of sample 5 is not finite");
    ck_assert(!bench_exists(desc.out));
    bench_close(&b);
}
END_TEST

START_TEST(a_bad_sample_of_the_validation)
{
    train_bench b;
    weft_train_result result;
    static float samples[BENCH_COUNT * 36];
    bench_open(&b, "cpu", BENCH_NETWORK);
    const weft_dataset data = float_data(&b.data, samples, 0);
    weft_train_desc desc = bench_desc(&b);
    desc.data = &data;
    desc.out = bench_path(&b, "run");
    desc.options.val_count = BENCH_COUNT - 16; /* sample 0 is among them */
    desc.options.fixed_normalize = true;
    desc.options.normalize = (weft_normalize){.channels = 1, .std = {1}};
    const weft_status status = bench_train(&b, &desc, &result);
    ck_weft_refused(status, WEFT_ERR_DIVERGED,
                    "the validation loss is not a finite number in epoch 1, step 1");
    ck_weft_refused(status, WEFT_ERR_DIVERGED, "there is no checkpoint yet");
    ck_assert(!bench_exists(bench_file(&b, "run", BEST)));
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train_diverged");
    TCase *tests = tcase_create("train_diverged");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, checkpoints_are_untouched_and_named);
    tcase_add_test(tests, an_older_checkpoint_is_named);
    tcase_add_test(tests, a_weight_in_the_last_step);
    tcase_add_test(tests, no_run_folder);
    tcase_add_test(tests, a_bad_sample_of_the_test_set);
    tcase_add_test(tests, a_bad_sample_that_is_measured);
    tcase_add_test(tests, a_bad_sample_of_the_validation);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
