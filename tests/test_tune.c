/* The tuner, on a device whose candidates behave as their text says:
 *
 *   COST=N     a launch takes N milliseconds by the device's own clock
 *   WRONG=N    element N - 1 of the result is off
 *   REFUSED=1  it cannot be prepared
 *
 * It computes with the CPU backend, so a candidate without WRONG is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "core/graph.h"
#include "core/tune.h"
#include "tests/suite.h"

static const char network[] = "input shape=6x5x2\n"
                              "conv2d filters=4 kernel=3 padding=same bias=no name=conv1\n"
                              "relu\n"
                              "flatten\n"
                              "dense units=7 name=fc1\n"
                              "relu\n"
                              "dense units=3 name=fc2\n";

enum { PROPOSED_MAX = 4, STEPS_MAX = 64, LOG_MAX = 4096 };

typedef struct fake_step {
    weft_step *step;
    weft_op op;
    int cost, wrong;
} fake_step;

/* What the device proposes, and what it was asked for. */
static struct {
    const char *proposed[PROPOSED_MAX]; /* for convolutions of the forward pass; NULL ends */
    bool refuses_all;
    double seconds; /* its clock */
    fake_step step[STEPS_MAX];
    int steps, launches, stored, forgotten;
    char choice[WEFT_CHOICE_MAX]; /* stored last */
    int fail_in;                  /* calls until one fails; 0: none does */
} fake;

static weft_backend backend;
static weft_graph *graph;
static weft_device *device, *reference;
static weft_tune_result result;
static char notes[LOG_MAX];
static int progress_done, progress_total;

/* ---- the device ---- */

static weft_status count_call(void)
{
    if (fake.fail_in == 0 || --fake.fail_in > 0) return WEFT_OK;
    fake.fail_in = 1; /* and so do all later ones */
    return weft_fail(WEFT_ERR_DEVICE, "fake: fails as asked");
}

static int number_of(const char *text, const char *name)
{
    const char *at = text ? strstr(text, name) : NULL;
    return at ? atoi(at + strlen(name)) : 0;
}

static weft_status fake_open(int index, const weft_open_desc *desc, weft_device **out)
{
    WEFT_TRY(weft_backend_cpu()->open(index, desc, out));
    (*out)->backend = &backend;
    return WEFT_OK;
}

static weft_status fake_buffer(weft_device *on, size_t bytes, weft_buffer **out)
{
    *out = NULL;
    WEFT_TRY(count_call());
    return weft_backend_cpu()->buffer_new(on, bytes, out);
}

static weft_status fake_candidates(weft_device *on, const weft_op *op, weft_choice *list,
                                   int *count)
{
    int used = 0;
    weft_support support;
    WEFT_TRY(weft_backend_cpu()->supports(on, op, &support));
    if (fake.refuses_all)
        return weft_fail(WEFT_ERR_UNSUPPORTED, "conv2d: groups of 16 work-items, 64 are needed");
    for (int i = 0; op->kind == WEFT_OP_conv2d && i < PROPOSED_MAX && fake.proposed[i]; i++) {
        ck_assert_int_lt(used, *count);
        list[used] = (weft_choice){.scratch_bytes = support.scratch_bytes};
        snprintf(list[used++].text, WEFT_CHOICE_MAX, "%s", fake.proposed[i]);
    }
    *count = used;
    return WEFT_OK;
}

static weft_status fake_prepare(weft_device *on, const weft_op *op, const char *choice,
                                weft_step **out)
{
    *out = NULL;
    WEFT_TRY(count_call());
    if (number_of(choice, "REFUSED=")) return weft_fail(WEFT_ERR_DEVICE, "fake: it does not build");
    WEFT_TRY(weft_backend_cpu()->prepare(on, op, NULL, out));
    ck_assert_int_lt(fake.steps, STEPS_MAX);
    fake.step[fake.steps++] = (fake_step){.step = *out,
                                          .op = *op,
                                          .cost = number_of(choice, "COST="),
                                          .wrong = number_of(choice, "WRONG=")};
    return WEFT_OK;
}

static const fake_step *find_step(const weft_step *step)
{
    for (int i = fake.steps - 1; i >= 0; i--) {
        if (fake.step[i].step == step) return &fake.step[i];
    }
    ck_abort_msg("a step that was not prepared");
    return NULL;
}

