#define _XOPEN_SOURCE 700 /* popen */

/* What takes a driver's compiler long: training through CLBlast, the programs of two batch sizes,
 * and the cache of programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/train_bench.h"

/* Open the bench's device again with other wishes. */
static void reopen(train_bench *b, const weft_open_desc *desc)
{
    b->entry->backend->close(b->device);
    b->device = NULL;
    ck_weft(b->entry->backend->open(b->entry->index, desc, &b->device));
}

#ifdef WEFT_CLBLAST
/* Dense products of all three passes, and a 1x1 convolution, which is one too. */
static const char network[] = "input shape=6x6x1\n"
                              "conv2d filters=5 kernel=3 name=conv1\n"
                              "relu\n"
                              "conv2d filters=7 kernel=1 name=conv2\n"
                              "relu\n"
                              "flatten\n"
                              "dense units=11 name=fc1\n"
                              "relu\n"
                              "dense units=4 name=fc2\n";

enum { STEPS = 5 };

static void losses_of(train_bench *b, weft_gemm_route route, double loss[STEPS])
{
    weft_train_result result;
    reopen(b, &(weft_open_desc){.gemm = route});
    weft_train_desc desc = bench_desc(b);
    desc.options.max_steps = STEPS;
    ck_weft(bench_train(b, &desc, &result));
    ck_assert_int_eq(b->log.steps, STEPS);
    for (int i = 0; i < STEPS; i++)
        loss[i] = b->log.loss[i];
}

START_TEST(clblast_trains_as_our_own_kernels_do)
{
    train_bench b;
    double own[STEPS], clblast[STEPS];
    if (!bench_device(1)) return;
    bench_open(&b, bench_device(1), network);
    losses_of(&b, WEFT_GEMM_OWN, own);
    losses_of(&b, WEFT_GEMM_CLBLAST, clblast);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_double_gt(own[i], 0.0);
        ck_assert_double_eq_tol(own[i], clblast[i], 1e-4);
    }
    bench_close(&b);
}
END_TEST
#endif

/* Write the programs of a training with this batch size into a folder. */
static void dump_programs(train_bench *b, weft_family family, int64_t batch, const char *folder)
{
    weft_trainer *trainer = NULL;
    reopen(b, &(weft_open_desc){
                  .family = family, .dump_dir = folder, .cache_dir = getenv("WEFT_CACHE_DIR")});
    weft_train_desc desc = bench_desc(b);
    desc.options.batch_size = batch;
    ck_weft(weft_trainer_new(b->device, &desc, &trainer));
    weft_trainer_free(trainer);
}

/* The first line that a command prints, as a number. */
static int number_of(const char *format, const char *first, const char *second)
{
    char command[1200];
    int number = 0;
    snprintf(command, sizeof command, format, first, second);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_int_eq(fscanf(pipe, "%d", &number), 1);
    pclose(pipe);
    return number;
}

/* A small batch may leave out the program that adds up slices; it never has one of its own. */
START_TEST(no_program_depends_on_the_batch_size)
{
    static const weft_family families[] = {WEFT_FAMILY_VECTOR, WEFT_FAMILY_TILE};
    train_bench b;
    char large[560], small[560];
    if (!bench_device(1)) return;
    bench_open(&b, bench_device(1), BENCH_NETWORK);
    snprintf(large, sizeof large, "%s/large", b.folder);
    snprintf(small, sizeof small, "%s/small", b.folder);
    dump_programs(&b, families[_i], 16, large);
    dump_programs(&b, families[_i], 7, small);
    ck_assert_int_gt(number_of("ls '%s' | wc -l", small, ""), 10);
    ck_assert_int_eq(
        number_of("diff -rq '%s' '%s' | grep -vc '^Only in .*/large:' ; true", large, small), 0);
    bench_close(&b);
}
END_TEST

/* Some drivers keep in the cache folder what they make the binaries from: PoCL crashes without it,
 * or gives out a binary that crashes the next start. */
START_TEST(an_emptied_cache_stays_empty)
{
    train_bench b;
    weft_train_result result;
    if (!bench_device(1)) return;
    bench_open(&b, bench_device(1), BENCH_PLAIN);
    const char *cache = bench_path(&b, "cache");
    weft_train_desc desc = bench_desc(&b);
    reopen(&b, &(weft_open_desc){.cache_dir = cache, .log = desc.log});
    desc.options.max_steps = 2;
    ck_weft(bench_train(&b, &desc, &result));
    ck_assert(bench_exists(cache));
    bench_remove(cache);
    reopen(&b, &(weft_open_desc){.cache_dir = NULL});
    ck_assert_ptr_nonnull(strstr(b.log.warning, "cache was emptied meanwhile"));
    ck_assert(!bench_exists(cache));
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("opencl");
    TCase *tests = tcase_create("slow");
    tcase_set_timeout(tests, 0);
#ifdef WEFT_CLBLAST
    tcase_add_test(tests, clblast_trains_as_our_own_kernels_do);
#endif
    tcase_add_loop_test(tests, no_program_depends_on_the_batch_size, 0, 2);
    tcase_add_test(tests, an_emptied_cache_stays_empty);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
