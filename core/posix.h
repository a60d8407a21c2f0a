/* Everything that needs POSIX: durable writes, folders, locks, clocks, the terminal.
 */
#ifndef WEFT_CORE_POSIX_H
#define WEFT_CORE_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/status.h"

/* WEFT_ERR_IO: "cannot WHAT PATH: reason (cure)", for the errno of the call that failed. */
weft_status weft_io_fail(const char *what, const char *path, int error);

/* A file that replaces `path` only when committed. A link is followed; a device or a folder is
 * refused. */
typedef struct weft_atomic_file weft_atomic_file;
weft_status weft_atomic_open(const char *path, weft_atomic_file **out);
weft_status weft_atomic_write(weft_atomic_file *file, const void *bytes, size_t count);
weft_status weft_atomic_commit(
    weft_atomic_file *file); /* flush, fsync, close, rename, fsync of the folder */
void weft_atomic_free(weft_atomic_file *file); /* before a commit: removes the temporary file */

/* Write a whole small file in this way. */
weft_status weft_write_file(const char *path, const void *bytes, size_t count);

/* Read a whole file of at most `limit` bytes; a zero byte is added behind. free() it.
 * WEFT_ERR_IO: cannot be read; WEFT_ERR_FORMAT: larger than the limit, or a folder. */
weft_status weft_read_file(const char *path, size_t limit, char **bytes, size_t *count);

/* Create a folder and its parents; existing ones are fine. */
weft_status weft_make_folders(const char *path);
/* Create exactly this folder; *existed tells when it was there before (not an error). */
weft_status weft_make_folder(const char *path, bool *existed);
bool weft_path_exists(const char *path);
bool weft_is_folder(const char *path);

/* Whether something has this name that is no plain file (no folder, where one is wanted): a link, a
 * pipe, a device. What is not there is fine. */
bool weft_is_strange(const char *path, bool folder);

/* WEFT_ERR_IO for what would be waited for without end: a pipe or a device under a name of its own
 * (/dev/stdin may be read). What is not there is fine. */
weft_status weft_refuse_pipe(const char *path);

/* Open a file for reading. WEFT_ERR_IO: it cannot be, or is a folder or such a pipe or device. */
weft_status weft_open_file(const char *path, FILE **out);
weft_status weft_rename(const char *from, const char *to);
weft_status weft_remove(const char *path); /* a missing file is fine */

/* Let a file have a second name, in place of what has it now; the first name stays where the file
 * system can link. */
weft_status weft_keep_as(const char *path, const char *copy);

/* Wait until the names in a folder are on disk. */
weft_status weft_sync_folder(const char *folder);

/* Visit each name in a folder that fits a shell pattern, in no order, until one visit fails. A
 * missing folder has none. */
typedef weft_status weft_visit(void *user, const char *path, const char *name);
weft_status weft_folder_each(const char *folder, const char *pattern, weft_visit *visit,
                             void *user);

/* Remove what killed processes have left of atomic files; nobody may be writing there. A missing
 * folder is fine. */
weft_status weft_drop_temporaries(const char *folder);

/* Standard streams that the caller has closed are opened on nothing, and writing to them fails:
 * else the next file that is opened would get their number, and with it what is printed. */
void weft_hold_standard_files(void);

/* Join "a/b" into a new string; NULL when out of memory. */
char *weft_path_join(const char *folder, const char *name);

/* The name behind the last "/" of a path: a part of it. */
const char *weft_path_name(const char *path);

/* Whether a name fits one of the comma-separated shell patterns: "conv*,bn1". */
bool weft_pattern_match(const char *patterns, const char *name);

/* Take an exclusive lock on a file (created when missing). WEFT_ERR_IO when another process holds
 * it. */
typedef struct weft_lock weft_lock;
weft_status weft_lock_take(const char *path, weft_lock **out);
void weft_lock_free(weft_lock *lock);

/* Cut a file to its first `bytes` bytes. WEFT_ERR_FORMAT when it is shorter already. */
weft_status weft_file_truncate(const char *path, int64_t bytes);
int64_t weft_file_bytes(const char *path); /* -1: there is no such file */

double weft_clock(void);            /* seconds, monotonic */
double weft_wall_clock(void);       /* seconds since 1970 */
double weft_thread_clock(void);     /* seconds of processor time that this thread has used */
void weft_utc(char text[32]);       /* 2026-01-31T12:34:56Z */
void weft_run_stamp(char text[32]); /* 20260131-123456, local time: names of run folders */
int32_t weft_cpu_count(void);
int64_t weft_peak_memory(void); /* bytes the process had resident at most; 0 unknown */

/* $WEFT_CACHE_DIR, else $XDG_CACHE_HOME/weft, else ~/.cache/weft; a new string, NULL when none can
 * be found. */
char *weft_cache_folder(void);

bool weft_is_terminal(FILE *file);
int weft_terminal_width(FILE *file);  /* columns; 80 when unknown */
int weft_terminal_height(FILE *file); /* rows; 24 when unknown */

#endif
