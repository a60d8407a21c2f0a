/* The list of class names beside a data set. */
#include "core/checkpoint.h"
#include "datasets/names.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char **names = NULL;
    int32_t found = 0;
    if (weft_names_read(fuzz_file(bytes, count), &names, &found) != WEFT_OK) return 0;
    for (int32_t i = 0; i < found; i++)
        FUZZ_CHECK(*names[i] && !strpbrk(names[i], "\n\t\033"));
    weft_names_free(names, found);
    return 0;
}
