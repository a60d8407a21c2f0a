/* batchnorm_block and its gradients on each OpenCL device, against the sequence of ops that each
 * stands for, computed in double by the CPU backend's ops. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/selftest/op_bench.h"
#include "tests/op_block.h"
#include "tests/suite.h"

static op_device devices[OP_MAX_DEVICES];
static int device_count;

static const block_shape shapes[] = {
    {OP_TINY, 1, 1, 1, 1, {1, 1}},     {OP_LEAST, 2, 5, 3, 3, {2, 2}},
    {OP_LEAST, 3, 0, 0, 17, {0}},      {OP_TINY, 7, 7, 7, 17, {2, 2}},
    {OP_TINY, 1, 7, 7, 33, {2, 1}},    {OP_FAST, 7, 13, 11, 15, {3, 3}},
    {OP_FAST, 1, 3, 3, 16, {3, 3}},    {OP_FAST, 7, 5, 7, 32, {2, 1}},
    {OP_FAST, 7, 11, 13, 16, {0}},     {OP_FAST, 1, 0, 0, 1, {0}},
    {OP_FAST, 37, 0, 0, 33, {0}},      {OP_FAST, 3, 28, 28, 32, {2, 2}},
    {OP_FAST, 2, 5, 5, 69, {2, 2}},    {OP_FAST, 2, 4, 7, 48, {3, 3}},
    {OP_ALL, 64, 28, 28, 32, {2, 2}},  {OP_ALL, 64, 14, 14, 64, {2, 2}},
    {OP_ALL, 5, 17, 19, 31, {16, 16}}, {OP_ALL, 257, 7, 5, 130, {0}},
};
enum { SHAPE_COUNT = sizeof shapes / sizeof *shapes };
enum { ACT_COUNT = WEFT_ACTIVATION_COUNT + 1, TRIAL_COUNT = SHAPE_COUNT * ACT_COUNT * 2 };

/* Small runs: every activation, and none (the last), in two or three shapes each. */
static bool trial_at(int index, block_trial *t)
{
    const int s = index / 2 / ACT_COUNT % SHAPE_COUNT;
    const weft_activation act = (weft_activation)(index / 2 % ACT_COUNT);
    *t = (block_trial){.device = &devices[index / TRIAL_COUNT], .shape = &shapes[s]};
    t->with.normed = true;
    t->with.batchnorm = (weft_batchnorm){.eps = 1e-3f, .running = index % 2 == 1};
    t->with.activated = act != WEFT_ACTIVATION_COUNT;
    if (act != WEFT_ACTIVATION_COUNT) t->with.activation = (weft_act){.kind = act, .a = 0.3f};
    t->with.pooled = t->shape->pool[0] > 0;
    t->with.pool = (weft_window){.dilation = {1, 1}, .groups = 1};
    for (int i = 0; i < 2; i++)
        t->with.pool.kernel[i] = t->with.pool.stride[i] = t->shape->pool[i];
    t->add = (s + (int)act) % 2 == 1;
    snprintf(t->text, sizeof t->text, "%dx%dx%dx%d pool %dx%d activation %d%s%s on %s", t->shape->n,
             t->shape->h, t->shape->w, t->shape->c, t->shape->pool[0], t->shape->pool[1], (int)act,
             index % 2 ? " running" : "", t->add ? " add" : "", t->device->name);
    if (t->shape->level > op_wanted_level() || !op_wanted_case(index % TRIAL_COUNT)) return false;
    if (op_wanted_level() == OP_ALL) return true;
    return (s + (int)act) % 5 == 0 && (index % 2 == 0 || (s + (int)act) % 3 == 0);
}

static void draw(const op_case *c, uint64_t seed, op_data *data)
{
    ck_weft(op_data_new(c, OP_FLOATS, seed, data));
    if (c->op.kind != WEFT_OP_batchnorm_block_grad) return;
    const weft_window *pool = &c->op.with.fused.pool;
    uint8_t *where = data->in[2];
    for (int64_t i = 0; i < op_count(&c->op.in[2]); i++)
        where[i] = (uint8_t)(where[i] % (pool->kernel[0] * pool->kernel[1]));
}

/* ---- comparison ---- */