static weft_status fake_enqueue(weft_step *step, const weft_values *values)
{
    const fake_step *one = find_step(step);
    WEFT_TRY(count_call());
    WEFT_TRY(weft_backend_cpu()->enqueue(step, values));
    fake.seconds += one->cost * 1e-3;
    fake.launches++;
    if (!one->wrong) return WEFT_OK;
    const float off = 1e3f;
    const size_t at = (size_t)(one->wrong - 1) * sizeof off;
    return weft_backend_cpu()->write(one->op.out[0].buffer, at, &off, sizeof off);
}

static weft_status fake_store(weft_device *on, const weft_op *op, const char *choice)
{
    (void)on;
    ck_assert_int_eq(op->kind, WEFT_OP_conv2d);
    WEFT_TRY(count_call());
    snprintf(fake.choice, sizeof fake.choice, "%s", choice ? choice : "");
    fake.stored += choice != NULL;
    fake.forgotten += choice == NULL;
    return WEFT_OK;
}

static double fake_clock(void *user)
{
    (void)user;
    return fake.seconds;
}

static void on_progress(void *user, int done, int total)
{
    (void)user;
    ck_assert_int_eq(done, progress_done + 1);
    progress_done = done;
    progress_total = total;
}

static void on_note(void *user, weft_level level, const char *text)
{
    (void)user, (void)level;
    const size_t used = strlen(notes);
    snprintf(notes + used, sizeof notes - used, "%s\n", text);
}

static void setup(void)
{
    memset(&fake, 0, sizeof fake);
    notes[0] = '\0';
    progress_done = progress_total = 0;
    backend = *weft_backend_cpu();
    backend.name = "fake";
    backend.open = fake_open;
    backend.buffer_new = fake_buffer;
    backend.candidates = fake_candidates;
    backend.prepare = fake_prepare;
    backend.enqueue = fake_enqueue;
    backend.store = fake_store;
    ck_weft(weft_graph_parse(network, strlen(network), "tune.net", &graph));
    ck_weft(backend.open(0, &(weft_open_desc){.threads = 1}, &device));
    ck_weft(weft_backend_cpu()->open(0, &(weft_open_desc){.threads = 1}, &reference));
}

static void teardown(void)
{
    weft_tune_result_free(&result);
    weft_backend_cpu()->close(device);
    weft_backend_cpu()->close(reference);
    weft_graph_free(graph);
}

/* Tune with these candidates, the prior first. */
static weft_status tune(const char *prior, const char *second, const char *third)
{
    const weft_tune_desc desc = {
        .batch = 3,
        .reference = reference,
        .progress = on_progress,
        .clock = fake_clock,
        .log = {.write = on_note},
    };
    fake.proposed[0] = prior;
    fake.proposed[1] = second;
    fake.proposed[2] = third;
    return weft_tune(graph, device, &desc, &result);
}

static const weft_tune_row *only_row(void)
{
    ck_assert_int_eq(result.count, 1);
    return &result.row[0];
}

#define ck_notes(part) ck_assert_msg(strstr(notes, (part)), "\"%s\" not in \"%s\"", (part), notes)

/* ---- what wins ---- */

START_TEST(test_fastest_wins)
{
    ck_weft(tune("COST=100", "COST=50", "COST=70"));
    const weft_tune_row *row = only_row();
    ck_assert_str_eq(row->best.text, "COST=50");
    ck_assert_str_eq(row->prior.text, "COST=100");
    ck_assert_str_eq(row->layer, "conv1");
    ck_assert_int_eq(row->candidates, 3);
    ck_assert_int_eq(row->dropped, 0);
    ck_assert_int_eq(row->times, 2); /* training and prediction */
    ck_assert_int_eq(row->key.batch, 3);
    ck_assert_double_eq_tol(row->prior_seconds, 0.1, 1e-9);
    ck_assert_double_eq_tol(row->best_seconds, 0.05, 1e-9);
    ck_assert_double_eq_tol(result.prior_seconds, 0.2, 1e-9);
    ck_assert_double_eq_tol(result.best_seconds, 0.1, 1e-9);
    ck_assert_str_eq(fake.choice, "COST=50");
    ck_assert_int_eq(fake.stored, 1);
}
END_TEST

START_TEST(test_small_gain_keeps_prior)
{
    ck_weft(tune("COST=100", "COST=99", NULL));
    ck_assert_str_eq(only_row()->best.text, "COST=100");
    ck_assert_double_eq(only_row()->best_seconds, only_row()->prior_seconds);
    ck_assert_int_eq(fake.stored, 0);
    ck_assert_int_eq(fake.forgotten, 1); /* whatever was stored before */
}
END_TEST

START_TEST(test_nothing_to_choose)
{
    ck_weft(tune("COST=100", NULL, NULL));
    ck_assert_int_eq(result.count, 0);
    ck_assert_int_eq(fake.launches, 0);
}
END_TEST

