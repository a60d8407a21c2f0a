/* Fused plans compute what unfused ones do: on the CPU, where a fused op runs the ops that it
 * stands for. What differs here is the fusion pass's doing. */
#include "tests/op_composed.h"
#include "tests/op_twin.h"
#include "tests/suite.h"

START_TEST(fused_plans_compute_the_same)
{
    const twin_case c = twin_at(_i);
    weft_device *device = NULL;
    ck_weft(op_composed_open(&device));
    const int fused = twin_check(device, "composed", WEFT_SOURCE_DIR "/models", &c);
    ck_assert_msg((fused == 0) == c.still, "%s: %d fused ops", c.name, fused);
    device->backend->close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fuse_run");
    TCase *tests = tcase_create("twins");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, fused_plans_compute_the_same, 0, twin_count());
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
