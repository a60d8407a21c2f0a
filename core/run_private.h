/* What the files of a run folder share. */
#ifndef WEFT_CORE_RUN_PRIVATE_H
#define WEFT_CORE_RUN_PRIVATE_H

#include <stdio.h>

#include "core/posix.h"
#include "core/run.h"

typedef struct weft_log_file {
    FILE *file;
    char *path;
} weft_log_file;

struct weft_run {
    char *folder;
    weft_lock *lock;
    weft_log_file steps, epochs, events;
    bool untold_checkpoint;
    double flushed; /* when the logs were flushed last */
};

weft_status weft_run_no_memory(void);

/* run_logs.c: close what is open; errors were seen by the flush before. */
void weft_run_logs_close(weft_run *run);

#endif
