/* A folder of its own for every test, removed with all that is in it. */
#ifndef WEFT_TESTS_TEMP_FOLDER_H
#define WEFT_TESTS_TEMP_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/suite.h"

enum { TEMP_FOLDER_TEXT = 64 };

/* mkdtemp needs _DEFAULT_SOURCE in the suite. */
static inline void temp_folder_new(char folder[TEMP_FOLDER_TEXT])
{
    snprintf(folder, TEMP_FOLDER_TEXT, "/tmp/weft-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static inline void temp_folder_free(const char *folder)
{
    char command[TEMP_FOLDER_TEXT + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

#endif
