#define _XOPEN_SOURCE 700 /* lstat */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/posix.h"

bool weft_is_strange(const char *path, bool folder)
{
    struct stat info;
    if (lstat(path, &info) != 0) return false;
    return folder ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode);
}

static bool lies_in(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

weft_status weft_refuse_pipe(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) return WEFT_OK;
    if (lies_in(path, "/dev/") || lies_in(path, "/proc/")) return WEFT_OK;
    return weft_fail(WEFT_ERR_IO, "%s is a pipe or a device, not a file", path);
}

weft_status weft_open_file(const char *path, FILE **out)
{
    *out = NULL;
    if (weft_is_folder(path)) return weft_fail(WEFT_ERR_IO, "cannot read %s: it is a folder", path);
    WEFT_TRY(weft_refuse_pipe(path));
    *out = fopen(path, "rb");
    return *out ? WEFT_OK : weft_io_fail("read", path, errno);
}
