/* Gradients: the backward ops in double against central differences of the forward op, on the
 * smaller shapes of the op table.
 *
 * The forward op of a case is the network, L = sum of seed[i] y[i] its loss. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/op_reference.h"
#include "tests/suite.h"

enum { SAMPLES = 24 };            /* elements tried of each input */
static const double STEP = 1e-5;  /* of a difference: its error is near 1e-10 */
static const double BOUND = 1e-6; /* between gradient and difference */

typedef struct net {
    op_case c;
    void *in[WEFT_MAX_IN], *out[WEFT_MAX_OUT];
    double *seed;                        /* dL / dy */
    double (*value)(const struct net *); /* run forward and return L */
} net;

static void run(const net *n, const weft_op *op, void *const in[WEFT_MAX_IN],
                void *const out[WEFT_MAX_OUT])
{
    op_run_double(op, &n->c.values, in, out, 1);
}

static double weigh(const net *n)
{
    double sum = 0;
    for (int64_t i = 0; i < op_count(&n->c.op.out[0]); i++)
        sum += n->seed[i] * ((const double *)n->out[0])[i];
    return sum;
}

static double value_plain(const net *n)
{
    run(n, &n->c.op, n->in, n->out);
    return weigh(n);
}

/* Statistics of the batch are part of the network. */
static double value_batchnorm(const net *n)
{
    weft_op stats = {.kind = WEFT_OP_batchnorm_stats, .in = {n->c.op.in[0]}};
    stats.with.batchnorm = n->c.op.with.batchnorm;
    double *running = calloc(2 * (size_t)op_count(&n->c.op.in[1]), sizeof *running);
    ck_assert_ptr_nonnull(running);
    for (int i = 0; i < 4; i++) {
        stats.out[i] = n->c.op.in[1];
        stats.mode[i] = i < 2 ? WEFT_OUT_SET : WEFT_OUT_INOUT;
    }
    run(n, &stats, n->in,
        (void *[WEFT_MAX_OUT]){n->in[1], n->in[2], running, running + op_count(&n->c.op.in[1])});
    free(running);
    return value_plain(n);
}

/* The loss of a loss op, as its gradient is scaled. */
static double value_loss(const net *n)
{
    run(n, &n->c.op, n->in, n->out);
    const double *slot = (const double *)n->out[1] + 2 * (n->c.values.step % WEFT_SLOTS);
    return slot[0] * (double)n->c.values.loss_scale;
}

static void net_open(const op_case *c, double (*value)(const net *), net *n)
{
    op_data data;
    ck_weft(op_data_new(c, OP_FLOATS, 11, &data));
    *n = (net){.c = *c, .value = value};
    for (int i = 0; i < WEFT_MAX_IN; i++)
        n->in[i] = op_widen(&c->op.in[i], data.in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        n->out[i] = op_widen(&c->op.out[i], data.out[i]);
    op_data_free(&data);

    const int64_t count = op_count(&c->op.out[0]);
    n->seed = malloc((size_t)(count > 0 ? count : 1) * sizeof *n->seed);
    ck_assert_ptr_nonnull(n->seed);
    for (int64_t i = 0; i < count; i++)
        n->seed[i] = 2 * op_uniform(12, i) - 1;
}

static void net_close(net *n)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(n->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        free(n->out[i]);
    free(n->seed);
}

/* Compare a gradient of input `input` with differences; frees it. */
static void check_gradient(const net *n, int input, double *gradient)
{
    const int64_t count = op_count(&n->c.op.in[input]);
    double *x = n->in[input];
    for (int64_t sample = 0; sample < SAMPLES && sample < count; sample++) {
        const int64_t i = count <= SAMPLES ? sample : op_random(13, sample, (uint32_t)count);
        const double at = x[i];
        x[i] = at + STEP;
        const double above = n->value(n);
        x[i] = at - STEP;
        const double below = n->value(n);
        x[i] = at;
        const double difference = (above - below) / (2 * STEP);
        const double size = fmax(1, fabs(difference));
        ck_assert_msg(fabs(difference - gradient[i]) <= BOUND * size,
                      "input %d, element %lld: gradient %.12g, difference %.12g: %s", input,
                      (long long)i, gradient[i], difference, n->c.name);
    }
    n->value(n);
    free(gradient);
}

/* Run a backward op of two inputs into a new tensor like `like`, which is returned. */
static double *backward(const net *n, weft_op op, weft_tensor like, void *a, void *b)
{
    const size_t count = (size_t)op_count(&like);
    double *gradient = malloc(count * sizeof *gradient);
    ck_assert_ptr_nonnull(gradient);
    memset(gradient, 0xff, count * sizeof *gradient);
    op.out[0] = like;
    op.mode[0] = WEFT_OUT_SET;
    run(n, &op, (void *[WEFT_MAX_IN]){a, b}, (void *[WEFT_MAX_OUT]){gradient});
    return gradient;
}

/* Take the case of a loop number when it is of this kind and small enough. */
static bool take(int index, weft_op_kind kind, op_case *c)
{
    op_case_at(index, c);
    return c->op.kind == kind && c->level <= OP_FAST;
}

static double *sum_rows(const net *n, weft_tensor like)
{
    return backward(n, (weft_op){.kind = WEFT_OP_sum_rows, .in = {n->c.op.out[0]}}, like, n->seed,
                    NULL);
}

START_TEST(conv2d)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_conv2d, &c)) return;
    net_open(&c, value_plain, &n);
    weft_op op = {.kind = WEFT_OP_conv2d_data_grad, .in = {c.op.out[0], c.op.in[1]}};
    op.with.window = c.op.with.window;
    check_gradient(&n, 0, backward(&n, op, c.op.in[0], n.seed, n.in[1]));
    op.kind = WEFT_OP_conv2d_weight_grad;
    op.in[0] = c.op.in[0];
    op.in[1] = c.op.out[0];
    check_gradient(&n, 1, backward(&n, op, c.op.in[1], n.in[0], n.seed));
    if (n.in[2]) check_gradient(&n, 2, sum_rows(&n, c.op.in[2]));
    net_close(&n);
}
END_TEST

