/* Limits that a container sets to the memory of its processes. */
#ifndef WEFT_CORE_CGROUP_H
#define WEFT_CORE_CGROUP_H

#include <stdint.h>

/* Bytes that this process may still take before it, or a group around its own, reaches its limit;
 * what the system keeps of files counts as free. UINT64_MAX: there is no limit, or it cannot be
 * read. root: "" for the folders /proc and /sys, or a folder that holds others, for tests. */
uint64_t weft_cgroup_room(const char *root);

#endif
