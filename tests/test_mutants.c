/* Kernels broken on purpose, one line each: the selftest finds every one. Each row is a mistake
 * that somebody could make - an index, a bound, a barrier, a factor. */
#define _XOPEN_SOURCE 700
#include <dirent.h>

#include "tests/mutant_run.h"
#include "tests/op_devices.h"

#ifdef WEFT_OPENCL

typedef struct mutant {
    const char *file, *family, *part; /* the part of the selftest that has to fail */
    const char *from, *to;
} mutant;

static const mutant mutants[] = {
    /* the first ones are the sample: an index, a bound, a barrier, a factor, a word of Philox */
    {"elementwise.cl", "vector", "activation", "if (LANES > 1 && i < end) {\n        const wide v",
     "if (LANES > 1 && i + 1 < end) {\n        const wide v"},
    {"gemm.cl", "vector", "gemm", "+ (long)(i + t) * n + j, n - j)",
     "+ (long)(i + t) * n + j, n - j - 1)"},
    {"loss.cl", "tile", "softmax_xent", "    barrier(CLK_LOCAL_MEM_FENCE);\n    if (i != 0)",
     "    if (i != 0)"},
    {"spread.cl", "vector", "batchnorm", "sqrt(load_wide(spread, n) + eps)",
     "sqrt(load_wide(spread, n))"},
    {"philox.cl", "vector", "dropout", "0xBB67AE85u", "0xBB67AE86u"},

    {"batchnorm.cl", "vector", "batchnorm_stats", "(real)max(rows - 1, 1L)", "(real)max(rows, 1L)"},
    {"batchnorm.cl", "vector", "batchnorm", "r * channels + c, channels - c)",
     "r * channels + c, channels - c - 1)"},
    {"batchnorm.cl", "vector", "batchnorm_sums", "load_wide(x + r * channels, n) - mean",
     "load_wide(x + r * channels, n)"},
    {"block.cl", "vector", "batchnorm_block", "((long)(i / S) * e.w + i % S)",
     "((long)(i % S) * e.w + i / S)"},
    {"block.cl", "vector", "batchnorm_block_sums", "here - k[b].mean", "here"},
    {"block.cl", "vector", "batchnorm_block_grad", "min(R, e.h - row * R)",
     "min(R - 1, e.h - row * R)"},
    {"bytes.cl", "vector", "maxpool", "for (int i = 0; i < n; i++)",
     "for (int i = 0; i + 1 < n; i++)"},
    {"common.cl", "vector", "copy", "for (int i = 0; i < n; i++) {\n        p[i] = part[i];",
     "for (int i = 0; i <= n; i++) {\n        p[i] = part[i];"},
    {"common.cl", "vector", "mse", "sum += part[i];", "sum = part[i];"},
    {"conv.cl", "vector", "conv2d", "bias, y + p * (Q * K))", "bias, y + p0 * (Q * K))"},
    {"conv_block.cl", "vector", "conv2d_block", "load_wide(mean + mean_at + k, K - k) * scale[v]",
     "load_wide(mean + mean_at + k, K - k)"},
    {"conv_grad.cl", "vector", "conv2d_weight_grad", "min(room / stride + 1, count)",
     "min(room / stride, count)"},
    {"conv_pack.cl", "vector", "conv2d_data_grad", "w += w_at + tap * (C * K);", "w += w_at;"},
    {"conv_rows.cl", "vector", "conv2d", "ROW(p, r) >= H", "ROW(p, r) > H"},
    {"conv_stats.cl", "vector", "conv2d_stats", "delta * delta * (count * share)",
     "delta * (count * share)"},
    {"conv_taps.cl", "vector", "conv2d_data_grad", "row + PL * K + i", "row + i"},
    {"conv_window.cl", "vector", "conv2d", "((q) * SW + (t) * SW + (s)-PL)",
     "((q) * SW + (t) + (s)-PL)"},
    {"dense_after.cl", "vector", "dense_block", "philox_each(block, s.row0 + row,",
     "philox_each(block, row,"},
    {"dropout.cl", "vector", "dropout", "(uint)(e / 4), row0 + (uint)row",
     "(uint)(e / 4), (uint)row"},
    {"gather.cl", "vector", "gather", "s.height - h + 1", "s.height - h"},
    {"gemm_sum.cl", "vector", "conv2d_weight_grad", "for (int z = 0; z < slices; z++)",
     "for (int z = 0; z + 1 < slices || z == 0; z++)"},
    {"gemm_thin.cl", "vector", "gemm", "b + (long)l * n + i, n - i)",
     "b + (long)l * n + j, n - i)"},
    {"inspect.cl", "vector", "inspect", "there && isinf(v)", "there && isnan(v)"},
    {"inspect.cl", "vector", "inspect", "row[1] += infinities", "row[1] = infinities"},
    {"inspect.cl", "vector", "inspect", "v < f->low ?", "v > f->low ?"},
    {"inspect.cl", "tile", "inspect", "end = (s + 1) * count / slices",
     "end = (s + 1) * (count / slices)"},
    {"pool.cl", "vector", "maxpool", "min(S, e.w - left)", "min(S, e.w)"},
    {"pool.cl", "vector", "avgpool", "sum / (real)(R * S)", "sum / (real)(R)"},
    {"pool.cl", "vector", "avgpool_grad", "(at - size) / stride + 1", "(at - size) / stride"},
    {"rows.cl", "vector", "sum_rows", "if (r < rows) even", "if (r + 1 < rows) even"},
    {"rows.cl", "vector", "gather_rows", "at = first + r", "at = r"},
    {"transpose.cl", "vector", "conv2d_data_grad", "t[i] = i < columns ?",
     "t[i] = i < columns - 1 ?"},
    {"update.cl", "vector", "adam", "(1.0f - k.beta2) * g * g", "(1.0f - k.beta2) * g"},
    {"update.cl", "vector", "sgd", "NESTEROV ? g + k.momentum * b : b", "b"},

    {"conv_tile.cl", "tile", "conv2d",
     "        barrier(CLK_LOCAL_MEM_FENCE);\n        advance(&s, &f);", "        advance(&s, &f);"},
    {"conv_tile.cl", "tile", "conv2d_data_grad", "(SW + f->s0 - PL % SW) % SW",
     "(SW + f->s0 - PT % SW) % SW"},
    {"conv_tile.cl", "tile", "conv2d_weight_grad",
     "        barrier(CLK_LOCAL_MEM_FENCE);\n        fetch_a(a_next, x, taps",
     "        fetch_a(a_next, x, taps"},
    {"gemm_tile.cl", "tile", "gemm",
     "        barrier(CLK_LOCAL_MEM_FENCE);\n        fetch_a(a_next, a, m",
     "        fetch_a(a_next, a, m"},
    {"tile.cl", "tile", "gemm", "j + 1 < count", "j < count"},
    {"tile.cl", "tile", "gemm", "to[2 * row] = from[2]", "to[2 * row] = from[1]"},
};
enum { MUTANT_COUNT = sizeof mutants / sizeof *mutants, SAMPLE = 5 };

