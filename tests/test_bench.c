/* What a bench says of a network: its figures fit together, its operations are those counted by
 * hand, and a training step takes few launches. Times themselves are never judged. */
#include <math.h>
#include <stdlib.h>

#include "core/bench.h"
#include "tests/train_bench.h"

/* The network of models/seed-cnn.net, forward: 2 N P Q K R S C and 2 m n k. */
enum {
    CONV1 = 2 * 28 * 28 * 32 * 3 * 3 * 1,
    CONV2 = 2 * 14 * 14 * 64 * 3 * 3 * 32,
    FC1 = 2 * 128 * 7 * 7 * 64,
    FC2 = 2 * 10 * 128,
    FORWARD = CONV1 + CONV2 + FC1 + FC2,
    /* Every weight's gradient, and every input's but that of the images. */
    TRAINING = 3 * FORWARD - CONV1
};
enum { MOST_LAUNCHES = 30 };

/* seed-cnn on a device. */
typedef struct rig {
    train_bench b; /* its device alone is used */
    weft_graph *graph;
    weft_device *device; /* the same one, opened for profiling */
    weft_bench_desc desc;
} rig;

static void open_rig(rig *r, const char *device, int32_t batch)
{
    bench_open(&r->b, device, BENCH_NETWORK);
    ck_weft(weft_graph_load(WEFT_SOURCE_DIR "/models/seed-cnn.net", &r->graph));
    const weft_open_desc open = {
        .profile = true, .threads = 2, .cache_dir = getenv("WEFT_CACHE_DIR")};
    ck_weft(r->b.entry->backend->open(r->b.entry->index, &open, &r->device));
    r->desc = (weft_bench_desc){
        .graph = r->graph, .batch = batch, .block_seconds = 1e-4, .blocks = 3, .open_seconds = 0.5};
}

static void close_rig(rig *r)
{
    r->b.entry->backend->close(r->device);
    weft_graph_free(r->graph);
    bench_close(&r->b);
}

static void ck_near(double a, double b)
{
    ck_assert_msg(fabs(a - b) <= 1e-9 * fabs(b), "%.17g is not %.17g", a, b);
}

static void check_rate(const weft_bench_rate *r, const weft_speed *speed, int64_t operations)
{
    ck_assert_int_eq(r->operations, operations);
    ck_assert(r->median > 0 && r->best >= r->median);
    ck_near(r->gflops, r->median * (double)operations * 1e-9);
    ck_near(r->share, r->gflops / speed->gflops);
    ck_assert(r->host_share > 0);
    ck_assert_int_gt(r->plan.ops, 0);
    ck_assert_int_ge(r->plan.launches, r->plan.ops);
    ck_assert_int_ge(r->plan.activation_bytes, r->plan.live_peak_bytes);
}

static void check_result(const weft_bench_result *r)
{
    ck_assert(r->speed.gflops > 0 && isfinite(r->speed.gflops));
    ck_assert(r->speed.gbytes > 0 && isfinite(r->speed.gbytes));
    ck_assert(r->start_seconds > 0.5); /* with what opening took */
    ck_assert(r->latency > 0);
    check_rate(&r->train, &r->speed, TRAINING);
    check_rate(&r->predict, &r->speed, FORWARD);
    ck_assert_int_ge(r->memory.activations, r->train.plan.activation_bytes);
    ck_assert_int_gt(r->memory.weights, 421738 * 4);
}

/* The steps of a plan add up to what the plan says of itself. */
static void check_steps(weft_bench *bench, weft_mode mode, const weft_speed *speed,
                        const weft_plan_totals *plan)
{
    weft_bench_step *step = NULL;
    int32_t count = 0, launches = 0;
    int64_t operations = 0, bytes = 0;
    ck_weft(weft_bench_steps(bench, mode, speed, &step, &count));
    ck_assert_int_eq(count, plan->ops);
    for (int32_t i = 0; i < count; i++) {
        const weft_bench_step *s = &step[i];
        launches += s->launches;
        operations += s->operations;
        bytes += s->bytes;
        ck_assert_msg(s->seconds > 0, "%s takes no time", s->op);
        ck_assert_msg(*s->variant && *s->shape, "%s has no variant or no shape", s->op);
        ck_near(s->gbytes, (double)s->bytes / s->seconds * 1e-9);
        const double compute = s->gflops / speed->gflops, memory = s->gbytes / speed->gbytes;
        ck_near(s->share, compute > memory ? compute : memory);
    }
    ck_assert_int_eq(launches, plan->launches);
    ck_assert_int_eq(operations, plan->operations);
    ck_assert_int_eq(bytes, plan->bytes);
    free(step);
}

static void check_device(const char *device)
{
    rig r;
    weft_bench *bench = NULL;
    weft_bench_result result;
    open_rig(&r, device, 5);
    ck_weft(weft_bench_new(r.device, &r.desc, &bench));
    ck_weft(weft_bench_run(bench, &result));
    check_result(&result);
    check_steps(bench, WEFT_MODE_TRAIN, &result.speed, &result.train.plan);
    check_steps(bench, WEFT_MODE_PREDICT, &result.speed, &result.predict.plan);
    weft_bench_free(bench);
    close_rig(&r);
}

START_TEST(figures_fit_together)
{
    const char *device;
    for (int i = 0; (device = bench_device(i)) != NULL; i++)
        check_device(device);
}
END_TEST

START_TEST(data_of_the_caller)
{
    rig r;
    weft_bench *bench = NULL;
    open_rig(&r, "cpu", 8);
    r.desc.data = &r.b.data;
    r.desc.graph = r.b.graph;
    r.desc.augment = (weft_augment){.flip = true, .shift = 1};
    ck_weft(weft_bench_new(r.device, &r.desc, &bench));
    weft_bench_free(bench);

    r.desc.graph = r.graph;
    ck_weft_refused(weft_bench_new(r.device, &r.desc, &bench), WEFT_ERR_SHAPE, "6x6x1");
    ck_assert_ptr_null(bench);
    r.desc.graph = r.b.graph;
    r.desc.batch = BENCH_COUNT + 1;
    ck_weft_refused(weft_bench_new(r.device, &r.desc, &bench), WEFT_ERR_USAGE, "a batch of 151");
    r.desc.batch = -1;
    ck_weft_refused(weft_bench_new(r.device, &r.desc, &bench), WEFT_ERR_USAGE, "batches of -1");
    close_rig(&r);
}
END_TEST

/* Launches of the training plan as it is prepared for the device. */
START_TEST(a_training_step_takes_few_launches)
{
    rig r;
    weft_bench *bench = NULL;
    weft_bench_result result;
    if (!bench_device(1)) return; /* bench_device has said that there is none */
    open_rig(&r, bench_device(1), 64);
    ck_weft(weft_bench_new(r.device, &r.desc, &bench));
    ck_weft(weft_bench_run(bench, &result));
    ck_assert_int_le(result.train.plan.launches, MOST_LAUNCHES);
    weft_bench_free(bench);
    close_rig(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bench");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_test(all, figures_fit_together);
    tcase_add_test(all, data_of_the_caller);
    tcase_add_test(all, a_training_step_takes_few_launches);
    suite_add_tcase(suite, all);
    return weft_suite_run(suite);
}
