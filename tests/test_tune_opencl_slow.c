#define _GNU_SOURCE /* glob, RTLD_NEXT */

/* Choices of the tuner on an OpenCL device: kept in a file, used, dropped; and that they change no
 * bit of a training. What a choice does is seen in the programs that a device builds. */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "backends/backends.h"
#include "core/tune_private.h"
#include "tests/train_bench.h"

enum { PATH_TEXT = 600, NOTES_TEXT = 2048, BATCH = 32, DUMPS = 48 };

static train_bench bench;
static const weft_backend *be;
static char cache[PATH_TEXT];
static char notes[NOTES_TEXT];
static int note_count, dump_count;

/* Stands before the driver's function: the next builds fail as many times as this says. It includes
 * no OpenCL header, as nothing outside backends/opencl does. */
typedef int32_t build_program(void *program, uint32_t count, void *const *devices,
                              const char *options, void (*call)(void *, void *), void *user);
static int failing_builds;
build_program clBuildProgram;
int32_t clBuildProgram(void *program, uint32_t count, void *const *devices, const char *options,
                       void (*call)(void *, void *), void *user)
{
    enum { BUILD_PROGRAM_FAILURE = -11 };
    build_program *real = NULL;
    void *found = dlsym(RTLD_NEXT, "clBuildProgram");
    memcpy(&real, &found, sizeof real);
    if (failing_builds == 0) return real(program, count, devices, options, call, user);
    failing_builds--;
    return BUILD_PROGRAM_FAILURE;
}

static void on_note(void *user, weft_level level, const char *text)
{
    (void)user;
    if (level != WEFT_WARNING) return;
    snprintf(notes, sizeof notes, "%s", text);
    note_count++;
}

static weft_device *open_with(weft_family family, const char *dump_dir)
{
    weft_device *device = NULL;
    const weft_open_desc desc = {
        .family = family, .cache_dir = cache, .dump_dir = dump_dir, .log = {.write = on_note}};
    ck_weft(be->open(bench.entry->index, &desc, &device));
    return device;
}

static weft_device *open_again(void)
{
    return open_with(WEFT_FAMILY_AUTO, NULL);
}

static void setup(void)
{
    note_count = dump_count = 0;
    notes[0] = '\0';
    bench_open(&bench, bench_device(1), BENCH_NETWORK);
    be = bench.entry->backend;
    snprintf(cache, sizeof cache, "%s/cache", bench.folder);
    be->close(open_again()); /* its first start probes it, with programs of its own */
}

static void teardown(void)
{
    bench_close(&bench);
}

/* A product over a batch: n x k come from the network. */
static weft_op product(int32_t batch)
{
    enum { N = 96, K = 70 };
    weft_op op = {.kind = WEFT_OP_gemm, .layer = -1, .mode = {WEFT_OUT_SET}};
    op.with.gemm = (weft_gemm){.m = batch, .n = N, .k = K};
    op.in[0] = (weft_tensor){.shape = {2, {batch, K}}};
    op.in[1] = (weft_tensor){.shape = {2, {K, N}}};
    op.out[0] = (weft_tensor){.shape = {2, {batch, N}}};
    return op;
}

/* Prepare an op on a device of its own; the folder with the programs that took. */
static const char *programs_of(weft_op op, const char *choice)
{
    static char folder[DUMPS][PATH_TEXT];
    ck_assert_int_lt(dump_count, DUMPS);
    char *path = folder[dump_count];
    weft_tune_set set;
    weft_support support;
    weft_step *step = NULL;
    snprintf(path, PATH_TEXT, "%s/dump%d", bench.folder, dump_count++);
    weft_device *device = open_with(WEFT_FAMILY_AUTO, path);
    ck_weft(be->supports(device, &op, &support));
    ck_weft(weft_tune_set_open(device, &op, support.scratch_bytes, &set));
    ck_weft(be->prepare(device, &set.op, choice, &step));
    be->release(step);
    weft_tune_set_close(&set);
    be->close(device);
    return path;
}

static bool same_folders(const char *a, const char *b)
{
    char command[2 * PATH_TEXT + 32];
    snprintf(command, sizeof command, "diff -rq '%s' '%s' >/dev/null", a, b);
    return system(command) == 0;
}

