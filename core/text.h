/* Text for people: one line, within a fixed buffer. Private to the library. */
#ifndef WEFT_CORE_TEXT_H
#define WEFT_CORE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* vsnprintf into text, made into one line: control characters become spaces, and what does not fit
 * ends in "...". Names from files and devices reach a terminal through this. */
void weft_text_vformat(char *text, size_t size, const char *format, va_list arguments);

#endif
