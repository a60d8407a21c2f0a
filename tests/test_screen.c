/* Frames of a terminal that becomes smaller while they are made. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE 1 /* struct winsize */

#include "cli/screen.h"
#include "tests/live_run.h"

enum { WIDTH = 40, HEIGHT = 10 };

static const char OLD[] = "old old old old old old old";

static session terminal;
static cli_screen frames;
static int error_output; /* where stderr went before */

static void become_terminal(void)
{
    raw[0] = '\0';
    terminal = open_terminal(WIDTH, HEIGHT);
    memset(&frames, 0, sizeof frames);
    error_output = dup(STDERR_FILENO);
    const int fd = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
}

static void leave_terminal(void)
{
    ck_assert_int_eq(dup2(error_output, STDERR_FILENO), STDERR_FILENO);
    close(error_output);
    close(terminal.master);
}

static void change_size(int width, int height)
{
    set_size(&terminal, width, height);
    emulator_resize(&screen, width, height);
}

static void show(void)
{
    cli_screen_show(&frames);
    take_frames(&terminal, 1);
}

static void add_old(int lines)
{
    for (int i = 0; i < lines; i++)
        cli_screen_add(&frames, OLD);
}

static void draw_new(void)
{
    cli_screen_add(&frames, "new");
    show();
    ck_assert_int_eq(count_seen("old"), 0);
    ck_assert_int_eq(count("new"), 1);
}

START_TEST(lines_in_place_do_not_wrap)
{
    cli_screen_start(&frames);
    change_size(20, HEIGHT);
    add_old(2);
    show();
    cli_screen_start(&frames);
    draw_new();
}
END_TEST

START_TEST(a_line_that_stays_may_wrap)
{
    screen.cuts = true;
    cli_screen_start(&frames);
    add_old(2);
    show();
    cli_screen_start(&frames);
    change_size(20, HEIGHT);
    cli_screen_keep(&frames, "a line that takes two rows");
    draw_new();
    ck_assert_str_eq(emulator_text(&screen, 0), "a line that takes tw");
    ck_assert_str_eq(emulator_text(&screen, 1), "o rows");
}
END_TEST

/* What was pushed out at the top comes back into view. */
START_TEST(a_frame_that_is_too_high_does_not_come_back)
{
    cli_screen_start(&frames);
    change_size(WIDTH, 4);
    add_old(8);
    show();
    ck_assert(!cli_screen_start(&frames));
    show();
    change_size(WIDTH, HEIGHT);
    ck_assert_int_gt(count_seen("old"), 0);
    ck_assert(cli_screen_start(&frames));
    draw_new();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("screen");
    TCase *tests = tcase_create("screen");
    tcase_add_checked_fixture(tests, become_terminal, leave_terminal);
    tcase_add_test(tests, lines_in_place_do_not_wrap);
    tcase_add_test(tests, a_line_that_stays_may_wrap);
    tcase_add_test(tests, a_frame_that_is_too_high_does_not_come_back);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