/* Gradient of input `which` of a product: a product of dy and the other input, in this order or,
 * where our input is stored transposed (and for b where it is not), the other way round. */
static double *gemm_gradient(const net *n, int which)
{
    const weft_op *f = &n->c.op;
    const weft_gemm g = f->with.gemm;
    const bool dy_first = which == 0 ? !g.trans_a : g.trans_b;
    weft_op op = {.kind = WEFT_OP_gemm};
    if (which == 0)
        op.with.gemm = g.trans_a ? (weft_gemm){g.k, g.m, g.n, g.trans_b, true}
                                 : (weft_gemm){g.m, g.k, g.n, false, !g.trans_b};
    else
        op.with.gemm = g.trans_b ? (weft_gemm){g.n, g.k, g.m, true, g.trans_a}
                                 : (weft_gemm){g.k, g.n, g.m, !g.trans_a, false};
    op.in[dy_first ? 0 : 1] = f->out[0];
    op.in[dy_first ? 1 : 0] = f->in[1 - which];
    void *theirs = n->in[1 - which];
    return backward(n, op, f->in[which], dy_first ? n->seed : theirs, dy_first ? theirs : n->seed);
}

START_TEST(gemm)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_gemm, &c) || c.op.mode[0] != WEFT_OUT_SET) return;
    net_open(&c, value_plain, &n);
    check_gradient(&n, 0, gemm_gradient(&n, 0));
    check_gradient(&n, 1, gemm_gradient(&n, 1));
    if (n.in[2]) check_gradient(&n, 2, sum_rows(&n, c.op.in[2]));
    net_close(&n);
}
END_TEST

enum { in, out }; /* the words of WEFT_ACTIVATION_LIST */
static const int saves[] = {
#define ACTIVATION_SAVES(name, value, gradient, saved, a, key) saved,
    WEFT_ACTIVATION_LIST(ACTIVATION_SAVES)
#undef ACTIVATION_SAVES
};

START_TEST(activation)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_activation, &c)) return;
    net_open(&c, value_plain, &n);
    double *x = n.in[0];
    for (int64_t i = 0; i < op_count(&c.op.in[0]); i++) {
        x[i] = 3 * x[i];
        if (fabs(x[i]) < 1e-3) x[i] = 0.1; /* away from the kink at 0 */
    }
    n.value(&n);
    weft_op op = {.kind = WEFT_OP_activation_grad, .in = {c.op.in[0], c.op.in[0]}};
    op.with.activation = c.op.with.activation;
    void *saved = saves[c.op.with.activation.kind] == in ? n.in[0] : n.out[0];
    check_gradient(&n, 0, backward(&n, op, c.op.in[0], saved, n.seed));
    net_close(&n);
}
END_TEST

START_TEST(maxpool)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_maxpool, &c) || c.op.out[1].shape.rank == 0) return;
    net_open(&c, value_plain, &n);
    n.value(&n);
    weft_op op = {.kind = WEFT_OP_maxpool_grad, .in = {c.op.out[0], c.op.out[1]}};
    op.with.window = c.op.with.window;
    check_gradient(&n, 0, backward(&n, op, c.op.in[0], n.seed, n.out[1]));
    net_close(&n);
}
END_TEST

