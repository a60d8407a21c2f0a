/* Options as text and JSON, their defaults and ranges, schedules. */
#include <math.h>
#include <stdlib.h>

#include "core/config.h"
#include "tests/suite.h"

/* ---- schedules: figures of torch.optim.lr_scheduler of PyTorch ---- */

static void ck_rates(weft_schedule_kind kind, float lr, const double *wanted, uint64_t total)
{
    for (uint64_t step = 0; step < total; step++) {
        const double rate = (double)weft_schedule_rate(kind, lr, step, total);
        ck_assert_msg(fabs(rate - wanted[step]) <= 1e-6 * wanted[step], "step %d of %d: %.9g",
                      (int)step, (int)total, rate);
    }
}

START_TEST(onecycle_is_pytorchs)
{
    const double ten[] = {0.00012,        0.00156,       0.003,         0.0028514539,
                          0.00243523696,  0.00183378607, 0.00116622593, 0.000564775038,
                          0.000148558104, 1.2e-08};
    const double four[] = {0.00012, 0.00243523696, 0.000849182995, 1.2e-08};
    const double two[] = {0.00243523696, 1.2e-08};
    ck_rates(WEFT_ONECYCLE, 3e-3f, ten, 10);
    ck_rates(WEFT_ONECYCLE, 3e-3f, four, 4);
    ck_rates(WEFT_ONECYCLE, 3e-3f, two, 2);
}
END_TEST

START_TEST(other_schedules)
{
    const double cosine[] = {1.0, 0.853553391, 0.5, 0.146446609};
    const double step[] = {1.0, 1.0, 0.1, 0.1, 0.01, 0.01};
    const double constant[] = {1.0, 1.0, 1.0};
    ck_rates(WEFT_COSINE, 1.0f, cosine, 4);
    ck_rates(WEFT_STEP, 1.0f, step, 6);
    ck_rates(WEFT_CONSTANT, 1.0f, constant, 3);
    ck_assert(weft_schedule_rate(WEFT_ONECYCLE, 1.0f, 99, 10) > 0.0f); /* past the end */
    ck_assert(isfinite(weft_schedule_rate(WEFT_ONECYCLE, 1.0f, 0, 0)));
}
END_TEST

START_TEST(optimizer_slots)
{
    ck_assert_int_eq(weft_optimizer_slots(NULL), 0);
    ck_assert_int_eq(weft_optimizer_slots(&(weft_optimizer){.kind = WEFT_ADAM}), 2);
    ck_assert_int_eq(weft_optimizer_slots(&(weft_optimizer){.kind = WEFT_ADAMW}), 2);
    ck_assert_int_eq(weft_optimizer_slots(&(weft_optimizer){.kind = WEFT_SGD}), 0);
    ck_assert_int_eq(weft_optimizer_slots(&(weft_optimizer){.kind = WEFT_SGD, .momentum = 0.9f}),
                     1);
}
END_TEST

/* ---- names ---- */

START_TEST(names_and_their_texts)
{
    weft_optimizer_kind optimizer;
    weft_schedule_kind schedule;
    weft_loss loss;
    for (int i = WEFT_ADAM; i <= WEFT_SGD; i++) {
        ck_weft(weft_optimizer_parse(weft_optimizer_name((weft_optimizer_kind)i), &optimizer));
        ck_assert_int_eq((int)optimizer, i);
    }
    for (int i = WEFT_ONECYCLE; i <= WEFT_STEP; i++) {
        ck_weft(weft_schedule_parse(weft_schedule_name((weft_schedule_kind)i), &schedule));
        ck_assert_int_eq((int)schedule, i);
    }
    for (int i = WEFT_LOSS_SOFTMAX_XENT; i <= WEFT_LOSS_MSE; i++) {
        ck_weft(weft_loss_parse(weft_loss_name((weft_loss)i), &loss));
        ck_assert_int_eq((int)loss, i);
    }
    ck_weft_refused(weft_optimizer_parse("adan", &optimizer), WEFT_ERR_USAGE, "mean adam?");
    ck_weft_refused(weft_schedule_parse("xyzzy", &schedule), WEFT_ERR_USAGE, "onecycle");
    ck_weft_refused(weft_loss_parse("", &loss), WEFT_ERR_USAGE, "cross_entropy");
}
END_TEST

