/* UTF-8: the one question that readers of foreign text ask. */
#ifndef WEFT_CORE_UTF8_H
#define WEFT_CORE_UTF8_H

#include <stddef.h>

/* Bytes of the character that starts at text, of which `left` bytes may be looked at; 0 when they
 * are not UTF-8 (overlong forms, surrogates and values past U+10FFFF included). */
static inline size_t weft_utf8_bytes(const char *text, size_t left)
{
    const unsigned char *b = (const unsigned char *)text;
    if (left == 0) return 0;
    if (b[0] < 0x80) return 1;
    const size_t bytes = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
    if (b[0] < 0xC2 || b[0] > 0xF4 || left < bytes) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((b[i] & 0xC0) != 0x80) return 0;
    if (b[0] == 0xE0 && b[1] < 0xA0) return 0;
    if (b[0] == 0xED && b[1] > 0x9F) return 0;
    if (b[0] == 0xF0 && b[1] < 0x90) return 0;
    if (b[0] == 0xF4 && b[1] > 0x8F) return 0;
    return bytes;
}

#endif