/* ---- running ---- */

/* Whether the part fails, or takes its process with it. */
static bool part_fails(const mutant *m)
{
    char arguments[PROGRAM_ARGUMENTS];
    (void)snprintf(arguments, sizeof arguments,
                   "selftest --quick --device opencl:0 --family %s --part %s", m->family, m->part);
    const int code = run_mutant(arguments);
    return code != 0 || says(program_out, "\"verdict\":\"failed\"");
}

static bool wanted(int index)
{
    const char *shapes = getenv("WEFT_TEST_SHAPES");
    const bool all = shapes && strcmp(shapes, "all") == 0;
    return (all || index < SAMPLE) && op_wanted_case(index);
}

START_TEST(every_mutant_is_found)
{
    const mutant *m = &mutants[_i];
    if (!wanted(_i)) return;
    ck_assert_msg(!part_fails(m), "%s fails without a mutant: %s", m->part, program_out);
    char *before = mutate_kernel(m->file, m->from, m->to);
    const bool found = part_fails(m);
    restore_kernel(m->file, before);
    ck_assert_msg(found, "%s, %s family: \"%s\" in place of \"%s\" passes the selftest of %s",
                  m->file, m->family, m->to, m->from, m->part);
}
END_TEST

static bool has_mutant(const char *file)
{
    for (int i = 0; i < MUTANT_COUNT; i++)
        if (strcmp(mutants[i].file, file) == 0) return true;
    return false;
}

/* But for the kernels that are only timed. */
START_TEST(every_kernel_file_has_a_mutant)
{
    static const char timed[] = "probe.cl speed.cl";
    DIR *names = opendir(WEFT_SOURCE_DIR "/cl");
    ck_assert_ptr_nonnull(names);
    for (struct dirent *entry; (entry = readdir(names));) {
        const char *name = entry->d_name, *ending = strrchr(name, '.');
        if (!ending || strcmp(ending, ".cl") != 0 || says(timed, name)) continue;
        ck_assert_msg(has_mutant(name), "cl/%s has no mutant", name);
    }
    closedir(names);
}
END_TEST

int main(void)
{
    if (!mutant_can_run()) {
        printf("skipped: no OpenCL device here\n");
        return WEFT_SUITE_SKIPPED;
    }
    Suite *suite = suite_create("mutants");
    TCase *tests = tcase_create("mutants");
    tcase_set_timeout(tests, 0);
    tcase_add_unchecked_fixture(tests, open_kernels, program_close);
    tcase_add_test(tests, every_kernel_file_has_a_mutant);
    tcase_add_loop_test(tests, every_mutant_is_found, 0, MUTANT_COUNT);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: built without OpenCL\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
