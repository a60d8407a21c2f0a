/* conv2d_stats and conv2d_block on each OpenCL device of the vector family, against the sequence of
 * ops that each stands for, computed in double by the CPU backend's ops; and the settings of every
 * convolution: none of them changes a bit. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/selftest/op_bench.h"
#include "tests/op_devices.h"
#include "tests/op_reference.h"
#include "tests/suite.h"

static op_device devices[OP_MAX_DEVICES];
static int device_count;

typedef struct conv_shape {
    op_level level;
    int32_t n, h, w, c, k;
    int32_t kernel[2], stride[2], pad[4];
    int32_t pool[2];
} conv_shape;

static const conv_shape shapes[] = {
    {OP_TINY, 1, 1, 1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}},
    {OP_LEAST, 2, 5, 4, 3, 5, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}},
    {OP_LEAST, 1, 4, 5, 2, 17, {3, 2}, {2, 1}, {1, 0, 1, 1}, {1, 2}},
    {OP_TINY, 7, 7, 7, 1, 16, {5, 5}, {1, 1}, {2, 2, 2, 2}, {2, 2}},
    {OP_FAST, 7, 9, 7, 15, 33, {3, 3}, {1, 1}, {1, 1, 1, 1}, {3, 2}},
    {OP_FAST, 1, 13, 11, 17, 15, {3, 3}, {2, 2}, {1, 1, 0, 0}, {2, 3}},
    {OP_FAST, 7, 14, 14, 33, 64, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}},
    {OP_FAST, 3, 28, 28, 1, 32, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}},
    {OP_FAST, 1, 8, 9, 64, 3, {1, 1}, {2, 2}, {0, 0, 0, 0}, {4, 5}},
    {OP_ALL, 64, 14, 14, 32, 64, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}},
    {OP_ALL, 5, 31, 37, 16, 48, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}},
};
enum {
    SHAPE_COUNT = sizeof shapes / sizeof *shapes,
    PARTS = 16, /* bit 0: bias, 1: batchnorm, 2: activation, 3: pool */
    TRIAL_COUNT = SHAPE_COUNT * PARTS
};

/* What the ops of op_table.c are allowed each, added up. */
static const double CONV_BOUND = 1e-14, STATS_BOUND = 1e-11, AFTER_BOUND = 2e-12;
static const double SUM_ERROR = 4 * 0x1p-48 / 6; /* and for each term of a sum */

typedef struct trial {
    const op_device *device;
    const conv_shape *shape;
    weft_fused with;
    bool biased;
    char text[WEFT_NAME_MAX + OP_NAME_MAX];
} trial;

static weft_window window_of(const conv_shape *s)
{
    return (weft_window){
        .kernel = {s->kernel[0], s->kernel[1]},
        .stride = {s->stride[0], s->stride[1]},
        .pad = {s->pad[0], s->pad[1], s->pad[2], s->pad[3]},
        .dilation = {1, 1},
        .groups = 1,
    };
}

/* Every set of parts meets every activation, in some shape; small runs take few of them. */
static bool trial_at(int index, trial *t)
{
    const int parts = index % PARTS, s = index / PARTS % SHAPE_COUNT;
    const conv_shape *shape = &shapes[s];
    *t = (trial){.device = &devices[index / TRIAL_COUNT], .shape = shape, .biased = parts & 1};
    t->with.window = window_of(shape);
    t->with.batchnorm = (weft_batchnorm){.eps = 1e-3f, .momentum = 0.3f, .running = true};
    t->with.normed = parts & 2;
    t->with.activated = parts & 4;
    t->with.activation.kind = (weft_activation)((s + parts / 8) % WEFT_ACTIVATION_COUNT);
    t->with.activation.a = 0.3f;
    t->with.pooled = parts & 8;
    t->with.pool = (weft_window){.kernel = {shape->pool[0], shape->pool[1]},
                                 .stride = {shape->pool[0], shape->pool[1]},
                                 .dilation = {1, 1},
                                 .groups = 1};
    snprintf(t->text, sizeof t->text, "shape %d, parts %d, activation %d on %s", s, parts,
             (int)t->with.activation.kind, t->device->name);
    if (shape->level > op_wanted_level() || !op_wanted_case(index % TRIAL_COUNT)) return false;
    return op_wanted_level() == OP_ALL || shape->level <= OP_TINY || parts == 15 ||
           parts % SHAPE_COUNT == s;
}

