/* What a user sees of `weft train` on a terminal that is not as others, and of Ctrl-C. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE 1 /* struct winsize */

#include "tests/live_run.h"

/* ---- what the environment says ---- */

START_TEST(no_colour)
{
    setenv("NO_COLOR", "1", 1);
    session s = begin(80, TALL, RUN_4 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_plot(check_epochs(SHORT));
    for (const char *at = raw; (at = strstr(at, "\033[")) != NULL; at++)
        ck_assert_int_ne(at[2 + strspn(at + 2, "0123456789;")], 'm');
}
END_TEST

START_TEST(without_utf8_it_is_ascii)
{
    static const char *const locales[] = {"C", "POSIX", "de_DE.ISO-8859-1", "de_DE"};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        raw[0] = '\0';
        setenv("LC_ALL", locales[i], 1);
        session s = begin(80, TALL, RUN_4 "--plot");
        ck_assert_int_eq(finish(&s), 0);
        const int last = check_epochs(SHORT);
        ck_says(emulator_text(&screen, last + 1), ".'. training   o validation");
        ck_says(emulator_text(&screen, last + 2), "|");
        ck_says(emulator_text(&screen, last + PLOT_LINES), "+-----");
        for (const char *at = raw; *at; at++)
            ck_assert(!(*at & 0x80));
    }
}
END_TEST

START_TEST(a_dumb_terminal)
{
    setenv("TERM", "dumb", 1);
    session s = begin(120, TALL, RUN_4 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    ck_assert_ptr_null(strchr(raw, '\033'));
    check_epochs(SHORT);
}
END_TEST

/* On a pipe and in a file there are lines, and not one sequence for terminals. */
START_TEST(never_on_a_pipe)
{
    ck_fine(RUN_4 "--plot");
    ck_assert_ptr_null(strchr(program_err, '\033'));
    ck_assert_ptr_null(strchr(program_err, '\r'));
    ck_says(program_err, "\nepoch 1/4  loss ");
    ck_says(program_err, "\nepoch 4/4  loss ");
    ck_assert(!says(program_err, "validation"));
}
END_TEST

START_TEST(quiet_draws_nothing)
{
    session s = begin(100, TALL, RUN_4 "--plot --quiet");
    ck_assert_int_eq(finish(&s), 0);
    ck_assert_ptr_null(strchr(raw, '\033'));
    ck_assert(!says(raw, "1/4"));
}
END_TEST

/* ---- Ctrl-C ---- */

/* Between two frames: a terminal throws away what is on its way when such a key comes. */
static void type(session *s, const char *key)
{
    while (!ends_whole(s))
        ck_assert(take(s));
    ck_assert_int_eq(write(s->master, key, 1), 1);
}

START_TEST(interrupted)
{
    struct termios before, after;
    session s = begin(100, TALL, RUN_LONG "--plot");
    ck_assert_int_eq(tcgetattr(s.master, &before), 0);
    take_until(&s, " 3/4000 ");
    type(&s, "\x03");
    take_until(&s, "--resume run");
    ck_assert_int_eq(tcgetattr(s.master, &after), 0);
    ck_assert_int_eq(finish(&s), 130);
    check_left_well();
    ck_assert_int_eq(count("ETA"), 0);
    ck_assert_uint_eq(before.c_lflag, after.c_lflag);
    ck_assert_uint_eq(before.c_oflag, after.c_oflag);
    ck_assert_int_eq(count("weft: stopping after this step"), 1);
    ck_assert_int_eq(count("loss   accuracy"), 1);
    ck_assert_int_eq(find_epoch(1, 4000) >= 0, 1);
}
END_TEST

/* Whatever moment it is, the line under way is whole and no colour is left on. */
START_TEST(interrupted_twice)
{
    session s = begin(100, TALL, TRAIN_ "--epochs 100000 --plot");
    take_until(&s, " 2/100000");
    type(&s, "\x03");
    ck_assert_int_eq(kill(s.child, SIGINT), 0);
    const int code = finish(&s);
    ck_assert_int_eq(code, 130);
    ck_assert(!screen.coloured);
    ck_assert_str_eq(screen.escape, "");
}
END_TEST

/* A process group without a parent in the session does not stop, but goes on below. */
START_TEST(asked_to_pause)
{
    session s = begin(100, TALL, RUN_LONG "--plot");
    take_until(&s, " 3/4000 ");
    type(&s, "\x1a");
    take_until(&s, "^Z");
    take_frames(&s, 3);
    halt(&s);
    check_seen();
    ck_assert_int_eq(count("^Z"), 1);
    ck_assert_int_eq(kill(s.child, SIGCONT), 0);
    ck_assert_int_eq(kill(s.child, SIGKILL), 0);
    (void)finish(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_slow");
    TCase *tests = tcase_create("live");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, start_raw, program_close);
    tcase_add_test(tests, no_colour);
    tcase_add_test(tests, without_utf8_it_is_ascii);
    tcase_add_test(tests, a_dumb_terminal);
    tcase_add_test(tests, never_on_a_pipe);
    tcase_add_test(tests, quiet_draws_nothing);
    tcase_add_test(tests, interrupted);
    tcase_add_test(tests, interrupted_twice);
    tcase_add_test(tests, asked_to_pause);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
