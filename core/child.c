#define _XOPEN_SOURCE 700
#include "core/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/posix.h"

enum { LINE_ROOM = 1 << 16, STREAMS = 2, CHILDREN = 64 };

extern char **environ;

/* What comes through one pipe. */
typedef struct stream {
    int file; /* we read */
    size_t used, taken;
    bool ended;
    char text[LINE_ROOM + 1];
} stream;

struct weft_child {
    pid_t pid;
    stream stream[STREAMS]; /* standard output, standard error */
};

/* ---- starting ---- */

typedef struct pipes {
    int end[STREAMS][2]; /* the child writes to [1]; -1: not open */
} pipes;

static void close_ends(const pipes *p, int which)
{
    for (int i = 0; i < STREAMS; i++)
        if (p->end[i][which] >= 0) close(p->end[i][which]);
}

static int open_pipes(pipes *p)
{
    *p = (pipes){{{-1, -1}, {-1, -1}}};
    for (int i = 0; i < STREAMS; i++) {
        if (pipe(p->end[i]) != 0) return errno;
        for (int k = 0; k < 2; k++)
            (void)fcntl(p->end[i][k], F_SETFD, FD_CLOEXEC);
    }
    return 0;
}

static int set_up_files(posix_spawn_file_actions_t *files, const pipes *p)
{
    int error = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < STREAMS && !error; i++)
        error = posix_spawn_file_actions_adddup2(files, p->end[i][1], i + 1);
    return error;
}

static int spawn(const char *const *argv, const pipes *p, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = set_up_files(&files, p);
    /* The list is not written to; the interface is older than const. */
    if (!error)
        error = posix_spawn(pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

weft_status weft_child_start(const char *const *argv, weft_child **out)
{
    pipes p;
    weft_child *child = calloc(1, sizeof *child);
    *out = NULL;
    if (!child) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a process");
    int error = open_pipes(&p);
    if (!error) error = spawn(argv, &p, &child->pid);
    close_ends(&p, 1);
    if (error) {
        close_ends(&p, 0);
        free(child);
        return weft_io_fail("start", argv[0], error);
    }
    for (int i = 0; i < STREAMS; i++)
        child->stream[i].file = p.end[i][0];
    *out = child;
    return WEFT_OK;
}

/* ---- reading ---- */

/* The end of the line at the front of what was read; NULL when it is not whole. */
static char *line_end(stream *s)
{
    char *end = memchr(s->text + s->taken, '\n', s->used - s->taken);
    const bool rest = s->ended && s->used > s->taken;
    const bool full = s->taken == 0 && s->used == LINE_ROOM;
    return end || (!rest && !full) ? end : s->text + s->used;
}

/* That line, cut at its newline. */
static const char *next_line(stream *s)
{
    char *line = s->text + s->taken, *end = line_end(s);
    if (!end) return NULL;
    s->taken = (size_t)(end - s->text) + 1;
    if (s->taken > s->used) s->taken = s->used;
    *end = '\0';
    return line;
}

static void make_room(stream *s)
{
    memmove(s->text, s->text + s->taken, s->used - s->taken);
    s->used -= s->taken;
    s->taken = 0;
}

static void fill(stream *s)
{
    const ssize_t got = read(s->file, s->text + s->used, LINE_ROOM - s->used);
    if (got > 0) s->used += (size_t)got;
    if (got == 0 || (got < 0 && errno != EINTR)) s->ended = true;
}

/* Wait for one of these to be ready; a negative file is passed over. */
static bool wait_for(struct pollfd *wish, nfds_t count, double seconds)
{
    const double end = weft_clock() + seconds;
    for (;;) {
        const double left = end - weft_clock();
        const int found = poll(wish, count, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (found >= 0 || errno != EINTR) return found != 0;
    }
}

static void list_files(const weft_child *child, struct pollfd wish[STREAMS])
{
    for (int i = 0; i < STREAMS; i++) {
        const stream *s = child ? &child->stream[i] : NULL;
        wish[i] = (struct pollfd){.fd = s && !s->ended ? s->file : -1, .events = POLLIN};
    }
}

static bool has_ended(const weft_child *child)
{
    return child->stream[0].ended && child->stream[1].ended;
}

weft_child_event weft_child_read(weft_child *child, double seconds, const char **line)
{
    struct pollfd wish[STREAMS];
    for (;;) {
        for (int i = 0; i < STREAMS; i++) {
            *line = next_line(&child->stream[i]);
            if (*line) return i == 0 ? WEFT_CHILD_LINE : WEFT_CHILD_NOTE;
            make_room(&child->stream[i]);
        }
        if (has_ended(child)) return WEFT_CHILD_END;
        list_files(child, wish);
        if (!wait_for(wish, STREAMS, seconds)) return WEFT_CHILD_SILENT;
        for (int i = 0; i < STREAMS; i++)
            if (wish[i].revents) fill(&child->stream[i]);
    }
}

/* Something to tell that waits for nothing. */
static bool is_ready(weft_child *child)
{
    return has_ended(child) || line_end(&child->stream[0]) || line_end(&child->stream[1]);
}

int weft_child_wait(weft_child *const *list, int count, double seconds)
{
    struct pollfd wish[CHILDREN * STREAMS];
    assert(count <= CHILDREN);
    for (int i = 0; i < count; i++) {
        if (list[i] && is_ready(list[i])) return i;
        list_files(list[i], wish + (size_t)i * STREAMS);
    }
    if (!wait_for(wish, (nfds_t)count * STREAMS, seconds)) return -1;
    for (int i = 0; i < count * STREAMS; i++)
        if (wish[i].revents) return i / STREAMS;
    return -1;
}

/* ---- ending ---- */

static void sleep_a_little(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    (void)nanosleep(&pause, NULL);
}

/* A process that hangs inside a driver of the system may outlive its kill: it is left behind. */
static int wait_for_end(pid_t pid, bool killed)
{
    const double patience = weft_clock() + 5;
    int status = SIGKILL;
    for (;;) {
        const pid_t ended = waitpid(pid, &status, killed ? WNOHANG : 0);
        if (ended == pid || (ended < 0 && errno != EINTR)) return status;
        if (killed && weft_clock() > patience) return SIGKILL;
        if (killed) sleep_a_little();
    }
}

void weft_child_stop(const weft_child *child)
{
    (void)kill(child->pid, SIGTERM);
}

int weft_child_end(weft_child *child, bool kill_it)
{
    if (kill_it) (void)kill(child->pid, SIGKILL);
    const int status = wait_for_end(child->pid, kill_it);
    for (int i = 0; i < STREAMS; i++)
        close(child->stream[i].file);
    free(child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

char *weft_program_path(void)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) return NULL;
    path[length] = '\0';
    char *copy = malloc((size_t)length + 1);
    return copy ? memcpy(copy, path, (size_t)length + 1) : NULL;
}
