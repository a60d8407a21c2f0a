/* Metadata between memory and files. Private to the library. */
#ifndef WEFT_CORE_META_H
#define WEFT_CORE_META_H

#include "core/checkpoint.h"

/* Give every pair to a writer. */
weft_status weft_meta_write(const weft_meta *meta, weft_st_writer *writer);

/* All pairs of an open file; path names it in later messages. */
weft_status weft_meta_read(const weft_st_file *file, const char *path, weft_meta **out);

#endif
