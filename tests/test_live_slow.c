/* What a user sees of `weft train` on a terminal: the program runs behind a pseudo-terminal, a
 * small emulator shows what is on the screen. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE 1 /* struct winsize */

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/emulator.h"
#include "tests/tiny_run.h"

enum { EPOCHS = 12, SHORT = 4, TALL = 40, WORDS = 40, RAW = 1 << 22, PLOT_LINES = 10 };

static const char HEAD[] = "train loss  train acc   val loss    val acc  seconds   images/s  best";
static const char LEGEND[] = " training   o validation";

/* The program behind a terminal. */
typedef struct session {
    pid_t child;
    int master;
    size_t used; /* of raw */
} session;

static emulator screen;
static char raw[RAW]; /* all that came */

static void set_size(const session *s, int width, int height)
{
    struct winsize size = {.ws_col = (unsigned short)width, .ws_row = (unsigned short)height};
    ck_assert_int_eq(ioctl(s->master, TIOCSWINSZ, &size), 0);
}

/* In the child: the terminal becomes its own, so that Ctrl-C reaches it. */
static void become(const char *terminal, char *line)
{
    char *word[WORDS];
    int count = 0;
    for (char *at = strtok(line, " "); at && count < WORDS - 1; at = strtok(NULL, " "))
        word[count++] = at;
    word[count] = NULL;
    if (setsid() < 0) _exit(99);
    const int fd = open(terminal, O_RDWR);
    if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(99);
    if (fd > 2) close(fd);
    execv(WEFT_PROGRAM, word);
    _exit(99);
}

static session begin(int width, int height, const char *arguments)
{
    char line[PROGRAM_LINE];
    session s = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    ck_assert_int_ge(s.master, 0);
    ck_assert_int_eq(grantpt(s.master), 0);
    ck_assert_int_eq(unlockpt(s.master), 0);
    set_size(&s, width, height);
    emulator_open(&screen, width, height);
    (void)snprintf(line, sizeof line, "weft %s", arguments);
    s.child = fork();
    ck_assert_int_ge(s.child, 0);
    if (s.child == 0) become(ptsname(s.master), line);
    return s;
}

/* Take in what there is; false when the other side is closed. */
static bool take(session *s)
{
    ck_assert_uint_lt(s->used, RAW - 4096);
    const ssize_t got = read(s->master, raw + s->used, 4096);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    emulator_feed(&screen, raw + s->used, (size_t)got);
    s->used += (size_t)got;
    raw[s->used] = '\0';
    return true;
}

static void take_until(session *s, const char *part)
{
    while (!strstr(raw, part))
        ck_assert_msg(take(s), "the program never says \"%s\": %s", part, raw);
}

/* All that is on its way. */
static void drain(session *s)
{
    struct pollfd wait = {.fd = s->master, .events = POLLIN};
    while (poll(&wait, 1, 0) == 1 && (wait.revents & POLLIN))
        ck_assert(take(s));
}