/* A candidate that builds other programs than the prior does. */
static weft_choice other_choice(const weft_op *op)
{
    weft_choice list[WEFT_TUNE_CANDIDATES];
    int count = WEFT_TUNE_CANDIDATES;
    weft_device *device = open_again();
    ck_weft(be->candidates(device, op, list, &count));
    be->close(device);
    ck_assert_int_ge(count, 2);
    const char *prior = programs_of(*op, NULL);
    for (int i = 1; i < count; i++) {
        if (!same_folders(prior, programs_of(*op, list[i].text))) return list[i];
    }
    ck_abort_msg("no candidate differs from the prior");
    return list[0];
}

static void store(const weft_op *op, const char *choice)
{
    weft_device *device = open_again();
    ck_weft(be->store(device, op, choice));
    be->close(device);
}

/* The one file of choices. */
static const char *choices_file(void)
{
    static char path[PATH_TEXT];
    char pattern[PATH_TEXT + 16];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/tune-*.txt", cache);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    ck_assert_int_eq((int)found.gl_pathc, 1);
    snprintf(path, sizeof path, "%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

/* ---- keeping ---- */

START_TEST(test_stored_choice_is_used)
{
    const weft_op op = product(BATCH);
    const weft_choice choice = other_choice(&op);
    const char *prior = programs_of(op, NULL);
    store(&op, choice.text);
    const char *stored = programs_of(op, NULL);
    ck_assert(same_folders(stored, programs_of(op, choice.text)));
    ck_assert(!same_folders(stored, prior));

    store(&op, NULL);
    ck_assert(same_folders(prior, programs_of(op, NULL)));
    ck_assert_msg(note_count == 0, "%s", notes);
}
END_TEST

/* The last, smaller batch takes the same programs; a single sample is another matter. */
START_TEST(test_choice_serves_batches_nearby)
{
    const weft_op op = product(BATCH), smaller = product(BATCH / 2 + 1), single = product(1);
    const weft_choice choice = other_choice(&op);
    const char *prior = programs_of(single, NULL);
    store(&op, choice.text);
    ck_assert(same_folders(programs_of(smaller, NULL), programs_of(smaller, choice.text)));
    ck_assert(same_folders(programs_of(single, NULL), prior));
}
END_TEST

START_TEST(test_other_identity_starts_untuned)
{
    char other[PATH_TEXT + 8];
    const weft_op op = product(BATCH);
    const weft_choice choice = other_choice(&op);
    const char *prior = programs_of(op, NULL);
    store(&op, choice.text);
    const char *path = choices_file();
    snprintf(other, sizeof other, "%s.other.txt", path);
    ck_assert_int_eq(rename(path, other), 0);
    ck_assert(same_folders(prior, programs_of(op, NULL)));
    ck_assert_msg(note_count == 0, "%s", notes);
}
END_TEST

START_TEST(test_no_cache_folder_keeps_in_memory)
{
    weft_device *device = NULL;
    const weft_op op = product(BATCH);
    const weft_choice choice = other_choice(&op);
    ck_weft(be->open(bench.entry->index, &(weft_open_desc){.profile = false}, &device));
    ck_weft(be->store(device, &op, choice.text));
    ck_weft(be->store(device, &op, NULL));
    be->close(device);
}
END_TEST

/* ---- damage ---- */

START_TEST(test_damaged_file_is_rebuilt)
{
    static const char *const damage[] = {"", "\n", "weft choices 9\n", "\x01\x02\x7f garbage"};
    const weft_op op = product(BATCH);
    const weft_choice choice = other_choice(&op);
    const char *prior = programs_of(op, NULL);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        store(&op, choice.text);
        bench_write(choices_file(), damage[i], strlen(damage[i]));
        note_count = 0;
        ck_assert(same_folders(prior, programs_of(op, NULL)));
        ck_assert_int_eq(note_count, 1);
        ck_assert_ptr_nonnull(strstr(notes, "damaged"));
        store(&op, choice.text);
        note_count = 0;
        ck_assert(!same_folders(prior, programs_of(op, NULL)));
        ck_assert_int_eq(note_count, 0);
    }
}
END_TEST

START_TEST(test_damaged_rows_are_left_out)
{
    static const char rows[] = "gemm\n"
                               "gemm n=1 | 3\n"
                               "gemm n=1 | 0 | A=1\n"
                               "gemm n=1 | x | A=1\n"
                               "gemm n=1 | 3 | a b\n"
                               "gemm n=1 | 3 | A=1 | B=2\n"
                               " | 3 | A=1\n"
                               "gemm n=1 | 3 | A=1"; /* cut off */
    char text[4096];
    size_t count = 0;
    const weft_op op = product(BATCH);
    const weft_choice choice = other_choice(&op);
    const char *prior = programs_of(op, NULL);
    store(&op, choice.text);
    char *whole = bench_read(choices_file(), &count);
    snprintf(text, sizeof text, "%s%s", whole, rows);
    free(whole);
    bench_write(choices_file(), text, strlen(text));
    ck_assert(!same_folders(prior, programs_of(op, NULL)));
    ck_assert_int_eq(note_count, 1);
    ck_assert_ptr_nonnull(strstr(notes, "8 damaged rows"));
}
END_TEST

START_TEST(test_foreign_choice_is_dropped)
{
    size_t count = 0;
    const weft_op op = product(BATCH);
    const char *prior = programs_of(op, NULL);
    store(&op, "ODD=3 NV=999");
    ck_assert(same_folders(prior, programs_of(op, NULL)));
    ck_assert_int_eq(note_count, 1);
    ck_assert_ptr_nonnull(strstr(notes, "ODD=3 NV=999 of gemm is dropped"));
    char *text = bench_read(choices_file(), &count);
    ck_assert_ptr_null(strstr(text, "ODD"));
    free(text);
}
END_TEST

START_TEST(test_unbuildable_choice_is_dropped)
{
    const weft_op op = product(BATCH);
    const weft_choice choice = other_choice(&op);
    const char *prior = programs_of(op, NULL);
    store(&op, choice.text);
    failing_builds = 1;
    (void)programs_of(op, NULL);
    ck_assert_int_eq(failing_builds, 0);
    ck_assert_int_eq(note_count, 1);
    ck_assert_ptr_nonnull(strstr(notes, choice.text));
    ck_assert_ptr_nonnull(strstr(notes, "is dropped"));
    ck_assert(same_folders(prior, programs_of(op, NULL)));
    ck_assert_int_eq(note_count, 1);
}
END_TEST

START_TEST(test_refused_choices)
{
    const weft_op op = product(BATCH), gather = {.kind = WEFT_OP_gather};
    weft_device *device = open_again();
    ck_weft_refused(be->store(device, &op, "fast please"), WEFT_ERR_USAGE, "NAME=VALUE");
    ck_weft_refused(be->store(device, &op, ""), WEFT_ERR_USAGE, "NAME=VALUE");
    ck_weft_refused(be->store(device, &gather, "A=1"), WEFT_ERR_USAGE, "gather");
    be->close(device);
}
END_TEST

/* ---- results ---- */

static void store_last_candidates(weft_device *device, weft_model *model, weft_mode mode,
                                  const weft_source *source, int32_t batch, int *stored)
{
    weft_plan *plan = NULL;
    const weft_plan_desc desc = {.mode = mode, .batch = batch, .source = source};
    ck_weft(weft_plan_new(model, &desc, &plan));
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        weft_choice list[WEFT_TUNE_CANDIDATES];
        int count = WEFT_TUNE_CANDIDATES;
        const weft_op *op = weft_plan_op(plan, i);
        ck_weft(be->candidates(device, op, list, &count));
        if (count < 2) continue;
        ck_weft(be->store(device, op, list[count - 1].text));
        ++*stored;
    }
    weft_plan_free(plan);
}

