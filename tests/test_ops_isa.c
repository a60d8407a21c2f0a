/* Every build of the CPU ops that this machine can run, not only the one that it takes, against the
 * double one. */
#include <string.h>

#include "tests/op_reference.h"
#include "tests/suite.h"

/* Absent where the compiler could not build them. */
const weft_cpu_table *weft_cpu_table_base(void) __attribute__((weak));
const weft_cpu_table *weft_cpu_table_v3(void) __attribute__((weak));

static const weft_cpu_table *tables[2];
static int table_count;

START_TEST(agrees_with_double)
{
    const weft_cpu_table *table = tables[_i / op_case_count()];
    op_case c;
    op_data data;
    op_result reference;
    op_case_at(_i % op_case_count(), &c);
    if (c.level == OP_ALL) return;
    ck_weft(op_data_new(&c, OP_FLOATS, 1, &data));
    op_result_new(&c, &data, 1, &reference);
    op_run_table(table, &c.op, &c.values, data.in, data.out, 2);
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        if (!data.out[i]) continue;
        const op_match match = op_compare(&c.op.out[i], data.out[i], reference.out[i], OP_DOUBLE);
        ck_assert_msg(match.nan_lost + match.nan_more == 0, "%s: NaN in output %d: %s", table->name,
                      i, c.name);
        ck_assert_msg(match.error <= c.bound, "%s: output %d: error %g > %g, worst %lld: %s",
                      table->name, i, match.error, c.bound, (long long)match.worst, c.name);
    }
    op_data_free(&data);
    op_result_free(&reference);
}
END_TEST

/* What a machine runs includes what its better ones run: v4 brings v3. */
static void list_tables(void)
{
    const weft_cpu_table *best = weft_cpu_table_best();
    if (weft_cpu_table_base) tables[table_count++] = weft_cpu_table_base();
    if (weft_cpu_table_v3 && strstr(best->name, "-v")) tables[table_count++] = weft_cpu_table_v3();
}

int main(void)
{
    list_tables();
    Suite *suite = suite_create("ops_isa");
    TCase *tcase = tcase_create("agreement");
    tcase_set_timeout(tcase, 0);
    tcase_add_loop_test(tcase, agrees_with_double, 0, table_count * op_case_count());
    suite_add_tcase(suite, tcase);
    return weft_suite_run(suite);
}
