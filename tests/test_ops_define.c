/* Definitions: the ops in double against the plain second writing of core/op.h, set and added, and
 * the corners that random numbers do not reach. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/op_define.h"
#include "tests/op_reference.h"
#include "tests/suite.h"

/* Both sides compute in double; settings are float on both. */
static const double BOUND = 1e-9;

/* Inputs in double and two copies of the outputs. */
typedef struct bench {
    void *in[WEFT_MAX_IN], *got[WEFT_MAX_OUT], *want[WEFT_MAX_OUT], *before[WEFT_MAX_OUT];
} bench;

static void bench_open(const op_case *c, uint64_t seed, bench *b)
{
    op_data data;
    ck_weft(op_data_new(c, OP_FLOATS, seed, &data));
    for (int i = 0; i < WEFT_MAX_IN; i++)
        b->in[i] = op_widen(&c->op.in[i], data.in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        b->got[i] = op_widen(&c->op.out[i], data.out[i]);
        b->want[i] = op_widen(&c->op.out[i], data.out[i]);
        b->before[i] = op_widen(&c->op.out[i], data.out[i]);
    }
    op_data_free(&data);
}

static void bench_close(bench *b)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(b->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        free(b->got[i]);
        free(b->want[i]);
        free(b->before[i]);
    }
}

static void run(const op_case *c, bench *b)
{
    op_run_double(&c->op, &c->values, b->in, b->got, 1);
    op_definition_of(c->op.kind)(&c->op, &c->values, b->in, b->want);
    for (int o = 0; o < WEFT_MAX_OUT; o++)
        if (c->op.mode[o] == WEFT_OUT_ADD)
            for (int64_t i = 0; i < op_count(&c->op.out[o]); i++)
                ((double *)b->want[o])[i] += ((const double *)b->before[o])[i];
}

static void check(const op_case *c, const bench *b)
{
    for (int o = 0; o < WEFT_MAX_OUT; o++) {
        const weft_tensor *out = &c->op.out[o];
        if (op_count(out) > 0 && out->dtype != WEFT_F32)
            ck_assert_msg(memcmp(b->got[o], b->want[o], op_bytes(out)) == 0, "output %d: %s", o,
                          c->name);
        if (out->dtype != WEFT_F32) continue;
        for (int64_t i = 0; i < op_count(out); i++) {
            const double got = ((const double *)b->got[o])[i],
                         want = ((const double *)b->want[o])[i];
            const bool same =
                isnan(want) ? isnan(got) : fabs(got - want) <= BOUND * fmax(1, fabs(want));
            ck_assert_msg(same, "output %d, element %lld: %.12g, defined as %.12g: %s", o,
                          (long long)i, got, want, c->name);
        }
    }
}

START_TEST(equals_its_definition)
{
    op_case c;
    bench b;
    op_case_at(_i, &c);
    if (c.level == OP_ALL) return;
    bench_open(&c, 21, &b);
    run(&c, &b);
    check(&c, &b);
    bench_close(&b);
}
END_TEST

/* Every step draws another mask and every epoch another picture; each equals its definition. */
START_TEST(draws_anew)
{
    op_case c;
    op_case_at(_i, &c);
    const bool gather = c.op.kind == WEFT_OP_gather;
    if (c.level == OP_ALL || (!gather && c.op.kind != WEFT_OP_dropout)) return;
    for (uint32_t when = 0; when < 4; when++) {
        bench b;
        c.values.epoch = gather ? when : 0;
        c.values.step = gather ? 0 : when * 1000003u;
        c.values.row0 = 64 * when;
        bench_open(&c, 22, &b);
        run(&c, &b);
        check(&c, &b);
        bench_close(&b);
    }
}
END_TEST

