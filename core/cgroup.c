#include "core/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

enum { PATH_ROOM = 4096 };

/* The two that exist. A line of /proc/self/cgroup is NUMBER:CONTROLLERS:GROUP. */
typedef struct hierarchy {
    const char *controllers, *mount, *limit, *used;
    const char *cached[2]; /* lines of memory.stat: contents of files, which are given up first */
} hierarchy;

static const hierarchy hierarchies[] = {
    {"", "/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file ", "active_file "}},
    {"memory",
     "/sys/fs/cgroup/memory",
     "memory.limit_in_bytes",
     "memory.usage_in_bytes",
     {"total_inactive_file ", "total_active_file "}},
};

/* False without such a file, or when it holds "max". */
static bool read_bytes(const char *folder, const char *name, int64_t *bytes)
{
    char path[PATH_ROOM + 64], text[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    const bool read = file && fgets(text, sizeof text, file);
    if (file) fclose(file);
    if (!read) return false;
    text[strcspn(text, "\n")] = '\0';
    return weft_parse_int(text, bytes) && *bytes >= 0;
}

/* What a line says when it starts with that name, else 0. */
static int64_t value_of(char *line, const char *name)
{
    int64_t value = 0;
    const size_t length = strlen(name);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, name, length) != 0) return 0;
    return weft_parse_int(line + length, &value) && value >= 0 ? value : 0;
}

static uint64_t cached_in(const char *folder, const hierarchy *h)
{
    char path[PATH_ROOM + 64], line[128];
    uint64_t bytes = 0;
    (void)snprintf(path, sizeof path, "%s/memory.stat", folder);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        for (int i = 0; i < 2; i++)
            bytes += (uint64_t)value_of(line, h->cached[i]);
    if (file) fclose(file);
    return bytes;
}

static uint64_t room_in(const char *folder, const hierarchy *h)
{
    int64_t limit, used;
    if (!read_bytes(folder, h->limit, &limit) || !read_bytes(folder, h->used, &used))
        return UINT64_MAX;
    const uint64_t cached = cached_in(folder, h), most = (uint64_t)limit, all = (uint64_t)used;
    const uint64_t kept = all > cached ? all - cached : 0;
    return most > kept ? most - kept : 0;
}

/* The least room of a group and those around it. Inside a container the group's name may be that of
 * the host, where the mounted folder is the group itself: names that are not there have no limit.
 */
static uint64_t room_of(const char *root, const hierarchy *h, const char *group)
{
    char folder[PATH_ROOM];
    uint64_t room = UINT64_MAX;
    const size_t top = strlen(root) + strlen(h->mount);
    const int length = snprintf(folder, sizeof folder, "%s%s%s", root, h->mount, group);
    if (length < 0 || (size_t)length >= sizeof folder) return room;
    for (char *end = folder + length; end; end = strrchr(folder + top, '/')) {
        *end = '\0';
        const uint64_t here = room_in(folder, h);
        if (here < room) room = here;
    }
    return room;
}

static uint64_t room_of_line(const char *root, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return UINT64_MAX;
    *group++ = '\0';
    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++)
        if (strcmp(controllers + 1, hierarchies[i].controllers) == 0)
            return room_of(root, &hierarchies[i], group);
    return UINT64_MAX;
}

uint64_t weft_cgroup_room(const char *root)
{
    char path[PATH_ROOM], line[PATH_ROOM];
    uint64_t room = UINT64_MAX;
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        const uint64_t here = room_of_line(root, line);
        if (here < room) room = here;
    }
    if (file) fclose(file);
    return room;
}
