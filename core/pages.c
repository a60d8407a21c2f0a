#ifdef __linux__
#define _DEFAULT_SOURCE
#endif
#include "core/pages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "core/cgroup.h"
#include "core/checked.h"

static const size_t page = 4096, huge_page = (size_t)2 << 20;

/* Memory of small pages costs a fault for every 4 KiB when it is filled, and a gather of samples
 * misses the processor's table of pages. */
static void ask_for_huge_pages(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(block, bytes, MADV_HUGEPAGE);
#else
    (void)block, (void)bytes;
#endif
}

void *weft_pages_new(size_t bytes)
{
    const bool large = bytes >= 2 * huge_page;
    const size_t align = large ? huge_page : page;
    size_t rounded = 0;
    if (weft_add_size(bytes > 0 ? bytes : 1, align - 1, &rounded)) return NULL;
    rounded -= rounded % align;
    void *block = aligned_alloc(align, rounded);
    if (block && large) ask_for_huge_pages(block, rounded);
    return block;
}

/* What the kernel would give to a new process, in kB. */
static uint64_t available_kb(void)
{
    char line[128];
    uint64_t kb = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kb) == 1) break;
    if (file) fclose(file);
    return kb;
}

static uint64_t free_of_system(void)
{
    const uint64_t kb = available_kb();
    if (kb > 0) return kb << 10;
#ifdef _SC_AVPHYS_PAGES
    const long pages = sysconf(_SC_AVPHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    if (pages > 0 && bytes > 0) return (uint64_t)pages * (uint64_t)bytes;
#endif
    return 0;
}

uint64_t weft_free_memory(void)
{
    const uint64_t system = free_of_system(), group = weft_cgroup_room("");
    return group < system ? group : system;
}
