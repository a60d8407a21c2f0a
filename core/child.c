#define _XOPEN_SOURCE 700
#include "core/child.h"

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

enum { LINE_ROOM = 1 << 16 };

extern char **environ;

struct weft_child {
    pid_t pid;
    int output; /* we read */
    size_t used, taken;
    bool ended;
    char text[LINE_ROOM + 1];
};

/* ---- starting ---- */

static int set_up_files(posix_spawn_file_actions_t *files, const int ends[2])
{
    int error = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(files, ends[1], 1);
    if (!error) error = posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawn_file_actions_addclose(files, ends[0]);
    if (!error) error = posix_spawn_file_actions_addclose(files, ends[1]);
    return error;
}

static int spawn(const char *const *argv, const int ends[2], pid_t *pid)
{
    posix_spawn_file_actions_t files;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = set_up_files(&files, ends);
    /* The list is not written to; the interface is older than const. */
    if (!error)
        error = posix_spawn(pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

weft_status weft_child_start(const char *const *argv, weft_child **out)
{
    int ends[2];
    weft_child *child = calloc(1, sizeof *child);
    *out = NULL;
    if (!child) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a process");
    int error = pipe(ends) == 0 ? 0 : errno;
    if (!error) {
        (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        error = spawn(argv, ends, &child->pid);
        close(ends[1]);
        if (error) close(ends[0]);
    }
    if (error) {
        free(child);
        return weft_io_fail("start", argv[0], error);
    }
    child->output = ends[0];
    *out = child;
    return WEFT_OK;
}

/* ---- reading ---- */

/* The line at the front of what was read, cut at its newline; NULL when it is not whole. */
static const char *next_line(weft_child *child)
{
    char *line = child->text + child->taken;
    char *end = memchr(line, '\n', child->used - child->taken);
    const bool rest = child->ended && child->used > child->taken;
    const bool full = child->taken == 0 && child->used == LINE_ROOM;
    if (!end && !rest && !full) return NULL;
    if (!end) end = child->text + child->used;
    child->taken = (size_t)(end - child->text) + 1;
    if (child->taken > child->used) child->taken = child->used;
    *end = '\0';
    return line;
}

static void make_room(weft_child *child)
{
    memmove(child->text, child->text + child->taken, child->used - child->taken);
    child->used -= child->taken;
    child->taken = 0;
}

static bool wait_for_output(const weft_child *child, double seconds)
{
    struct pollfd wish = {.fd = child->output, .events = POLLIN};
    const double end = weft_clock() + seconds;
    for (;;) {
        const double left = end - weft_clock();
        const int found = poll(&wish, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (found >= 0 || errno != EINTR) return found != 0;
    }
}

weft_child_event weft_child_read(weft_child *child, double seconds, const char **line)
{
    while ((*line = next_line(child)) == NULL) {
        if (child->ended) return WEFT_CHILD_END;
        make_room(child);
        if (!wait_for_output(child, seconds)) return WEFT_CHILD_SILENT;
        const ssize_t got = read(child->output, child->text + child->used, LINE_ROOM - child->used);
        if (got > 0) child->used += (size_t)got;
        if (got == 0 || (got < 0 && errno != EINTR)) child->ended = true;
    }
    return WEFT_CHILD_LINE;
}

/* ---- ending ---- */

static void sleep_a_little(void)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
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

int weft_child_end(weft_child *child, bool kill_it)
{
    if (kill_it) (void)kill(child->pid, SIGKILL);
    const int status = wait_for_end(child->pid, kill_it);
    close(child->output);
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