/* ---- the cases that op_bench runs ---- */

static weft_tensor image(int32_t n, int32_t h, int32_t w, int32_t c)
{
    return (weft_tensor){.shape = {4, {n, h, w, c}}};
}

static weft_tensor input(const conv_shape *s)
{
    return image(s->n, s->h, s->w, s->c);
}

static weft_tensor filter(const conv_shape *s)
{
    return image(s->kernel[0], s->kernel[1], s->c, s->k);
}

static weft_tensor convolved(const conv_shape *s)
{
    return image(s->n, (s->h + s->pad[0] + s->pad[2] - s->kernel[0]) / s->stride[0] + 1,
                 (s->w + s->pad[1] + s->pad[3] - s->kernel[1]) / s->stride[1] + 1, s->k);
}

static weft_tensor pooled(const trial *t)
{
    weft_tensor y = convolved(t->shape);
    for (int i = 0; t->with.pooled && i < 2; i++)
        y.shape.dim[1 + i] /= t->shape->pool[i];
    return y;
}

static weft_tensor channels(const conv_shape *s)
{
    return (weft_tensor){.shape = {1, {s->k}}};
}

static op_case case_of(const trial *t, weft_op_kind kind)
{
    const conv_shape *s = t->shape;
    op_case c = {.op = {.kind = kind, .with.fused = t->with}};
    c.terms = (int64_t)s->kernel[0] * s->kernel[1] * s->c;
    c.op.in[0] = input(s);
    c.op.in[1] = filter(s);
    if (t->biased) c.op.in[2] = channels(s);
    c.op.mode[0] = WEFT_OUT_SET;
    return c;
}

/* With running statistics where there is a bias too. */
static op_case stats_case(const trial *t)
{
    op_case c = case_of(t, WEFT_OP_conv2d_stats);
    c.op.with.fused.batchnorm.running = false;
    c.op.out[0] = convolved(t->shape);
    for (int i = 1; i < (t->biased ? 5 : 3); i++) {
        c.op.out[i] = channels(t->shape);
        c.op.mode[i] = i < 3 ? WEFT_OUT_SET : WEFT_OUT_INOUT;
    }
    c.out[4] = OP_FILL_POSITIVE;
    c.bound = STATS_BOUND + SUM_ERROR * (double)c.terms;
    return c;
}

static op_case block_case(const trial *t)
{
    op_case c = case_of(t, WEFT_OP_conv2d_block);
    for (int i = 3; i < 7 && t->with.normed; i++)
        c.op.in[i] = channels(t->shape);
    c.in[4] = OP_FILL_POSITIVE;
    c.op.out[0] = pooled(t);
    c.bound = AFTER_BOUND + SUM_ERROR * (double)c.terms;
    return c;
}

/* ---- the sequence, in double ---- */

static double *doubles(const weft_tensor *tensor)
{
    double *data = calloc((size_t)op_count(tensor) + 1, sizeof *data);
    if (!data) abort();
    return data;
}

static void run(weft_op op, void *const in[WEFT_MAX_IN], void *const out[WEFT_MAX_OUT])
{
    const weft_values values = {0};
    op_run_double(&op, &values, in, out, 2);
}

