/* batchnorm_block and its gradients on each OpenCL device, against the sequence of ops that each
 * stands for, computed in double by the CPU backend's ops. */
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

typedef struct block_shape {
    op_level level;
    int32_t n, h, w, c; /* h 0: rows of channels, which are never pooled */
    int32_t pool[2];    /* 0: none */
} block_shape;

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

/* What the ops of op_table.c are allowed each, added up. */
static const double FORWARD_BOUND = 2e-12, SUMS_BOUND = 1.2e-11, GRAD_BOUND = 3e-12;
static const double SUM_ERROR = 4 * 0x1p-48 / 6; /* and for each term of a sum */

typedef struct trial {
    const op_device *device;
    const block_shape *shape;
    weft_fused with;
    bool add;
    char text[WEFT_NAME_MAX + OP_NAME_MAX];
} trial;

/* Every activation, and none (the last), meets every kind of window, but not every shape. */
static bool trial_at(int index, trial *t)
{
    const int s = index / 2 / ACT_COUNT % SHAPE_COUNT;
    const weft_activation act = (weft_activation)(index / 2 % ACT_COUNT);
    *t = (trial){.device = &devices[index / TRIAL_COUNT], .shape = &shapes[s]};
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
    const bool chosen = act == WEFT_ACT_relu || (s + (int)act) % 4 == 0;
    return chosen && (index % 2 == 0 || (s + (int)act) % 3 == 0);
}

/* ---- the ops, and the cases that op_bench runs ---- */

static weft_tensor full(const trial *t)
{
    const block_shape *s = t->shape;
    return (weft_tensor){.shape = s->h > 0 ? (weft_shape){4, {s->n, s->h, s->w, s->c}}
                                           : (weft_shape){2, {s->n, s->c}}};
}

static weft_tensor small(const trial *t, weft_dtype dtype)
{
    weft_tensor y = full(t);
    y.dtype = dtype;
    for (int i = 0; t->with.pooled && i < 2; i++)
        y.shape.dim[1 + i] /= t->shape->pool[i];
    return y;
}

static weft_tensor channels(const trial *t)
{
    return (weft_tensor){.shape = {1, {t->shape->c}}};
}

static op_case case_of(const trial *t, weft_op_kind kind, double bound)
{
    op_case c = {.op = {.kind = kind, .with.fused = t->with}, .bound = bound};
    snprintf(c.name, sizeof c.name, "%s", weft_op_describe(kind)->name);
    return c;
}

/* mean, spread, gamma, beta, from input `at` on. */
static void add_channels(const trial *t, op_case *c, int at)
{
    for (int i = at; i < at + 4; i++)
        c->op.in[i] = channels(t);
    c->in[at + 1] = OP_FILL_POSITIVE;
}

static void add_out(op_case *c, int i, weft_tensor tensor, weft_out_mode mode)
{
    c->op.out[i] = tensor;
    c->op.mode[i] = mode;
}

static op_case forward_case(const trial *t, bool saves)
{
    op_case c = case_of(t, WEFT_OP_batchnorm_block, FORWARD_BOUND);
    c.op.in[0] = full(t);
    add_channels(t, &c, 1);
    add_out(&c, 0, small(t, WEFT_F32), WEFT_OUT_SET);
    if (!t->with.pooled || !saves) return c;
    add_out(&c, 1, small(t, WEFT_U8), WEFT_OUT_SET);
    add_out(&c, 2, small(t, WEFT_F32), WEFT_OUT_SET);
    return c;
}

static op_case sums_case(const trial *t)
{
    op_case c = case_of(t, WEFT_OP_batchnorm_block_sums, SUMS_BOUND);
    c.op.in[0] = c.op.in[5] = small(t, WEFT_F32);
    c.bound += SUM_ERROR * (double)(op_count(&c.op.in[0]) / t->shape->c);
    add_channels(t, &c, 1);
    add_out(&c, 0, channels(t), WEFT_OUT_SET);
    add_out(&c, 1, channels(t), WEFT_OUT_SET);
    return c;
}