/* The choices that are farthest from the priors, for every step of the training. */
static int store_everywhere(weft_family family, int32_t batch)
{
    const weft_optimizer adam = {.kind = WEFT_ADAM};
    const weft_normalize norm = {.channels = 1, .std = {1.0f}};
    weft_source *source = NULL;
    weft_model *model = NULL;
    int stored = 0;
    weft_device *device = open_with(family, NULL);
    ck_weft(weft_source_new(device, &bench.data, &norm, batch, &source));
    ck_weft(weft_model_new(bench.graph, device, &(weft_model_desc){.optimizer = &adam}, &model));
    store_last_candidates(device, model, WEFT_MODE_TRAIN, source, batch, &stored);
    store_last_candidates(device, model, WEFT_MODE_EVAL, source, batch, &stored);
    weft_model_free(model);
    weft_source_free(source);
    be->close(device);
    return stored;
}

static void losses_of(weft_family family, double *loss, int *steps, double *val_loss)
{
    weft_train_result result;
    be->close(bench.device);
    bench.device = open_with(family, NULL);
    weft_train_desc desc = bench_desc(&bench);
    ck_weft(bench_train(&bench, &desc, &result));
    *steps = bench.log.steps;
    *val_loss = result.val_loss;
    memcpy(loss, bench.log.loss, (size_t)bench.log.steps * sizeof *loss);
}