static void convolve(const trial *t, void *const in[WEFT_MAX_IN], double *y)
{
    weft_op op = {.kind = WEFT_OP_conv2d,
                  .in = {input(t->shape), filter(t->shape)},
                  .out = {convolved(t->shape)},
                  .mode = {WEFT_OUT_SET},
                  .with.window = t->with.window};
    if (t->biased) op.in[2] = channels(t->shape);
    run(op, (void *const[WEFT_MAX_IN]){in[0], in[1], in[2]}, (void *const[WEFT_MAX_OUT]){y});
}

/* Outputs hold what was before. */
static void stats_reference(const trial *t, const op_case *c, void *const in[WEFT_MAX_IN],
                            op_result *out)
{
    weft_op op = {.kind = WEFT_OP_batchnorm_stats, .in = {convolved(t->shape)}};
    op.with.batchnorm = c->op.with.fused.batchnorm;
    memcpy(op.out, c->op.out + 1, 4 * sizeof *op.out);
    memcpy(op.mode, c->op.mode + 1, 4 * sizeof *op.mode);
    convolve(t, in, out->out[0]);
    run(op, (void *const[WEFT_MAX_IN]){out->out[0]},
        (void *const[WEFT_MAX_OUT]){out->out[1], out->out[2], out->out[3], out->out[4]});
}

static void after(const trial *t, void *const in[WEFT_MAX_IN], double *v)
{
    const weft_tensor y = convolved(t->shape), c = channels(t->shape);
    const weft_op norm = {.kind = WEFT_OP_batchnorm,
                          .in = {y, c, c, c, c},
                          .out = {y},
                          .mode = {WEFT_OUT_SET},
                          .with.batchnorm = t->with.batchnorm};
    const weft_op act = {.kind = WEFT_OP_activation,
                         .in = {y},
                         .out = {y},
                         .mode = {WEFT_OUT_SET},
                         .with.activation = t->with.activation};
    if (t->with.normed)
        run(norm, (void *const[WEFT_MAX_IN]){v, in[3], in[4], in[5], in[6]},
            (void *const[WEFT_MAX_OUT]){v});
    if (t->with.activated) run(act, (void *const[WEFT_MAX_IN]){v}, (void *const[WEFT_MAX_OUT]){v});
}

static void block_reference(const trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor y = convolved(t->shape);
    double *v = doubles(&y);
    convolve(t, in, v);
    after(t, in, v);
    const weft_op pool = {.kind = WEFT_OP_maxpool,
                          .in = {y},
                          .out = {pooled(t)},
                          .mode = {WEFT_OUT_SET},
                          .with.window = t->with.pool};
    if (t->with.pooled)
        run(pool, (void *const[WEFT_MAX_IN]){v}, out->out);
    else
        memcpy(out->out[0], v, (size_t)op_count(&y) * sizeof *v);
    free(v);
}

static void reference(const trial *t, const op_case *c, const op_data *data, op_result *out)
{
    void *in[WEFT_MAX_IN];
    for (int i = 0; i < WEFT_MAX_IN; i++)
        in[i] = op_widen(&c->op.in[i], data->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        out->out[i] = op_widen(&c->op.out[i], data->out[i]);
    if (c->op.kind == WEFT_OP_conv2d_stats)
        stats_reference(t, c, in, out);
    else
        block_reference(t, in, out);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(in[i]);
}

/* ---- comparison ---- */

static void check(const trial *t, const op_case *c, const op_data *outputs, const op_result *wanted,
                  const char *numbers)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *out = &c->op.out[i];
        if (op_count(out) == 0) continue;
        const bool plain = i == 0 && c->op.kind == WEFT_OP_conv2d_stats;
        const double bound = plain ? CONV_BOUND + SUM_ERROR * (double)c->terms : c->bound;
        const op_match m = op_compare(out, outputs->out[i], wanted->out[i], OP_DOUBLE);
        ck_assert_msg(m.nan_lost == 0 && m.nan_more == 0,
                      "kind %d, output %d, %s: %lld NaN are missing, %lld too many: %s",
                      (int)c->op.kind, i, numbers, (long long)m.nan_lost, (long long)m.nan_more,
                      t->text);
        ck_assert_msg(m.error <= bound, "kind %d, output %d, %s: error %g > %g, worst %lld: %s",
                      (int)c->op.kind, i, numbers, m.error, bound, (long long)m.worst, t->text);
    }
}

