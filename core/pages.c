#ifdef __linux__
#define _DEFAULT_SOURCE
#endif
#include "core/pages.h"

#include <stdbool.h>
#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

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
