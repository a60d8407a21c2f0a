/* Status codes, and the message that explains the last failure of this thread. */
#ifndef WEFT_CORE_STATUS_H
#define WEFT_CORE_STATUS_H

#include "core/export.h"

/* Code, text, exit code of a program that ends because of it. */
#define WEFT_STATUS_LIST(X)                                    \
    X(WEFT_OK, "ok", 0)                                        \
    X(WEFT_ERR_USAGE, "wrong argument", 2)                     \
    X(WEFT_ERR_SHAPE, "shapes do not agree", 3)                \
    X(WEFT_ERR_FORMAT, "bad data or file", 3)                  \
    X(WEFT_ERR_DEVICE, "device call failed", 4)                \
    X(WEFT_ERR_UNSUPPORTED, "not supported by this device", 4) \
    X(WEFT_ERR_MEMORY, "out of memory", 5)                     \
    X(WEFT_ERR_IO, "input or output failed", 6)                \
    X(WEFT_ERR_DIVERGED, "training diverged", 7)               \
    X(WEFT_ERR_CHECK, "check failed", 8)

#define WEFT_STATUS_ENUM(code, text, exit_code) code,
typedef enum weft_status { WEFT_STATUS_LIST(WEFT_STATUS_ENUM) WEFT_STATUS_COUNT } weft_status;
#undef WEFT_STATUS_ENUM

/* Remember why something failed (printf style) and return the status, to be passed up unchanged. */
WEFT_API weft_status weft_fail(weft_status status, const char *format, ...) WEFT_PRINTF(2, 3);

/* Put "context: " in front of this thread's message and return the status. */
WEFT_API weft_status weft_fail_in(weft_status status, const char *format, ...) WEFT_PRINTF(2, 3);

/* Analysers see one file at a time: they are told that both return the status they were given. */
#ifdef WEFT_ANALYSE
#define weft_fail(status, ...)    ((void)(weft_fail)((status), __VA_ARGS__), (status))
#define weft_fail_in(status, ...) ((void)(weft_fail_in)((status), __VA_ARGS__), (status))
#endif

/* The message of the last failure on this thread: one line, valid until the next failure. */
WEFT_API const char *weft_error(void);

/* A few words for a status: "out of memory". */
WEFT_API const char *weft_status_text(weft_status status);

/* The exit code a program should end with: 0 ok, 2 usage, 3 data, 4 device, 5 memory, 6 i/o, 7
 * diverged. */
WEFT_API int weft_status_exit_code(weft_status status);

/* Return early on failure; only where the function owns nothing. */
#define WEFT_TRY(call)                                          \
    do {                                                        \
        const weft_status weft_try_status = (call);             \
        if (weft_try_status != WEFT_OK) return weft_try_status; \
    } while (0)

#endif