/* Run on drawn numbers and compare, with a NaN in x or without. */
static void run_numbers(const trial *t, op_bench *bench, bool nan)
{
    const op_case *c = bench->c;
    op_data data, outputs;
    op_result wanted;
    ck_weft(op_data_new(c, OP_FLOATS, 1, &data));
    ck_weft(op_data_new(c, OP_FLOATS, 2, &outputs));
    if (nan) ((float *)data.in[0])[op_random(6, 1, (uint32_t)op_count(&c->op.in[0]))] = NAN;
    const weft_status status = op_bench_run(bench, &data, &outputs);
    ck_assert_msg(status == WEFT_OK, "kind %d: %s: %s", (int)c->op.kind, weft_error(), t->text);
    reference(t, c, &data, &wanted);
    check(t, c, &outputs, &wanted, nan ? "a NaN" : "floats");
    op_result_free(&wanted);
    op_data_free(&outputs);
    op_data_free(&data);
}

static void run_case(const trial *t, const op_case *c)
{
    op_bench bench;
    const weft_status status = op_bench_open(t->device->device, c, &bench);
    ck_assert_msg(status == WEFT_OK, "kind %d: %s: %s", (int)c->op.kind, weft_error(), t->text);
    run_numbers(t, &bench, false);
    run_numbers(t, &bench, true);
    op_bench_close(&bench);
}

START_TEST(each_op_agrees_with_its_parts)
{
    trial t;
    if (!trial_at(_i, &t)) return;
    const op_case block = block_case(&t), stats = stats_case(&t);
    run_case(&t, &block);
    if (!t.with.normed && !t.with.activated && !t.with.pooled) run_case(&t, &stats);
}
END_TEST

/* ---- settings ---- */

/* Another preparation of the bench's op. */
static void prepare(op_bench *bench, const char *choice)
{
    bench->backend->release(bench->step);
    bench->step = NULL;
    const weft_status status =
        bench->backend->prepare(bench->device, &bench->op, choice, &bench->step);
    ck_assert_msg(status == WEFT_OK, "%s: %s", choice, weft_error());
}

/* All of at least `least` settings that the backend proposes. */
static void compare_choices(const op_device *device, const op_case *c, int least)
{
    enum { ROOM = 16 };
    weft_choice list[ROOM];
    int count = ROOM;
    op_bench bench;
    op_data data, first, other;
    ck_weft(op_bench_open(device->device, c, &bench));
    ck_weft(bench.backend->candidates(device->device, &c->op, list, &count));
    ck_assert_int_ge(count, least);
    ck_assert_int_le(count, ROOM);
    ck_weft(op_data_new(c, OP_FLOATS, 1, &data));
    ck_weft(op_data_new(c, OP_FLOATS, 2, &first));
    ck_weft(op_bench_run(&bench, &data, &first));
    for (int i = 0; i < count; i++) {
        ck_weft(op_data_new(c, OP_FLOATS, 2, &other));
        prepare(&bench, list[i].text);
        ck_weft(op_bench_run(&bench, &data, &other));
        for (int o = 0; o < WEFT_MAX_OUT; o++)
            if (first.out[o])
                ck_assert_msg(memcmp(first.out[o], other.out[o], op_bytes(&c->op.out[o])) == 0,
                              "kind %d: \"%s\" changes output %d", (int)c->op.kind, list[i].text,
                              o);
        op_data_free(&other);
    }
    op_data_free(&first);
    op_data_free(&data);
    op_bench_close(&bench);
}

