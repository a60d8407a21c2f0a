/* Faults of the C library, for tests: linked into a second build of the program by the linker's
 * --wrap, it stands before Weft's own calls. Other libraries and drivers call past it.
 *
 *   WEFT_FAIL=CALL:N:ACTION  at the N-th call of a function, or of a group of functions:
 *       once    it fails
 *       always  it and all later ones fail
 *       kill    the process dies before it, as by kill -9
 *       half    the same, but a write has put half of its bytes there
 *       term    SIGTERM comes before it
 *       twice   SIGINT comes before it, two times
 *   WEFT_FAIL_COUNT=FILE     at the end, a line "CALL COUNT" for each function and group
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Function, its group, errno of a failure. A group comes before its members. */
#define CALL_LIST(X)                 \
    X(memory, memory, ENOMEM)        \
    X(malloc, memory, ENOMEM)        \
    X(calloc, memory, ENOMEM)        \
    X(realloc, memory, ENOMEM)       \
    X(aligned_alloc, memory, ENOMEM) \
    X(disk, disk, EIO)               \
    X(write, disk, ENOSPC)           \
    X(fsync, disk, EIO)              \
    X(rename, disk, EACCES)          \
    X(link, disk, EPERM)             \
    X(file, file, EIO)               \
    X(open, file, EACCES)            \
    X(close, file, EIO)              \
    X(fopen, file, EMFILE)           \
    X(fflush, file, ENOSPC)          \
    X(mkdir, file, EROFS)            \
    X(unlink, file, EROFS)           \
    X(ftruncate, file, EROFS)

#define CALL_ID(name, group, error) ID_##name,
enum { CALL_LIST(CALL_ID) CALL_COUNT };

typedef struct call {
    const char *name;
    int group, error;
} call;

#define CALL_ENTRY(name, group, error) {#name, ID_##group, error},
static const call calls[] = {CALL_LIST(CALL_ENTRY)};

static atomic_long counts[CALL_COUNT];

typedef enum action { NOTHING, FAIL, KILL, HALF, TERM, TWICE } action;

/* What is to happen at this call of a function or group. */
static action wish_for(int id, long number)
{
    static const struct {
        const char *word;
        action action;
    } words[] = {{":once", FAIL}, {":always", FAIL}, {":kill", KILL},
                 {":half", HALF}, {":term", TERM},   {":twice", TWICE}};
    const char *wish = getenv("WEFT_FAIL");
    const size_t length = strlen(calls[id].name);
    char *end = NULL;
    if (!wish || strncmp(wish, calls[id].name, length) != 0 || wish[length] != ':') return NOTHING;
    const long wanted = strtol(wish + length + 1, &end, 10);
    const bool always = strcmp(end, ":always") == 0;
    if (number != wanted && !(always && number > wanted)) return NOTHING;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(end, words[i].word) == 0) return words[i].action;
    }
    return NOTHING;
}

static void die(void)
{
    (void)raise(SIGKILL);
}

/* Count a call and let happen what is to happen before it. */
static action before(int id)
{
    action found = NOTHING;
    const int group = calls[id].group;
    const long one = atomic_fetch_add(&counts[id], 1) + 1;
    const long all = atomic_fetch_add(&counts[group], 1) + 1;
    found = wish_for(id, one);
    if (found == NOTHING) found = wish_for(group, all);
    if (found == KILL || (found == HALF && id != ID_write)) die();
    if (found == TERM) (void)raise(SIGTERM);
    if (found == TWICE) (void)raise(SIGINT);
    if (found == TWICE) (void)raise(SIGINT);
    return found;
}

static bool fails(int id)
{
    if (before(id) != FAIL) return false;
    errno = calls[id].error;
    return true;
}

static __attribute__((destructor)) void tell_counts(void)
{
    const char *path = getenv("WEFT_FAIL_COUNT");
    const int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    if (file < 0) return;
    for (int i = 0; i < CALL_COUNT; i++)
        dprintf(file, "%s %ld\n", calls[i].name, atomic_load(&counts[i]));
    (void)close(file);
}

/* WRAPPED(type, name, parameters, arguments, result of a failure) */
#define WRAPPED(type, name, parameters, arguments, failure) \
    type __real_##name parameters;                          \
    type __wrap_##name parameters;                          \
    type __wrap_##name parameters                           \
    {                                                       \
        if (fails(ID_##name)) return failure;               \
        return __real_##name arguments;                     \
    }

WRAPPED(void *, malloc, (size_t size), (size), NULL)
WRAPPED(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAPPED(void *, realloc, (void *old, size_t size), (old, size), NULL)
WRAPPED(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL)
WRAPPED(int, fsync, (int file), (file), -1)
WRAPPED(int, rename, (const char *from, const char *to), (from, to), -1)
WRAPPED(int, link, (const char *from, const char *to), (from, to), -1)
WRAPPED(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
WRAPPED(int, unlink, (const char *path), (path), -1)
WRAPPED(int, ftruncate, (int file, off_t length), (file, length), -1)
WRAPPED(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)

ssize_t __real_write(int file, const void *bytes, size_t count);
ssize_t __wrap_write(int file, const void *bytes, size_t count);
ssize_t __wrap_write(int file, const void *bytes, size_t count)
{
    const action found = before(ID_write);
    if (found == HALF) (void)!__real_write(file, bytes, count / 2);
    if (found == HALF) die();
    if (found != FAIL) return __real_write(file, bytes, count);
    errno = calls[ID_write].error;
    return -1;
}

/* What fails to be closed or written out is gone all the same. */
int __real_close(int file);
int __wrap_close(int file);
int __wrap_close(int file)
{
    const bool failed = fails(ID_close);
    const int error = errno, result = __real_close(file);
    if (failed) errno = error;
    return failed ? -1 : result;
}

int __real_fflush(FILE *file);
int __wrap_fflush(FILE *file);
int __wrap_fflush(FILE *file)
{
    const bool failed = file != stdout && file != stderr && fails(ID_fflush);
    const int error = errno, result = __real_fflush(file);
    if (failed) errno = error;
    return failed ? EOF : result;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails(ID_open) ? -1 : __real_open(path, flags, mode);
}
