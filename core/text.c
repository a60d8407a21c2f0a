#include "core/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* not the first byte of a UTF-8 character */
}

/* Put "..." at the end of a full buffer without cutting a character in two. */
static void shorten(char *text, size_t size)
{
    static const char dots[] = "...";
    if (size < sizeof dots) return;
    size_t at = size - sizeof dots;
    while (at > 0 && continues(text[at]))
        at--;
    memcpy(text + at, dots, sizeof dots);
}

void weft_text_vformat(char *text, size_t size, const char *format, va_list arguments)
{
    const int length = vsnprintf(text, size, format, arguments);
    if (length < 0) text[0] = '\0';
    if (length > 0 && (size_t)length >= size) shorten(text, size);

    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == '\n')
        text[--end] = '\0';
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
    }
}
