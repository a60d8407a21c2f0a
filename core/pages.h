/* Memory for what is large and lives long, such as the samples of a data set. */
#ifndef WEFT_CORE_PAGES_H
#define WEFT_CORE_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* A block that starts and ends at a page, so that a device which shares memory with the host can
 * use it in its place; of huge pages where the system has them. free() it. NULL: out of memory. */
void *weft_pages_new(size_t bytes);

/* Bytes that can be had without pushing anything out of memory or reaching the limit of a
 * container; 0: none, or unknown. */
uint64_t weft_free_memory(void);

#endif
