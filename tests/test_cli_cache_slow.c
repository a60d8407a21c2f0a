#define _XOPEN_SOURCE 700 /* posix_spawn, setenv */

/* A damaged cache of programs: one note, and it is whole again. */
#include <stdlib.h>

#include "tests/tiny_run.h"

static const char network[] = "input shape=6x5x1\nflatten\ndense units=3 name=fc\n";

static void train(const char *out)
{
    ck_fine("train dense.net --data idx:data --device opencl:0 -b 8 --max-steps 2 --out %s", out);
}

static void shell(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void check_damage(const char *command, const char *out)
{
    shell(command);
    train(out);
    ck_says(program_err, "compiled again");
    ck_assert_ptr_null(strstr(strstr(program_err, "compiled again") + 1, "compiled again"));
    ck_says(program_err, ".bin: damaged");
    train("healed");
    ck_assert(!says(program_err, "compiled again"));
    ck_same_files("whole/checkpoints/last.safetensors", "healed/checkpoints/last.safetensors");
    shell("rm -r healed");
}

START_TEST(a_damaged_cache_is_rebuilt)
{
    tiny_open();
    scratch_write("dense.net", network, sizeof network - 1);
    ck_assert_int_eq(setenv("WEFT_CACHE_DIR", scratch_path("cache"), 1), 0);
    if (tiny_has_opencl()) {
        train("whole");
        ck_assert(!says(program_err, "compiled again"));
        check_damage("for f in cache/*.bin; do head -c 100 $f > cut && mv cut $f; done", "cut-off");
        check_damage("for f in cache/*.bin; do : > $f; done", "empty");
        check_damage("for f in cache/*.bin; do echo more >> $f; done", "longer");
    }
    program_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_cache");
    TCase *c = tcase_create("cache");
    tcase_set_timeout(c, 0);
    tcase_add_test(c, a_damaged_cache_is_rebuilt);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
