/* Folders, and what is done with whole files in them. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/posix.h"

char *weft_path_join(const char *folder, const char *name)
{
    const size_t head = strlen(folder), tail = strlen(name);
    const bool slash = head > 0 && folder[head - 1] != '/';
    char *path = malloc(head + tail + 2);
    if (!path) return NULL;
    memcpy(path, folder, head); /* NOLINT(bugprone-not-null-terminated-result): the name follows */
    if (slash) path[head] = '/';
    memcpy(path + head + slash, name, tail + 1);
    return path;
}

const char *weft_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool weft_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool weft_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

weft_status weft_make_folder(const char *path, bool *existed)
{
    *existed = false;
    if (mkdir(path, 0777) == 0) return WEFT_OK;
    const int error = errno;
    *existed = weft_is_folder(path);
    if (*existed) return WEFT_OK;
    if (error != EEXIST) return weft_io_fail("create the folder", path, error);
    return weft_fail(WEFT_ERR_IO, "cannot create the folder %s: a file has this name", path);
}

weft_status weft_make_folders(const char *path)
{
    weft_status status = WEFT_OK;
    bool existed;
    char *part = weft_path_join("", path);
    if (!part) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a file name");

    for (char *c = part + 1; part[0] && *c && status == WEFT_OK; c++) {
        if (*c != '/') continue;
        *c = '\0';
        status = weft_make_folder(part, &existed);
        *c = '/';
    }
    if (status == WEFT_OK) status = weft_make_folder(path, &existed);
    free(part);
    return status;
}

weft_status weft_rename(const char *from, const char *to)
{
    return rename(from, to) == 0 ? WEFT_OK : weft_io_fail("rename a file to", to, errno);
}

weft_status weft_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? WEFT_OK : weft_io_fail("remove", path, errno);
}

weft_status weft_keep_as(const char *path, const char *copy)
{
    WEFT_TRY(weft_remove(copy));
    return link(path, copy) == 0 ? WEFT_OK : weft_rename(path, copy);
}

static weft_status visit_matching(DIR *names, const char *folder, const char *pattern,
                                  weft_visit *visit, void *user)
{
    weft_status status = WEFT_OK;
    for (const struct dirent *entry; status == WEFT_OK && (entry = readdir(names)) != NULL;) {
        if (fnmatch(pattern, entry->d_name, 0) != 0) continue;
        char *path = weft_path_join(folder, entry->d_name);
        status = path ? visit(user, path, entry->d_name)
                      : weft_fail(WEFT_ERR_MEMORY, "out of memory for a file name");
        free(path);
    }
    return status;
}

weft_status weft_folder_each(const char *folder, const char *pattern, weft_visit *visit, void *user)
{
    DIR *names = opendir(folder);
    if (!names) return errno == ENOENT ? WEFT_OK : weft_io_fail("read the folder", folder, errno);
    const weft_status status = visit_matching(names, folder, pattern, visit, user);
    closedir(names);
    return status;
}

static weft_status drop(void *user, const char *path, const char *name)
{
    (void)user;
    (void)name;
    return weft_remove(path);
}

weft_status weft_drop_temporaries(const char *folder)
{
    return weft_folder_each(folder, "*.*.[0-9]*-[0-9]*.tmp", drop, NULL);
}