static op_case grad_case(const trial *t)
{
    op_case c = case_of(t, WEFT_OP_batchnorm_block_grad, GRAD_BOUND);
    c.op.in[0] = small(t, WEFT_F32);
    c.op.in[1] = full(t);
    if (t->with.pooled) c.op.in[2] = small(t, WEFT_U8);
    add_channels(t, &c, 3);
    for (int i = 7; i < 9 && !t->with.batchnorm.running; i++)
        c.op.in[i] = channels(t);
    add_out(&c, 0, full(t), t->add ? WEFT_OUT_ADD : WEFT_OUT_SET);
    return c;
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

/* channels: mean, spread, gamma, beta */
static double *normalize(const trial *t, const weft_tensor *x, double *data, double *const of[4])
{
    double *v = doubles(x);
    const weft_tensor c = channels(t);
    run((weft_op){.kind = WEFT_OP_batchnorm,
                  .in = {*x, c, c, c, c},
                  .out = {*x},
                  .mode = {WEFT_OUT_SET},
                  .with.batchnorm = t->with.batchnorm},
        (void *const[WEFT_MAX_IN]){data, of[0], of[1], of[2], of[3]},
        (void *const[WEFT_MAX_OUT]){v});
    return v;
}

/* In place. */
static void activate(const trial *t, const weft_tensor *x, double *v)
{
    if (!t->with.activated) return;
    run((weft_op){.kind = WEFT_OP_activation,
                  .in = {*x},
                  .out = {*x},
                  .mode = {WEFT_OUT_SET},
                  .with.activation = t->with.activation},
        (void *const[WEFT_MAX_IN]){v}, (void *const[WEFT_MAX_OUT]){v});
}

#define SAVES_in                                            false
#define SAVES_out                                           true
#define SAVES(name, value, gradient, saves, default_a, key) SAVES_##saves,
static const bool saves_output[] = {WEFT_ACTIVATION_LIST(SAVES)};

/* dy times the activation's slope at x, in place. */
static void activate_grad(const trial *t, const weft_tensor *x, double *data, double *const of[4],
                          double *dy)
{
    if (!t->with.activated) return;
    double *s = normalize(t, x, data, of);
    if (saves_output[t->with.activation.kind]) activate(t, x, s);
    run((weft_op){.kind = WEFT_OP_activation_grad,
                  .in = {*x, *x},
                  .out = {*x},
                  .mode = {WEFT_OUT_SET},
                  .with.activation = t->with.activation},
        (void *const[WEFT_MAX_IN]){s, dy}, (void *const[WEFT_MAX_OUT]){dy});
    free(s);
}

static void pool(const trial *t, double *a, double *y, uint8_t *where)
{
    run((weft_op){.kind = WEFT_OP_maxpool,
                  .in = {full(t)},
                  .out = {small(t, WEFT_F32), small(t, WEFT_U8)},
                  .mode = {WEFT_OUT_SET, WEFT_OUT_SET},
                  .with.window = t->with.pool},
        (void *const[WEFT_MAX_IN]){a}, (void *const[WEFT_MAX_OUT]){y, where});
}

/* A copy of dy, laid out over x. */
static double *unpool(const trial *t, double *dy, uint8_t *where)
{
    const weft_tensor x = full(t);
    double *dx = doubles(&x);
    if (!t->with.pooled) return memcpy(dx, dy, (size_t)op_count(&x) * sizeof *dx);
    run((weft_op){.kind = WEFT_OP_maxpool_grad,
                  .in = {small(t, WEFT_F32), small(t, WEFT_U8)},
                  .out = {x},
                  .mode = {WEFT_OUT_SET},
                  .with.window = t->with.pool},
        (void *const[WEFT_MAX_IN]){dy, where}, (void *const[WEFT_MAX_OUT]){dx});
    return dx;
}

/* x where the maximum is. */
static void pick(const trial *t, const double *x, const uint8_t *where, double *peak)
{
    const weft_tensor y = small(t, WEFT_F32);
    const int32_t *extent = y.shape.dim, *pooling = t->shape->pool;
    for (int64_t i = 0; i < op_count(&y); i++) {
        const int64_t c = i % extent[3], q = i / extent[3] % extent[2];
        const int64_t line = i / extent[3] / extent[2], p = line % extent[1];
        const int64_t h = p * pooling[0] + where[i] / pooling[1];
        const int64_t w = q * pooling[1] + where[i] % pooling[1];
        peak[i] = x[((line / extent[1] * t->shape->h + h) * t->shape->w + w) * extent[3] + c];
    }
}

static void forward_reference(const trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor x = full(t), y = small(t, WEFT_F32);
    double *a = normalize(t, &x, in[0], (double *const[4]){in[1], in[2], in[3], in[4]});
    activate(t, &x, a);
    out->out[0] = a;
    if (!t->with.pooled) return;
    out->out[0] = doubles(&y);
    out->out[1] = doubles(&y);
    out->out[2] = doubles(&y);
    pool(t, a, out->out[0], out->out[1]);
    pick(t, in[0], out->out[1], out->out[2]);
    free(a);
}

/* Over any pixels: those of the peak, or all. dy is changed. */
static void sums_over(const trial *t, const weft_tensor *x, double *data, double *const of[4],
                      double *dy, op_result *out)
{
    const weft_tensor c = channels(t);
    activate_grad(t, x, data, of, dy);
    out->out[0] = doubles(&c);
    out->out[1] = doubles(&c);
    run((weft_op){.kind = WEFT_OP_batchnorm_sums,
                  .in = {*x, c, c, *x},
                  .out = {c, c},
                  .mode = {WEFT_OUT_SET, WEFT_OUT_SET},
                  .with.batchnorm = t->with.batchnorm},
        (void *const[WEFT_MAX_IN]){data, of[0], of[1], dy}, out->out);
}

static void sums_reference(const trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor y = small(t, WEFT_F32);
    sums_over(t, &y, in[0], (double *const[4]){in[1], in[2], in[3], in[4]}, in[5], out);
}

/* out->out[0] is there: what was before. */
static void grad_reference(const trial *t, void *const in[WEFT_MAX_IN], op_result *out)
{
    const weft_tensor x = full(t), c = channels(t);
    double *dv = unpool(t, in[0], in[2]);
    activate_grad(t, &x, in[1], (double *const[4]){in[3], in[4], in[5], in[6]}, dv);
    weft_op op = {.kind = WEFT_OP_batchnorm_grad,
                  .in = {x, c, c},
                  .out = {x},
                  .mode = {t->add ? WEFT_OUT_ADD : WEFT_OUT_SET},
                  .with.batchnorm = t->with.batchnorm};
    if (!t->with.batchnorm.running) {
        op.in[3] = x;
        op.in[4] = op.in[5] = op.in[6] = c;
    }
    run(op, (void *const[WEFT_MAX_IN]){dv, in[4], in[5], in[1], in[3], in[7], in[8]}, out->out);
    free(dv);
}

static void reference(const trial *t, const op_case *c, const op_data *data, op_result *out)
{
    void *in[WEFT_MAX_IN];
    for (int i = 0; i < WEFT_MAX_IN; i++)
        in[i] = op_widen(&c->op.in[i], data->in[i]);
    *out = (op_result){0};
    if (c->op.kind == WEFT_OP_batchnorm_block) forward_reference(t, in, out);
    if (c->op.kind == WEFT_OP_batchnorm_block_sums) sums_reference(t, in, out);
    if (c->op.kind == WEFT_OP_batchnorm_block_grad) {
        out->out[0] = op_widen(&c->op.out[0], data->out[0]);
        grad_reference(t, in, out);
    }
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(in[i]);
}

/* ---- comparison ---- */

/* Two numbers of a window that differ by less than a rounding: which is the larger is for float or
 * double to say. In numbers of order 1 that is one window in some 10^5; in the small shapes none.
 */
enum { TIE_EVERY = 50000 };

/* Where another place was taken, the number before the activation is that place's. */
static void settle_ties(const op_case *c, const op_data *outputs, op_result *wanted)
{
    const uint8_t *place = outputs->out[1], *wanted_place = wanted->out[1];
    const float *peak = outputs->out[2];
    double *wanted_peak = wanted->out[2];
    if (c->op.kind != WEFT_OP_batchnorm_block || !place || !peak) return;
    for (int64_t i = 0; i < op_count(&c->op.out[1]); i++)
        if (place[i] != wanted_place[i]) wanted_peak[i] = (double)peak[i];
}

static void check(const trial *t, const op_case *c, const op_data *outputs, const op_result *wanted,
                  const char *numbers)
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
static void run_numbers(const trial *t, op_bench *bench, int input, bool all)
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
    reference(t, c, &data, &wanted);
    settle_ties(c, &outputs, &wanted);
    check(t, c, &outputs, &wanted, numbers);
    op_result_free(&wanted);
    op_data_free(&outputs);
    op_data_free(&data);
}

static void run_case(const trial *t, const op_case *c)
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
    trial t;
    if (!trial_at(_i, &t)) return;
    const op_case cases[] = {forward_case(&t, true), forward_case(&t, false), sums_case(&t),
                             grad_case(&t)};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&t, &cases[i]);
}
END_TEST

/* Run a case twice: the same bits. */
static void run_twice(const trial *t, const op_case *c, const op_data *data, op_data *outputs)
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
    trial t;
    if (!trial_at(_i, &t) || !t.with.pooled) return;
    const op_case forward = forward_case(&t, true), sums = sums_case(&t);
    const weft_tensor x = full(&t), y = small(&t, WEFT_F32);
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
    double *dx = unpool(&t, dy, places.out[1]);
    sums_over(&t, &x, data, of, dx, &wanted);
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
    const trial t = {.device = &devices[0],
                     .shape = &(const block_shape){OP_TINY, 1, 34, 32, 3, {2, 2}},
                     .with = {.normed = true, .pooled = true, .pool = windows[_i]}};
    const op_case cases[] = {forward_case(&t, true), sums_case(&t), grad_case(&t)};
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
