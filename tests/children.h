/* Processes that a program under test has started. Define _XOPEN_SOURCE 700 before the first
 * include. */
#ifndef WEFT_TESTS_CHILDREN_H
#define WEFT_TESTS_CHILDREN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "tests/suite.h"

static inline pid_t parent_of(const char *process)
{
    int parent = 0;
    char path[300];
    (void)snprintf(path, sizeof path, "/proc/%s/stat", process);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) parent = 0;
    if (file) (void)fclose(file);
    return parent;
}

/* The process that `parent` started; 0: none. */
static inline pid_t child_of(pid_t parent)
{
    pid_t child = 0;
    DIR *all = opendir("/proc");
    ck_assert_ptr_nonnull(all);
    for (struct dirent *entry; child == 0 && (entry = readdir(all));)
        if (parent_of(entry->d_name) == parent) child = (pid_t)atoi(entry->d_name);
    (void)closedir(all);
    return child;
}

#endif