/* Two numbers of a window that differ by less than a rounding: which is the larger is for float or
 * double to say. In numbers of order 1 that is one window in some 10^5; in the small shapes none.
 */
enum { TIE_EVERY = 50000 };

/* Where another place was taken, its result is the same to a rounding, and the number before the
 * activation is that place's. */
static void settle_ties(const op_case *c, const op_data *outputs, op_result *wanted)
{
    const uint8_t *place = outputs->out[1], *wanted_place = wanted->out[1];
    const float *y = outputs->out[0], *peak = outputs->out[2];
    const double *wanted_y = wanted->out[0];
    double *wanted_peak = wanted->out[2];
    if (c->op.kind != WEFT_OP_batchnorm_block || !place || !peak) return;
    for (int64_t i = 0; i < op_count(&c->op.out[1]); i++) {
        if (place[i] == wanted_place[i]) continue;
        ck_assert(fabs((double)y[i] - wanted_y[i]) <= 1e-6 * (1 + fabs(wanted_y[i])));
        wanted_peak[i] = (double)peak[i];
    }
}

static void check(const block_trial *t, const op_case *c, const op_data *outputs,
                  const op_result *wanted, const char *numbers)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *out = &c->op.out[i];
        if (op_count(out) == 0) continue;
        const op_match m = op_compare(out, outputs->out[i], wanted->out[i], OP_DOUBLE);
        const int64_t ties = op_count(out) / TIE_EVERY;
        ck_assert_msg(m.nan_lost == 0 && m.nan_more == 0,
                      "%s, output %d, %s: %lld NaN are missing, %lld too many: %s", c->name, i,
                      numbers, (long long)m.nan_lost, (long long)m.nan_more, t->text);
        ck_assert_msg(out->dtype == WEFT_F32 || m.differs <= ties,
                      "%s, output %d, %s: %lld places differ: %s", c->name, i, numbers,
                      (long long)m.differs, t->text);
        ck_assert_msg(out->dtype != WEFT_F32 || m.error <= c->bound,
                      "%s, output %d, %s: error %g > %g, worst %lld: %s", c->name, i, numbers,
                      m.error, c->bound, (long long)m.worst, t->text);
    }
}

/* Run on drawn numbers, with NaN in one input or in none: all of it, or one element. */
static void run_numbers(const block_trial *t, op_bench *bench, int input, bool all)
{
    const op_case *c = bench->c;
    op_data data, outputs;
    op_result wanted;
    char numbers[64] = "floats";
    draw(c, 1, &data);
    ck_weft(op_data_new(c, OP_FLOATS, 2, &outputs));
    if (input >= 0) {
        const int64_t count = op_count(&c->op.in[input]);
        const uint32_t one = op_random(6, input, (uint32_t)count);
        for (int64_t i = 0; i < count; i++)
            if (all || i == one) ((float *)data.in[input])[i] = NAN;
        snprintf(numbers, sizeof numbers, "%s NaN in input %d", all ? "all" : "one", input);
    }
    const weft_status status = op_bench_run(bench, &data, &outputs);
    ck_assert_msg(status == WEFT_OK, "%s, %s: %s: %s", c->name, numbers, weft_error(), t->text);
    block_reference(t, c, &data, &wanted);
    settle_ties(c, &outputs, &wanted);
    check(t, c, &outputs, &wanted, numbers);
    op_result_free(&wanted);
    op_data_free(&outputs);
    op_data_free(&data);
}

static void run_case(const block_trial *t, const op_case *c)
{
    op_bench bench;
    const weft_status status = op_bench_open(t->device->device, c, &bench);
    ck_assert_msg(status == WEFT_OK, "%s: %s: %s", c->name, weft_error(), t->text);
    run_numbers(t, &bench, -1, false);
    for (int i = 0; i < WEFT_MAX_IN && op_wanted_level() != OP_LEAST; i++) {
        if (op_count(&c->op.in[i]) == 0 || c->op.in[i].dtype != WEFT_F32) continue;
        run_numbers(t, &bench, i, false);
        run_numbers(t, &bench, i, true);
    }
    op_bench_close(&bench);
}

START_TEST(each_op_agrees_with_its_parts)
{
    block_trial t;
    if (!trial_at(_i, &t)) return;
    const op_case cases[] = {block_forward_case(&t, true), block_forward_case(&t, false),
                             block_sums_case(&t), block_grad_case(&t)};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&t, &cases[i]);
}
END_TEST

