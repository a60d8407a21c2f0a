/* Checkpoints and runs set against each other: what is found, and what counts. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdint.h>

#include "core/diff.h"
#include "tests/scratch.h"
#include "tests/suite.h"

/* ---- files ---- */

typedef struct given {
    const char *name;
    weft_shape shape;
    const float *values;
} given;

/* A file of these tensors, and of metadata whose keys and values take turns. */
static const char *write_tensors(const char *name, const given *tensor, int count,
                                 const char *const *meta)
{
    const char *path = scratch_path(name);
    weft_st_writer *writer;
    ck_weft(weft_st_create(path, &writer));
    for (int i = 0; meta && meta[i]; i += 2)
        ck_weft(weft_st_add_meta(writer, meta[i], meta[i + 1]));
    for (int i = 0; i < count; i++)
        ck_weft(weft_st_add(writer, tensor[i].name, tensor[i].shape));
    for (int i = 0; i < count; i++)
        ck_weft(weft_st_write(writer, tensor[i].values));
    ck_weft(weft_st_commit(writer));
    weft_st_writer_free(writer);
    return path;
}

static const float six[] = {1, -2, 3, 4, 5, 6};
static const weft_shape two_by_three = {2, {2, 3}}, three_by_two = {2, {3, 2}}, three = {1, {3}};

/* Compare six numbers in a tensor w with others; close what comes back. */
static weft_diff against_six(const float *values, double tolerance)
{
    weft_diff diff;
    const char *a = write_tensors("a", &(given){"w", two_by_three, six}, 1, NULL);
    const char *b = write_tensors("b", &(given){"w", two_by_three, values}, 1, NULL);
    ck_weft(weft_diff_open(a, b, tolerance, &diff));
    ck_assert_int_eq(diff.tensor_count, 1);
    ck_assert_int_eq(diff.tensor[0].count, 6);
    ck_assert(!diff.runs);
    return diff;
}

/* ---- numbers ---- */

START_TEST(equal_files)
{
    weft_diff diff = against_six(six, 0);
    ck_assert(diff.equal);
    ck_assert_int_eq(diff.worst, -1);
    ck_assert_int_eq(diff.tensor[0].state, WEFT_DIFF_EQUAL);
    ck_assert_int_eq(diff.tensor[0].index, -1);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(figures_of_a_difference)
{
    const float other[] = {1, -2, 3.5f, 4, 5, 8};
    weft_diff diff = against_six(other, 0);
    const weft_diff_tensor *t = &diff.tensor[0];
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.worst, 0);
    ck_assert_int_eq(t->state, WEFT_DIFF_VALUES);
    ck_assert_int_eq(t->differ, 2);
    ck_assert_int_eq(t->index, 5);
    ck_assert(t->largest == 2 && t->value_a == 6 && t->value_b == 8);
    /* 0.25 + 4 over 1 + 4 + 12.25 + 16 + 25 + 64, the larger of the two */
    ck_assert_double_eq_tol(t->nmse, 4.25 / 122.25, 1e-15);
    ck_assert_uint_eq(t->ulp, 2u << 21); /* 6 and 8 lie half a binade apart, 3 and 3.5 a quarter */
    weft_diff_close(&diff);
    diff = against_six(other, 0.1);
    ck_assert(diff.equal);
    ck_assert_int_eq(diff.worst, -1);
    ck_assert_int_eq(diff.tensor[0].state, WEFT_DIFF_VALUES);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(neighbours)
{
    float other[6];
    memcpy(other, six, sizeof other);
    other[1] = nextafterf(-2, 0);
    weft_diff diff = against_six(other, 0);
    ck_assert_uint_eq(diff.tensor[0].ulp, 1);
    ck_assert_int_eq(diff.tensor[0].differ, 1);
    ck_assert_int_eq(diff.tensor[0].index, 1);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(zeros_of_either_sign)
{
    static const float minus[] = {-0.0f, 1, 1}, plus[] = {0.0f, 1, 1};
    weft_diff diff;
    const char *a = write_tensors("a", &(given){"w", three, minus}, 1, NULL);
    const char *b = write_tensors("b", &(given){"w", three, plus}, 1, NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.worst, 0);
    ck_assert_int_eq(diff.tensor[0].differ, 1);
    ck_assert_uint_eq(diff.tensor[0].ulp, 1);
    ck_assert(diff.tensor[0].nmse == 0 && diff.tensor[0].largest == 0);
    ck_assert_int_eq(diff.tensor[0].index, 0);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, b, 1e-30, &diff));
    ck_assert(diff.equal);
    weft_diff_close(&diff);
}
END_TEST

