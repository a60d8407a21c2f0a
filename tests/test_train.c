/* The training driver: what it computes, who it tells, what it leaves alone. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "backends/backends.h"
#include "core/checkpoint.h"
#include "core/rng.h"
#include "tests/train_bench.h"

/* ---- numbers ---- */

/* Ten losses of BENCH_PLAIN as PyTorch computes them from the same weights and batches. */
static const double GOLDEN[10] = {2.03265524,  1.30656695,  1.18639898, 1.10289204, 1.04750574,
                                  0.951974928, 0.945611417, 1.08181334, 1.10411894, 0.941022098};

START_TEST(golden_run)
{
    train_bench b;
    weft_train_result result;
    double first[10];
    bench_open(&b, "cpu", BENCH_PLAIN);
    for (int round = 0; round < 2; round++) {
        weft_train_desc desc = bench_desc(&b);
        desc.options.max_steps = 10;
        desc.options.augment = (weft_augment){0};
        ck_weft(bench_train(&b, &desc, &result));
        ck_assert_int_eq(b.log.steps, 10);
        for (int i = 0; i < 10; i++) {
            ck_assert_msg(fabs(b.log.loss[i] - GOLDEN[i]) < 2e-5, "step %d: %.9g", i + 1,
                          b.log.loss[i]);
            if (round == 0) first[i] = b.log.loss[i];
            ck_assert(b.log.loss[i] == first[i]);
        }
    }
    bench_close(&b);
}
END_TEST

START_TEST(backends_agree)
{
    double wanted[10];
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        bench_open(&b, device, BENCH_PLAIN);
        weft_train_desc desc = bench_desc(&b);
        desc.options.max_steps = 10;
        ck_weft(bench_train(&b, &desc, &result));
        for (int s = 0; s < 10; s++) {
            if (i == 0) wanted[s] = b.log.loss[s];
            ck_assert_msg(fabs(b.log.loss[s] - wanted[s]) <= 1e-4, "%s, step %d: %.9g, cpu %.9g",
                          device, s + 1, b.log.loss[s], wanted[s]);
        }
        bench_close(&b);
    }
}
END_TEST

START_TEST(two_runs_are_equal)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        bench_open(&b, device, BENCH_NETWORK);
        for (int round = 0; round < 2; round++) {
            weft_train_desc desc = bench_desc(&b);
            desc.out = bench_path(&b, round == 0 ? "a" : "b");
            ck_weft(bench_train(&b, &desc, &result));
        }
        ck_assert(bench_same(bench_file(&b, "a", "steps.csv"), bench_file(&b, "b", "steps.csv")));
        ck_assert(bench_same(bench_file(&b, "a", "checkpoints/last.safetensors"),
                             bench_file(&b, "b", "checkpoints/last.safetensors")));
        bench_close(&b);
    }
}
END_TEST

START_TEST(it_learns)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.options.epochs = 12;
    desc.test = &b.test;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_FINISHED);
    ck_assert_uint_eq(result.epochs, 12);
    ck_assert_uint_eq(result.steps, 96);
    ck_assert_int_eq(b.log.epochs, 12);
    ck_assert_int_eq(b.log.ends, 1);
    ck_assert_msg(result.test_accuracy > 0.9, "test accuracy %g", result.test_accuracy);
    ck_assert(result.val_accuracy > 0.8 && result.train_loss < b.log.epoch[0].train_loss);
    ck_assert(result.best_epoch > 0 && result.images_per_second > 0.0);
    bench_close(&b);
}
END_TEST