START_TEST(test_choices_change_no_bit)
{
    static const weft_family families[] = {WEFT_FAMILY_VECTOR, WEFT_FAMILY_TILE};
    static double untuned[BENCH_LOG], tuned[BENCH_LOG];
    double untuned_val = 0, tuned_val = 1;
    int steps = 0, again = 0;
    losses_of(families[_i], untuned, &steps, &untuned_val);
    ck_assert_int_gt(store_everywhere(families[_i], 16), 3);
    losses_of(families[_i], tuned, &again, &tuned_val);
    ck_assert_int_eq(steps, again);
    ck_assert_int_eq(memcmp(untuned, tuned, (size_t)steps * sizeof *tuned), 0);
    ck_assert(untuned_val == tuned_val);
    ck_assert_msg(note_count == 0, "%s", notes);
}
END_TEST

static void check_rows(weft_device *device, const weft_tune_result *result)
{
    (void)device;
    ck_assert_int_ge(result->count, 3);
    for (int32_t i = 0; i < result->count; i++) {
        const weft_tune_row *row = &result->row[i];
        ck_assert_int_ge(row->candidates, 2);
        ck_assert_int_ge(row->times, 1);
        ck_assert_double_gt(row->prior_seconds, 0);
        ck_assert_double_le(row->best_seconds, row->prior_seconds);
        ck_assert_str_ne(row->best.text, "");
        ck_assert_ptr_null(strchr(row->key.text, '|'));
    }
}

START_TEST(test_tuning_twice)
{
    weft_device *reference = NULL;
    weft_tune_result result;
    ck_weft(weft_backend_cpu()->open(0, &(weft_open_desc){.threads = 1}, &reference));
    const weft_tune_desc desc = {.batch = 16, .reference = reference, .seconds = 1e-3};
    for (int i = 0; i < 2; i++) {
        weft_device *device = open_again();
        ck_weft(weft_tune(bench.graph, device, &desc, &result));
        check_rows(device, &result);
        weft_tune_result_free(&result);
        be->close(device);
    }
    weft_backend_cpu()->close(reference);
    ck_assert_msg(note_count == 0, "%s", notes);
}
END_TEST

static bool has_device(void)
{
    const weft_backend *opencl = weft_backend_opencl();
    int count = 0;
    bool found = false;
    if (!opencl || opencl->device_count(&count) != WEFT_OK) return false;
    for (int i = 0; i < count; i++) {
        weft_device_info info;
        found = found || (opencl->device_info(i, &info) == WEFT_OK && !info.emulated);
    }
    return found;
}

int main(void)
{
    if (!has_device()) {
        printf("skipped: no OpenCL device\n");
        return WEFT_SUITE_SKIPPED;
    }
    Suite *suite = suite_create("tune_opencl");
    TCase *c = tcase_create("choices");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_stored_choice_is_used);
    tcase_add_test(c, test_choice_serves_batches_nearby);
    tcase_add_test(c, test_other_identity_starts_untuned);
    tcase_add_test(c, test_no_cache_folder_keeps_in_memory);
    tcase_add_test(c, test_damaged_file_is_rebuilt);
    tcase_add_test(c, test_damaged_rows_are_left_out);
    tcase_add_test(c, test_foreign_choice_is_dropped);
    tcase_add_test(c, test_unbuildable_choice_is_dropped);
    tcase_add_test(c, test_refused_choices);
    tcase_add_loop_test(c, test_choices_change_no_bit, 0, 2);
    tcase_add_test(c, test_tuning_twice);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