START_TEST(augmentation_texts)
{
    static const char *const TEXTS[] = {"none", "flip", "shift=2", "flip,shift=2,erase=0.25",
                                        "flip,erase=0.1"};
    char text[WEFT_AUGMENT_TEXT];
    weft_augment augment;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        ck_weft(weft_augment_parse(TEXTS[i], &augment));
        ck_assert_str_eq(weft_augment_print(&augment, text), TEXTS[i]);
    }
    ck_weft_refused(weft_augment_parse("flp", &augment), WEFT_ERR_USAGE, "mean flip?");
    ck_weft_refused(weft_augment_parse("shift", &augment), WEFT_ERR_USAGE, "value");
    ck_weft_refused(weft_augment_parse("flip=1", &augment), WEFT_ERR_USAGE, "no value");
    ck_weft_refused(weft_augment_parse("shift=-1", &augment), WEFT_ERR_USAGE, "shift=-1");
    ck_weft_refused(weft_augment_parse("erase=1.5", &augment), WEFT_ERR_USAGE, "erase=1.5");
    ck_weft_refused(weft_augment_parse("erase=nan", &augment), WEFT_ERR_USAGE, "erase=nan");
    ck_weft_refused(weft_augment_parse("none,flip", &augment), WEFT_ERR_USAGE, "none");
    ck_weft_refused(weft_augment_parse("flip,", &augment), WEFT_ERR_USAGE, "augmentation");
    ck_weft_refused(weft_augment_parse("", &augment), WEFT_ERR_USAGE, "augment");
}
END_TEST

/* ---- JSON ---- */

static const weft_train_options EVERYTHING = {
    .epochs = 7,
    .batch_size = 33,
    .optimizer = {WEFT_SGD, 0.0123f, 0.8f, 0.99f, 1e-3f, 0.85f, 5e-4f, true},
    .schedule = WEFT_STEP,
    .loss = WEFT_LOSS_MSE,
    .label_smoothing = 0.1f,
    .augment = {3, true, 0.3f},
    .no_shuffle = true,
    .no_fusion = true,
    .seed = UINT64_MAX - 5,
    .val_count = WEFT_NONE,
    .limit = 1000,
    .max_steps = 12,
    .log_every = WEFT_NONE,
    .save_every = 9,
    .patience = 4,
    .freeze = "conv*",
    .normalize = {2, {0.1f, 0.2f}, {1.5f, 1.0f / 3.0f}},
};

static bool same_settings(const weft_train_options *a, const weft_train_options *b)
{
    const weft_optimizer *p = &a->optimizer, *q = &b->optimizer;
    return p->kind == q->kind && p->lr == q->lr && p->beta1 == q->beta1 && p->beta2 == q->beta2 &&
           p->eps == q->eps && p->momentum == q->momentum && p->weight_decay == q->weight_decay &&
           p->nesterov == q->nesterov && a->schedule == b->schedule && a->loss == b->loss &&
           a->label_smoothing == b->label_smoothing && a->augment.shift == b->augment.shift &&
           a->augment.flip == b->augment.flip && a->augment.erase == b->augment.erase &&
           a->no_shuffle == b->no_shuffle && a->no_fusion == b->no_fusion && a->seed == b->seed;
}

START_TEST(every_option_comes_back)
{
    json_t *object = json_object();
    ck_weft(weft_config_write(&EVERYTHING, object));
    char *text = json_dumps(object, JSON_REAL_PRECISION(9));
    json_t *read = json_loads(text, 0, NULL);

    weft_train_options o = {0};
    ck_weft(weft_config_read(read, &o));
    ck_assert(same_settings(&o, &EVERYTHING));
    ck_assert_int_eq(o.epochs, 7);
    ck_assert_int_eq(o.batch_size, 33);
    ck_assert_int_eq(o.val_count, WEFT_NONE);
    ck_assert_int_eq(o.limit, 1000);
    ck_assert_int_eq(o.max_steps, 12);
    ck_assert_int_eq(o.log_every, WEFT_NONE);
    ck_assert_int_eq(o.save_every, 9);
    ck_assert_int_eq(o.patience, 4);
    ck_assert_str_eq(o.freeze, "conv*");
    ck_assert(o.fixed_normalize);
    ck_assert_int_eq(o.normalize.channels, 2);
    ck_assert(o.normalize.mean[1] == 0.2f && o.normalize.std[1] == 1.0f / 3.0f);
    json_decref(read);
    json_decref(object);
    free(text);
}
END_TEST

START_TEST(numbers_are_short)
{
    ck_assert(weft_config_real(0.003f) == 0.003);
    ck_assert(weft_config_real(1e-8f) == 1e-8);
    ck_assert((float)weft_config_real(1.0f / 3.0f) == 1.0f / 3.0f);
}
END_TEST

START_TEST(results_leave_the_rest_out)
{
    json_t *object = json_object();
    ck_weft(weft_config_write_results(&EVERYTHING, object));
    ck_assert_ptr_nonnull(json_object_get(object, "epochs"));
    ck_assert_ptr_null(json_object_get(object, "log_every"));
    ck_assert_ptr_null(json_object_get(object, "save_every"));
    json_decref(object);
}
END_TEST

static void ck_unreadable(const char *text, const char *part)
{
    weft_train_options o = {.epochs = 3};
    json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_weft_refused(weft_config_read(object, &o), WEFT_ERR_FORMAT, part);
    ck_assert_int_eq(o.epochs, 3); /* untouched */
    json_decref(object);
}