/* Mean squared error on floats of the caller: y = a linear map that a dense layer can find. */
START_TEST(floats_and_targets)
{
    train_bench b;
    weft_train_result result;
    float samples[64][3], targets[64][2];
    for (uint32_t i = 0; i < 64; i++) {
        for (uint32_t c = 0; c < 3; c++)
            samples[i][c] = (float)(weft_draw(1, WEFT_RNG_INIT, 0, 0, i, c) % 1000) / 500.0f - 1.0f;
        targets[i][0] = 2.0f * samples[i][0] - samples[i][2];
        targets[i][1] = 0.5f + samples[i][1];
    }
    bench_open(&b, "cpu", "input shape=3\ndense units=2 name=fc\n");
    const weft_dataset data = {.name = "plane",
                               .shape = {1, {3}},
                               .count = 64,
                               .dtype = WEFT_F32,
                               .samples = samples,
                               .targets = &targets[0][0],
                               .target_width = 2};
    weft_train_desc desc = bench_desc(&b);
    desc.data = &data;
    desc.options = (weft_train_options){.epochs = 60,
                                        .batch_size = 8,
                                        .loss = WEFT_LOSS_MSE,
                                        .val_count = 8,
                                        .optimizer = {.lr = 0.05f}};
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_msg(result.val_loss < 1e-3, "validation loss %g", result.val_loss);
    ck_assert(isnan(result.train_accuracy) && isnan(result.val_accuracy));
    bench_close(&b);
}
END_TEST

/* ---- who is told ---- */

START_TEST(reports_count_from_one)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    ck_weft(bench_train(&b, &desc, &result));
    const weft_step_report *r = &b.log.last;
    ck_assert_int_eq(b.log.steps, 24);
    ck_assert_uint_eq(r->step, 24);
    ck_assert_uint_eq(r->steps, 24);
    ck_assert_uint_eq(r->epoch, 3);
    ck_assert_int_eq(r->step_in_epoch, 8);
    ck_assert_int_eq(r->steps_per_epoch, 8);
    ck_assert(r->mean_loss == result.train_loss && r->mean_accuracy == result.train_accuracy);
    ck_assert(isnan(result.test_loss));
    bench_close(&b);
}
END_TEST

START_TEST(callbacks_stop)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.test = &b.test;
    b.log.stop_step = 11;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_STOPPED);
    ck_assert_uint_ge(result.steps, 11);
    ck_assert_uint_lt(result.steps, 24);
    ck_assert_uint_eq(result.steps, (uint64_t)b.log.steps);
    ck_assert(isnan(result.test_loss));

    desc = bench_desc(&b);
    b.log.stop_epoch = 2;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_STOPPED);
    ck_assert_uint_eq(result.steps, 16);
    ck_assert_int_eq(b.log.ends, 1);
    bench_close(&b);
}
END_TEST

START_TEST(flag_stops)
{
    train_bench b;
    weft_train_result result;
    volatile sig_atomic_t stop = 1;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.stop = &stop;
    desc.out = bench_path(&b, "run");
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_STOPPED);
    ck_assert_uint_eq(result.steps, 0);
    ck_assert(bench_exists(bench_file(&b, "run", "checkpoints/last.safetensors")));
    bench_close(&b);
}
END_TEST

START_TEST(steps_and_patience_end_a_run)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = bench_desc(&b);
    desc.options.max_steps = 11;
    desc.test = &b.test;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_FINISHED);
    ck_assert_uint_eq(result.steps, 11);
    ck_assert_uint_eq(result.epochs, 2);
    ck_assert(isfinite(result.test_loss) && isfinite(result.val_loss));

    desc = bench_desc(&b);
    desc.options.epochs = 16;
    desc.options.patience = 1;
    desc.options.schedule = WEFT_CONSTANT;
    desc.options.optimizer = (weft_optimizer){.kind = WEFT_SGD, .lr = 2.0f, .momentum = 0.9f};
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_FINISHED);
    ck_assert_uint_lt(result.epochs, 16);
    ck_assert_uint_eq(result.best_epoch + 1, result.epochs);
    bench_close(&b);
}
END_TEST

/* ---- weights ---- */

typedef struct copy {
    float *values;
    int64_t count;
} copy;

/* All numbers of the parameters whose name starts with prefix. */
static copy copy_weights(weft_model *model, const char *prefix)
{
    copy c = {calloc(100000, sizeof(float)), 0};
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        const weft_parameter *p = weft_model_parameter(model, i);
        if (strncmp(p->name, prefix, strlen(prefix)) != 0) continue;
        ck_weft(weft_model_read(model, i, -1, c.values + c.count));
        c.count += weft_shape_count(p->file_shape);
    }
    ck_assert_int_gt(c.count, 0);
    return c;
}

