/* flock, rusage and window sizes are outside POSIX proper, but on every system that has the rest.
 */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include "core/posix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "core/checked.h"

enum {
    ERROR_TEXT = 128,
    TEMP_TRIES = 100,
    READ_STEP = 65536,
    TERMINAL_COLUMNS = 80,
    TERMINAL_ROWS = 24
};

weft_status weft_io_fail(const char *what, const char *path, int error)
{
    char reason[ERROR_TEXT] = "unknown error";
    const char *cure = "";
    (void)!strerror_r(error, reason, sizeof reason);
    if (error == ENOSPC || error == EDQUOT) cure = " (disk full?)";
    if (error == EFBIG) cure = " (the limit on file sizes, see ulimit -f)";
    if (error == EACCES || error == EPERM) cure = " (check the permissions)";
    return weft_fail(WEFT_ERR_IO, "cannot %s %s: %s%s", what, path, reason, cure);
}

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a file name or a file's contents");
}

/* ---- paths ---- */

static char *copy_text(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* The folder that holds path, a new string. */
static char *parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return copy_text(".", 1);
    if (slash == path) return copy_text("/", 1);
    return copy_text(path, (size_t)(slash - path));
}

bool weft_pattern_match(const char *patterns, const char *name)
{
    char pattern[256];
    while (*patterns) {
        const size_t length = strcspn(patterns, ",");
        if (length > 0 && length < sizeof pattern) {
            memcpy(pattern, patterns, length);
            pattern[length] = '\0';
            if (fnmatch(pattern, name, 0) == 0) return true;
        }
        patterns += length + (patterns[length] == ',');
    }
    return false;
}

/* ---- reading and writing ---- */

