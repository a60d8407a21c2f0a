#define _POSIX_C_SOURCE 200809L
/* The fused dense ops on every OpenCL device, in both families, against the ops that they stand for
 * computed in double; and every setting of their kernels, to the same bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/selftest/op_bench.h"
#include "core/selftest/op_cases.h"
#include "tests/op_devices.h"
#include "tests/op_reference.h"
#include "tests/suite.h"

/* Rows, columns and steps of a product. */
typedef struct shape {
    int32_t m, n, k;
    op_level level;
} shape;

static const shape SHAPES[] = {
    {1, 1, 1, OP_TINY},      {3, 5, 2, OP_LEAST},     {2, 17, 15, OP_TINY},
    {1, 33, 31, OP_TINY},    {5, 16, 17, OP_LEAST},   {7, 31, 33, OP_FAST},
    {15, 47, 16, OP_FAST},   {17, 64, 13, OP_ALL},    {4, 129, 300, OP_FAST},
    {1, 128, 640, OP_ALL},   {33, 10, 257, OP_ALL},   {16, 97, 1031, OP_FAST},
    {64, 128, 784, OP_FAST}, {300, 10, 128, OP_ALL},  {64, 128, 3136, OP_ALL},
    {31, 300, 401, OP_ALL},  {128, 10, 2048, OP_ALL}, {3, 257, 2049, OP_ALL},
};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES };

/* The bounds of the op table: of sums by their terms, of functions, of dropout's scaling. */
static const double SUM_ERROR = 4 * 0x1p-48 / 6, SUM_BOUND = 1e-14, VALUE_BOUND = 1e-12;

static const char *const default_a[] = {
#define OP_DEFAULT_A(name, value, gradient, saves, a, key) a,
    WEFT_ACTIVATION_LIST(OP_DEFAULT_A)
#undef OP_DEFAULT_A
};

#define SAVES_in                                                   false
#define SAVES_out                                                  true
#define SAVES_OUTPUT(name, value, gradient, saves, default_a, key) SAVES_##saves,
static const bool saves_output[] = {WEFT_ACTIVATION_LIST(SAVES_OUTPUT)};

static op_device devices[OP_MAX_DEVICES];
static int device_count;

#define ck_case(c, call)                                                               \
    do {                                                                               \
        const weft_status ck_status = (call);                                          \
        ck_assert_msg(ck_status == WEFT_OK, "%s: %s: %s", weft_status_text(ck_status), \
                      weft_error(), (c)->name);                                        \
    } while (0)

/* ---- cases ---- */

static weft_act act_of(int number)
{
    const weft_activation kind = (weft_activation)(number % WEFT_ACTIVATION_COUNT);
    return (weft_act){kind, strtof(default_a[kind], NULL)};
}

static op_case case_of(weft_op_kind kind, const shape *s)
{
    op_case c = {.level = s->level, .values = {.step = 71, .epoch = 2, .row0 = 3}};
    c.op.kind = kind;
    c.op.layer = 5;
    c.op.with.fused.dropout = (weft_dropout){0.3f, 0x123456789abcdefULL, 5};
    return c;
}

static void name_case(op_case *c, const op_device *device, const shape *s, int variant)
{
    snprintf(c->name, sizeof c->name, "%.40s %dx%dx%d variant %d on %.150s",
             weft_op_describe(c->op.kind)->name, (int)s->m, (int)s->n, (int)s->k, variant,
             device->name);
}

enum { BLOCK_VARIANTS = 4 };

/* Variants: without dropout, with two rates of it, and with b transposed; with and without bias and
 * saved tensor. Shapes differ in their function, which is left out for some. */