/* The three passes of a convolution, unfused. */
static op_case pass_case(const conv_shape *s, weft_op_kind kind)
{
    const weft_tensor x = input(s), w = filter(s), y = convolved(s);
    op_case c = {.op = {.kind = kind, .mode = {WEFT_OUT_SET}, .with.window = window_of(s)}};
    c.op.in[0] = kind == WEFT_OP_conv2d_data_grad ? y : x;
    c.op.in[1] = kind == WEFT_OP_conv2d_weight_grad ? y : w;
    c.op.out[0] = kind == WEFT_OP_conv2d ? y : kind == WEFT_OP_conv2d_data_grad ? x : w;
    return c;
}

/* A shape for the forward passes, and one each with and without whole vectors for the gradients. */
START_TEST(no_setting_changes_a_result)
{
    static const conv_shape wide = {OP_FAST, 2,      12,     11,           32,
                                    64,      {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}};
    static const conv_shape strided = {OP_FAST, 3,      9,      14,           24,
                                       48,      {3, 2}, {2, 2}, {1, 0, 1, 1}, {2, 2}};
    static const conv_shape few = {OP_FAST, 2, 14, 14, 6, 16, {5, 5}, {1, 1}, {0, 0, 0, 0}, {2, 2}};
    const trial t = {.device = &devices[_i],
                     .shape = &wide,
                     .with = {.window = window_of(&wide), .activated = true}};
    const op_case cases[] = {
        pass_case(&wide, WEFT_OP_conv2d),
        stats_case(&t),
        block_case(&t),
        pass_case(&strided, WEFT_OP_conv2d_data_grad),
        pass_case(&strided, WEFT_OP_conv2d_weight_grad),
        pass_case(&few, WEFT_OP_conv2d_data_grad),
    };
    const op_case whole_rows = pass_case(&few, WEFT_OP_conv2d_weight_grad);
    if (op_wanted_level() < OP_FAST) return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        compare_choices(t.device, &cases[i], 3);
    compare_choices(t.device, &whole_rows, 1); /* a window row fits one tile or none */
}
END_TEST

START_TEST(impossible_settings_are_refused)
{
    static const char *const choices[] = {"TX=0", "TX=99", "NV=3", "TX=4 NV=0", "ROWS=0"};
    const conv_shape shape = {OP_FAST, 2, 12, 11, 32, 64, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2}};
    const weft_device *device = devices[0].device;
    op_case c = pass_case(&shape, WEFT_OP_conv2d);
    weft_step *step = NULL;
    ck_weft_refused(device->backend->prepare(devices[0].device, &c.op, choices[_i], &step),
                    WEFT_ERR_UNSUPPORTED, "do not fit");
}
END_TEST

START_TEST(other_windows_are_refused)
{
    static const weft_window windows[] = {
        {.kernel = {2, 2}, .stride = {1, 2}},
        {.kernel = {2, 2}, .stride = {2, 3}},
        {.kernel = {2, 2}, .stride = {2, 2}, .pad = {0, 0, 0, 1}},
    };
    trial t;
    trial_at(PARTS + 8, &t);
    t.with.pool = windows[_i];
    const op_case c = block_case(&t);
    weft_support support;
    ck_weft_refused(devices[0].device->backend->supports(devices[0].device, &c.op, &support),
                    WEFT_ERR_UNSUPPORTED, "conv2d_block");
}
END_TEST

int main(void)
{
    setenv("WEFT_TEST_BACKEND", "opencl", 1);
    setenv("WEFT_TEST_SETTING", "vector", 1);
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;

    Suite *suite = suite_create("conv_block");
    TCase *agreement = tcase_create("agreement");
    tcase_set_timeout(agreement, 0);
    tcase_add_loop_test(agreement, each_op_agrees_with_its_parts, 0, device_count * TRIAL_COUNT);
    tcase_add_loop_test(agreement, no_setting_changes_a_result, 0, device_count);
    tcase_add_loop_test(agreement, impossible_settings_are_refused, 0, 5);
    tcase_add_loop_test(agreement, other_windows_are_refused, 0, 3);
    suite_add_tcase(suite, agreement);
    const int result = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return result;
}
