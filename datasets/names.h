/* Lists of class names. Each is freed with weft_names_free. Private to datasets. */
#ifndef WEFT_DATASETS_NAMES_H
#define WEFT_DATASETS_NAMES_H

#include <stdint.h>

#include "core/status.h"

/* Read one name a line; blanks around a name and empty lines at the end do not count.
 * WEFT_ERR_FORMAT names file and line: an empty name, control characters, not UTF-8. */
weft_status weft_names_read(const char *path, char ***names, int32_t *count);

/* A copy of a list. */
weft_status weft_names_copy(const char *const *list, int32_t count, char ***names);

/* "0", "1", ... up to count - 1. */
weft_status weft_names_number(int32_t count, char ***names);

/* A copy of a string; NULL when out of memory. */
char *weft_copy_text(const char *text);

#endif