static void build_block(const shape *s, int variant, op_case *c)
{
    static const float rates[] = {0.0f, 0.3f, 0.5f, 0.0f};
    const int number = (int)(s - SHAPES) + 3 * variant;
    *c = case_of(WEFT_OP_dense_block, s);
    weft_fused *f = &c->op.with.fused;
    f->gemm = (weft_gemm){s->m, s->n, s->k, false, variant == 3};
    f->activation = act_of(number);
    f->activated = number % 8 != 7;
    f->dropped = rates[variant] > 0;
    f->dropout.rate = rates[variant];
    c->op.in[0] = OP_F32(s->m, s->k, 0, 0);
    c->op.in[1] = variant == 3 ? OP_F32(s->n, s->k, 0, 0) : OP_F32(s->k, s->n, 0, 0);
    if (number % 3 != 2) c->op.in[2] = OP_F32(s->n, 0, 0, 0);
    op_set_out(c, OP_F32(s->m, s->n, 0, 0), 0);
    if (number % 4 < 2 && f->activated) {
        c->op.out[1] = c->op.out[0];
        c->op.mode[1] = WEFT_OUT_SET;
    }
    c->bound = VALUE_BOUND + SUM_ERROR * s->k;
    c->exact = (f->activation.kind == WEFT_ACT_relu || !f->activated) && variant != 1;
}

/* Variants: set, added. dw is k x n. */
static void build_weights(const shape *s, int variant, op_case *c)
{
    *c = case_of(WEFT_OP_dense_weight_grad, s);
    c->op.with.fused.gemm = (weft_gemm){s->m, s->n, s->k, true, false};
    c->op.in[0] = OP_F32(s->k, s->m, 0, 0);
    c->op.in[1] = OP_F32(s->k, s->n, 0, 0);
    op_set_out(c, OP_F32(s->m, s->n, 0, 0), variant);
    c->op.out[1] = OP_F32(s->n, 0, 0, 0);
    c->op.mode[1] = WEFT_OUT_SET;
    c->bound = SUM_BOUND + SUM_ERROR * s->k;
    c->exact = true;
}

/* Variants: each function, set, then added. */
static void build_gradient(const shape *s, int variant, op_case *c)
{
    *c = case_of(WEFT_OP_dropout_act_grad, s);
    c->op.with.fused.activated = c->op.with.fused.dropped = true;
    c->op.with.fused.activation = act_of(variant);
    c->op.with.fused.dropout.rate = variant % 2 == 0 ? 0.5f : 0.3f;
    c->op.in[0] = OP_F32(s->m, s->n, 0, 0);
    c->op.in[1] = OP_F32(s->m, s->n, 0, 0);
    op_set_out(c, OP_F32(s->m, s->n, 0, 0), variant / WEFT_ACTIVATION_COUNT);
    c->bound = VALUE_BOUND;
    c->exact = c->op.with.fused.activation.kind == WEFT_ACT_relu && variant % 2 == 0;
}

/* ---- the reference: op by op, in double ---- */

static void run(const op_case *c, weft_op op, void *const *in, int count, void *out)
{
    void *inputs[WEFT_MAX_IN] = {NULL}, *outputs[WEFT_MAX_OUT] = {out};
    for (int i = 0; i < count; i++)
        inputs[i] = in[i];
    op_run_double(&op, &c->values, inputs, outputs, 1);
}

static weft_op op_of(weft_op_kind kind, weft_tensor out, weft_out_mode mode)
{
    return (weft_op){.kind = kind, .out = {out}, .mode = {mode}};
}

static void *new_values(const weft_tensor *tensor)
{
    void *values = calloc((size_t)op_count(tensor) + 1, sizeof(double));
    if (!values) abort();
    return values;
}

static void define_block(const op_case *c, void *const in[], void *const out[])
{
    const weft_fused *f = &c->op.with.fused;
    const weft_tensor y = c->op.out[0];
    void *v = new_values(&y), *u = new_values(&y);

    weft_op gemm = op_of(WEFT_OP_gemm, y, WEFT_OUT_SET);
    memcpy(gemm.in, c->op.in, 3 * sizeof gemm.in[0]);
    gemm.with.gemm = f->gemm;
    run(c, gemm, in, 3, v);

    weft_op activation = op_of(WEFT_OP_activation, y, WEFT_OUT_SET);
    activation.in[0] = y;
    activation.with.activation = f->activation;
    if (f->activated)
        run(c, activation, &v, 1, u);
    else
        memcpy(u, v, (size_t)op_count(&y) * sizeof(double));
    if (out[1])
        memcpy(out[1], saves_output[f->activation.kind] ? u : v,
               (size_t)op_count(&y) * sizeof(double));

    weft_op dropout = op_of(f->dropped ? WEFT_OP_dropout : WEFT_OP_copy, y, WEFT_OUT_SET);
    dropout.in[0] = y;
    if (f->dropped) dropout.with.dropout = f->dropout;
    run(c, dropout, &u, 1, out[0]);
    free(v);
    free(u);
}

