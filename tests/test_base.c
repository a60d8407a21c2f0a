/* Status and messages, numbers, random draws, checked sizes, shapes, op figures. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/log.h"
#include "core/number.h"
#include "core/op.h"
#include "core/rng.h"
#include "core/tensor.h"
#include "tests/suite.h"

/* ---- status ---- */

START_TEST(test_status_codes)
{
    static const int exits[] = {0, 2, 3, 3, 4, 4, 5, 6, 7, 8};
    ck_assert_int_eq(WEFT_STATUS_COUNT, sizeof exits / sizeof exits[0]);
    for (int i = 0; i < WEFT_STATUS_COUNT; i++) {
        ck_assert_int_eq(weft_status_exit_code((weft_status)i), exits[i]);
        ck_assert(*weft_status_text((weft_status)i) != '\0');
    }
    ck_assert_str_eq(weft_status_text(WEFT_ERR_MEMORY), "out of memory");
    ck_assert_int_eq(weft_status_exit_code(WEFT_STATUS_COUNT), 1);
    ck_assert_str_eq(weft_status_text(WEFT_STATUS_COUNT), "unknown status");
}
END_TEST

START_TEST(test_message)
{
    ck_assert_int_eq(weft_fail(WEFT_ERR_SHAPE, "rank %d, wants %s", 3, "two"), WEFT_ERR_SHAPE);
    ck_assert_str_eq(weft_error(), "rank 3, wants two");
    ck_assert_int_eq(weft_fail_in(WEFT_ERR_SHAPE, "net:%d", 7), WEFT_ERR_SHAPE);
    ck_assert_str_eq(weft_error(), "net:7: rank 3, wants two");
    weft_fail(WEFT_ERR_IO, "again: %s", weft_error()); /* the message as its own argument */
    ck_assert_str_eq(weft_error(), "again: net:7: rank 3, wants two");
}
END_TEST

/* Names from foreign files neither break the line nor steer the terminal. */
START_TEST(test_message_is_one_line)
{
    weft_fail(WEFT_ERR_FORMAT, "a\nb\tc\x1b[31m\x7f%s", "\xc3\xa9\n");
    ck_assert_str_eq(weft_error(), "a b c [31m \xc3\xa9");
}
END_TEST

