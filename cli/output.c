#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"

static void note(const char *format, va_list arguments)
{
    fputs("weft: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void cli_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(format, arguments);
    va_end(arguments);
}

int cli_exit_code(weft_status status)
{
    if (status != WEFT_OK) cli_note("%s", weft_error());
    return weft_status_exit_code(status);
}

static void write_all(void *user, weft_level level, const char *text)
{
    (void)user;
    cli_note("%s%s", level == WEFT_WARNING ? "warning: " : "", text);
}

static void write_warnings(void *user, weft_level level, const char *text)
{
    if (level == WEFT_WARNING) write_all(user, level, text);
}

weft_log cli_plain_log(bool quiet)
{
    return (weft_log){.write = quiet ? write_warnings : write_all};
}

weft_status cli_output_finish(void)
{
    errno = 0;
    const bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (!lost) return WEFT_OK;
    return weft_fail(WEFT_ERR_IO, "standard output: %s; the results are not complete",
                     errno ? strerror(errno) : "a write failed");
}

int cli_columns(const char *text)
{
    int count = 0;
    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

static void pad(FILE *file, int count)
{
    for (int i = 0; i < count; i++) {
        fputc(' ', file);
    }
}

/* Bytes of the control character at the front of a text; 0: it is none. U+0080 to U+009F are
 * controls too: terminals take U+009B for the beginning of a sequence. */
static int control_size(const char *text)
{
    const unsigned char first = (unsigned char)text[0];
    if (first < 0x20 || first == 0x7f) return 1;
    if (first != 0xc2) return 0;
    const unsigned char second = (unsigned char)text[1];
    return second >= 0x80 && second < 0xa0 ? 2 : 0;
}

/* The first `columns` characters of so many bytes; control characters become question marks. */
static void put_clean(FILE *file, const char *text, size_t size, int columns)
{
    const char *end = text + size;
    while (text < end) {
        const int control = control_size(text);
        if (((unsigned char)*text & 0xc0) != 0x80 && columns-- == 0) return;
        fputc(control ? '?' : *text, file);
        text += control ? control : 1;
    }
}

void cli_put_column(FILE *file, const char *text, int width)
{
    const int columns = cli_columns(text);
    if (width < 0) pad(file, -width - columns);
    put_clean(file, text, strlen(text), columns);
    if (width > 0) pad(file, width - columns);
}

void cli_put_cut(FILE *file, const char *text, int width)
{
    static const char dots[] = "...";
    const int most = abs(width), kept = most - (int)(sizeof dots - 1);
    if (cli_columns(text) <= most) {
        cli_put_column(file, text, width);
        return;
    }
    put_clean(file, text, strlen(text), kept);
    fputs(dots, file);
}

void cli_put_wrapped(FILE *file, const char *text, int at, int indent)
{
    bool first = true;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (!first && at + 1 + length >= CLI_WIDTH) {
            fputc('\n', file);
            pad(file, indent);
            at = indent;
            first = true;
        }
        if (!first) fputc(' ', file);
        put_clean(file, text, (size_t)length, length);
        at += length + !first;
        first = false;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

const char *cli_bytes(double bytes, char text[32])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    char number[WEFT_NUMBER_TEXT];
    int unit = 0;
    while (bytes >= 1000 && unit < 4) {
        bytes /= 1000;
        unit++;
    }
    const char *shown = weft_fixed(bytes, bytes < 9.95 && unit > 0 ? 1 : 0, number);
    snprintf(text, 32, "%.20s %s", shown, units[unit]);
    return text;
}

json_t *cli_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_json_text(const char *text)
{
    json_t *json = json_string(text);
    const size_t bytes = strlen(text) + 1;
    char *copy = json ? NULL : malloc(bytes);
    if (!copy) return json;
    memcpy(copy, text, bytes);
    for (char *at = copy; *at; at++) {
        if ((unsigned char)*at >= 0x80) *at = '?';
    }
    json = json_string(copy);
    free(copy);
    return json;
}

json_t *cli_json_text_or_null(const char *text)
{
    return *text ? cli_json_text(text) : json_null();
}

void cli_json_copy(const json_t *object, const char *key, char *to, size_t room)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(to, room, "%s", text ? text : "");
}

weft_status cli_put_json(json_t *json)
{
    if (!json) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the JSON output");
    const int failed = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(json);
    fputc('\n', stdout);
    if (!failed || ferror(stdout)) return WEFT_OK; /* lost output is told at the end, once */
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for the JSON output");
}