START_TEST(test_progress_reaches_total)
{
    ck_weft(tune("COST=9", "REFUSED=1 COST=1", "WRONG=1 COST=1"));
    ck_assert_int_eq(progress_done, 3);
    ck_assert_int_eq(progress_total, 3);
}
END_TEST

/* ---- what is dropped ---- */

START_TEST(test_wrong_is_dropped)
{
    ck_weft(tune("COST=100", "WRONG=7 COST=10", "COST=80"));
    ck_assert_int_eq(only_row()->dropped, 1);
    ck_assert_str_eq(only_row()->best.text, "COST=80");
    ck_notes("WRONG=7 COST=10 is left out: its result is not the prior's");
}
END_TEST

START_TEST(test_slow_launch_is_dropped)
{
    ck_weft(tune("COST=100", "COST=10001", "COST=80"));
    ck_assert_int_eq(only_row()->dropped, 1);
    ck_assert_str_eq(only_row()->best.text, "COST=80");
    ck_notes("COST=10001 is left out: a launch takes too long");
}
END_TEST

START_TEST(test_unbuildable_is_dropped)
{
    ck_weft(tune("COST=100", "REFUSED=1 COST=1", "COST=80"));
    ck_assert_int_eq(only_row()->dropped, 1);
    ck_assert_str_eq(only_row()->best.text, "COST=80");
    ck_notes("it does not build");
}
END_TEST

/* One that is far behind is not timed in every round. */
START_TEST(test_hopeless_is_not_timed_again)
{
    ck_weft(tune("COST=100", "COST=120", NULL));
    const int both = fake.launches;
    teardown();
    setup();
    ck_weft(tune("COST=100", "COST=160", NULL));
    ck_assert_int_lt(fake.launches, both);
    ck_assert_int_eq(only_row()->dropped, 0);
}
END_TEST

START_TEST(test_budget_ends_timing)
{
    ck_weft(tune("COST=300", "COST=301", NULL));
    const int within = fake.launches;
    teardown();
    setup();
    ck_weft(tune("COST=3000", "COST=3010", NULL));
    ck_assert_int_lt(fake.launches, within);
}
END_TEST

/* ---- what ends the tuning ---- */

START_TEST(test_wrong_prior_is_refused)
{
    ck_weft_refused(tune("WRONG=1 COST=1", "COST=1", NULL), WEFT_ERR_DEVICE, "CPU backend's");
    ck_assert_ptr_nonnull(strstr(weft_error(), "conv2d (conv1)"));
    ck_assert_int_eq(fake.stored + fake.forgotten, 0);
}
END_TEST

START_TEST(test_no_candidate_meets_the_limits)
{
    fake.refuses_all = true;
    ck_weft_refused(tune("COST=1", NULL, NULL), WEFT_ERR_UNSUPPORTED, "16 work-items, 64");
    ck_assert_ptr_nonnull(strstr(weft_error(), "layer conv1: conv2d"));
    ck_assert_int_eq(weft_status_exit_code(WEFT_ERR_UNSUPPORTED), 4);
}
END_TEST

/* A device that fails at any moment ends the tuning with its own message, and nothing leaks. */
START_TEST(test_failing_device)
{
    int calls = 0;
    weft_status status = WEFT_ERR_DEVICE;
    while (status != WEFT_OK && calls < 1000) {
        teardown();
        setup();
        fake.fail_in = ++calls;
        status = tune("COST=100", "COST=50", NULL);
        if (status == WEFT_OK) break;
        if (strstr(notes, "fails as asked")) continue; /* a candidate that failed to build */
        ck_assert_int_eq(status, WEFT_ERR_DEVICE);
        ck_assert_ptr_nonnull(strstr(weft_error(), "fails as asked"));
    }
    ck_weft(status);
    ck_assert_int_gt(calls, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tune");
    TCase *c = tcase_create("tune");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_fastest_wins);
    tcase_add_test(c, test_small_gain_keeps_prior);
    tcase_add_test(c, test_nothing_to_choose);
    tcase_add_test(c, test_progress_reaches_total);
    tcase_add_test(c, test_wrong_is_dropped);
    tcase_add_test(c, test_slow_launch_is_dropped);
    tcase_add_test(c, test_unbuildable_is_dropped);
    tcase_add_test(c, test_hopeless_is_not_timed_again);
    tcase_add_test(c, test_budget_ends_timing);
    tcase_add_test(c, test_wrong_prior_is_refused);
    tcase_add_test(c, test_no_candidate_meets_the_limits);
    tcase_add_test(c, test_failing_device);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
