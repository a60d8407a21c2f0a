/* A process that works on the device of a selftest opens it as the selftest was told to. */
#include "cli/selftest_line.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

static weft_device_entry entry = {.id = "opencl:1"};

static void ck_line(const cli_line *c, const char *wanted)
{
    char line[512] = "";
    for (int i = 0; c->list[i]; i++) {
        (void)strncat(line, " ", sizeof line - strlen(line) - 1);
        (void)strncat(line, c->list[i], sizeof line - strlen(line) - 1);
    }
    ck_assert_str_eq(line, wanted);
}

START_TEST(every_device_option_is_passed_on)
{
    const cli_selftest_wish wish = {
        .entry = &entry, .family = WEFT_FAMILY_TILE, .gemm = WEFT_GEMM_CLBLAST, .threads = 3};
    cli_line c = {.count = 0};
    cli_line_device(&c, &wish);
    ck_line(&c, " --device opencl:1 --family tile --gemm clblast --threads 3");
}
END_TEST

START_TEST(a_part_has_them_too)
{
    const cli_selftest_wish wish = {.entry = &entry, .quick = true};
    cli_line c = {.count = 0};
    cli_line_part(&c, "/bin/weft", &wish, weft_selftest_find("gemm"));
    ck_line(&c, " /bin/weft selftest --part gemm --device opencl:1 --family auto --gemm auto "
                "--quick");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selftest_line");
    TCase *tests = tcase_create("command");
    tcase_add_test(tests, every_device_option_is_passed_on);
    tcase_add_test(tests, a_part_has_them_too);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
