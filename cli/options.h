/* Commands and options of the program: one table drives parsing, the help of every command, and
 * whatever else documents them. */
#ifndef WEFT_CLI_OPTIONS_H
#define WEFT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/status.h"

enum { CLI_WORDS_MAX = 1 << 20 };

/* Trainings of the reference device in weft compare, its first one included: by default and at
 * most. With 3, an end would have to lie 16 deviations off to be called different; with 5, 6. */
#define CLI_SEEDS     5
#define CLI_SEEDS_MAX 32

/* Such a number as text. */
#define CLI_DIGITS(number)      CLI_DIGITS_OF(number)
#define CLI_DIGITS_OF(expanded) #expanded

typedef enum cli_command_id {
    CLI_DEVICES,
    CLI_TRAIN,
    CLI_EVAL,
    CLI_PREDICT,
    CLI_EXPLAIN,
    CLI_DIFF,
    CLI_COMPARE,
    CLI_REPORT,
    CLI_BENCH,
    CLI_TUNE,
    CLI_SELFTEST,
    CLI_INIT,
    CLI_LAYERS,
    CLI_MODELS,
    CLI_DATASETS,
    CLI_COMMAND_COUNT
} cli_command_id;

typedef struct cli_args cli_args;

/* Each command is a function of its own (cmd_<name>.c); it returns the program's exit code. */
int cli_run_devices(const cli_args *args);
int cli_run_train(const cli_args *args);
int cli_run_eval(const cli_args *args);
int cli_run_predict(const cli_args *args);
int cli_run_explain(const cli_args *args);
int cli_run_diff(const cli_args *args);
int cli_run_compare(const cli_args *args);
int cli_run_report(const cli_args *args);
int cli_run_bench(const cli_args *args);
int cli_run_tune(const cli_args *args);
int cli_run_selftest(const cli_args *args);
int cli_run_init(const cli_args *args);
int cli_run_layers(const cli_args *args);
int cli_run_models(const cli_args *args);
int cli_run_datasets(const cli_args *args);

typedef struct cli_command {
    const char *name;
    const char *words; /* what stands behind the name: "MODEL --data SET" */
    int low, high;     /* number of words */
    int (*run)(const cli_args *args);
    const char *help;
    const char *examples; /* lines to paste */
} cli_command;
extern const cli_command cli_commands[CLI_COMMAND_COUNT];

typedef enum cli_kind {
    CLI_FLAG,
    CLI_INT,
    CLI_REAL,
    CLI_TEXT,
    CLI_CHOICE /* one of the words of `value`, which are separated by bars */
} cli_kind;

typedef enum cli_option_id {
    CLI_OPT_DATA,
    CLI_OPT_DATA_DIR,
    CLI_OPT_SPLIT,
    CLI_OPT_INDEX,
    CLI_OPT_CLASS,
    CLI_OPT_INVERT,
    CLI_OPT_LAYER,
    CLI_OPT_FILTERS,
    CLI_OPT_LIMIT,
    CLI_OPT_VAL_COUNT,
    CLI_OPT_NO_TEST,
    CLI_OPT_NO_SHUFFLE,
    CLI_OPT_NO_FUSION,
    CLI_OPT_AUGMENT,
    CLI_OPT_DEVICE,
    CLI_OPT_FAMILY,
    CLI_OPT_GEMM,
    CLI_OPT_THREADS,
    CLI_OPT_DUMP_KERNELS,
    CLI_OPT_QUICK,
    CLI_OPT_TIME_LIMIT,
    CLI_OPT_DEVICES,
    CLI_OPT_TOGETHER,
    CLI_OPT_SEEDS,
    CLI_OPT_KERNELS,
    CLI_OPT_STEPS,
    CLI_OPT_PART,
    CLI_OPT_CHECK_NUMERICS,
    CLI_OPT_RECIPE,
    CLI_OPT_EPOCHS,
    CLI_OPT_MAX_STEPS,
    CLI_OPT_BATCH_SIZE,
    CLI_OPT_OPTIMIZER,
    CLI_OPT_LR,
    CLI_OPT_SCHEDULE,
    CLI_OPT_MOMENTUM,
    CLI_OPT_NESTEROV,
    CLI_OPT_BETAS,
    CLI_OPT_EPS,
    CLI_OPT_WEIGHT_DECAY,
    CLI_OPT_LOSS,
    CLI_OPT_LABEL_SMOOTHING,
    CLI_OPT_SEED,
    CLI_OPT_PATIENCE,
    CLI_OPT_INIT,
    CLI_OPT_INIT_PARTIAL,
    CLI_OPT_FREEZE,
    CLI_OPT_CONFIG,
    CLI_OPT_RESUME,
    CLI_OPT_CHECKPOINT,
    CLI_OPT_OUT,
    CLI_OPT_OVERWRITE,
    CLI_OPT_NO_REPORT,
    CLI_OPT_PICTURES,
    CLI_OPT_THEME,
    CLI_OPT_LOG_EVERY,
    CLI_OPT_SAVE_EVERY,
    CLI_OPT_TENSORBOARD,
    CLI_OPT_PLOT,
    CLI_OPT_LOGITS,
    CLI_OPT_SAVE_INPUT,
    CLI_OPT_TOP,
    CLI_OPT_ERRORS,
    CLI_OPT_RELIABILITY,
    CLI_OPT_TOLERANCE,
    CLI_OPT_PLAN,
    CLI_OPT_PRINT,
    CLI_OPT_BUNDLE,
    CLI_OPT_JSON,
    CLI_OPT_QUIET,
    CLI_OPT_HELP,
    CLI_OPTION_COUNT
} cli_option_id;

typedef enum cli_group {
    CLI_GROUP_DATA,
    CLI_GROUP_DEVICE,
    CLI_GROUP_TRAINING,
    CLI_GROUP_WEIGHTS,
    CLI_GROUP_OUTPUT,
    CLI_GROUP_COUNT
} cli_group;

typedef struct cli_option {
    const char *name;
    char letter; /* 0: none */
    cli_kind kind;
    double low, high;    /* range of numbers */
    const char *value;   /* what stands behind it: "N", "DIR", "adam|sgd"; NULL for flags */
    const char *initial; /* default as the help shows it; NULL: none */
    cli_group group;
    unsigned commands; /* bit per command */
    bool recorded;     /* decides what is computed: a resumed run keeps its own */
    const char *help;
} cli_option;
extern const cli_option cli_options[CLI_OPTION_COUNT];

/* What was given for an option. */
typedef struct cli_value {
    bool given;
    const char *text; /* of kinds other than flags */
    int64_t integer;
    double real;
} cli_value;

/* A parsed command line; strings and words point into argv. */
struct cli_args {
    cli_command_id command;
    cli_value value[CLI_OPTION_COUNT];
    char **word;
    int word_count;
};

/* Parse what follows the command's name; argv is reordered. WEFT_ERR_USAGE says what is wrong and
 * how it is meant. Parsing ends at --help. */
weft_status cli_parse(cli_command_id command, int argc, char **argv, cli_args *args);

/* The command of that name; WEFT_ERR_USAGE names the nearest one. */
weft_status cli_command_find(const char *name, cli_command_id *out);

/* Shorthands: the text or NULL, the number or `otherwise`, whether it was given. */
const char *cli_text(const cli_args *args, cli_option_id id);
int64_t cli_integer(const cli_args *args, cli_option_id id, int64_t otherwise);
bool cli_given(const cli_args *args, cli_option_id id);

/* Index of text among the words of a choice such as "yes|no", or -1. */
int cli_choice_index(const char *choices, const char *text);

#endif
