/* The program behind a pseudo-terminal with an emulator that shows what is on the screen, and what
 * must be true of every screen of a training.
 * Define _XOPEN_SOURCE 700 and _DEFAULT_SOURCE (struct winsize) before the first include. */
#ifndef WEFT_TESTS_LIVE_RUN_H
#define WEFT_TESTS_LIVE_RUN_H

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/emulator.h"
#include "tests/tiny_run.h"

enum { SHORT = 4, LONG = 4000, TALL = 40, WORDS = 40, RAW = 1 << 22, PLOT_LINES = 10 };

#define TRAIN_   "train --no-report " TINY " --val-count 12 --out run --overwrite "
#define RUN_4    TRAIN_ "--epochs 4 "
#define RUN_LONG TRAIN_ "--epochs 4000 "

static const char HEAD[] = "train loss  train acc   val loss    val acc  seconds   images/s  best";
static const char FRAME_END[] = "\033[?7h";
static const char LEGEND[] = " training   o validation";

/* The program behind a terminal. */
typedef struct session {
    pid_t child;
    int master;
    size_t used; /* of raw */
} session;

static emulator screen;
static char raw[RAW]; /* all that came */

static inline void set_size(const session *s, int width, int height)
{
    struct winsize size = {.ws_col = (unsigned short)width, .ws_row = (unsigned short)height};
    ck_assert_int_eq(ioctl(s->master, TIOCSWINSZ, &size), 0);
}

/* In the child: the terminal becomes its own, so that Ctrl-C reaches it. */
static inline void become(const char *terminal, char *line)
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

/* A terminal without a program. */
static inline session open_terminal(int width, int height)
{
    const session s = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    ck_assert_int_ge(s.master, 0);
    ck_assert_int_eq(grantpt(s.master), 0);
    ck_assert_int_eq(unlockpt(s.master), 0);
    set_size(&s, width, height);
    emulator_open(&screen, width, height);
    return s;
}

static inline session begin(int width, int height, const char *arguments)
{
    char line[PROGRAM_LINE];
    session s = open_terminal(width, height);
    (void)snprintf(line, sizeof line, "weft %s", arguments);
    s.child = fork();
    ck_assert_int_ge(s.child, 0);
    if (s.child == 0) become(ptsname(s.master), line);
    return s;
}

/* Take in what there is; false when the other side is closed. */
static inline bool take(session *s)
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

static inline void take_until(session *s, const char *part)
{
    while (!strstr(raw, part))
        ck_assert_msg(take(s), "the program never says \"%s\": %s", part, raw);
}

/* So many ends of frames more. */
static inline void take_frames(session *s, int count)
{
    const char *at = raw + s->used;
    while (count > 0) {
        const char *end = strstr(at, FRAME_END);
        if (end) {
            at = end + 1;
            count--;
        } else {
            ck_assert(take(s));
        }
    }
}

/* All that is on its way. */
static inline void drain(session *s)
{
    struct pollfd wait = {.fd = s->master, .events = POLLIN};
    while (poll(&wait, 1, 0) == 1 && (wait.revents & POLLIN))
        ck_assert(take(s));
}

/* Whether the last bytes are the end of a frame. */
static inline bool ends_whole(const session *s)
{
    const size_t size = strlen(FRAME_END);
    return s->used >= size && strcmp(raw + s->used - size, FRAME_END) == 0;
}

/* The program stands still between two frames, and nothing is on its way. */
static inline void halt(session *s)
{
    int status;
    for (;;) {
        ck_assert_int_eq(kill(s->child, SIGSTOP), 0);
        ck_assert_int_eq(waitpid(s->child, &status, WUNTRACED), s->child);
        ck_assert_msg(WIFSTOPPED(status), "the run was over too early");
        drain(s);
        if (ends_whole(s)) return;
        ck_assert_int_eq(kill(s->child, SIGCONT), 0);
        ck_assert(take(s));
    }
}

static inline void resize(session *s, int width, int height)
{
    halt(s);
    set_size(s, width, height);
    emulator_resize(&screen, width, height);
    ck_assert_int_eq(kill(s->child, SIGCONT), 0);
}

/* The exit code, with all that was said. */
static inline int finish(session *s)
{
    while (take(s))
        continue;
    const int code = program_wait(s->child);
    close(s->master);
    return code;
}

static inline void start_raw(void)
{
    raw[0] = '\0';
    tiny_open();
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
}

/* ---- what must be true of every screen ---- */

/* Lines with a text, of all that can be scrolled back to. */
static inline int count(const char *part)
{
    return emulator_count(&screen, 0, part);
}

static inline int count_seen(const char *part)
{
    return emulator_count(&screen, emulator_top(&screen), part);
}

/* Row or line of an epoch, or -1. */
static inline int find_epoch(int epoch, int epochs)
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
static inline int check_epochs(int epochs)
{
    int before = -1;
    for (int epoch = 1; epoch <= epochs; epoch++) {
        const int row = find_epoch(epoch, epochs);
        ck_assert_msg(row > before, "epoch %d is not behind the one before it", epoch);
        before = row;
    }
    return before;
}

/* The terminal is as it was, and nothing of what was drawn in place can be seen. */
static inline void check_left_well(void)
{
    ck_assert_int_eq(count_seen("ETA"), 0);
    ck_assert(!screen.coloured);
    ck_assert_int_eq(screen.column, 0);
}

/* The plot stands once, whole, right below the last row. */
static inline void check_plot(int last_row)
{
    ck_assert_int_eq(count(LEGEND), 1);
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

/* The live line, or what a narrow terminal leaves of it. */
static inline int count_bars(void)
{
    int bars = 0;
    for (int row = emulator_top(&screen); row < screen.rows; row++) {
        const char *at = strstr(emulator_text(&screen, row), "/4000  ");
        bars += at && at[7] >= '0' && at[7] <= '9';
    }
    return bars;
}

/* At most one bar, one plot where there is room for it, and no part of another. */
static inline void check_seen(void)
{
    const int plots = screen.width >= 80 && screen.height >= 16;
    ck_assert_int_le(count_bars(), 1);
    ck_assert_int_eq(count_seen(LEGEND), plots);
    ck_assert_int_eq(count_seen("\u2514\u2500"), plots);
    ck_assert_int_eq(count_seen("\u2500"), plots);
    ck_assert_int_eq(count_seen("\u2502"), plots * 8);
}

#endif