static int open_retrying(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* 0 or an errno. After an interrupted close the descriptor is gone, on Linux at least. */
static int close_file(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

static int sync_file(int fd)
{
    while (fsync(fd) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

/* What went wrong first: `error`, or closing. */
static int close_after(int fd, int error)
{
    const int close_error = close_file(fd);
    return error != 0 ? error : close_error;
}

static int write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t wrote = write(fd, bytes, count < INT_MAX ? count : INT_MAX);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return wrote < 0 ? errno : EIO;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return 0;
}

/* Some file systems cannot fsync a folder; they need not, as far as they tell. */
weft_status weft_sync_folder(const char *folder)
{
    const int fd = open_retrying(folder, O_RDONLY);
    if (fd < 0) return weft_io_fail("open the folder", folder, errno);
    int error = sync_file(fd);
    if (error == EINVAL || error == ENOTSUP || error == ENOSYS || error == EBADF) error = 0;
    error = close_after(fd, error);
    return error == 0 ? WEFT_OK : weft_io_fail("write to disk the folder", folder, error);
}

struct weft_atomic_file {
    int fd;    /* -1: closed */
    int error; /* of the first failed call */
    bool exists;
    char *path, *temp, *folder;
};

/* A name in the same folder, so that the rename stays within one file system. */
static weft_status open_temp(weft_atomic_file *file)
{
    const size_t size = strlen(file->path) + 48;
    file->temp = malloc(size);
    if (!file->temp) return no_memory();
    for (int i = 0; i < TEMP_TRIES && file->fd < 0; i++) {
        snprintf(file->temp, size, "%s.%ld-%d.tmp", file->path, (long)getpid(), i);
        file->fd = open_retrying(file->temp, O_WRONLY | O_CREAT | O_EXCL);
        if (file->fd < 0 && errno != EEXIST) break;
    }
    if (file->fd < 0) return weft_io_fail("write", file->path, errno);
    file->exists = true;
    return WEFT_OK;
}

static weft_status resolve(const char *path, char **out)
{
    struct stat info;
    *out = NULL;
    if (!*path) return weft_fail(WEFT_ERR_IO, "cannot write a file without a name");
    if (stat(path, &info) != 0) {
        *out = copy_text(path, strlen(path));
    } else if (S_ISREG(info.st_mode)) {
        *out = realpath(path, NULL);
    } else {
        return weft_fail(WEFT_ERR_IO, "cannot write %s: it is a folder or a device, name a file",
                         path);
    }
    return *out ? WEFT_OK : no_memory();
}

weft_status weft_atomic_open(const char *path, weft_atomic_file **out)
{
    weft_status status = WEFT_ERR_MEMORY;
    *out = NULL;
    weft_atomic_file *file = calloc(1, sizeof *file);
    if (!file) return no_memory();

    file->fd = -1;
    status = resolve(path, &file->path);
    if (status != WEFT_OK) goto done;
    file->folder = parent(file->path);
    status = file->folder ? open_temp(file) : no_memory();
    if (status != WEFT_OK) goto done;

    *out = file;
    file = NULL;
done:
    weft_atomic_free(file);
    return status;
}

static weft_status atomic_error(weft_atomic_file *file, int error)
{
    file->error = error;
    return weft_io_fail("write", file->path, error);
}

weft_status weft_atomic_write(weft_atomic_file *file, const void *bytes, size_t count)
{
    const int error = file->error ? file->error : write_all(file->fd, bytes, count);
    return error == 0 ? WEFT_OK : atomic_error(file, error);
}

weft_status weft_atomic_commit(weft_atomic_file *file)
{
    if (file->error != 0) return atomic_error(file, file->error);
    assert(file->fd >= 0);
    int error = close_after(file->fd, sync_file(file->fd));
    file->fd = -1;
    if (error == 0 && rename(file->temp, file->path) != 0) error = errno;
    if (error != 0) return atomic_error(file, error);
    file->exists = false;
    return weft_sync_folder(file->folder);
}

void weft_atomic_free(weft_atomic_file *file)
{
    if (!file) return;
    if (file->fd >= 0) close_file(file->fd);
    if (file->exists) unlink(file->temp);
    free(file->path);
    free(file->temp);
    free(file->folder);
    free(file);
}

weft_status weft_write_file(const char *path, const void *bytes, size_t count)
{
    weft_atomic_file *file;
    WEFT_TRY(weft_atomic_open(path, &file));
    weft_status status = weft_atomic_write(file, bytes, count);
    if (status == WEFT_OK) status = weft_atomic_commit(file);
    weft_atomic_free(file);
    return status;
}

static weft_status too_large(const char *path, size_t limit)
{
    return weft_fail(WEFT_ERR_FORMAT, "%s: larger than %zu bytes, is it the right file?", path,
                     limit);
}

/* Room for more, never beyond the limit and the zero byte behind. The size that the system tells is
 * not asked for: it is 0 for pipes and in /proc. */
static weft_status grow(char **bytes, size_t *room, size_t limit)
{
    size_t wanted = *room < READ_STEP ? READ_STEP : *room > SIZE_MAX / 2 ? SIZE_MAX : *room * 2;
    if (wanted > limit) wanted = limit + 1; /* one more shows that the file is too large */
    char *larger = wanted < SIZE_MAX ? realloc(*bytes, wanted + 1) : NULL;
    if (!larger) return no_memory();
    *bytes = larger;
    *room = wanted;
    return WEFT_OK;
}

static weft_status read_all(int fd, const char *path, size_t limit, char **bytes, size_t *count)
{
    size_t room = 0;
    for (;;) {
        if (*count == room) WEFT_TRY(grow(bytes, &room, limit));
        const size_t want = room - *count;
        const ssize_t got = read(fd, *bytes + *count, want < INT_MAX ? want : INT_MAX);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return weft_io_fail("read", path, errno);
        if (got == 0) return WEFT_OK;
        *count += (size_t)got;
        if (*count > limit) return too_large(path, limit);
    }
}

weft_status weft_read_file(const char *path, size_t limit, char **bytes, size_t *count)
{
    weft_status status = WEFT_OK;
    struct stat info;
    *bytes = NULL;
    *count = 0;
    if (limit > SIZE_MAX / 4) limit = SIZE_MAX / 4;
    WEFT_TRY(weft_refuse_pipe(path));
    const int fd = open_retrying(path, O_RDONLY);
    if (fd < 0) return weft_io_fail("read", path, errno);

    if (fstat(fd, &info) != 0)
        status = weft_io_fail("read", path, errno);
    else if (S_ISDIR(info.st_mode))
        status = weft_fail(WEFT_ERR_FORMAT, "%s: is a folder", path);
    else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > limit)
        status = too_large(path, limit);
    else
        status = read_all(fd, path, limit, bytes, count);

    close_file(fd);
    if (status == WEFT_OK) {
        (*bytes)[*count] = '\0';
        return WEFT_OK;
    }
    free(*bytes);
    *bytes = NULL;
    *count = 0;
    return status;
}

void weft_hold_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close_file(fd);
}

weft_status weft_file_truncate(const char *path, int64_t bytes)
{
    struct stat info;
    const int fd = open_retrying(path, O_WRONLY);
    if (fd < 0) return weft_io_fail("shorten", path, errno);
    int error = fstat(fd, &info) == 0 ? 0 : errno;
    const bool shorter = error == 0 && info.st_size < bytes;
    if (error == 0 && !shorter && ftruncate(fd, (off_t)bytes) != 0) error = errno;
    error = close_after(fd, error == 0 ? sync_file(fd) : error);
    if (error != 0) return weft_io_fail("shorten", path, error);
    if (!shorter) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s: shorter than expected, was it cut?", path);
}

/* ---- locks ---- */

struct weft_lock {
    int fd;
};

/* flock, because locks of fcntl would not keep two threads of one process apart. Where the file
 * system has no locks, going on without one beats refusing to work. */
weft_status weft_lock_take(const char *path, weft_lock **out)
{
    int error = 0;
    *out = NULL;
    weft_lock *lock = calloc(1, sizeof *lock);
    if (!lock) return no_memory();
    lock->fd = open_retrying(path, O_RDWR | O_CREAT);
    do {
        error = lock->fd >= 0 && flock(lock->fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    } while (error == EINTR);
    if (error == 0 || error == ENOSYS || error == EOPNOTSUPP || error == ENOLCK) {
        *out = lock;
        return WEFT_OK;
    }
    weft_lock_free(lock);
    if (error != EWOULDBLOCK) return weft_io_fail("lock", path, error);
    return weft_fail(WEFT_ERR_IO, "%s: locked, another run is using this folder", path);
}

void weft_lock_free(weft_lock *lock)
{
    if (!lock) return;
    if (lock->fd >= 0) close_file(lock->fd);
    free(lock);
}

/* ---- clocks and the machine ---- */

double weft_clock(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void weft_utc(char text[32])
{
    const time_t now = time(NULL);
    struct tm parts = {0};
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

void weft_run_stamp(char text[32])
{
    const time_t now = time(NULL);
    struct tm parts = {0};
    strftime(text, 32, "%Y%m%d-%H%M%S", localtime_r(&now, &parts));
}

/* Processors this process may run on (taskset, containers); 0 unknown. */
static int32_t allowed_cpus(void)
{
    int32_t count = 0;
#ifdef __linux__
    unsigned char mask[1024];
    const long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    for (long i = 0; i < bytes; i++) {
        for (int bit = 0; bit < 8; bit++)
            count += mask[i] >> bit & 1;
    }
#endif
    return count;
}

int32_t weft_cpu_count(void)
{
    const int32_t allowed = allowed_cpus();
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (allowed > 0) return allowed;
    return online > 0 && online < INT32_MAX ? (int32_t)online : 1;
}

int64_t weft_peak_memory(void)
{
    struct rusage use;
    if (getrusage(RUSAGE_SELF, &use) != 0) return 0;
#ifdef __APPLE__
    return (int64_t)use.ru_maxrss;
#else
    return (int64_t)use.ru_maxrss * 1024;
#endif
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

char *weft_cache_folder(void)
{
    const char *own = variable("WEFT_CACHE_DIR");
    const char *base = variable("XDG_CACHE_HOME"), *home = variable("HOME");
    if (own) return copy_text(own, strlen(own));
    if (base && base[0] == '/') return weft_path_join(base, "weft"); /* relative ones are invalid */
    return home ? weft_path_join(home, ".cache/weft") : NULL;
}

bool weft_is_terminal(FILE *file)
{
    const int fd = fileno(file);
    return fd >= 0 && isatty(fd) == 1;
}

static struct winsize window_of(FILE *file)
{
    struct winsize size = {0};
    const int fd = fileno(file);
    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0) size = (struct winsize){0};
    return size;
}

int weft_terminal_width(FILE *file)
{
    const int columns = window_of(file).ws_col;
    return columns > 0 ? columns : TERMINAL_COLUMNS;
}

int weft_terminal_height(FILE *file)
{
    const int rows = window_of(file).ws_row;
    return rows > 0 ? rows : TERMINAL_ROWS;
}

int64_t weft_file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}