static bool unchanged(weft_model *model, const char *prefix, copy *before)
{
    copy now = copy_weights(model, prefix);
    const bool same = memcmp(now.values, before->values, sizeof(float) * (size_t)now.count) == 0;
    free(now.values);
    free(before->values);
    return same;
}

START_TEST(frozen_layers_stay)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        weft_trainer *trainer;
        bench_open(&b, device, BENCH_NETWORK);
        weft_train_desc desc = bench_desc(&b);
        desc.options.freeze = "conv*,bn1";
        desc.options.optimizer.weight_decay = 0.1f;
        ck_weft(weft_trainer_new(b.device, &desc, &trainer));
        weft_model *model = weft_trainer_model(trainer);
        copy conv = copy_weights(model, "conv1."), bn = copy_weights(model, "bn1."),
             fc = copy_weights(model, "fc1.");
        ck_assert_int_eq(bn.count, 16); /* running statistics too */
        ck_weft(weft_trainer_run(trainer, &result));
        ck_assert(unchanged(model, "conv1.", &conv));
        ck_assert(unchanged(model, "bn1.", &bn));
        ck_assert(!unchanged(model, "fc1.", &fc));
        weft_trainer_free(trainer);
        bench_close(&b);
    }
}
END_TEST

/* A finished run in "run" of the scratch folder. */
static void make_run(train_bench *b)
{
    weft_train_result result;
    weft_train_desc desc = bench_desc(b);
    desc.out = bench_path(b, "run");
    ck_weft(bench_train(b, &desc, &result));
}

static weft_status start_from(train_bench *b, const char *partial, weft_trainer **trainer)
{
    weft_train_desc desc = bench_desc(b);
    desc.init = bench_file(b, "run", "checkpoints/last.safetensors");
    desc.init_partial = partial;
    return weft_trainer_new(b->device, &desc, trainer);
}

START_TEST(weights_to_start_from)
{
    train_bench b;
    weft_trainer *first, *second;
    bench_open(&b, "cpu", BENCH_NETWORK);
    make_run(&b);
    weft_train_desc desc = bench_desc(&b);
    ck_weft(weft_trainer_new(b.device, &desc, &first));
    copy fresh = copy_weights(weft_trainer_model(first), "fc2.weight");
    copy drawn = copy_weights(weft_trainer_model(first), "conv1.");

    ck_weft(start_from(&b, "fc2", &second));
    ck_assert(unchanged(weft_trainer_model(second), "fc2.weight", &fresh));
    ck_assert(!unchanged(weft_trainer_model(second), "conv1.", &drawn));
    weft_trainer_free(first);
    weft_trainer_free(second);
    bench_close(&b);
}
END_TEST

START_TEST(weights_must_fit)
{
    train_bench b;
    weft_trainer *trainer;
    bench_open(&b, "cpu", BENCH_NETWORK);
    make_run(&b);
    weft_graph *graph = b.graph;
    char text[1024];
    snprintf(text, sizeof text, "%s", BENCH_NETWORK);
    memcpy(strstr(text, "units=4"), "units=5", 7);
    ck_weft(weft_graph_parse(text, strlen(text), "five.net", &b.graph));
    ck_weft_refused(start_from(&b, NULL, &trainer), WEFT_ERR_SHAPE, "fc2.weight");
    ck_assert_ptr_null(trainer);
    ck_weft(start_from(&b, "fc2", &trainer));
    weft_trainer_free(trainer);
    weft_graph_free(graph);
    bench_close(&b);
}
END_TEST

/* ---- evaluation ---- */