START_TEST(avgpool)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_avgpool, &c)) return;
    net_open(&c, value_plain, &n);
    weft_op op = {.kind = WEFT_OP_avgpool_grad, .in = {c.op.out[0]}};
    op.with.window = c.op.with.window;
    check_gradient(&n, 0, backward(&n, op, c.op.in[0], n.seed, NULL));
    net_close(&n);
}
END_TEST

/* dgamma, dbeta and dx of the case's batchnorm, whose statistics are in place. */
static void batchnorm_gradients(const net *n, double *gradient[3])
{
    const weft_op *f = &n->c.op;
    const bool running = f->with.batchnorm.running;
    for (int i = 0; i < 3; i++) {
        gradient[i] = malloc((size_t)op_count(&f->in[i == 0 ? 0 : 1]) * sizeof(double));
        ck_assert_ptr_nonnull(gradient[i]);
    }
    weft_op sums = {.kind = WEFT_OP_batchnorm_sums, .in = {f->in[0], f->in[1], f->in[2], f->in[0]}};
    sums.with.batchnorm = f->with.batchnorm;
    sums.out[0] = sums.out[1] = f->in[1];
    sums.mode[0] = sums.mode[1] = WEFT_OUT_SET;
    run(n, &sums, (void *[WEFT_MAX_IN]){n->in[0], n->in[1], n->in[2], n->seed},
        (void *[WEFT_MAX_OUT]){gradient[1], gradient[2]});

    weft_op grad = {.kind = WEFT_OP_batchnorm_grad, .in = {f->in[0], f->in[1], f->in[1]}};
    grad.with.batchnorm = f->with.batchnorm;
    grad.in[3] = running ? (weft_tensor){0} : f->in[0];
    for (int i = 4; i < 7 && !running; i++)
        grad.in[i] = f->in[1];
    grad.out[0] = f->in[0];
    grad.mode[0] = WEFT_OUT_SET;
    run(n, &grad,
        (void *[WEFT_MAX_IN]){n->seed, n->in[2], n->in[3], n->in[0], n->in[1], gradient[1],
                              gradient[2]},
        (void *[WEFT_MAX_OUT]){gradient[0]});
}

START_TEST(batchnorm)
{
    op_case c;
    net n;
    double *gradient[3]; /* of x, gamma, beta */
    if (!take(_i, WEFT_OP_batchnorm, &c)) return;
    net_open(&c, c.op.with.batchnorm.running ? value_plain : value_batchnorm, &n);
    n.value(&n);
    batchnorm_gradients(&n, gradient);
    check_gradient(&n, 0, gradient[0]);
    check_gradient(&n, 3, gradient[1]);
    check_gradient(&n, 4, gradient[2]);
    net_close(&n);
}
END_TEST

START_TEST(dropout)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_dropout, &c) || c.op.mode[0] != WEFT_OUT_SET) return;
    net_open(&c, value_plain, &n);
    check_gradient(&n, 0, backward(&n, c.op, c.op.in[0], n.seed, NULL));
    net_close(&n);
}
END_TEST

/* Both losses: the gradient is an output of the loss op itself. */
START_TEST(losses)
{
    op_case c;
    net n;
    if (!take(_i, WEFT_OP_softmax_xent, &c) && !take(_i, WEFT_OP_mse, &c)) return;
    if (c.op.out[0].shape.rank == 0) return;
    net_open(&c, value_loss, &n);
    n.value(&n);
    const size_t bytes = (size_t)op_count(&c.op.out[0]) * sizeof(double);
    double *gradient = malloc(bytes);
    ck_assert_ptr_nonnull(gradient);
    memcpy(gradient, n.out[0], bytes);
    check_gradient(&n, 0, gradient);
    net_close(&n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops_gradient");
    TCase *tcase = tcase_create("gradient");
    const int count = op_case_count();
    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, conv2d, 0, count);
    tcase_add_loop_test(tcase, gemm, 0, count);
    tcase_add_loop_test(tcase, activation, 0, count);
    tcase_add_loop_test(tcase, maxpool, 0, count);
    tcase_add_loop_test(tcase, avgpool, 0, count);
    tcase_add_loop_test(tcase, batchnorm, 0, count);
    tcase_add_loop_test(tcase, dropout, 0, count);
    tcase_add_loop_test(tcase, losses, 0, count);
    suite_add_tcase(suite, tcase);
    return weft_suite_run(suite);
}
