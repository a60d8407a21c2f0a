/* The table cl/tuning.txt, and the file in which the tuner keeps its choices with the ops in it. */
#include "backends/opencl/internal.h"
#include "backends/opencl/tuned.h"
#include "backends/opencl/tuning.h"
#include "core/op_key.h"
#include "tests/fuzz/fuzz.h"

static cl_device device;
static char stored[FUZZ_NAME]; /* name of the file of choices */

static int note_name(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    if (kind == FTW_F) (void)snprintf(stored, sizeof stored, "%s", path + at->base);
    return 0;
}

/* A device without a driver, and a choice that is stored for it: its name is asked of the folder.
 */
static void start(void)
{
    weft_op op = {.kind = WEFT_OP_gemm};
    (void)setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
    device.cache_dir = (char *)(uintptr_t)fuzz_folder();
    FUZZ_CHECK(cl_cache_new(&device, &device.cache) == WEFT_OK);
    FUZZ_CHECK(cl_choices_new(&device, &device.choices) == WEFT_OK);
    (void)cl_store(&device.base, &op, "TM=4");
    cl_choices_free(device.choices);
    (void)nftw(fuzz_folder(), note_name, 4, FTW_PHYS);
    FUZZ_CHECK(*stored);
}

static void read_ops(void)
{
    bool found = true;
    for (int i = 0; found; i++) {
        weft_key key;
        weft_choice choice;
        weft_op op;
        FUZZ_CHECK(cl_stored(&device.base, i, &key, &choice, &found) == WEFT_OK);
        if (found) (void)weft_op_from_key(&key, &op);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const weft_op op = {.kind = WEFT_OP_gemm};
    bool exact;
    if (!*stored) start();
    fuzz_folder_file(stored, bytes, count);
    FUZZ_CHECK(cl_choices_new(&device, &device.choices) == WEFT_OK);
    const char *choice = cl_choice_find(device.choices, &op, &exact);
    (void)cl_setting(choice, "TM", 1);
    read_ops();
    cl_choices_free(device.choices);
    (void)cl_tuned_in((const char *)bytes, count, "a device", "a platform", "gemm", "TM", 1);
    return 0;
}
