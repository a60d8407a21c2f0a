/* What the sections of a report share. */
#ifndef WEFT_CLI_REPORT_PRIVATE_H
#define WEFT_CLI_REPORT_PRIVATE_H

#include "cli/eval_scores.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "datasets/datasets.h"
#include "report/html.h"
#include "report/picture.h"

enum { CLI_REPORT_TEXT = 320 };

typedef struct cli_report {
    const cli_report_wish *wish;
    weft_device *device;
    const weft_device_entry *entry;
    cli_run_files files;
    cli_trained trained;
    weft_model *model;
    weft_loaded *loaded;
    weft_dataset test;                 /* count 0: there is none */
    char why_no_test[CLI_REPORT_TEXT]; /* then */
    cli_scores scores;                 /* of the test set */
    const char **name;                 /* of every class */
    char (*number)[24];
    weft_html *page;
} cli_report;

/* The sections, in the order of the page. */
weft_status cli_report_overview(cli_report *r);
weft_status cli_report_curves(cli_report *r);
weft_status cli_report_scores(cli_report *r);
weft_status cli_report_predictions(cli_report *r);
weft_status cli_report_learnt(cli_report *r);
weft_status cli_report_evidence(cli_report *r);
weft_status cli_report_embedding(cli_report *r);
weft_status cli_report_speed(cli_report *r);
weft_status cli_report_setup(cli_report *r);

/* Put a figure on the page; `name` is that of its files when pictures are wished too. */
weft_status cli_report_figure(cli_report *r, const char *name, const weft_figure *figure,
                              weft_html_kind kind, const char *alt, const char *caption);

/* A sample of the test set as a picture; its pixels are NULL when the network takes none. */
weft_picture cli_report_picture(const cli_report *r, int64_t index);

/* Texts of config.json, env.json and summary.json; numbers become text in `number`. "-" for what is
 * not there. */
enum { CLI_REPORT_NUMBER = 40 };
const char *cli_report_value(const json_t *object, const char *key, char number[CLI_REPORT_NUMBER]);

#endif