/* Another size while the program stands still, so that nothing is on its way. */
static void resize(session *s, int width, int height)
{
    int status;
    ck_assert_int_eq(kill(s->child, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(s->child, &status, WUNTRACED), s->child);
    ck_assert_msg(WIFSTOPPED(status), "the run was over too early");
    drain(s);
    set_size(s, width, height);
    emulator_resize(&screen, width, height);
    ck_assert_int_eq(kill(s->child, SIGCONT), 0);
}

/* The exit code, with all that was said. */
static int finish(session *s)
{
    while (take(s))
        continue;
    const int code = program_wait(s->child);
    close(s->master);
    return code;
}

static void start_raw(void)
{
    raw[0] = '\0';
    tiny_open();
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
}

/* ---- what must be true of every screen ---- */

/* Row or line of an epoch, or -1. */
static int find_epoch(int epoch, int epochs)
{
    char table[32], line[32];
    (void)snprintf(table, sizeof table, "%d/%d ", epoch, epochs);
    (void)snprintf(line, sizeof line, "epoch %*d/%d  loss", epochs > 9 ? 2 : 1, epoch, epochs);
    for (int row = 0; row < screen.rows; row++) {
        const char *text = emulator_text(&screen, row);
        if (strncmp(text, line, strlen(line)) == 0) return row;
        while (*text == ' ')
            text++;
        if (strncmp(text, table, strlen(table)) == 0) return row;
    }
    return -1;
}

/* Each epoch once, in order; the row of the last one. */
static int check_epochs(int epochs)
{
    int before = -1;
    for (int epoch = 1; epoch <= epochs; epoch++) {
        const int row = find_epoch(epoch, epochs);
        ck_assert_msg(row > before, "epoch %d is not behind the one before it", epoch);
        before = row;
    }
    return before;
}

/* Rows of the table say what metrics.csv says. */
static void check_numbers(int epochs)
{
    char line[256];
    FILE *file = fopen("run/metrics.csv", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double value[4];
        char wanted[64];
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        ck_assert_int_eq(
            sscanf(line, "%*d,%lf,%lf,%lf,%lf", value, value + 1, value + 2, value + 3), 4);
        (void)snprintf(wanted, sizeof wanted, " %10.4f %10.4f %10.4f %10.4f ", value[0], value[1],
                       value[2], value[3]);
        ck_says(emulator_text(&screen, find_epoch(epoch, epochs)), wanted);
    }
    fclose(file);
}

/* The terminal is as it was, and nothing of what was drawn in place is left. */
static void check_left_well(void)
{
    ck_assert_int_eq(emulator_count(&screen, "ETA"), 0);
    ck_assert(!screen.coloured);
    ck_assert_int_eq(screen.column, 0);
}

/* The plot stands once, whole, right below the last row. */
static void check_plot(int last_row)
{
    ck_assert_int_eq(emulator_count(&screen, LEGEND), 1);
    ck_says(emulator_text(&screen, last_row + 1), LEGEND);
    for (int i = 2; i < PLOT_LINES; i++)
        ck_says(emulator_text(&screen, last_row + i), "\u2502");
    ck_says(emulator_text(&screen, last_row + PLOT_LINES), "\u2514\u2500");
    ck_says(emulator_text(&screen, last_row + PLOT_LINES + 1), "loss   accuracy");
    int dots = 0, marks = 0;
    for (int i = 2; i < PLOT_LINES; i++) {
        const char *text = emulator_text(&screen, last_row + i);
        dots += says(text, "\xe2\xa0") || says(text, "\xe2\xa1") || says(text, "\xe2\xa2") ||
                says(text, "\xe2\xa3");
        marks += says(text, "o");
        ck_assert_int_le(emulator_columns(&screen, last_row + i), 79);
    }
    ck_assert_int_gt(dots, 0);
    ck_assert_int_gt(marks, 0);
}

#define TRAIN_ "train --no-report " TINY " --val-count 12 --out run --overwrite "
#define RUN_12 TRAIN_ "--epochs 12 "
#define RUN_4  TRAIN_ "--epochs 4 "

/* ---- sizes ---- */

START_TEST(a_table_and_a_plot)
{
    const int width = _i == 0 ? 80 : 200;
    session s = begin(width, TALL, RUN_12 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    ck_assert_int_eq(emulator_count(&screen, HEAD), 1);
    check_plot(check_epochs(EPOCHS));
    check_numbers(EPOCHS);
    ck_says(emulator_text(&screen, find_epoch(1, EPOCHS)), "   *");
}
END_TEST

START_TEST(a_table_alone)
{
    session s = begin(80, TALL, RUN_4);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(SHORT);
    check_numbers(SHORT);
    ck_assert_int_eq(emulator_count(&screen, HEAD), 1);
    ck_assert_int_eq(emulator_count(&screen, LEGEND), 0);
}
END_TEST

START_TEST(a_narrow_terminal_has_lines)
{
    session s = begin(79, TALL, RUN_4 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(SHORT);
    ck_assert_int_eq(emulator_count(&screen, HEAD), 0);
    ck_assert_int_eq(emulator_count(&screen, LEGEND), 0);
    ck_says(emulator_text(&screen, find_epoch(3, SHORT)), "epoch 3/4  loss 0.");
}
END_TEST

START_TEST(a_low_terminal_has_no_plot)
{
    session s = begin(80, 15, RUN_4 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(SHORT);
    ck_assert_int_eq(emulator_count(&screen, LEGEND), 0);
}
END_TEST

/* The lowest one that has a plot: all that scrolls out must be rows. */
START_TEST(a_terminal_that_is_just_high_enough)
{
    session s = begin(80, 16, RUN_12 "--plot");
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_plot(check_epochs(EPOCHS));
}
END_TEST

START_TEST(resized_in_the_middle)
{
    session s = begin(200, TALL, RUN_12 "--plot");
    take_until(&s, " 3/12 ");
    resize(&s, 90, 30);
    take_until(&s, " 6/12 ");
    resize(&s, 80, 16);
    take_until(&s, " 9/12 ");
    resize(&s, 120, 50);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    ck_assert_int_eq(emulator_count(&screen, HEAD), 1);
    check_plot(check_epochs(EPOCHS));
    check_numbers(EPOCHS);
}
END_TEST

/* No row is lost, none is overwritten, and no old plot is left, whatever the terminal does with
 * lines that are too long for it; the head comes again. */
START_TEST(narrow_for_a_while)
{
    session s = begin(100, TALL, RUN_12 "--plot");
    take_until(&s, " 4/12 ");
    resize(&s, 60, TALL);
    take_until(&s, "epoch  8/12");
    resize(&s, 100, TALL);
    ck_assert_int_eq(finish(&s), 0);
    check_left_well();
    check_epochs(EPOCHS);
    ck_assert_int_eq(emulator_count(&screen, HEAD), 2);
    ck_assert_int_eq(emulator_count(&screen, LEGEND), 1);
}
END_TEST

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

static void type(const session *s, const char *key)
{
    ck_assert_int_eq(write(s->master, key, 1), 1);
}

START_TEST(interrupted)
{
    struct termios before, after;
    session s = begin(100, TALL, TRAIN_ "--epochs 4000 --plot");
    ck_assert_int_eq(tcgetattr(s.master, &before), 0);
    take_until(&s, " 3/4000 ");
    type(&s, "\x03");
    take_until(&s, "--resume run");
    ck_assert_int_eq(tcgetattr(s.master, &after), 0);
    ck_assert_int_eq(finish(&s), 130);
    check_left_well();
    ck_assert_uint_eq(before.c_lflag, after.c_lflag);
    ck_assert_uint_eq(before.c_oflag, after.c_oflag);
    ck_assert_int_eq(emulator_count(&screen, "weft: stopping after this step"), 1);
    ck_assert_int_eq(emulator_count(&screen, "loss   accuracy"), 1);
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

int main(void)
{
    Suite *suite = suite_create("live_slow");
    TCase *tests = tcase_create("live");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, start_raw, program_close);
    tcase_add_loop_test(tests, a_table_and_a_plot, 0, 2);
    tcase_add_test(tests, a_table_alone);
    tcase_add_test(tests, a_narrow_terminal_has_lines);
    tcase_add_test(tests, a_low_terminal_has_no_plot);
    tcase_add_test(tests, a_terminal_that_is_just_high_enough);
    tcase_add_test(tests, resized_in_the_middle);
    tcase_add_test(tests, narrow_for_a_while);
    tcase_add_test(tests, no_colour);
    tcase_add_test(tests, without_utf8_it_is_ascii);
    tcase_add_test(tests, a_dumb_terminal);
    tcase_add_test(tests, never_on_a_pipe);
    tcase_add_test(tests, quiet_draws_nothing);
    tcase_add_test(tests, interrupted);
    tcase_add_test(tests, interrupted_twice);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