/* A tolerance is for rounding: it never covers a NaN or an infinity. */
START_TEST(not_a_number)
{
    const float one[] = {1, NAN, 3}, also[] = {1, -NAN, 3}, none[] = {1.5f, 2, 3};
    weft_diff diff;
    const char *a = write_tensors("a", &(given){"w", three, one}, 1, NULL);
    const char *b = write_tensors("b", &(given){"w", three, also}, 1, NULL);
    const char *c = write_tensors("c", &(given){"w", three, none}, 1, NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert(diff.equal);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, c, 1, &diff));
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.tensor[0].differ, 2);
    ck_assert_int_eq(diff.tensor[0].nan_a, 1);
    ck_assert_int_eq(diff.tensor[0].nan_b, 0);
    ck_assert_int_eq(diff.tensor[0].index, 1);
    ck_assert(isinf(diff.tensor[0].nmse) && isinf(diff.tensor[0].largest));
    weft_diff_close(&diff);
}
END_TEST

START_TEST(infinities)
{
    const float one[] = {INFINITY, 2, 3}, two[] = {-INFINITY, 2, 3}, far[] = {3e38f, 2, 3};
    weft_diff diff;
    const char *a = write_tensors("a", &(given){"w", three, one}, 1, NULL);
    const char *b = write_tensors("b", &(given){"w", three, two}, 1, NULL);
    const char *c = write_tensors("c", &(given){"w", three, far}, 1, NULL);
    ck_weft(weft_diff_open(a, a, 0, &diff));
    ck_assert(diff.equal);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, b, 1, &diff));
    ck_assert(!diff.equal && isinf(diff.tensor[0].nmse));
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, c, 1, &diff));
    ck_assert(!diff.equal && isinf(diff.tensor[0].nmse));
    ck_assert_int_eq(diff.tensor[0].nan_a + diff.tensor[0].nan_b, 0);
    weft_diff_close(&diff);
}
END_TEST

