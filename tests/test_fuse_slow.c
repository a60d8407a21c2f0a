/* setenv is POSIX. */
#define _XOPEN_SOURCE 700

/* Fused plans on OpenCL devices, in each kernel family: what the fused kernels compute in a
 * training, beside what the plain ones do. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/op_devices.h"
#include "tests/op_twin.h"
#include "tests/suite.h"

static op_device devices[OP_MAX_DEVICES];
static int device_count;

START_TEST(fused_plans_compute_the_same)
{
    const op_device *d = &devices[_i / twin_count()];
    const twin_case c = twin_at(_i % twin_count());
    if (!op_wanted_case(_i % twin_count())) return;
    if (c.large && op_wanted_level() != OP_ALL) return;
    const int fused = twin_check(d->device, d->name, WEFT_SOURCE_DIR "/models", &c);
    printf("%s: %s, batch %d: %d fused ops\n", d->name, c.name, (int)c.batch, fused);
}
END_TEST

int main(void)
{
    setenv("WEFT_TEST_BACKEND", "opencl", 1);
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;
    Suite *suite = suite_create("fuse_slow");
    TCase *tests = tcase_create("twins");
    tcase_set_timeout(tests, 0);
    tcase_add_loop_test(tests, fused_plans_compute_the_same, 0, device_count * twin_count());
    suite_add_tcase(suite, tests);
    const int code = weft_suite_run(suite);
    op_devices_close(devices, device_count);
    return code;
}