START_TEST(test_message_too_long)
{
    static char text[20001];
    for (size_t i = 0; i < 20000; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    for (int shift = 0; shift < 2; shift++) {
        weft_fail(WEFT_ERR_FORMAT, "%s%s", shift ? "x" : "", text);
        const char *end = weft_error() + strlen(weft_error()) - 3;
        ck_assert_str_eq(end, "...");
        ck_assert_msg((unsigned char)end[-1] == 0xa9, "a character was cut in two");
        weft_fail_in(WEFT_ERR_FORMAT, "%s", text);
        ck_assert_uint_lt(strlen(weft_error()), 4096);
    }
}
END_TEST

typedef struct heard {
    weft_level level;
    char text[64];
} heard;

static void hear(void *user, weft_level level, const char *text)
{
    heard *h = user;
    h->level = level;
    snprintf(h->text, sizeof h->text, "%s", text);
}

START_TEST(test_log)
{
    heard h = {0};
    const weft_log log = {hear, &h};
    weft_say(NULL, WEFT_INFO, "nobody listens");
    weft_say(&(weft_log){0}, WEFT_INFO, "nobody listens");
    weft_say(&log, WEFT_WARNING, "%d\nlines\n", 2);
    ck_assert_int_eq(h.level, WEFT_WARNING);
    ck_assert_str_eq(h.text, "2 lines");
}
END_TEST

/* ---- numbers ---- */

static void check_format(double value, int digits, const char *wanted)
{
    char text[WEFT_NUMBER_TEXT];
    ck_assert_str_eq(weft_format(value, digits, text), wanted);
}

static void check_fixed(double value, int decimals, const char *wanted)
{
    char text[WEFT_NUMBER_TEXT];
    ck_assert_str_eq(weft_fixed(value, decimals, text), wanted);
    ck_assert_str_eq(text, wanted);
}

static double parsed(const char *text)
{
    double value = 0;
    ck_assert_msg(weft_parse_double(text, &value), "\"%s\" is a number", text);
    return value;
}

static void check_numbers(void)
{
    char text[WEFT_NUMBER_TEXT];
    check_format(0.5, 9, "0.5");
    check_format(-1234567.0, 9, "-1234567");
    check_format(1e30, 9, "1e+30");
    check_format(-1.5e-7, 9, "-1.5e-07");
    check_format(-1.2345678901234567e-300, 99, "-1.2345678901234568e-300");
    check_format((double)NAN, 9, "nan");
    check_format(-(double)NAN, 9, "nan");
    check_format((double)INFINITY, 9, "inf");
    check_format(-(double)INFINITY, 9, "-inf");

    check_fixed(0, 0, "0");
    check_fixed(0.30000000000000004, 1, "0.3");
    check_fixed(92.46, 1, "92.5");
    check_fixed(0.05, 3, "0.050");
    check_fixed(-1.25, 2, "-1.25");
    check_fixed(-0.001, 1, "0.0");
    check_fixed(-0.4, 0, "0");
    check_fixed(99.96, 1, "100.0");
    check_fixed(999999999, 1, "999999999.0");
    check_fixed(1e12, 1, "1e+12");
    check_fixed(-1e9, 4, "-1e+09");
    check_fixed((double)NAN, 2, "-");
    check_fixed(-(double)INFINITY, 2, "-inf");

    ck_assert_double_eq(parsed("3e-3"), 3e-3);
    ck_assert_double_eq(parsed("+.5"), 0.5);
    ck_assert_double_eq(parsed("-2."), -2.0);
    ck_assert_double_eq(parsed("0x1.8p+3"), 12.0);
    ck_assert_double_eq(parsed("1e-999"), 0.0);
    for (uint32_t i = 0; i < 1000; i++) {
        const double value = weft_normal(weft_draw(1, 9, 0, 0, 0, i), weft_draw(2, 9, 0, 0, 0, i));
        ck_assert_double_eq(parsed(weft_format(value, 17, text)), value);
        const float single = (float)value;
        ck_assert_float_eq((float)parsed(weft_format((double)single, 9, text)), single);
    }
}

START_TEST(test_numbers)
{
    check_numbers();
}
END_TEST

/* Some machines have no locale with a comma; the test then repeats the one above. */
START_TEST(test_numbers_comma)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8",
                                        "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!setlocale(LC_NUMERIC, names[i])) continue;
        double ignored;
        check_numbers();
        ck_assert(!weft_parse_double("1,5", &ignored));
    }
    setlocale(LC_NUMERIC, "C");
    check_numbers();
}
END_TEST

START_TEST(test_not_numbers)
{
    static const char *const bad[] = {"",         " 1",    "1 ",       "1,5",   "nan", "inf",
                                      "1e",       "e5",    ".",        "-",     "--1", "0x",
                                      "0x.p1",    "1e+",   "1e999",    "1.2.3", "1p3", "0x1e+3",
                                      "infinity", "1_000", "-0x1p5000"};
    static char digits[400];
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!weft_parse_double(bad[i], &value), "\"%s\" is no number", bad[i]);
    }
    memset(digits, '1', sizeof digits - 1);
    ck_assert(!weft_parse_double(digits, &value));
}
END_TEST

START_TEST(test_integers)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x10",
                                      "1e3",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551616",
                                      "99999999999999999999999999"};
    int64_t value = 0;
    ck_assert(weft_parse_int("9223372036854775807", &value) && value == INT64_MAX);
    ck_assert(weft_parse_int("-9223372036854775808", &value) && value == INT64_MIN);
    ck_assert(weft_parse_int("+007", &value) && value == 7);
    ck_assert(weft_parse_int("-0", &value) && value == 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!weft_parse_int(bad[i], &value), "\"%s\" is no integer", bad[i]);
    }
}
END_TEST

START_TEST(test_nearest)
{
    static const char *const names[] = {"conv2d", "dense", "dropout", "relu", "leaky_relu", NULL};
    char text[1000];
    ck_assert_str_eq(weft_nearest("conv2", names), "conv2d");
    ck_assert_str_eq(weft_nearest("Dence", names), "dense");
    ck_assert_str_eq(weft_nearest("rleu", names), "relu");
    ck_assert_str_eq(weft_nearest("relu", names), "relu");
    ck_assert_ptr_null(weft_nearest("transformer", names));
    ck_assert_ptr_null(weft_nearest("x", names));
    ck_assert_ptr_null(weft_nearest("", names));
    memset(text, 'd', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_assert_ptr_null(weft_nearest(text, names));
}
END_TEST

/* ---- random draws ---- */

/* The known answers that Random123 publishes for philox4x32, 10 rounds. */
START_TEST(test_philox)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const weft_words words = weft_philox(known[i].counter, known[i].key);
        for (int k = 0; k < 4; k++)
            ck_assert_uint_eq(words.word[k], known[i].answer[k]);
    }
}
END_TEST

