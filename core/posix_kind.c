#define _XOPEN_SOURCE 700 /* lstat */

#include <sys/stat.h>

#include "core/posix.h"

bool weft_is_strange(const char *path, bool folder)
{
    struct stat info;
    if (lstat(path, &info) != 0) return false;
    return folder ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode);
}
