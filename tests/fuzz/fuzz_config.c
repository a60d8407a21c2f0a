/* config.json, as `weft train --config` reads it; and the parser of a checkpoint's options. */
#include "cli/training.h"
#include "core/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    enum { SAMPLES = 1000 };
    char config[] = "--config", model[] = "mlp", path[FUZZ_PATH];
    char *words[] = {model, config, path};
    cli_args args;
    cli_training training;
    (void)snprintf(path, sizeof path, "%s", fuzz_file(bytes, count));
    FUZZ_CHECK(cli_parse(CLI_TRAIN, 3, words, &args) == WEFT_OK);
    if (cli_training_read(&args, &training) != WEFT_OK) return 0;
    if (weft_train_check(&training.options, SAMPLES) == WEFT_OK) {
        weft_train_defaults(&training.options, SAMPLES);
        FUZZ_CHECK(weft_train_check(&training.options, SAMPLES) == WEFT_OK);
        FUZZ_CHECK(training.options.batch_size > 0 && training.options.epochs > 0);
    }
    char *folder = cli_training_folder(&training);
    FUZZ_CHECK(folder && strncmp(folder, "results/runs/", 13) == 0 && !strchr(folder + 13, '/'));
    free(folder);
    cli_training_free(&training);
    return 0;
}
