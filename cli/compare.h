/* `weft compare`: the same training on several devices, or runs that are there already, side by
 * side. The parts of the command; cmd_compare.c puts them together. */
#ifndef WEFT_CLI_COMPARE_H
#define WEFT_CLI_COMPARE_H

#include <jansson.h>

#include "cli/compare_stats.h"
#include "cli/options.h"
#include "cli/run_files.h"
#include "core/backend.h"

enum { CLI_CONTENDERS = 32, CLI_COMPARE_TEXT = 512, CLI_KERNEL_ROWS = 10 };

/* A training, or one that there was before. */
typedef struct cli_contender {
    char name[WEFT_NAME_MAX];       /* id of the device, or the folder as it was named */
    char title[2 * WEFT_NAME_MAX];  /* "CPU backend: AMD EPYC" */
    const weft_device_entry *entry; /* NULL: a run that was there */
    char *folder;
    bool failed;
    int code;                              /* exit code of its process */
    char failure[CLI_COMPARE_TEXT];        /* why, in one line */
    double joules;                         /* NAN: the system does not tell */
    double start_seconds, compile_seconds; /* of the first process on the device; NAN: unknown */
    cli_run_files files;
    double first[WEFT_SELFTEST_STEPS]; /* losses of the first steps */
    int first_count;
    /* What makes it another training than the reference's: options, an early end; "" nothing. */
    char other[CLI_COMPARE_TEXT];
    bool is_seed;      /* differs from the reference by its seed alone */
    char selftest[32]; /* "passed"; "" where there is none */
    cli_evidence evidence;
    cli_likeness likeness;
    char reason[CLI_COMPARE_TEXT]; /* for the verdict */
    json_t *kernels;               /* steps of its plan, as `weft bench --plan --json` says; NULL */
} cli_contender;

typedef struct cli_compare {
    const cli_args *args;
    weft_log log;
    const char *program; /* path of this program */
    const char *model, *data;
    char *out; /* folder of it all */
    bool together, trains;
    int64_t limit, epochs; /* that the command chose itself; 0: the options say */
    weft_registry *registry;
    cli_contender list[CLI_CONTENDERS];
    int count, reference;              /* index of the reference */
    int seeds;                         /* wanted: trainings of the reference, its own included */
    cli_contender seed[CLI_SEEDS_MAX]; /* the further ones */
    int seed_count;
    cli_spread spread[2]; /* loss and accuracy at the end */
    double level[CLI_LEVELS];
    int level_count;
} cli_compare;

/* It has failed with this thread's message. */
void cli_contender_fail(cli_contender *contender);

/* As the children's --family and --gemm take them. */
const char *cli_compare_family(const cli_compare *compare);
const char *cli_compare_gemm(const cli_compare *compare);

/* compare_devices.c: which devices, by --devices or all distinct ones; the reference is the CPU
 * backend when it is among them, else the first. */
weft_status cli_compare_devices(cli_compare *compare);

/* compare_size.c: train a moment on every device, and choose limit and epochs so that the whole
 * takes about two minutes. */
void cli_compare_size(cli_compare *compare);

/* compare_run.c: train these, one after another or together. What fails is told in it, and the
 * others go on. */
void cli_compare_train(cli_compare *compare, cli_contender *list, int count,
                       const char *const *more);

/* compare_seeds.c: train the reference with further seeds when a verdict needs them. */
weft_status cli_compare_seeds(cli_compare *compare);

/* compare_read.c: what the run folder says. A folder that cannot be read has failed. */
weft_status cli_compare_read(const cli_compare *compare, cli_contender *contender);
weft_status cli_compare_runs(cli_compare *compare); /* of the words of the command line */
cli_figures cli_figures_of(const cli_contender *contender);
double cli_summary_number(const cli_contender *contender, const char *key); /* NAN: none */

/* compare_judge.c */
double cli_end_of(const cli_contender *contender, int figure); /* last loss (0), accuracy (1) */
void cli_compare_measure(cli_compare *compare);        /* differences, levels, first verdicts */
bool cli_compare_in_doubt(const cli_compare *compare); /* somebody needs the spread of seeds */
void cli_compare_judge(cli_compare *compare);          /* with the spread of all seeds there are */

/* compare_kernels.c: fill `kernels` of every contender that has not failed. */
void cli_compare_kernels(cli_compare *compare);

/* A row of kernels side by side: what a layer's pass costs on each contender. */
typedef struct cli_kernel_row {
    char name[2 * WEFT_NAME_MAX];        /* "backward conv2" */
    double microseconds[CLI_CONTENDERS]; /* NAN: it has no such step */
} cli_kernel_row;
int cli_kernel_rows(const cli_compare *compare, cli_kernel_row rows[CLI_KERNEL_ROWS]);

/* compare_output.c, compare_json.c, compare_picture.c */
void cli_compare_print(const cli_compare *compare);
void cli_compare_print_folder(const cli_compare *compare); /* once all is written */
json_t *cli_compare_json(const cli_compare *compare);
weft_status cli_compare_draw(const cli_compare *compare);

#endif
