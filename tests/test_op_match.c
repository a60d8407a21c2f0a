/* How the outputs of an op are compared with the reference. */
#include <check.h>
#include <math.h>

#include "core/selftest/op_data.h"
#include "tests/suite.h"

enum { COUNT = 3 };

static double error_of(const float *device, const float *reference)
{
    const weft_tensor tensor = {.shape = {1, {COUNT}}};
    const op_match match = op_compare(&tensor, device, reference, OP_SINGLE);
    return op_match_error(&match);
}

START_TEST(numbers)
{
    const float reference[COUNT] = {3, 4, 0}, device[COUNT] = {3, 4, 5};
    ck_assert_double_eq(error_of(reference, reference), 0);
    ck_assert_double_eq(error_of(device, reference), 1);
}
END_TEST

START_TEST(a_number_beside_none)
{
    const float reference[COUNT] = {3, 4, 0}, device[COUNT] = {3, 4, NAN};
    ck_assert_double_eq(error_of(device, reference), (double)INFINITY);
    ck_assert_double_eq(error_of(reference, device), (double)INFINITY);
    ck_assert_double_eq(error_of(device, device), 0);
}
END_TEST

START_TEST(infinities)
{
    const float above[COUNT] = {3, 4, INFINITY}, below[COUNT] = {3, 4, -INFINITY};
    const float finite[COUNT] = {3, 4, 0};
    ck_assert_double_eq(error_of(above, above), 0);
    ck_assert_double_eq(error_of(above, below), (double)INFINITY);
    ck_assert_double_eq(error_of(above, finite), (double)INFINITY);
    ck_assert_double_eq(error_of(finite, above), (double)INFINITY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_match");
    TCase *all = tcase_create("all");
    tcase_add_test(all, numbers);
    tcase_add_test(all, a_number_beside_none);
    tcase_add_test(all, infinities);
    suite_add_tcase(suite, all);
    return weft_suite_run(suite);
}
