/* What tells who and where somebody is leaves the strings of JSON, and nothing else changes. */
#define _XOPEN_SOURCE 700
#include "cli/scrub.h"

#include <check.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "tests/suite.h"

static void set_environment(void)
{
    static const char *const set[][2] = {{"HOME", "/home/alice/"},
                                         {"TMPDIR", "/scratch/tmp//"},
                                         {"XDG_CACHE_HOME", "/home/alice/caches"},
                                         {"WEFT_CACHE_DIR", "/home/alice/caches/weft/"},
                                         {"POCL_CACHE_DIR", "/fast/kernels"},
                                         {"LOGNAME", "alice"},
                                         {"USER", "al"},
                                         {"HOSTNAME", "alpha7.example.org"}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        ck_assert_int_eq(setenv(set[i][0], set[i][1], 1), 0);
}

static void ck_scrubbed(const char *text, const char *wanted)
{
    json_t *json = json_pack("[s]", text);
    ck_assert_int_eq(cli_scrub(json), WEFT_OK);
    const char *clean = json_string_value(json_array_get(json, 0));
    ck_assert_msg(strcmp(clean, wanted) == 0, "\"%s\" became \"%s\", not \"%s\"", text, clean,
                  wanted);
    json_decref(json);
}

static const char *const cases[][2] = {
    {"in /home/alice/work/a.cl", "in <home>/work/a.cl"},
    {"-I/home/alice", "-I<home>"},
    {"/home/alice2/a.cl", "<path>/a.cl"},
    {"/home/alice/caches/x", "<cache>/x"},
    {"/home/alice/caches/weft/x", "<cache>/x"},
    {"/fast/kernels/tempfile.c:3: warning", "<cache>/tempfile.c:3: warning"},
    {"/scratch/tmp/a", "<temporary>/a"},
    {"line\nalice\tand\nal", "line\n<user>\tand\n<user>"},
    {"/tmp/alice_x, x_alice", "<path>/<user>_x, x_<user>"},
    {"malice alice2 value al_x", "malice alice2 value al_x"},
    {"on alpha7.example.org:", "on <host>:"},
    {"on alpha7, alpha7_gpu, alpha70", "on <host>, <host>_gpu, alpha70"},
    {"-I/opt/acme corp/x -I/opt/acme/y/", "-I<path>/acme corp/x -I<path>/"},
    {"in \"/opt/acme/x.h\",/srv/a-b/c.d/\xc3\xa9/z:3:1", "in \"<path>/x.h\",<path>/z:3:1"},
    {"/ /x //x/y */ a/b/c k /= 2 / 3", "/ /x //x/y */ a/b/c k /= 2 / 3"},
    {"https://a.org/b/c 1/2", "https://a.org/b/c 1/2"},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(secrets_leave_a_text)
{
    ck_scrubbed(cases[_i][0], cases[_i][1]);
}
END_TEST

/* Those that cannot be set: of the system and of this process. */
START_TEST(secrets_of_the_system)
{
    char text[8192], folder[4096], host[256];
    const struct passwd *user = getpwuid(getuid());
    char *program = weft_program_path();
    ck_assert_ptr_nonnull(program);
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    ck_assert_int_eq(gethostname(host, sizeof host), 0);
    if (user && strlen(user->pw_name) > 1) ck_scrubbed(user->pw_name, "<user>");
    if (strlen(host) > 1) ck_scrubbed(host, "<host>");
    host[strcspn(host, ".")] = '\0';
    if (strlen(host) > 1) ck_scrubbed(host, "<host>");
    ck_assert_int_eq(chdir("/usr/share"), 0);
    ck_scrubbed("at /usr/share/x", "at <here>/x");
    ck_assert_int_eq(chdir(folder), 0);
    (void)snprintf(text, sizeof text, "<program>%s", strrchr(program, '/'));
    if (strncmp(folder, program, strlen(folder)) != 0) ck_scrubbed(program, text);
    free(program);
}
END_TEST

/* A user "true" on the host "1000": JSON stays what it was. */
START_TEST(keys_and_numbers_stay)
{
    ck_assert_int_eq(setenv("LOGNAME", "true", 1), 0);
    ck_assert_int_eq(setenv("HOSTNAME", "1000", 1), 0);
    json_t *json = json_pack("{s:b, s:i, s:[{s:s}], s:n}", "true", 1, "1000", 1000, "list", "true",
                             "it is true at 1000", "none");
    json_t *wanted = json_pack("{s:b, s:i, s:[{s:s}], s:n}", "true", 1, "1000", 1000, "list",
                               "true", "it is <user> at <host>", "none");
    ck_assert_int_eq(cli_scrub(json), WEFT_OK);
    ck_assert(json_equal(json, wanted));
    json_decref(json);
    json_decref(wanted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scrub");
    TCase *tests = tcase_create("scrub");
    tcase_add_checked_fixture(tests, set_environment, NULL);
    tcase_add_loop_test(tests, secrets_leave_a_text, 0, CASES);
    tcase_add_test(tests, secrets_of_the_system);
    tcase_add_test(tests, keys_and_numbers_stay);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
