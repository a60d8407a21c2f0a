/* A log that also puts warnings into the record of a run: those of the device that it is opened
 * with, those of the program. */
#ifndef WEFT_CLI_RECORD_H
#define WEFT_CLI_RECORD_H

#include "core/train.h"

enum { CLI_RECORD_EARLY = 16 };

/* Zeroed but for `to`; it stays where it is while the log is in use. */
typedef struct cli_record {
    weft_log to;           /* where everything is said */
    weft_trainer *trainer; /* NULL: there is none yet, and warnings wait for it */
    char *early[CLI_RECORD_EARLY];
    int early_count;
} cli_record;

weft_log cli_record_log(cli_record *record);

/* Hand over what has been said, and from now on what will be. NULL: the trainer goes away. */
void cli_record_attach(cli_record *record, weft_trainer *trainer);
void cli_record_free(cli_record *record);

#endif