/* More elements than are held at a time. */
START_TEST(a_large_tensor)
{
    enum { COUNT = 50000, PLACE = 40001 };
    static float values[COUNT];
    const weft_shape shape = {2, {COUNT / 100, 100}};
    weft_diff diff;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i;
    const char *a = write_tensors("a", &(given){"w", shape, values}, 1, NULL);
    values[PLACE] += 1;
    const char *b = write_tensors("b", &(given){"w", shape, values}, 1, NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert_int_eq(diff.tensor[0].differ, 1);
    ck_assert_int_eq(diff.tensor[0].index, PLACE);
    ck_assert(diff.tensor[0].largest == 1);
    weft_diff_close(&diff);
}
END_TEST

/* ---- names and shapes ---- */

START_TEST(missing_and_reshaped)
{
    const given left[] = {
        {"only.left", three, six}, {"same", three, six}, {"turned", two_by_three, six}};
    const given right[] = {
        {"turned", three_by_two, six}, {"same", three, six}, {"a.right", three, six}};
    weft_diff diff;
    const char *a = write_tensors("a", left, 3, NULL), *b = write_tensors("b", right, 3, NULL);
    ck_weft(weft_diff_open(a, b, 1, &diff));
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.tensor_count, 4);
    ck_assert_str_eq(diff.tensor[0].b->name, "a.right");
    ck_assert_int_eq(diff.tensor[0].state, WEFT_DIFF_ONLY_B);
    ck_assert_ptr_null(diff.tensor[0].a);
    ck_assert_int_eq(diff.tensor[1].state, WEFT_DIFF_ONLY_A);
    ck_assert_int_eq(diff.tensor[2].state, WEFT_DIFF_EQUAL);
    ck_assert_int_eq(diff.tensor[3].state, WEFT_DIFF_SHAPE);
    ck_assert_int_eq(diff.worst, 0);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(the_worst_tensor)
{
    const float slightly[] = {1, -2, 3.001f}, wrong[] = {1, 2, 3};
    const given left[] = {{"a", three, six}, {"b", three, six}, {"c", three, six}};
    const given right[] = {{"a", three, slightly}, {"b", three, wrong}, {"c", three, six}};
    weft_diff diff;
    const char *a = write_tensors("a", left, 3, NULL), *b = write_tensors("b", right, 3, NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert_int_eq(diff.worst, 1);
    weft_diff_close(&diff);
}
END_TEST

/* PyTorch's files hold counters: other types are compared byte by byte. */
static const char *write_counter(const char *name, const char *dtype, int value)
{
    char bytes[512];
    const int length =
        snprintf(bytes + 8, sizeof bytes - 8,
                 "{\"n\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,16]}}", dtype);
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(i == 0 ? length : 0);
    for (int i = 0; i < 16; i++)
        bytes[8 + length + i] = (char)(i == 8 ? value : 0);
    return scratch_write(name, bytes, (size_t)length + 24);
}

START_TEST(other_types)
{
    weft_diff diff;
    const char *a = write_counter("a", "I64", 3), *b = write_counter("b", "I64", 4);
    const char *c = write_counter("c", "F64", 3);
    ck_weft(weft_diff_open(a, a, 0, &diff));
    ck_assert(diff.equal);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, b, 1, &diff));
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.tensor[0].differ, 1);
    ck_assert_int_eq(diff.tensor[0].index, 1);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, c, 1, &diff));
    ck_assert_int_eq(diff.tensor[0].state, WEFT_DIFF_SHAPE);
    weft_diff_close(&diff);
}
END_TEST

/* ---- metadata ---- */

static const weft_diff_pair *find_pair(const weft_diff_pair *list, int count, const char *key)
{
    for (int i = 0; i < count; i++)
        if (strcmp(list[i].key, key) == 0) return &list[i];
    ck_abort_msg("no \"%s\" among what differs", key);
    return NULL;
}

START_TEST(metadata)
{
    static const char *const left[] = {
        "seed", "1", "options",  "{\"lr\":0.003,\"epochs\":2,\"old\":1}",
        "step", "7", "loss_sum", "4008000000000000",
        NULL};
    static const char *const right[] = {"seed",     "2",
                                        "options",  "{\"epochs\":2,\"lr\":0.01,\"new\":[1]}",
                                        "step",     "7",
                                        "loss_sum", "4010000000000000",
                                        "network",  "input shape=2\n",
                                        NULL};
    const given w = {"w", three, six};
    weft_diff diff;
    const char *a = write_tensors("a", &w, 1, left), *b = write_tensors("b", &w, 1, right);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.worst, -1);
    ck_assert_int_eq(diff.meta_count, 6);
    const weft_diff_pair *pair = find_pair(diff.meta, diff.meta_count, "options.lr");
    ck_assert_str_eq(pair->a, "0.003");
    ck_assert_str_eq(pair->b, "0.01");
    ck_assert_ptr_null(find_pair(diff.meta, diff.meta_count, "options.old")->b);
    ck_assert_str_eq(find_pair(diff.meta, diff.meta_count, "options.new")->b, "[1]");
    ck_assert_str_eq(find_pair(diff.meta, diff.meta_count, "seed")->a, "1");
    ck_assert_str_eq(find_pair(diff.meta, diff.meta_count, "loss_sum")->a, "3");
    ck_assert_str_eq(find_pair(diff.meta, diff.meta_count, "loss_sum")->b, "4");
    ck_assert_ptr_null(find_pair(diff.meta, diff.meta_count, "network")->a);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(a, b, 1e-9, &diff));
    ck_assert(diff.equal); /* told, but a tolerance is about tensors */
    ck_assert_int_eq(diff.meta_count, 6);
    weft_diff_close(&diff);
}
END_TEST

/* ---- runs ---- */