START_TEST(one_sample_equals_evaluation)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        weft_trainer *trainer;
        weft_score score, again;
        float logits[BENCH_TEST][4], one[4];
        bench_open(&b, device, BENCH_NETWORK);
        weft_train_desc desc = bench_desc(&b);
        desc.test = &b.test;
        ck_weft(weft_trainer_new(b.device, &desc, &trainer));
        ck_weft(weft_trainer_run(trainer, &result));
        weft_model *model = weft_trainer_model(trainer);
        const weft_normalize *norm = weft_trainer_normalize(trainer);
        ck_weft(weft_evaluate(model, &b.test, norm, 16, &logits[0][0], &score));
        ck_weft(weft_evaluate(model, &b.test, norm, 0, NULL, &again));
        ck_assert_int_eq(score.samples, BENCH_TEST);
        ck_assert(score.accuracy == again.accuracy && fabs(score.loss - again.loss) < 1e-5);
        ck_assert(score.loss == result.test_loss && score.accuracy == result.test_accuracy);

        int correct = 0;
        for (int s = 0; s < BENCH_TEST; s++) {
            const uint8_t *sample = (const uint8_t *)b.test.samples + s * 36;
            ck_weft(weft_model_predict(model, sample, WEFT_U8, 1, norm, one));
            int best = 0;
            for (int c = 0; c < 4; c++) {
                ck_assert(fabsf(one[c] - logits[s][c]) <= 1e-5f * (1.0f + fabsf(one[c])));
                if (one[c] > one[best]) best = c;
            }
            correct += best == b.test.classes[s];
        }
        ck_assert(fabs(score.accuracy - (double)correct / BENCH_TEST) < 1e-12);
        weft_trainer_free(trainer);
        bench_close(&b);
    }
}
END_TEST

/* Evaluating in the middle, with a larger batch than the training's, changes nothing. */
static weft_trainer *between;
static const weft_dataset *between_data;

static bool evaluate_between(void *user, const weft_step_report *report)
{
    double *losses = user;
    weft_score score;
    losses[report->step - 1] = report->loss;
    if (!between) return false;
    ck_weft(weft_evaluate(weft_trainer_model(between), between_data,
                          weft_trainer_normalize(between), 30, NULL, &score));
    return false;
}

START_TEST(evaluation_between_steps)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        weft_trainer *trainer;
        double losses[2][24];
        bench_open(&b, device, BENCH_NETWORK);
        for (int round = 0; round < 2; round++) {
            weft_train_desc desc = bench_desc(&b);
            desc.observer = (weft_observer){.on_step = evaluate_between, .user = losses[round]};
            ck_weft(weft_trainer_new(b.device, &desc, &trainer));
            between = round == 1 ? trainer : NULL;
            between_data = &b.test;
            ck_weft(weft_trainer_run(trainer, &result));
            weft_trainer_free(trainer);
        }
        ck_assert_mem_eq(losses[0], losses[1], sizeof losses[0]);
        bench_close(&b);
    }
}
END_TEST

/* ---- threads ---- */

static void *train_in_thread(void *user)
{
    train_bench *b = user;
    weft_train_result result;
    weft_train_desc desc = bench_desc(b);
    desc.out = bench_path(b, "run");
    return bench_train(b, &desc, &result) == WEFT_OK ? user : NULL;
}

START_TEST(two_threads)
{
    train_bench b[2];
    pthread_t thread[2];
    void *done;
    for (int i = 0; i < 2; i++)
        bench_open(&b[i], "cpu", BENCH_NETWORK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, train_in_thread, &b[i]), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(thread[i], &done), 0);
        ck_assert_ptr_eq(done, &b[i]);
    }
    ck_assert(bench_same(bench_file(&b[0], "run", "checkpoints/last.safetensors"),
                         bench_file(&b[1], "run", "checkpoints/last.safetensors")));
    for (int i = 0; i < 2; i++)
        bench_close(&b[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train");
    TCase *tests = tcase_create("train");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, golden_run);
    tcase_add_test(tests, backends_agree);
    tcase_add_test(tests, two_runs_are_equal);
    tcase_add_test(tests, it_learns);
    tcase_add_test(tests, floats_and_targets);
    tcase_add_test(tests, reports_count_from_one);
    tcase_add_test(tests, callbacks_stop);
    tcase_add_test(tests, flag_stops);
    tcase_add_test(tests, steps_and_patience_end_a_run);
    tcase_add_test(tests, frozen_layers_stay);
    tcase_add_test(tests, weights_to_start_from);
    tcase_add_test(tests, weights_must_fit);
    tcase_add_test(tests, one_sample_equals_evaluation);
    tcase_add_test(tests, evaluation_between_steps);
    tcase_add_test(tests, two_threads);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