/* A window with ties, with two NaN, and with nothing but minus infinity. */
START_TEST(maxpool_takes_the_first_maximum)
{
    static const struct {
        double x[4];
        uint8_t where;
    } windows[] = {
        {{1, 5, 5, 2}, 1},
        {{3, NAN, 7, NAN}, 1},
        {{NAN, 9, 9, 9}, 0},
        {{-INFINITY, -INFINITY, -INFINITY, -INFINITY}, 0},
        {{-INFINITY, -3, -INFINITY, -2}, 3},
        {{0.0, -0.0, 0.0, -0.0}, 0},
        {{1, 2, 3, NAN}, 3},
    };
    weft_op op = {.kind = WEFT_OP_maxpool, .mode = {WEFT_OUT_SET, WEFT_OUT_SET}};
    op.with.window = (weft_window){{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, 1};
    op.in[0] = (weft_tensor){.shape = {4, {1, 2, 2, 1}}, .dtype = WEFT_F32};
    op.out[0] = (weft_tensor){.shape = {4, {1, 1, 1, 1}}, .dtype = WEFT_F32};
    op.out[1] = (weft_tensor){.shape = {4, {1, 1, 1, 1}}, .dtype = WEFT_U8};
    double x[4], y = 0;
    uint8_t where = 99;
    memcpy(x, windows[_i].x, sizeof x);
    op_run_double(&op, &(weft_values){0}, (void *[WEFT_MAX_IN]){x},
                  (void *[WEFT_MAX_OUT]){&y, &where}, 1);
    ck_assert_int_eq(where, windows[_i].where);
    const double want = windows[_i].x[where];
    ck_assert(isnan(want) ? isnan(y) : y == want);
}
END_TEST

/* Large logits neither overflow nor lose the loss. */
START_TEST(softmax_survives_large_logits)
{
    double logits[6] = {1000, 0, -1000, -2000, -2001, -2002}, gradient[6], slots[2 * WEFT_SLOTS];
    int32_t classes[2] = {1, 0};
    weft_op op = {.kind = WEFT_OP_softmax_xent, .mode = {WEFT_OUT_SET, WEFT_OUT_INOUT}};
    op.in[0] = (weft_tensor){.shape = {2, {2, 3}}, .dtype = WEFT_F32};
    op.in[1] = (weft_tensor){.shape = {1, {2}}, .dtype = WEFT_I32};
    op.out[0] = op.in[0];
    op.out[1] = (weft_tensor){.shape = {2, {WEFT_SLOTS, 2}}, .dtype = WEFT_F32};
    memset(slots, 0, sizeof slots);
    op_run_double(&op, &(weft_values){.loss_scale = 1}, (void *[WEFT_MAX_IN]){logits, classes},
                  (void *[WEFT_MAX_OUT]){gradient, slots}, 1);
    const double second = log(1 + exp(-1) + exp(-2));
    ck_assert_double_eq_tol(slots[0], 1000 + second, 1e-9);
    ck_assert_double_eq(slots[1], 1);
    ck_assert_double_eq_tol(gradient[0], 1, 1e-12);
    ck_assert_double_eq_tol(gradient[1], -1, 1e-12);
}
END_TEST

/* Statistics of numbers far from zero: E[x^2] - mean^2 would lose them all, in float at least. */
START_TEST(batchnorm_stats_are_stable)
{
    double x[4] = {1e8, 1e8 + 2, 1e8 + 4, 1e8 + 6}, mean, inv_std, running_mean = 1,
           running_var = 1;
    weft_op op = {.kind = WEFT_OP_batchnorm_stats};
    op.with.batchnorm = (weft_batchnorm){.eps = 0, .momentum = 1};
    op.in[0] = (weft_tensor){.shape = {2, {4, 1}}, .dtype = WEFT_F32};
    for (int i = 0; i < 4; i++) {
        op.out[i] = (weft_tensor){.shape = {1, {1}}, .dtype = WEFT_F32};
        op.mode[i] = i < 2 ? WEFT_OUT_SET : WEFT_OUT_INOUT;
    }
    op_run_double(&op, &(weft_values){0}, (void *[WEFT_MAX_IN]){x},
                  (void *[WEFT_MAX_OUT]){&mean, &inv_std, &running_mean, &running_var}, 1);
    ck_assert_double_eq_tol(mean, 1e8 + 3, 1e-6);
    ck_assert_double_eq_tol(inv_std, 1 / sqrt(5), 1e-9);
    ck_assert_double_eq_tol(running_mean, mean, 1e-6);
    ck_assert_double_eq_tol(running_var, 20.0 / 3, 1e-9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops_define");
    TCase *tcase = tcase_create("define");
    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, equals_its_definition, 0, op_case_count());
    tcase_add_loop_test(tcase, draws_anew, 0, op_case_count());
    tcase_add_loop_test(tcase, maxpool_takes_the_first_maximum, 0, 7);
    tcase_add_test(tcase, softmax_survives_large_logits);
    tcase_add_test(tcase, batchnorm_stats_are_stable);
    suite_add_tcase(suite, tcase);
    return weft_suite_run(suite);
}
