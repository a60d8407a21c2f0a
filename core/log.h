/* Messages to the caller. The library never prints: what it has to say goes through this. */
#ifndef WEFT_CORE_LOG_H
#define WEFT_CORE_LOG_H

#include "core/export.h"

typedef enum weft_level { WEFT_INFO, WEFT_WARNING } weft_level;

/* A sink of messages; a zeroed one is silent. The text is one line without a newline. */
typedef struct weft_log {
    void (*write)(void *user, weft_level level, const char *text);
    void *user;
} weft_log;

/* Format a message and hand it to the sink. */
WEFT_API void weft_say(const weft_log *log, weft_level level, const char *format, ...)
    WEFT_PRINTF(3, 4);

#endif