/* The places of seed, purpose, layer, when, row and element in key and counter. */
START_TEST(test_draw)
{
    const uint64_t seed = UINT64_C(0x123456789abcdef0);
    const uint32_t key[2] = {0x9abcdef0, 0x12345678};
    const uint32_t counter[4] = {1000003 / 4, 77, 5, 4u << 24 | 9};
    const uint32_t wanted = weft_philox(counter, key).word[1000003 % 4];
    ck_assert_uint_eq(weft_draw(seed, WEFT_RNG_DROPOUT, 9, 5, 77, 1000003), wanted);
    ck_assert_uint_eq(weft_draw(0, 0, 0, 0, 0, 2), 0xbc57ac4c);
}
END_TEST

START_TEST(test_rate_threshold)
{
    enum { DRAWS = 100000 };
    int dropped = 0;
    ck_assert_uint_eq(weft_rate_threshold(0.0f), 0);
    ck_assert_uint_eq(weft_rate_threshold(0.5f), UINT32_C(1) << 31);
    ck_assert_uint_eq(weft_rate_threshold(0.99999994f), 0xffffff00);
    for (uint32_t i = 0; i < DRAWS; i++) {
        dropped +=
            weft_draw(3, WEFT_RNG_DROPOUT, 1, 2, i / 128, i % 128) < weft_rate_threshold(0.3f);
    }
    ck_assert_double_eq_tol(dropped / (double)DRAWS, 0.3, 0.006); /* four deviations */
}
END_TEST

START_TEST(test_normal)
{
    enum { DRAWS = 200000 };
    double sum = 0, squares = 0, fourth = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const double v = weft_normal(weft_draw(7, WEFT_RNG_INIT, 1, 0, 0, 2 * i),
                                     weft_draw(7, WEFT_RNG_INIT, 1, 0, 0, 2 * i + 1));
        sum += v;
        squares += v * v;
        fourth += v * v * v * v;
    }
    ck_assert_double_eq_tol(sum / DRAWS, 0.0, 0.01);
    ck_assert_double_eq_tol(squares / DRAWS, 1.0, 0.015);
    ck_assert_double_eq_tol(fourth / DRAWS, 3.0, 0.1);

    /* The ends of the range are finite, and one value by hand: u1 = u2 = 1/2 + 2^-33. */
    ck_assert(isfinite(weft_normal(0, 0)) && isfinite(weft_normal(UINT32_MAX, UINT32_MAX)));
    ck_assert_double_eq_tol(weft_normal(1u << 31, 1u << 31), -1.1774100225, 1e-8);
}
END_TEST

START_TEST(test_shuffle)
{
    enum { COUNT = 10007 };
    static int32_t first[COUNT], again[COUNT], other[COUNT];
    static bool seen[COUNT];
    int32_t fixed = 0;
    for (int32_t i = 0; i < COUNT; i++)
        first[i] = again[i] = other[i] = i;
    weft_shuffle(5, 1, first, COUNT);
    weft_shuffle(5, 1, again, COUNT);
    weft_shuffle(5, 2, other, COUNT);

    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_mem_ne(first, other, sizeof first);
    for (int32_t i = 0; i < COUNT; i++) {
        ck_assert(first[i] >= 0 && first[i] < COUNT && !seen[first[i]]);
        seen[first[i]] = true;
        fixed += first[i] == i;
    }
    ck_assert_int_lt(fixed, 12); /* one is expected */
    weft_shuffle(5, 1, first, 0);
    weft_shuffle(5, 1, first, 1);
}
END_TEST