static void define_weights(const op_case *c, void *const in[], void *const out[])
{
    weft_op gemm = op_of(WEFT_OP_gemm, c->op.out[0], c->op.mode[0]);
    memcpy(gemm.in, c->op.in, 2 * sizeof gemm.in[0]);
    gemm.with.gemm = c->op.with.fused.gemm;
    run(c, gemm, in, 2, out[0]);

    weft_op sums = op_of(WEFT_OP_sum_rows, c->op.out[1], WEFT_OUT_SET);
    sums.in[0] = c->op.in[1];
    run(c, sums, in + 1, 1, out[1]);
}

static void define_gradient(const op_case *c, void *const in[], void *const out[])
{
    void *dy = new_values(&c->op.in[1]);
    weft_op dropout = op_of(WEFT_OP_dropout, c->op.in[1], WEFT_OUT_SET);
    dropout.in[0] = c->op.in[1];
    dropout.with.dropout = c->op.with.fused.dropout;
    run(c, dropout, in + 1, 1, dy);

    weft_op grad = op_of(WEFT_OP_activation_grad, c->op.out[0], c->op.mode[0]);
    grad.in[0] = grad.in[1] = c->op.in[0];
    grad.with.activation = c->op.with.fused.activation;
    run(c, grad, (void *[]){in[0], dy}, 2, out[0]);
    free(dy);
}

/* ---- the loops ---- */

typedef struct kind {
    void (*build)(const shape *s, int variant, op_case *c);
    void (*define)(const op_case *c, void *const in[], void *const out[]);
    int variants;
} kind;

static const kind BLOCK = {build_block, define_block, BLOCK_VARIANTS};
static const kind WEIGHTS = {build_weights, define_weights, 2};
static const kind GRADIENT = {build_gradient, define_gradient, 2 * WEFT_ACTIVATION_COUNT};

static void check_output(const op_case *c, int i, op_numbers numbers, const void *got,
                         const void *wanted)
{
    const op_match match = op_compare(&c->op.out[i], got, wanted, OP_DOUBLE);
    ck_assert_msg(match.nan_lost == 0 && match.nan_more == 0,
                  "output %d: %lld NaN lost, %lld too many: %s", i, (long long)match.nan_lost,
                  (long long)match.nan_more, c->name);
    ck_assert_msg(match.error <= c->bound, "output %d: error %g > %g, worst %lld: %s", i,
                  match.error, c->bound, (long long)match.worst, c->name);
    ck_assert_msg(numbers == OP_FLOATS || match.differs == 0,
                  "output %d: %lld whole numbers differ, worst %lld: %s", i,
                  (long long)match.differs, (long long)match.worst, c->name);
}

