#include "report/bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"

enum { FORMAT_MAX = 1024 };

static bool fail(weft_bytes *bytes)
{
    bytes->failed = true;
    return false;
}

/* Room for so many more. */
static bool reserve(weft_bytes *bytes, size_t more)
{
    size_t need, room;
    if (bytes->failed || weft_add_size(bytes->count, more, &need)) return fail(bytes);
    if (need <= bytes->room) return true;
    if (weft_mul_size(need, 2, &room)) return fail(bytes);
    char *grown = realloc(bytes->data, room);
    if (!grown) return fail(bytes);
    bytes->data = grown;
    bytes->room = room;
    return true;
}

bool weft_bytes_add(weft_bytes *bytes, const void *data, size_t count)
{
    if (!reserve(bytes, count)) return false;
    if (count > 0) memcpy(bytes->data + bytes->count, data, count);
    bytes->count += count;
    return true;
}

bool weft_bytes_text(weft_bytes *bytes, const char *text)
{
    return weft_bytes_add(bytes, text, strlen(text));
}

bool weft_bytes_format(weft_bytes *bytes, const char *format, ...)
{
    char text[FORMAT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= FORMAT_MAX) return fail(bytes);
    return weft_bytes_add(bytes, text, (size_t)length);
}

bool weft_bytes_base64(weft_bytes *bytes, const void *data, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = data;
    size_t length;
    if (weft_mul_size(count / 3 + 1, 4, &length) || !reserve(bytes, length)) return fail(bytes);
    for (size_t i = 0; i < count; i += 3) {
        const size_t left = count - i;
        const uint32_t word = (uint32_t)from[i] << 16 |
                              (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                              (left > 2 ? (uint32_t)from[i + 2] : 0);
        char *to = bytes->data + bytes->count;
        for (int k = 0; k < 4; k++)
            to[k] = digits[word >> (18 - 6 * k) & 63];
        if (left < 3) to[3] = '=';
        if (left < 2) to[2] = '=';
        bytes->count += 4;
    }
    return true;
}
