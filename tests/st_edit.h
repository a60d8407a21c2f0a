/* Safetensors files with another header: sound ones that say what they should not. */
#ifndef WEFT_TESTS_ST_EDIT_H
#define WEFT_TESTS_ST_EDIT_H

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef void edit(json_t *header);

static inline size_t header_length(const unsigned char *bytes)
{
    size_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | bytes[i];
    return length;
}

/* bytes with an edited header; free() it. */
static inline unsigned char *with_header(edit *change, const unsigned char *bytes, size_t *count)
{
    const size_t old = header_length(bytes), data = *count - 8 - old;
    json_t *header = json_loadb((const char *)bytes + 8, old, 0, NULL);
    ck_assert_ptr_nonnull(header);
    change(header);
    char *text = json_dumps(header, JSON_COMPACT);
    const size_t used = strlen(text), length = (used + 7) / 8 * 8;
    unsigned char *made = malloc(8 + length + data);
    ck_assert_ptr_nonnull(made);
    for (int i = 0; i < 8; i++)
        made[i] = (unsigned char)(length >> 8 * i);
    memset(made + 8, ' ', length);
    memcpy(made + 8, text, used);
    memcpy(made + 8 + length, bytes + 8 + old, data);
    *count = 8 + length + data;
    free(text);
    json_decref(header);
    return made;
}

#endif