static void write_text(const char *run, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", run, name);
    scratch_write(path, text, strlen(text));
}

/* A run folder; what is NULL is left out. */
static const char *write_run(const char *run, const char *config, const char *metrics,
                             const char *steps)
{
    const char *folder = scratch_folder(run);
    if (config) write_text(run, "config.json", config);
    if (metrics) write_text(run, "metrics.csv", metrics);
    if (steps) write_text(run, "steps.csv", steps);
    return folder;
}

#define METRICS "epoch,train_loss,seconds\n"
#define STEPS   "step,loss,accuracy\n"

START_TEST(equal_runs)
{
    weft_diff diff;
    const char *a = write_run("one", "{\"lr\":1}", METRICS "1,0.5,3\n", NULL);
    const char *b = write_run("two", "{\"lr\":1}", METRICS "1,0.5,4\n2,0.", NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff)); /* times and a torn line do not count */
    ck_assert(diff.equal && diff.runs);
    ck_assert_int_eq(diff.log[0].rows_b, 1);
    ck_assert(!diff.log[1].in_a && !diff.log[1].in_b);
    ck_assert_ptr_null(diff.path[0]);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(rows_that_differ)
{
    weft_diff diff;
    const char *a = write_run("one", "{\"lr\":1,\"x\":null}", METRICS "1,0.5,3\n",
                              STEPS "1,0.5,0.1\n2,0.25,nan\n3,1,0.1\n4,0.5,0\n");
    const char *b = write_run("two", "{\"lr\":2}", METRICS "1,0.5,3\n2,0.5,3\n",
                              STEPS "2,0.5,0.1\n4,2.5,inf\n6,1,1\n");
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert(!diff.equal);
    ck_assert_int_eq(diff.config_count, 2);
    ck_assert_str_eq(find_pair(diff.config, 2, "x")->a, "null");
    ck_assert_int_eq(diff.log[0].first, 2);
    ck_assert_int_eq(diff.log[0].only_b, 1);
    const weft_diff_log *steps = &diff.log[1];
    ck_assert_int_eq(steps->first, 1);
    ck_assert_int_eq(steps->rows_a, 4);
    ck_assert_int_eq(steps->rows_b, 3);
    ck_assert_int_eq(steps->only_a, 2);
    ck_assert_int_eq(steps->only_b, 1);
    ck_assert_str_eq(steps->column[1].name, "loss");
    ck_assert(steps->column[1].largest == 2);
    ck_assert_int_eq(steps->column[1].row, 4);
    ck_assert(isinf(steps->column[2].largest));
    ck_assert_int_eq(steps->column[2].row, 2);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(a_log_in_one_run_only)
{
    weft_diff diff;
    const char *a = write_run("one", "{}", METRICS, STEPS "1,1,1\n");
    const char *b = write_run("two", "{}", METRICS, NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert(!diff.equal);
    ck_assert(diff.log[1].in_a && !diff.log[1].in_b);
    weft_diff_close(&diff);
}
END_TEST

START_TEST(last_checkpoints)
{
    const float other[] = {1, -2, 4};
    weft_diff diff;
    write_run("one", "{}", METRICS, NULL);
    write_run("two", "{}", METRICS, NULL);
    scratch_folder("one/checkpoints");
    scratch_folder("two/checkpoints");
    write_tensors("one/checkpoints/last.safetensors", &(given){"w", three, six}, 1, NULL);
    const char *a = scratch_path("one"), *b = scratch_path("two");
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert(!diff.equal);
    ck_assert(diff.path[0] && !diff.path[1]);
    weft_diff_close(&diff);
    const char *file =
        write_tensors("two/checkpoints/last.safetensors", &(given){"w", three, other}, 1, NULL);
    ck_weft(weft_diff_open(a, b, 0, &diff));
    ck_assert_int_eq(diff.worst, 0);
    weft_diff_close(&diff);
    ck_weft(weft_diff_open(b, file, 0, &diff)); /* a folder beside a file */
    ck_assert(diff.equal && !diff.runs);
    weft_diff_close(&diff);
}
END_TEST

/* ---- what cannot be read ---- */

static void ck_diff_refused(const char *a, const char *b, weft_status wanted, const char *part)
{
    weft_diff diff;
    const weft_status status = weft_diff_open(a, b, 0, &diff);
    weft_diff_close(&diff);
    ck_weft_refused(status, wanted, part);
}

static const struct {
    const char *metrics, *says;
} broken[] = {
    {"", "metrics.csv:1: the line with the names"},
    {METRICS "1,0.5\n", "metrics.csv:2: not as many columns"},
    {METRICS "1,0.5,1\nx,1,1\n", "metrics.csv:3: the first column does not count"},
    {METRICS "1,zero,1\n", "metrics.csv:2: a cell that is no number"},
    {"epoch,train_loss,hours\n", "metrics.csv:1: its columns are not those of"},
    {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", "metrics.csv:1: too many columns"},
    {"a,a_name_of_more_than_thirty_one_letters\n", "metrics.csv:1: a name is too long"},
};
enum { BROKEN = sizeof broken / sizeof *broken };

START_TEST(broken_logs)
{
    const char *good = write_run("one", "{}", METRICS "1,0.25,1\n", NULL);
    const char *bad = write_run("two", "{}", broken[_i].metrics, NULL);
    ck_diff_refused(good, bad, WEFT_ERR_FORMAT, broken[_i].says);
}
END_TEST

START_TEST(a_line_without_end)
{
    static char text[9000];
    memset(text, 'a', sizeof text - 1);
    const char *good = write_run("one", "{}", METRICS, NULL);
    ck_diff_refused(good, write_run("two", "{}", text, NULL), WEFT_ERR_FORMAT, "too long");
    scratch_write("two/metrics.csv", METRICS "1,\0,3\n2,2,2\n", sizeof METRICS + 12);
    ck_diff_refused(good, scratch_path("two"), WEFT_ERR_FORMAT, "metrics.csv:2: a line");
}
END_TEST

START_TEST(broken_files)
{
    const char *good = write_tensors("a", &(given){"w", three, six}, 1, NULL);
    ck_diff_refused(good, scratch_path("nothing"), WEFT_ERR_IO, "nothing: no such run folder");
    ck_diff_refused(scratch_write("cut", "abc", 3), good, WEFT_ERR_FORMAT, "cut: 3 bytes");
    const char *run = write_run("one", NULL, METRICS, NULL);
    ck_diff_refused(run, good, WEFT_ERR_IO, "one/checkpoints/last.safetensors is missing");
    ck_diff_refused(run, run, WEFT_ERR_IO, "one/config.json");
    write_run("one", "[1]", METRICS, NULL);
    ck_diff_refused(run, run, WEFT_ERR_FORMAT, "one/config.json: not a JSON object");
    write_run("one", "{\"a\":\n", METRICS, NULL);
    ck_diff_refused(run, run, WEFT_ERR_FORMAT, "one/config.json:");
    write_run("one", "{}", METRICS, NULL);
    scratch_folder("one/steps.csv");
    ck_diff_refused(run, run, WEFT_ERR_IO, "one/steps.csv");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base_diff");
    TCase *tests = tcase_create("base_diff");
    tcase_add_checked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, equal_files);
    tcase_add_test(tests, figures_of_a_difference);
    tcase_add_test(tests, neighbours);
    tcase_add_test(tests, zeros_of_either_sign);
    tcase_add_test(tests, not_a_number);
    tcase_add_test(tests, infinities);
    tcase_add_test(tests, a_large_tensor);
    tcase_add_test(tests, missing_and_reshaped);
    tcase_add_test(tests, the_worst_tensor);
    tcase_add_test(tests, other_types);
    tcase_add_test(tests, metadata);
    tcase_add_test(tests, equal_runs);
    tcase_add_test(tests, rows_that_differ);
    tcase_add_test(tests, a_log_in_one_run_only);
    tcase_add_test(tests, last_checkpoints);
    tcase_add_loop_test(tests, broken_logs, 0, BROKEN);
    tcase_add_test(tests, a_line_without_end);
    tcase_add_test(tests, broken_files);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
