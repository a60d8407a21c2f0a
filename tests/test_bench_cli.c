/* weft bench: what it prints, as a table and as JSON, and what it refuses. */
#define _XOPEN_SOURCE 700

#include "tests/tiny_run.h"

#define BENCH "bench tiny.net --device cpu --threads 2 --batch-size 4 --quiet"

static const json_t *member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(value != NULL, "no \"%s\"", key);
    return value;
}

static void check_rate(const json_t *json, const char *name)
{
    const json_t *rate = member(json, name), *images = member(rate, "images_per_second");
    ck_assert(number(images, "median") > 0);
    ck_assert(number(images, "best") >= number(images, "median"));
    ck_assert(number(rate, "flops_per_image") > 0);
    ck_assert(number(rate, "gflops") > 0);
    ck_assert(number(rate, "share_of_peak") > 0);
    ck_assert(number(rate, "launches") > 0);
}

/* Everything that design.md fixes, and no plan unless somebody asks for it. */
START_TEST(json_has_its_keys)
{
    ck_fine(BENCH " --json");
    json_t *json = program_json();
    ck_assert_str_eq(json_string_value(member(json, "model")), "tiny.net");
    ck_assert_str_eq(json_string_value(member(json, "device")), "cpu");
    ck_assert_int_eq((int)number(json, "batch_size"), 4);
    ck_assert_int_eq((int)number(json, "parameters"), 4 * 9 + 4 + 3 * (4 * PIXELS + 1));
    ck_assert_int_eq((int)number(json, "threads"), 2);
    ck_assert(number(json, "peak_gflops") > 0);
    ck_assert(number(json, "start_seconds") > 0);
    ck_assert(number(json, "latency_seconds") > 0);
    ck_assert(json_is_null(member(json, "data")));
    ck_assert_ptr_null(json_object_get(json, "plan"));
    check_rate(json, "train");
    check_rate(json, "predict");
    json_decref(json);
}
END_TEST

START_TEST(json_has_the_plan)
{
    int steps[2] = {0, 0};
    ck_fine(BENCH " --json --plan --data idx:data --augment flip,shift=1");
    json_t *json = program_json();
    const json_t *plan = member(json, "plan");
    ck_assert_str_eq(json_string_value(member(json, "data")), "idx:data");
    for (size_t i = 0; i < json_array_size(plan); i++) {
        const json_t *step = json_array_get(plan, i);
        const bool trains = strcmp(json_string_value(member(step, "pass")), "train") == 0;
        steps[trains ? 0 : 1]++;
        ck_assert(number(step, "microseconds") > 0);
        ck_assert(number(step, "launches") > 0);
        ck_assert(json_is_string(member(step, "fused_from")));
        ck_assert(json_is_string(member(step, "shape")));
    }
    ck_assert_int_eq(steps[0], (int)number(member(json, "train"), "steps"));
    ck_assert_int_eq(steps[1], (int)number(member(json, "predict"), "steps"));
    json_decref(json);
}
END_TEST

START_TEST(table_for_people)
{
    ck_fine(BENCH);
    ck_says(program_out, "model        tiny.net");
    ck_says(program_out, "images/s");
    ck_says(program_out, "\ntrain  ");
    ck_says(program_out, "\npredict  ");
    ck_says(program_out, "one image");
    ck_says(program_out, "the live peak");
    ck_assert(!says(program_out, "sums by kind"));
    ck_assert_str_eq(program_err, "");

    ck_fine(BENCH " --plan");
    ck_says(program_out, "train: a batch, step by step");
    ck_says(program_out, "predict: a batch, step by step");
    ck_says(program_out, "conv2d conv1");
    ck_says(program_out, "sums by kind");
}
END_TEST

static const struct {
    const char *arguments;
    int code;
    const char *says;
} refusals[] = {
    {"bench", 2, "something is missing"},
    {"bench tiny.net mlp", 2, "one word too many"},
    {"bench seed-cmn", 2, "seed-cnn"},
    {"bench tiny.net --batch-size 0", 2, "--batch-size 0 is out of range"},
    {"bench tiny.net --batch-size many", 2, "--batch-size takes a whole number"},
    {"bench tiny.net --threads 0", 2, "--threads 0 is out of range"},
    {"bench tiny.net --family wide", 2, "--family takes one of"},
    {"bench tiny.net --augment turn --device cpu -q", 2, "turn"},
    {"bench tiny.net --plan=1", 2, "--plan takes no value"},
    {"bench tiny.net --epochs 3", 2, "weft bench does not take --epochs"},
    {"bench tiny.net --data-dir data", 2, "give --data too"},
    {"train tiny.net --plan", 2, "weft train does not take --plan"},
    {"bench tiny.net --data idx:data --batch-size 121 --device cpu -q", 2, "a batch of 121"},
    {"bench lenet5 --data idx:data --device cpu -q", 3, "6x5x1"},
    {"bench tiny.net --data idx:nowhere", 6, "nowhere"},
    {"bench tiny.net --device nosuch", 4, "nosuch"},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(what_it_refuses)
{
    ck_refused(refusals[_i].code, refusals[_i].says, "%s", refusals[_i].arguments);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bench_cli");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, tiny_open, program_close);
    tcase_add_test(all, json_has_its_keys);
    tcase_add_test(all, json_has_the_plan);
    tcase_add_test(all, table_for_people);
    tcase_add_loop_test(all, what_it_refuses, 0, REFUSALS);
    suite_add_tcase(suite, all);
    return weft_suite_run(suite);
}
