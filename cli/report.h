/* The report of a run: one HTML page of everything that its folder and its network tell. */
#ifndef WEFT_CLI_REPORT_H
#define WEFT_CLI_REPORT_H

#include "cli/select.h"
#include "core/train.h"

/* Strings and data are borrowed. */
typedef struct cli_report_wish {
    const cli_args *args;
    const char *run;          /* folder */
    const char *out;          /* file; NULL: RUN/report.html */
    const char *pictures;     /* folder for each picture as SVG and PNG; NULL: none */
    const weft_dataset *test; /* NULL: that of config.json is read */
    bool no_test;             /* leave out what needs the test set */
    cli_wish device;          /* how it was opened, for timing the steps of the plan */
    weft_log log;
} cli_report_wish;

/* Evaluate the run's last checkpoint on the device and write the page. *path is where it is, free()
 * it. WEFT_ERR_IO and WEFT_ERR_FORMAT name the file of the run that cannot be used. What cannot be
 * shown (a test set that is not there, a network that takes no pictures) is said in the page. */
weft_status cli_report_write(const cli_report_wish *wish, weft_device *device,
                             const weft_device_entry *entry, char **path);

#endif