static void check_run(const op_case *c, const kind *k, op_bench *bench, op_numbers numbers,
                      bool with_nan)
{
    op_data data, outputs;
    void *in[WEFT_MAX_IN], *out[WEFT_MAX_OUT];
    ck_weft(op_data_new(c, numbers, 1, &data));
    ck_weft(op_data_new(c, numbers, 2, &outputs));
    if (with_nan) ((float *)data.in[1])[op_count(&c->op.in[1]) / 2] = NAN;
    ck_case(c, op_bench_run(bench, &data, &outputs));

    for (int i = 0; i < WEFT_MAX_IN; i++)
        in[i] = op_widen(&c->op.in[i], data.in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        out[i] = op_widen(&c->op.out[i], data.out[i]);
    k->define(c, in, out);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        if (out[i]) check_output(c, i, numbers, outputs.out[i], out[i]);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        free(out[i]);
    op_data_free(&data);
    op_data_free(&outputs);
}

static int32_t launches_of(const op_case *c, op_bench *bench)
{
    weft_step_info info;
    ck_case(c, bench->backend->step_info(bench->step, &info));
    return info.launches;
}

/* The launches of the product alone. */
static int32_t plain_launches(const op_case *c, weft_device *device)
{
    op_case plain = *c;
    op_bench bench;
    plain.op.kind = WEFT_OP_gemm;
    plain.op.with.gemm = c->op.with.fused.gemm;
    plain.op.out[1] = (weft_tensor){.shape = {0}};
    plain.op.mode[1] = WEFT_OUT_NONE;
    ck_case(c, op_bench_open(device, &plain, &bench));
    const int32_t launches = launches_of(c, &bench);
    op_bench_close(&bench);
    return launches;
}

/* Each product is a program of its own, slow to compile: in small runs the least shapes meet every
 * variant, the others one each, in a turn that has every function. */
static bool is_chosen(const kind *k, const shape *s, int variant)
{
    if (op_wanted_level() == OP_ALL || s->level == OP_LEAST || k == &GRADIENT) return true;
    return (s - SHAPES + 3) % k->variants == variant;
}

/* False when this number is not wanted in this run. */
static bool take(const kind *k, int index, op_case *c, const op_device **device)
{
    const shape *s = &SHAPES[index / k->variants % SHAPE_COUNT];
    const int variant = index % k->variants;
    *device = &devices[index / k->variants / SHAPE_COUNT];
    k->build(s, variant, c);
    name_case(c, *device, s, variant);
    return c->level <= op_wanted_level() && is_chosen(k, s, variant) && !(*device)->products_only;
}

static void check_kind(const kind *k, int index)
{
    op_case c;
    const op_device *device;
    op_bench bench;
    if (!take(k, index, &c, &device)) return;
    ck_case(&c, op_bench_open(device->device, &c, &bench));
    check_run(&c, k, &bench, OP_FLOATS, false);
    if (op_wanted_level() != OP_LEAST) { /* an interpreter's runs are slow and all alike */
        check_run(&c, k, &bench, OP_FLOATS, true);
        if (c.exact) check_run(&c, k, &bench, OP_INTEGERS, false);
    }
    if (k == &GRADIENT)
        ck_assert_int_eq(launches_of(&c, &bench), 1);
    else if (strcmp(device->setting, "vector") == 0)
        ck_assert_msg(launches_of(&c, &bench) == plain_launches(&c, device->device),
                      "more launches than the product alone: %s", c.name);
    op_bench_close(&bench);
}

START_TEST(block_agrees)
{
    check_kind(&BLOCK, _i);
}
END_TEST

START_TEST(weight_grad_agrees)
{
    check_kind(&WEIGHTS, _i);
}
END_TEST

START_TEST(act_grad_agrees)
{
    check_kind(&GRADIENT, _i);
}
END_TEST

/* ---- settings ---- */

static void run_choice(const op_case *c, op_bench *bench, const char *choice, op_data *outputs)
{
    op_data data;
    bench->backend->release(bench->step);
    bench->step = NULL;
    ck_case(c, bench->backend->prepare(bench->device, &bench->op, choice, &bench->step));
    ck_weft(op_data_new(c, OP_FLOATS, 1, &data));
    ck_weft(op_data_new(c, OP_FLOATS, 2, outputs));
    ck_case(c, op_bench_run(bench, &data, outputs));
    op_data_free(&data);
}

static void check_same(const op_case *c, const char *choice, const op_data *a, const op_data *b)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        ck_assert_msg(!a->out[i] || memcmp(a->out[i], b->out[i], op_bytes(&c->op.out[i])) == 0,
                      "output %d differs under \"%s\": %s", i, choice, c->name);
}

