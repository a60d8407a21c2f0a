/* A training that was interrupted anywhere and resumed ends in the same bytes as one that was not.
 */
#include <math.h>
#include <stdlib.h>

#include "core/checkpoint.h"
#include "tests/train_bench.h"

static const char LAST[] = "checkpoints/last.safetensors";
static const char PREV[] = "checkpoints/prev.safetensors";
static const char BEST[] = "checkpoints/best.safetensors";

/* The uninterrupted run that others are compared with. */
static void whole_run(train_bench *b, const char *name)
{
    weft_train_result result;
    weft_train_desc desc = bench_desc(b);
    desc.test = &b->test;
    desc.out = bench_path(b, name);
    ck_weft(bench_train(b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_FINISHED);
}

static weft_status resume(train_bench *b, const char *name, weft_train_result *result)
{
    weft_train_desc desc = bench_desc(b);
    desc.test = &b->test;
    desc.resume = bench_path(b, name);
    return bench_train(b, &desc, result);
}

static void ck_same_run(const train_bench *b, const char *name, const char *wanted, int step)
{
    static const char *const FILES[] = {"steps.csv", LAST, BEST};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        ck_assert_msg(bench_same(bench_file(b, name, FILES[i]), bench_file(b, wanted, FILES[i])),
                      "interrupted at step %d: another %s", step, FILES[i]);
    char *metrics = bench_metrics(bench_file(b, name, "metrics.csv"));
    char *others = bench_metrics(bench_file(b, wanted, "metrics.csv"));
    ck_assert_str_eq(metrics, others);
    free(metrics);
    free(others);
}

START_TEST(stopped_and_resumed)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++) {
        train_bench b;
        weft_train_result result;
        bench_open(&b, device, BENCH_NETWORK);
        whole_run(&b, "whole");
        for (int step = 1; step < 24; step += i == 0 ? 1 : 12) {
            weft_train_desc desc = bench_desc(&b);
            desc.test = &b.test;
            desc.out = bench_path(&b, "part");
            desc.overwrite = true;
            b.log.stop_step = step;
            ck_weft(bench_train(&b, &desc, &result));
            if (result.outcome == WEFT_STOPPED) ck_weft(resume(&b, "part", &result));
            ck_assert_int_eq(result.outcome, WEFT_FINISHED);
            ck_assert(isfinite(result.test_loss));
            ck_same_run(&b, "part", "whole", step);
        }
        bench_close(&b);
    }
}
END_TEST

START_TEST(stopped_again_and_again)
{
    train_bench b;
    weft_train_result result = {.outcome = WEFT_STOPPED};
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    for (int step = 2; result.outcome == WEFT_STOPPED; step += 3) {
        weft_train_desc desc = bench_desc(&b);
        desc.test = &b.test;
        desc.out = bench_path(&b, "part");
        if (step > 2) desc.resume = desc.out;
        b.log.stop_step = step;
        ck_weft(bench_train(&b, &desc, &result));
    }
    ck_same_run(&b, "part", "whole", 0);
    bench_close(&b);
}
END_TEST

/* Settings under which validation gets worse after a while, so that what a checkpoint says of the
 * best epoch and of patience matters. */
static weft_train_desc getting_worse(train_bench *b, const char *name)
{
    weft_train_desc desc = bench_desc(b);
    desc.options.epochs = 12;
    desc.options.patience = 3;
    desc.options.schedule = WEFT_CONSTANT;
    desc.options.optimizer = (weft_optimizer){.kind = WEFT_SGD, .lr = 1.0f, .momentum = 0.9f};
    desc.out = bench_path(b, name);
    return desc;
}

START_TEST(best_and_patience_are_resumed)
{
    train_bench b;
    weft_train_result whole, result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    weft_train_desc desc = getting_worse(&b, "whole");
    ck_weft(bench_train(&b, &desc, &whole));
    ck_assert_uint_lt(whole.epochs, 12); /* patience ended it */
    ck_assert_uint_eq(whole.best_epoch + 3, whole.epochs);

    desc = getting_worse(&b, "part");
    b.log.stop_epoch = (int)whole.epochs - 2; /* one epoch after the best */
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_STOPPED);
    desc = getting_worse(&b, "part");
    desc.resume = desc.out;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert_uint_eq(result.epochs, whole.epochs);
    ck_assert_uint_eq(result.best_epoch, whole.best_epoch);
    ck_same_run(&b, "part", "whole", 0);
    bench_close(&b);
}
END_TEST

/* ---- killed: what is on disk at a step is copied away and resumed there ---- */

typedef struct killer {
    train_bench *b;
    int step;
} killer;

