/* Principal components against data whose components are known. */
#include <math.h>
#include <stdlib.h>

#include "core/pca.h"
#include "core/selftest/op_data.h"
#include "tests/suite.h"

enum { COUNT = 60, WIDTH = 11 };
static const double PI = 3.14159265358979323846;

/* Waves of different frequency over whole periods: orthogonal, without mean. */
static double wave(int row, int frequency)
{
    return sin(2 * PI * frequency * (row + 0.5) / COUNT);
}

/* Orthonormal directions: waves again, along the columns (the discrete cosine transform). */
static double direction(int k, int column)
{
    return sqrt(2.0 / WIDTH) * cos(PI * (k + 1) * (column + 0.5) / WIDTH);
}

/* Component k has the wave k + 1 times size[k] along direction k; all columns are moved. */
static void make_rows(const double *size, int components, float *rows)
{
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < WIDTH; j++) {
            double x = 5 + j;
            for (int k = 0; k < components; k++)
                x += size[k] * wave(i, k + 1) * direction(k, j);
            rows[i * WIDTH + j] = (float)x;
        }
    }
}

/* 1 when a direction's largest number is positive, else -1. */
static double sign_of(int k)
{
    double most = 0;
    for (int j = 0; j < WIDTH; j++)
        if (fabs(direction(k, j)) > fabs(most) + 1e-9) most = direction(k, j);
    return most < 0 ? -1 : 1;
}

START_TEST(finds_the_components)
{
    static const double size[] = {1, 4, 3, 0.5, 0.2, 2.5, 0.1, 0.3, 0.05};
    float rows[COUNT * WIDTH], xy[COUNT * 2];
    double explained[2], total = 0;
    make_rows(size, 9, rows);
    for (int k = 0; k < 9; k++)
        total += size[k] * size[k];
    ck_weft(weft_pca(rows, COUNT, WIDTH, xy, explained));
    ck_assert_double_eq_tol(explained[0], 16 / total, 1e-6);
    ck_assert_double_eq_tol(explained[1], 9 / total, 1e-6);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_double_eq_tol((double)xy[2 * i], sign_of(1) * 4 * wave(i, 2), 1e-5);
        ck_assert_double_eq_tol((double)xy[2 * i + 1], sign_of(2) * 3 * wave(i, 3), 1e-5);
    }
}
END_TEST

/* The sign does not depend on the order of rows, nor on theirs. */
START_TEST(signs_are_fixed)
{
    static const double size[] = {3, 2, 0.1};
    float rows[COUNT * WIDTH], mirrored[COUNT * WIDTH], xy[COUNT * 2], other[COUNT * 2];
    make_rows(size, 3, rows);
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < WIDTH; j++)
            mirrored[i * WIDTH + j] = rows[(COUNT - 1 - i) * WIDTH + j];
    ck_weft(weft_pca(rows, COUNT, WIDTH, xy, NULL));
    ck_weft(weft_pca(mirrored, COUNT, WIDTH, other, NULL));
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 2; k++)
            ck_assert_double_eq_tol((double)xy[2 * i + k], (double)other[2 * (COUNT - 1 - i) + k],
                                    1e-5);
    ck_weft(weft_pca(rows, COUNT, WIDTH, other, NULL));
    ck_assert_mem_eq(xy, other, sizeof xy);
}
END_TEST

/* Fewer directions than components: what is not there is zero, not noise. */
START_TEST(missing_components_are_zero)
{
    float rows[] = {1, 2, 3, 2, 4, 6, 4, 8, 12}, one[] = {3, 5}, flat[12] = {0}, xy[12];
    double explained[2];
    ck_weft(weft_pca(rows, 3, 3, xy, explained));
    ck_assert_double_eq_tol(explained[0], 1, 1e-9);
    ck_assert_double_eq_tol(explained[1], 0, 1e-9);
    const double length = sqrt(14), mean = 7.0 / 3;
    static const double along[] = {1, 2, 4};
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol((double)xy[2 * i], (along[i] - mean) * length, 1e-5);
        ck_assert_double_eq_tol((double)xy[2 * i + 1], 0, 1e-6);
    }
    ck_weft(weft_pca(one, 2, 1, xy, explained));
    ck_assert(xy[0] == -1 && xy[1] == 0 && xy[2] == 1 && xy[3] == 0);
    ck_weft(weft_pca(flat, 4, 3, xy, explained));
    for (int i = 0; i < 8; i++)
        ck_assert(xy[i] == 0);
    ck_assert(explained[0] == 0 && explained[1] == 0);
}
END_TEST

/* More columns than rows, and noise with no gap between variances: the answer is orthogonal and
 * holds more than any single column does. */
START_TEST(noise_is_no_obstacle)
{
    enum { FEW = 40, MANY = 600 };
    float *rows = malloc((size_t)FEW * MANY * sizeof *rows), xy[FEW * 2];
    double explained[2], product = 0, square[2] = {0}, mean[2] = {0}, most = 0, total = 0;
    ck_assert_ptr_nonnull(rows);
    for (int64_t i = 0; i < (int64_t)FEW * MANY; i++)
        rows[i] = (float)op_uniform(21, i);
    ck_weft(weft_pca(rows, FEW, MANY, xy, explained));
    for (int i = 0; i < FEW; i++) {
        product += (double)xy[2 * i] * (double)xy[2 * i + 1];
        for (int k = 0; k < 2; k++) {
            mean[k] += (double)xy[2 * i + k];
            square[k] += (double)xy[2 * i + k] * (double)xy[2 * i + k];
        }
    }
    for (int j = 0; j < MANY; j++) {
        double sum = 0, sum2 = 0;
        for (int i = 0; i < FEW; i++) {
            sum += (double)rows[i * MANY + j];
            sum2 += (double)rows[i * MANY + j] * (double)rows[i * MANY + j];
        }
        total += sum2 - sum * sum / FEW;
        most = fmax(most, sum2 - sum * sum / FEW);
    }
    ck_assert_double_eq_tol(product, 0, 1e-4 * square[1]);
    ck_assert_double_eq_tol(mean[0], 0, 1e-4);
    ck_assert_double_eq_tol(mean[1], 0, 1e-4);
    ck_assert(square[0] >= square[1] && square[1] > most);
    for (int k = 0; k < 2; k++)
        ck_assert_double_eq_tol(explained[k], square[k] / total, 1e-6);
    free(rows);
}
END_TEST

START_TEST(bad_rows_are_refused)
{
    float rows[] = {1, 2, 3, NAN, 5, 6}, xy[6];
    double explained[2];
    ck_weft_refused(weft_pca(rows, 1, 2, xy, explained), WEFT_ERR_USAGE, "two rows");
    ck_weft_refused(weft_pca(rows, 3, 2, xy, explained), WEFT_ERR_FORMAT, "row 1 holds");
    rows[3] = -INFINITY;
    ck_weft_refused(weft_pca(rows, 3, 2, xy, explained), WEFT_ERR_FORMAT, "not finite");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pca");
    TCase *tests = tcase_create("pca");
    tcase_add_test(tests, finds_the_components);
    tcase_add_test(tests, signs_are_fixed);
    tcase_add_test(tests, missing_components_are_zero);
    tcase_add_test(tests, noise_is_no_obstacle);
    tcase_add_test(tests, bad_rows_are_refused);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
