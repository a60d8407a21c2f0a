/* What the files of the comparison share. */
#ifndef WEFT_CORE_DIFF_PRIVATE_H
#define WEFT_CORE_DIFF_PRIVATE_H

#include <jansson.h>

#include "core/diff.h"

weft_status weft_diff_no_memory(void);

/* diff_tensor.c: all tensors of diff->file. */
weft_status weft_diff_tensors(weft_diff *diff);

/* diff_pair.c: what the metadata of diff->file say, and two JSON objects. */
weft_status weft_diff_metadata(weft_diff *diff);
weft_status weft_diff_objects(const json_t *a, const json_t *b, weft_diff_pair **list, int *count);
void weft_diff_pairs_free(weft_diff_pair *list, int count);

/* diff_log.c: a file of that name in both folders. */
weft_status weft_diff_logs(const char *a, const char *b, const char *name, weft_diff_log *log);

#endif