START_TEST(bad_values_are_named)
{
    ck_unreadable("[]", "object");
    ck_unreadable("{\"epochs\":5,\"lr\":\"fast\"}", "\"lr\"");
    ck_unreadable("{\"epochs\":5.5}", "\"epochs\"");
    ck_unreadable("{\"lr\":1e300}", "\"lr\"");
    ck_unreadable("{\"betas\":[0.9]}", "\"betas\"");
    ck_unreadable("{\"seed\":-1}", "\"seed\"");
    ck_unreadable("{\"seed\":\"18446744073709551616\"}", "\"seed\"");
    ck_unreadable("{\"no_shuffle\":1}", "\"no_shuffle\"");
    ck_unreadable("{\"optimizer\":\"adma\"}", "\"optimizer\"");
    ck_unreadable("{\"augment\":\"spin\"}", "\"augment\"");
    ck_unreadable("{\"freeze\":3}", "\"freeze\"");
    ck_unreadable("{\"normalize\":{\"mean\":[0.5]}}", "\"normalize\"");
    ck_unreadable("{\"normalize\":{\"mean\":[0.5],\"std\":[1,1]}}", "\"normalize\"");
}
END_TEST

/* ---- defaults and ranges ---- */

START_TEST(defaults)
{
    weft_train_options o = {0};
    weft_train_defaults(&o, 60000);
    ck_assert_int_eq(o.epochs, 10);
    ck_assert_int_eq(o.batch_size, 64);
    ck_assert_int_eq(o.val_count, 5000);
    ck_assert_int_eq(o.log_every, 1);
    ck_assert(o.optimizer.lr == 3e-3f && o.optimizer.beta1 == 0.9f && o.optimizer.beta2 == 0.999f);
    ck_assert(o.optimizer.eps == 1e-8f);

    weft_train_options few = {.limit = 300};
    weft_train_defaults(&few, 60000);
    ck_assert_int_eq(few.val_count, 30);
    weft_train_options tiny = {0};
    weft_train_defaults(&tiny, 5);
    ck_assert_int_eq(tiny.val_count, WEFT_NONE);
}
END_TEST

#define REFUSED(part, ...)                                                                      \
    ck_weft_refused(weft_train_check(&(weft_train_options){__VA_ARGS__}, 1000), WEFT_ERR_USAGE, \
                    part)

START_TEST(ranges)
{
    ck_weft(weft_train_check(&(weft_train_options){0}, 1));
    ck_weft(weft_train_check(&(weft_train_options){.val_count = 999, .patience = 1}, 1000));
    REFUSED("epochs", .epochs = -1);
    REFUSED("batch_size", .batch_size = -64);
    REFUSED("batch_size", .batch_size = 1 << 20);
    REFUSED("lr", .optimizer.lr = -1.0f);
    REFUSED("lr", .optimizer.lr = NAN);
    REFUSED("lr", .optimizer.lr = INFINITY);
    REFUSED("betas", .optimizer.beta1 = 1.0f);
    REFUSED("betas", .optimizer.beta2 = -0.5f);
    REFUSED("eps", .optimizer.eps = -1e-8f);
    REFUSED("momentum", .optimizer.momentum = 1.0f);
    REFUSED("weight_decay", .optimizer.weight_decay = -1.0f);
    REFUSED("nesterov", .optimizer.nesterov = true);
    REFUSED("label_smoothing", .label_smoothing = 1.0f);
    REFUSED("label_smoothing", .label_smoothing = 0.1f, .loss = WEFT_LOSS_MSE);
    REFUSED("shift", .augment.shift = -1);
    REFUSED("erase", .augment.erase = 1.5f);
    REFUSED("val_count", .val_count = 1000);
    REFUSED("val_count", .val_count = -7);
    REFUSED("limit", .limit = -1);
    REFUSED("max_steps", .max_steps = -1);
    REFUSED("log_every", .log_every = -2);
    REFUSED("save_every", .save_every = -1);
    REFUSED("patience", .patience = -1);
    REFUSED("patience", .patience = 1, .val_count = WEFT_NONE);
    REFUSED("normalize", .fixed_normalize = true);
    REFUSED("normalize", .fixed_normalize = true, .normalize = {.channels = 1});
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_add_test(tests, onecycle_is_pytorchs);
    tcase_add_test(tests, other_schedules);
    tcase_add_test(tests, optimizer_slots);
    tcase_add_test(tests, names_and_their_texts);
    tcase_add_test(tests, augmentation_texts);
    tcase_add_test(tests, every_option_comes_back);
    tcase_add_test(tests, numbers_are_short);
    tcase_add_test(tests, results_leave_the_rest_out);
    tcase_add_test(tests, bad_values_are_named);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, ranges);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