static bool copy_at_step(void *user, const weft_step_report *report)
{
    const killer *k = user;
    if (report->step == (uint64_t)k->step)
        bench_snapshot(bench_path(k->b, "victim"), bench_path(k->b, "dead"));
    return false;
}

static void kill_at(train_bench *b, int step, int64_t save_every)
{
    weft_train_result result;
    killer k = {b, step};
    weft_train_desc desc = bench_desc(b);
    desc.test = &b->test;
    desc.options.save_every = save_every;
    desc.out = bench_path(b, "victim");
    desc.overwrite = true;
    desc.observer = (weft_observer){.on_step = copy_at_step, .user = &k};
    bench_remove(bench_path(b, "dead"));
    ck_weft(bench_train(b, &desc, &result));
}

START_TEST(killed_and_resumed)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    for (int64_t every = 0; every <= 5; every += 5) {
        for (int step = 9; step <= 24; step++) {
            kill_at(&b, step, every);
            ck_weft(resume(&b, "dead", &result));
            ck_assert_int_le(b.log.steps, every == 0 ? 16 : 19);
            ck_same_run(&b, "dead", "whole", step);
        }
    }
    bench_close(&b);
}
END_TEST

START_TEST(kept_between_epochs)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    kill_at(&b, 5, 3); /* in the first epoch, behind step 3 */
    ck_assert(bench_exists(bench_file(&b, "dead", LAST)));
    ck_weft(resume(&b, "dead", &result));
    ck_assert_int_eq(b.log.steps, 21);
    bench_close(&b);
}
END_TEST

/* A torn line at the end of a log, as a crash leaves it. */
START_TEST(torn_lines_are_cut)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    kill_at(&b, 12, 0);
    FILE *steps = fopen(bench_file(&b, "dead", "steps.csv"), "ab");
    FILE *events = fopen(bench_file(&b, "dead", "events.jsonl"), "ab");
    fputs("8,0.1,0.2,0.3\n9,0.", steps);
    fputs("{\"time\":\"20", events);
    fclose(steps);
    fclose(events);
    ck_weft(resume(&b, "dead", &result));
    char *text = bench_read(bench_file(&b, "dead", "events.jsonl"), NULL);
    ck_assert_ptr_null(strstr(text, "\"20\n"));
    ck_assert_ptr_nonnull(strstr(text, "\"resumed\":true"));
    ck_assert_ptr_nonnull(strstr(text, "\"outcome\":\"finished\""));
    free(text);
    bench_close(&b);
}
END_TEST

/* ---- damage ---- */

/* A run that stopped in its third epoch. */
static void stopped_run(train_bench *b, const char *name)
{
    weft_train_result result;
    weft_train_desc desc = bench_desc(b);
    desc.out = bench_path(b, name);
    desc.options.save_every = 3;
    b->log.stop_step = 18;
    ck_weft(bench_train(b, &desc, &result));
    ck_assert_int_eq(result.outcome, WEFT_STOPPED);
    ck_assert(bench_exists(bench_file(b, name, PREV)));
}

START_TEST(damaged_last_falls_back)
{
    train_bench b;
    weft_train_result result;
    size_t count;
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    stopped_run(&b, "stopped");
    char *bytes = bench_read(bench_file(&b, "stopped", LAST), &count);
    for (size_t at = 3; at < count; at += count / 23) {
        bench_remove(bench_path(&b, "hurt"));
        bench_snapshot(bench_path(&b, "stopped"), bench_path(&b, "hurt"));
        bytes[at] = (char)(bytes[at] ^ 0x11);
        bench_write(bench_file(&b, "hurt", LAST), bytes, count);
        bytes[at] = (char)(bytes[at] ^ 0x11);
        ck_weft(resume(&b, "hurt", &result));
        ck_assert_msg(strstr(b.log.warning, "checkpoint before it") != NULL, "byte %d: \"%s\"",
                      (int)at, b.log.warning);
        ck_same_run(&b, "hurt", "whole", (int)at);
        ck_assert(bench_same(bench_file(&b, "hurt", PREV), bench_file(&b, "stopped", PREV)));
    }
    free(bytes);
    bench_close(&b);
}
END_TEST

START_TEST(missing_last_falls_back)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    stopped_run(&b, "stopped");
    ck_assert_int_eq(remove(bench_file(&b, "stopped", LAST)), 0);
    ck_weft(resume(&b, "stopped", &result));
    ck_same_run(&b, "stopped", "whole", 18);

    stopped_run(&b, "gone");
    ck_assert_int_eq(remove(bench_file(&b, "gone", LAST)), 0);
    ck_assert_int_eq(remove(bench_file(&b, "gone", PREV)), 0);
    ck_weft_refused(resume(&b, "gone", &result), WEFT_ERR_IO, "last.safetensors");
    bench_close(&b);
}
END_TEST

