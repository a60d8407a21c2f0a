#include "datasets/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checkpoint.h"
#include "core/posix.h"
#include "core/utf8.h"

enum { FILE_MAX = 1 << 20, NAME_MAX_BYTES = 255 };

char *weft_copy_text(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

weft_status weft_names_copy(const char *const *list, int32_t count, char ***names)
{
    *names = NULL;
    char **copy = calloc((size_t)count, sizeof *copy);
    if (!copy) return weft_fail(WEFT_ERR_MEMORY, "out of memory: %d class names", count);
    for (int32_t i = 0; i < count; i++) {
        copy[i] = weft_copy_text(list[i]);
        if (!copy[i]) {
            weft_names_free(copy, count);
            return weft_fail(WEFT_ERR_MEMORY, "out of memory: %d class names", count);
        }
    }
    *names = copy;
    return WEFT_OK;
}

weft_status weft_names_number(int32_t count, char ***names)
{
    *names = NULL;
    char **copy = calloc((size_t)count, sizeof *copy);
    if (!copy) return weft_fail(WEFT_ERR_MEMORY, "out of memory: %d class names", count);
    for (int32_t i = 0; i < count; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        copy[i] = weft_copy_text(text);
        if (!copy[i]) {
            weft_names_free(copy, count);
            return weft_fail(WEFT_ERR_MEMORY, "out of memory: %d class names", count);
        }
    }
    *names = copy;
    return WEFT_OK;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut blanks off both ends of the line, in place. */
static char *trim(char *line)
{
    while (blank(*line))
        line++;
    size_t length = strlen(line);
    while (length > 0 && blank(line[length - 1]))
        length--;
    line[length] = 0;
    return line;
}

static bool printable(const char *name)
{
    const size_t length = strlen(name);
    for (size_t at = 0, bytes; at < length; at += bytes) {
        bytes = weft_utf8_bytes(name + at, length - at);
        const unsigned char first = (unsigned char)name[at];
        if (bytes == 0 || first < 0x20 || first == 0x7F) return false;
    }
    return true;
}

static weft_status check_name(const char *path, int32_t line, const char *name)
{
    const char *wrong = NULL;
    if (!*name)
        wrong = "is empty";
    else if (strlen(name) > NAME_MAX_BYTES)
        wrong = "is longer than 255 bytes";
    else if (!printable(name))
        wrong = "is not plain UTF-8 text";
    if (!wrong) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s:%d: the class name %s; write one name a line", path, line,
                     wrong);
}

/* The end of the text without empty lines, so that the last line is a name. */
static void drop_empty_end(char *text, size_t *length)
{
    while (*length > 0 && (blank(text[*length - 1]) || text[*length - 1] == '\n'))
        text[--*length] = 0;
}

static weft_status split_lines(const char *path, char *text, size_t length, const char **list,
                               int32_t count)
{
    char *line = text;
    for (int32_t i = 0; i < count; i++) {
        char *end = memchr(line, '\n', (size_t)(text + length - line));
        if (!end) end = text + length;
        if (memchr(line, 0, (size_t)(end - line)))
            return weft_fail(WEFT_ERR_FORMAT, "%s:%d: a zero byte; write one name a line", path,
                             i + 1);
        *end = 0;
        list[i] = trim(line);
        WEFT_TRY(check_name(path, i + 1, list[i]));
        line = end + 1;
    }
    return WEFT_OK;
}

static weft_status check_lines(const char *path, size_t length, int32_t lines)
{
    if (length > 0 && lines <= WEFT_MAX_CLASSES) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s holds %s; write one name a line", path,
                     length ? "more than 65536 class names" : "no class names");
}

weft_status weft_names_read(const char *path, char ***names, int32_t *count)
{
    char *text = NULL;
    size_t length = 0;
    const char **list = NULL;
    *names = NULL;
    *count = 0;
    WEFT_TRY(weft_read_file(path, FILE_MAX, &text, &length));
    drop_empty_end(text, &length);

    int32_t lines = 1;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    weft_status status = check_lines(path, length, lines);
    if (status != WEFT_OK) goto done;
    list = calloc((size_t)lines, sizeof *list);
    if (!list) status = weft_fail(WEFT_ERR_MEMORY, "out of memory: %d class names", lines);
    if (!list) goto done;
    status = split_lines(path, text, length, list, lines);
    if (status == WEFT_OK) status = weft_names_copy(list, lines, names);
    if (status == WEFT_OK) *count = lines;
done:
    free(list);
    free(text);
    return status;
}
