#include "core/log.h"

#include <stdarg.h>

#include "core/text.h"

enum { LINE_MAX_BYTES = 4096 };

void weft_say(const weft_log *log, weft_level level, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list arguments;
    if (!log || !log->write) return;

    va_start(arguments, format);
    weft_text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    log->write(log->user, level, text);
}