/* Run a case twice: the same bits. */
static void run_twice(const block_trial *t, const op_case *c, const op_data *data, op_data *outputs)
{
    op_bench bench;
    op_data again;
    ck_weft(op_data_new(c, OP_FLOATS, 2, outputs));
    ck_weft(op_data_new(c, OP_FLOATS, 2, &again));
    ck_weft(op_bench_open(t->device->device, c, &bench));
    ck_weft(op_bench_run(&bench, data, outputs));
    ck_weft(op_bench_run(&bench, data, &again));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        if (again.out[i])
            ck_assert_msg(memcmp(outputs->out[i], again.out[i], op_bytes(&c->op.out[i])) == 0,
                          "%s, output %d: two runs differ: %s", c->name, i, t->text);
    op_data_free(&again);
    op_bench_close(&bench);
}

/* The sums that forward's peak gives are those over all pixels, dy being 0 off the maximum. */
START_TEST(peaks_stand_for_their_windows)
{
    block_trial t;
    if (!trial_at(_i, &t) || !t.with.pooled) return;
    const op_case forward = block_forward_case(&t, true), sums = block_sums_case(&t);
    const weft_tensor x = block_full(&t), y = block_small(&t, WEFT_F32);
    op_data before, places, at_peak, results;
    op_result wanted = {0};
    draw(&forward, 3, &before);
    run_twice(&t, &forward, &before, &places);

    ck_weft(op_data_new(&sums, OP_FLOATS, 4, &at_peak));
    memcpy(at_peak.in[0], places.out[2], op_bytes(&y));
    double *of[4];
    for (int i = 0; i < 4; i++) {
        memcpy(at_peak.in[1 + i], before.in[1 + i], op_bytes(&forward.op.in[1 + i]));
        of[i] = op_widen(&forward.op.in[1 + i], before.in[1 + i]);
    }
    run_twice(&t, &sums, &at_peak, &results);

    double *data = op_widen(&x, before.in[0]), *dy = op_widen(&y, at_peak.in[5]);
    double *dx = block_unpool(&t, dy, places.out[1]);
    block_sums_over(&t, &x, data, of, dx, &wanted);
    check(&t, &sums, &results, &wanted, "over all pixels");

    double *const all[] = {of[0], of[1], of[2], of[3], data, dy, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    op_result_free(&wanted);
    op_data_free(&results);
    op_data_free(&at_peak);
    op_data_free(&places);
    op_data_free(&before);
}
END_TEST

START_TEST(other_windows_are_refused)
{
    static const weft_window windows[] = {
        {.kernel = {2, 2}, .stride = {1, 2}},
        {.kernel = {2, 2}, .stride = {2, 3}},
        {.kernel = {2, 2}, .stride = {2, 2}, .pad = {0, 0, 0, 1}},
        {.kernel = {17, 16}, .stride = {17, 16}},
    };
    const block_trial t = {.device = &devices[0],
                           .shape = &(const block_shape){OP_TINY, 1, 34, 32, 3, {2, 2}},
                           .with = {.normed = true, .pooled = true, .pool = windows[_i]}};
    const op_case cases[] = {block_forward_case(&t, true), block_sums_case(&t),
                             block_grad_case(&t)};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weft_support support;
        ck_weft_refused(
            t.device->device->backend->supports(t.device->device, &cases[i].op, &support),
            WEFT_ERR_UNSUPPORTED, cases[i].name);
    }
}
END_TEST

int main(void)
{
    setenv("WEFT_TEST_BACKEND", "opencl", 1);
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;

    Suite *suite = suite_create("block");
    TCase *agreement = tcase_create("agreement");
    tcase_set_timeout(agreement, 0);
    tcase_add_loop_test(agreement, each_op_agrees_with_its_parts, 0, device_count * TRIAL_COUNT);
    tcase_add_loop_test(agreement, peaks_stand_for_their_windows, 0, device_count * TRIAL_COUNT);
    tcase_add_loop_test(agreement, other_windows_are_refused, 0, 4);
    suite_add_tcase(suite, agreement);
    const int result = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return result;
}