/* ---- refusals ---- */

START_TEST(other_settings_are_refused)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    stopped_run(&b, "run");
    weft_train_desc desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    desc.options.batch_size = 8;
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_USAGE, "batch_size was 16 and is 8");
    desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    desc.options.epochs = 5;
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_USAGE, "epochs was 3 and is 5");
    desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    desc.gemm = "clblast";
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_USAGE, "gemm was \"auto\"");
    desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    desc.family = "tile";
    ck_weft_refused(bench_train(&b, &desc, &result), WEFT_ERR_USAGE, "family was \"auto\"");
    desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    desc.options.log_every = 4; /* changes no result */
    ck_weft(bench_train(&b, &desc, &result));
    bench_close(&b);
}
END_TEST

START_TEST(other_data_and_networks_are_refused)
{
    train_bench b;
    weft_train_result result;
    bench_open(&b, "cpu", BENCH_NETWORK);
    stopped_run(&b, "run");
    b.samples[1000] ^= 1;
    ck_weft_refused(resume(&b, "run", &result), WEFT_ERR_USAGE, "data");
    b.samples[1000] ^= 1;

    weft_graph *graph = b.graph;
    ck_weft(weft_graph_parse(BENCH_PLAIN, strlen(BENCH_PLAIN), "plain.net", &b.graph));
    ck_weft_refused(resume(&b, "run", &result), WEFT_ERR_USAGE, "network");
    weft_graph_free(b.graph);
    b.graph = graph;
    ck_weft(resume(&b, "run", &result));
    bench_close(&b);
}
END_TEST

START_TEST(finished_missing_and_locked_runs)
{
    train_bench b;
    weft_train_result result;
    weft_trainer *holder, *other;
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    ck_weft_refused(resume(&b, "whole", &result), WEFT_ERR_USAGE, "already finished");
    ck_weft_refused(resume(&b, "nowhere", &result), WEFT_ERR_IO, "no such folder");

    stopped_run(&b, "run");
    weft_train_desc desc = bench_desc(&b);
    desc.resume = bench_path(&b, "run");
    ck_weft(weft_trainer_new(b.device, &desc, &holder));
    ck_weft_refused(weft_trainer_new(b.device, &desc, &other), WEFT_ERR_IO,
                    "another run is using this folder");
    weft_trainer_free(holder);
    ck_weft(resume(&b, "run", &result));
    bench_close(&b);
}
END_TEST

/* What a checkpoint says, and what it must not say. */
START_TEST(metadata)
{
    train_bench b;
    weft_meta *meta;
    weft_normalize norm;
    char **names;
    int32_t count;
    bench_open(&b, "cpu", BENCH_NETWORK);
    whole_run(&b, "whole");
    ck_weft(weft_checkpoint_meta(bench_file(&b, "whole", LAST), &meta));
    ck_assert_str_eq(weft_meta_get(meta, "network"), BENCH_NETWORK);
    ck_assert_str_eq(weft_meta_get(meta, "model"), "bench");
    ck_assert_str_eq(weft_meta_get(meta, "step"), "24");
    ck_assert_str_eq(weft_meta_get(meta, "epoch"), "3");
    ck_assert_str_eq(weft_meta_get(meta, "seed"), "7");
    ck_weft(weft_meta_get_normalize(meta, &norm));
    ck_assert_int_eq(norm.channels, 1);
    ck_weft(weft_meta_get_names(meta, &names, &count));
    ck_assert_int_eq(count, 4);
    ck_assert_str_eq(names[3], "south-east");
    weft_names_free(names, count);
    weft_meta_free(meta);

    size_t size;
    char *bytes = bench_read(bench_file(&b, "whole", LAST), &size);
    for (size_t i = 0; i + 12 < size; i++)
        ck_assert(memcmp(bytes + i, b.folder, 12) != 0); /* no path */
    free(bytes);
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train_resume");
    TCase *tests = tcase_create("train_resume");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, stopped_and_resumed);
    tcase_add_test(tests, stopped_again_and_again);
    tcase_add_test(tests, best_and_patience_are_resumed);
    tcase_add_test(tests, killed_and_resumed);
    tcase_add_test(tests, kept_between_epochs);
    tcase_add_test(tests, torn_lines_are_cut);
    tcase_add_test(tests, damaged_last_falls_back);
    tcase_add_test(tests, missing_last_falls_back);
    tcase_add_test(tests, other_settings_are_refused);
    tcase_add_test(tests, other_data_and_networks_are_refused);
    tcase_add_test(tests, finished_missing_and_locked_runs);
    tcase_add_test(tests, metadata);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