/* Every order of three elements comes up equally often. */
START_TEST(test_shuffle_is_fair)
{
    enum { ROUNDS = 60000 };
    int counts[27] = {0};
    for (uint32_t epoch = 0; epoch < ROUNDS; epoch++) {
        int32_t order[3] = {0, 1, 2};
        weft_shuffle(11, epoch, order, 3);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    static const int orders[] = {5, 7, 11, 15, 19, 21};
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_lt(abs(counts[orders[i]] - ROUNDS / 6), 450);
}
END_TEST

/* ---- sizes and shapes ---- */

START_TEST(test_checked)
{
    int64_t i = 0;
    size_t s = 0;
    ck_assert(!weft_mul_i64(INT64_C(1) << 31, INT64_C(1) << 31, &i) && i == INT64_C(1) << 62);
    ck_assert(weft_mul_i64(INT64_C(1) << 32, INT64_C(1) << 31, &i));
    ck_assert(weft_mul_i64(INT64_MAX, 2, &i) && weft_mul_i64(-1, 2, &i) && weft_mul_i64(2, -1, &i));
    ck_assert(!weft_mul_i64(INT64_MAX, 1, &i) && !weft_mul_i64(INT64_MAX, 0, &i) && i == 0);
    ck_assert(!weft_add_i64(INT64_MAX - 1, 1, &i) && i == INT64_MAX);
    ck_assert(weft_add_i64(INT64_MAX, 1, &i) && weft_add_i64(-1, 1, &i));
    ck_assert(weft_mul_size(SIZE_MAX / 2 + 1, 2, &s) && !weft_mul_size(SIZE_MAX, 1, &s));
    ck_assert(weft_add_size(SIZE_MAX, 1, &s) && !weft_add_size(SIZE_MAX - 1, 1, &s));
    ck_assert(!weft_round_i64(65, 64, &i) && i == 128);
    ck_assert(!weft_round_i64(64, 64, &i) && i == 64);
    ck_assert(weft_round_i64(INT64_MAX - 3, 64, &i));
}
END_TEST

START_TEST(test_shapes)
{
    char text[WEFT_SHAPE_TEXT];
    int64_t count = 0;
    const weft_shape image = {3, {28, 28, 1}};
    ck_weft(weft_shape_check(image, &count));
    ck_assert_int_eq(count, 784);
    ck_assert_int_eq(weft_shape_count(image), 784);
    ck_assert_int_eq(weft_shape_count((weft_shape){0}), 0);
    ck_assert_str_eq(weft_shape_print(image, text), "28x28x1");
    ck_assert_str_eq(weft_shape_print((weft_shape){0}, text), "none");
    weft_shape_print((weft_shape){4, {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN}}, text);
    ck_assert_str_eq(text, "-2147483648x-2147483648x-2147483648x-2147483648");

    ck_assert(weft_shape_equal(image, (weft_shape){3, {28, 28, 1, 9}}));
    ck_assert(!weft_shape_equal(image, (weft_shape){3, {28, 28, 3}}));
    ck_assert(!weft_shape_equal(image, (weft_shape){2, {28, 28}}));
    ck_assert_uint_eq(weft_dtype_bytes(WEFT_F32), 4);
    ck_assert_uint_eq(weft_dtype_bytes(WEFT_U8), 1);
    ck_assert_uint_eq(weft_dtype_bytes(WEFT_I32), 4);
}
END_TEST

START_TEST(test_bad_shapes)
{
    int64_t count = 7;
    ck_weft(weft_shape_check((weft_shape){2, {1 << 20, 1 << 20}}, &count));
    ck_assert_int_eq(count, INT64_C(1) << 40);
    ck_weft_refused(weft_shape_check((weft_shape){2, {1 << 20, (1 << 20) + 1}}, &count),
                    WEFT_ERR_SHAPE, "1048576x1048577");
    ck_assert_int_eq(count, 0);
    ck_weft_refused(
        weft_shape_check((weft_shape){4, {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}}, &count),
        WEFT_ERR_SHAPE, "2^40");
    ck_weft_refused(weft_shape_check((weft_shape){2, {3, 0}}, &count), WEFT_ERR_SHAPE, "3x0");
    ck_weft_refused(weft_shape_check((weft_shape){2, {-3, 2}}, &count), WEFT_ERR_SHAPE, "-3x2");
    ck_weft_refused(weft_shape_check((weft_shape){0}, &count), WEFT_ERR_SHAPE, "rank 0");
    ck_weft_refused(weft_shape_check((weft_shape){.rank = 5}, &count), WEFT_ERR_SHAPE, "rank 5");
}
END_TEST

/* ---- ops ---- */

static weft_tensor tensor(weft_dtype dtype, weft_shape shape)
{
    return (weft_tensor){.shape = shape, .dtype = dtype};
}

START_TEST(test_op_names)
{
    for (int i = 0; i < WEFT_OP_COUNT; i++) {
        const weft_op_info *info = weft_op_describe((weft_op_kind)i);
        ck_assert(*info->name != '\0');
        ck_assert(info->inputs >= 1 && info->inputs <= WEFT_MAX_IN);
        ck_assert(info->outputs >= 1 && info->outputs <= WEFT_MAX_OUT);
    }
    ck_assert_str_eq(weft_op_describe(WEFT_OP_conv2d)->name, "conv2d");
    ck_assert_int_eq(weft_op_describe(WEFT_OP_batchnorm_grad)->inputs, 7);
}
END_TEST

/* The three passes of a convolution cost the same. */
START_TEST(test_op_convolution)
{
    const weft_tensor x = tensor(WEFT_F32, (weft_shape){4, {2, 14, 14, 32}});
    const weft_tensor w = tensor(WEFT_F32, (weft_shape){4, {3, 3, 32, 64}});
    const weft_tensor y = tensor(WEFT_F32, (weft_shape){4, {2, 14, 14, 64}});
    const int64_t wanted = INT64_C(2) * 2 * 14 * 14 * 64 * 3 * 3 * 32;
    const weft_op forward = {.kind = WEFT_OP_conv2d, .in = {x, w}, .out = {y}};
    const weft_op data = {.kind = WEFT_OP_conv2d_data_grad, .in = {y, w}, .out = {x}};
    const weft_op weight = {.kind = WEFT_OP_conv2d_weight_grad, .in = {x, y}, .out = {w}};
    ck_assert_int_eq(weft_op_operations(&forward), wanted);
    ck_assert_int_eq(weft_op_operations(&data), wanted);
    ck_assert_int_eq(weft_op_operations(&weight), wanted);
    ck_assert_int_eq(weft_op_bytes(&forward), 4 * (2 * 196 * 32 + 9 * 32 * 64 + 2 * 196 * 64));
}
END_TEST

START_TEST(test_op_figures)
{
    const weft_op gemm = {.kind = WEFT_OP_gemm, .with.gemm = {.m = 5, .n = 7, .k = 11}};
    const weft_op huge = {.kind = WEFT_OP_gemm,
                          .with.gemm = {.m = INT32_MAX, .n = INT32_MAX, .k = INT32_MAX}};
    const weft_op pool = {.kind = WEFT_OP_maxpool,
                          .in = {tensor(WEFT_F32, (weft_shape){4, {1, 4, 4, 3}})},
                          .out = {tensor(WEFT_F32, (weft_shape){4, {1, 2, 2, 3}}),
                                  tensor(WEFT_U8, (weft_shape){4, {1, 2, 2, 3}})},
                          .with.window = {.kernel = {2, 2}}};
    const weft_op gather = {.kind = WEFT_OP_gather,
                            .in = {tensor(WEFT_U8, (weft_shape){4, {60000, 28, 28, 1}}),
                                   tensor(WEFT_I32, (weft_shape){1, {120000}}),
                                   tensor(WEFT_F32, (weft_shape){2, {2, 1}})},
                            .out = {tensor(WEFT_F32, (weft_shape){4, {64, 28, 28, 1}})}};
    ck_assert_int_eq(weft_op_operations(&gemm), 770);
    ck_assert_int_eq(weft_op_operations(&huge), INT64_MAX);
    ck_assert_int_eq(weft_op_operations(&pool), 48);
    ck_assert_int_eq(weft_op_bytes(&pool), 4 * 48 + 4 * 12 + 12);
    ck_assert_int_eq(weft_op_operations(&gather), 2 * 64 * 784);
    ck_assert_int_eq(weft_op_bytes(&gather), 64 * 784 + 64 * 4 + 8 + 4 * 64 * 784);
}
END_TEST

static void add_case(Suite *suite, const char *name, const TTest *const *tests)
{
    TCase *c = tcase_create(name);
    for (; *tests; tests++)
        tcase_add_test(c, *tests);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("base");
    add_case(suite, "status",
             (const TTest *const[]){test_status_codes, test_message, test_message_is_one_line,
                                    test_message_too_long, test_log, NULL});
    add_case(suite, "numbers",
             (const TTest *const[]){test_numbers, test_numbers_comma, test_not_numbers,
                                    test_integers, test_nearest, NULL});
    add_case(suite, "random",
             (const TTest *const[]){test_philox, test_draw, test_rate_threshold, test_normal,
                                    test_shuffle, test_shuffle_is_fair, NULL});
    add_case(suite, "shapes",
             (const TTest *const[]){test_checked, test_shapes, test_bad_shapes, NULL});
    add_case(suite, "ops",
             (const TTest *const[]){test_op_names, test_op_convolution, test_op_figures, NULL});
    return weft_suite_run(suite);
}
