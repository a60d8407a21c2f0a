/* The logs of a run folder that is resumed: read, and cut. The first byte says which log. */
#include "cli/pictures.h"
#include "core/run.h"
#include "tests/fuzz/fuzz.h"

static void open_logs(const char *folder)
{
    weft_run *run = NULL;
    FUZZ_CHECK(weft_run_reopen(folder, &run) == WEFT_OK);
    (void)weft_run_is_finished(run);
    FUZZ_CHECK(weft_run_logs_open(run, true, 100, 10) == WEFT_OK);
    weft_run_free(run);
}

static void read_curves(const char *folder)
{
    cli_pictures *pictures = NULL;
    if (cli_pictures_new(folder, true, "a title", "more", &(weft_log){0}, &pictures) != WEFT_OK)
        return;
    cli_pictures_free(pictures);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const names[] = {"metrics.csv", "steps.csv", "events.jsonl", "summary.json"};
    static bool made;
    if (count == 0) return 0;
    if (!made) {
        weft_run *run = NULL;
        FUZZ_CHECK(weft_run_create(fuzz_folder(), true, &run) == WEFT_OK);
        weft_run_free(run);
        made = true;
    }
    for (size_t i = 0; i < 4; i++)
        fuzz_folder_file(names[i], bytes + 1, bytes[0] % 4 == i ? count - 1 : 0);
    read_curves(fuzz_folder());
    open_logs(fuzz_folder());
    return 0;
}