static void check_choices(op_case *c, weft_device *device)
{
    enum { ROOM = 32 };
    weft_choice list[ROOM];
    int count = ROOM;
    op_bench bench;
    op_data prior, other;
    ck_case(c, device->backend->candidates(device, &c->op, list, &count));
    if (count == 0) return;
    ck_assert_msg(count >= 6 && count <= 16, "%d candidates: %s", count, c->name);

    ck_case(c, op_bench_open(device, c, &bench));
    run_choice(c, &bench, NULL, &prior);
    for (int i = 0; i < count; i++) {
        run_choice(c, &bench, list[i].text, &other);
        check_same(c, list[i].text, &prior, &other);
        op_data_free(&other);
    }
    op_data_free(&prior);
    op_bench_close(&bench);
}

/* The settings of the three products of a shape. Quick runs leave out what test_tile_slow tries,
 * and the plain product of the vector family, whose kernel is the others' without their ends. */
static void check_settings(const op_device *device, const shape *s)
{
    const bool all = op_wanted_level() == OP_ALL;
    op_case c;
    build_block(s, 1, &c);
    name_case(&c, device, s, 0);
    check_choices(&c, device->device);
    if (!all && strcmp(device->setting, "tile") == 0) return;
    build_weights(s, 1, &c);
    name_case(&c, device, s, 1);
    check_choices(&c, device->device);
    if (!all) return;
    c.op.kind = WEFT_OP_gemm;
    c.op.with.gemm = c.op.with.fused.gemm;
    c.op.out[1] = (weft_tensor){.shape = {0}};
    c.op.mode[1] = WEFT_OUT_NONE;
    name_case(&c, device, s, 2);
    check_choices(&c, device->device);
}

/* Shapes with tails, one and several slices, one and several panels of k; the first has several of
 * all, and is enough for a quick run: each setting is a program of its own. */
START_TEST(settings_do_not_matter)
{
    static const int tried[] = {11, 5, 15};
    const int count = sizeof tried / sizeof *tried;
    const op_device *device = &devices[_i / count];
    if (device->products_only || op_wanted_level() < (_i % count ? OP_ALL : OP_FAST)) return;
    check_settings(device, &SHAPES[tried[_i % count]]);
}
END_TEST

/* Settings that no kernel can have are refused, not clamped into something else. */
START_TEST(bad_settings_are_refused)
{
    static const char *const bad[] = {"TM=0",  "TM=99", "NV=9",    "NV=0",
                                      "KB=17", "KB=0",  "KB=4096", "KB=8"};
    static const char *const bad_tile[] = {"IM=0", "IM=128", "TM=6", "TN=0", "KT=3", "KT=1024"};
    const op_device *device = &devices[_i];
    const bool tile = strcmp(device->setting, "tile") == 0;
    if (device->products_only) return;
    op_case c;
    op_bench bench;
    build_weights(&SHAPES[6], 0, &c);
    ck_case(&c, op_bench_open(device->device, &c, &bench));
    const size_t count = tile ? sizeof bad_tile / sizeof *bad_tile : sizeof bad / sizeof *bad;
    for (size_t i = 0; i < count; i++) {
        const char *choice = tile ? bad_tile[i] : bad[i];
        weft_step *step = NULL;
        const weft_status status = bench.backend->prepare(bench.device, &bench.op, choice, &step);
        ck_assert_msg(status == WEFT_ERR_UNSUPPORTED, "\"%s\" is taken on %s", choice,
                      device->name);
        ck_assert_ptr_null(step);
    }
    op_bench_close(&bench);
}
END_TEST

static void add_loop(Suite *suite, const char *name, const TTest *test, int count)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, test, 0, count);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    setenv("WEFT_TEST_BACKEND", "opencl", 0);
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;

    Suite *suite = suite_create("dense_block");
    const int all = device_count * SHAPE_COUNT;
    add_loop(suite, "block", block_agrees, all * BLOCK.variants);
    add_loop(suite, "weight_grad", weight_grad_agrees, all * WEIGHTS.variants);
    add_loop(suite, "act_grad", act_grad_agrees, all * GRADIENT.variants);
    add_loop(suite, "settings", settings_do_not_matter, device_count * 3);
    add_loop(suite, "refusals", bad_settings_are_refused, device_count);
    const int result = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return result;
}
