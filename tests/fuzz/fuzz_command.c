/* A command line, a word a line: parsed, and for `train` taken into options. */
#include "cli/options.h"
#include "cli/training.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS = 64 };

static int cut(char *text, char *words[WORDS])
{
    int count = 0;
    for (char *at = text; at && count < WORDS;) {
        words[count++] = at;
        at = strchr(at, '\n');
        if (at) *at++ = '\0';
    }
    return count;
}

/* The network and no file that the words may name. */
static void take(cli_args *args)
{
    char model[] = "mlp", *word[] = {model};
    cli_training training;
    args->word = word;
    args->word_count = 1;
    args->value[CLI_OPT_CONFIG].given = args->value[CLI_OPT_RESUME].given = false;
    if (cli_training_read(args, &training) != WEFT_OK) return;
    (void)weft_train_check(&training.options, 1000);
    cli_training_free(&training);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *words[WORDS], *text = malloc(count + 1);
    cli_command_id id;
    cli_args args;
    FUZZ_CHECK(text);
    memcpy(text, bytes, count);
    text[count] = '\0';
    const int found = cut(text, words);
    if (cli_command_find(words[0], &id) == WEFT_OK &&
        cli_parse(id, found - 1, words + 1, &args) == WEFT_OK && id == CLI_TRAIN)
        take(&args);
    free(text);
    return 0;
}
