#include "core/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

enum { PATH_ROOM = 4096 };

/* The two that exist. A line of /proc/self/cgroup is NUMBER:CONTROLLERS:GROUP. */
typedef struct hierarchy {
    const char *controllers, *mount, *limit, *used;
} hierarchy;

static const hierarchy hierarchies[] = {
    {"", "/sys/fs/cgroup", "memory.max", "memory.current"},
    {"memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"},
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

static uint64_t room_in(const char *folder, const hierarchy *h)
{
    int64_t limit, used;
    if (!read_bytes(folder, h->limit, &limit) || !read_bytes(folder, h->used, &used))
        return UINT64_MAX;
    return limit > used ? (uint64_t)(limit - used) : 0;
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
