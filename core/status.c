#include "core/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

enum { MESSAGE_MAX = 4096 };

static _Thread_local char message[MESSAGE_MAX];

typedef struct status_info {
    const char *text;
    int exit_code;
} status_info;

#define STATUS_INFO(code, text, exit_code) [code] = {text, exit_code},
static const status_info infos[] = {WEFT_STATUS_LIST(STATUS_INFO)};

static bool known(weft_status status)
{
    return (int)status >= 0 && status < WEFT_STATUS_COUNT;
}

/* The arguments may point into the message itself, so the new text is made beside it. */
weft_status(weft_fail)(weft_status status, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list arguments;
    assert(status != WEFT_OK);

    va_start(arguments, format);
    weft_text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
    return status;
}

static weft_status prefix(weft_status status, const char *context)
{
    return weft_fail(status, "%s: %s", context, message);
}

weft_status(weft_fail_in)(weft_status status, const char *format, ...)
{
    char context[MESSAGE_MAX / 2];
    va_list arguments;

    va_start(arguments, format);
    weft_text_vformat(context, sizeof context, format, arguments);
    va_end(arguments);
    return prefix(status, context);
}

const char *weft_error(void)
{
    return message;
}

const char *weft_status_text(weft_status status)
{
    return known(status) ? infos[status].text : "unknown status";
}

int weft_status_exit_code(weft_status status)
{
    return known(status) ? infos[status].exit_code : 1;
}
