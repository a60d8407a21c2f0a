/* A program that runs beside this one and tells what it does line by line. */
#ifndef WEFT_CORE_CHILD_H
#define WEFT_CORE_CHILD_H

#include <stdbool.h>

#include "core/status.h"

typedef struct weft_child weft_child;

/* Start a program: argv[0] is its path, a NULL ends the list. It reads nothing; its standard output
 * and its standard error come through weft_child_read. */
weft_status weft_child_start(const char *const *argv, weft_child **out);

typedef enum weft_child_event {
    WEFT_CHILD_LINE,   /* of its standard output */
    WEFT_CHILD_NOTE,   /* of its standard error */
    WEFT_CHILD_SILENT, /* nothing came for as long as was waited */
    WEFT_CHILD_END     /* it has closed both */
} weft_child_event;

/* Wait for the next line, at most so many seconds. *line is borrowed until the next call; longer
 * lines than 64 KiB come in pieces. */
weft_child_event weft_child_read(weft_child *child, double seconds, const char **line);

/* Wait until one of several has a line or its end to tell, at most so many seconds. Its index, or
 * -1. NULLs in the list are passed over. */
int weft_child_wait(weft_child *const *list, int count, double seconds);

/* Ask it to stop, as a termination signal does; it still has to be read to its end. */
void weft_child_stop(const weft_child *child);

/* Kill it if it still runs, and wait. Returns its exit code, or minus the signal that ended it. */
int weft_child_end(weft_child *child, bool kill_it);

/* The path of the program that runs; a new string, NULL when the system does not tell. */
char *weft_program_path(void);

#endif
