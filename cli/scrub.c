#define _XOPEN_SOURCE 700
#include "cli/scrub.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "core/posix.h"

enum { SECRET_MAX = 4096, SECRETS = 24, SHORTEST_FOLDER = 3, SHORTEST_NAME = 2, LONG_NAME = 4 };

typedef struct secret {
    char text[SECRET_MAX];
    size_t length;
    const char *instead;
} secret;

/* The longest one first, since it may hold others. */
typedef struct secrets {
    secret list[SECRETS];
    int count;
} secrets;

/* ---- what is secret ---- */

static void add(secrets *s, const char *text, size_t length, const char *instead)
{
    if (length >= SECRET_MAX || s->count == SECRETS) return;
    int at = s->count++;
    for (; at > 0 && s->list[at - 1].length < length; at--)
        s->list[at] = s->list[at - 1];
    secret *one = &s->list[at];
    snprintf(one->text, sizeof one->text, "%.*s", (int)length, text);
    one->length = length;
    one->instead = instead;
}

static void add_folder(secrets *s, const char *path, const char *instead)
{
    size_t length = path && path[0] == '/' ? strlen(path) : 0;
    while (length > 0 && path[length - 1] == '/')
        length--;
    if (length >= SHORTEST_FOLDER) add(s, path, length, instead);
}

static void add_name(secrets *s, const char *name, size_t length, const char *instead)
{
    if (length >= SHORTEST_NAME) add(s, name, length, instead);
}

static void add_user(secrets *s, const char *name)
{
    if (name) add_name(s, name, strlen(name), "<user>");
}

static void add_host(secrets *s, const char *name)
{
    if (!name) return;
    add_name(s, name, strlen(name), "<host>");
    add_name(s, name, strcspn(name, "."), "<host>");
}

static void add_program(secrets *s)
{
    char *path = weft_program_path();
    char *end = path ? strrchr(path, '/') : NULL;
    if (end) *end = '\0';
    add_folder(s, path, "<program>");
    free(path);
}

static void add_variables(secrets *s)
{
    static const char *const folders[][2] = {{"HOME", "<home>"},
                                             {"TMPDIR", "<temporary>"},
                                             {"XDG_CACHE_HOME", "<cache>"},
                                             {"POCL_CACHE_DIR", "<cache>"},
                                             {"CUDA_CACHE_PATH", "<cache>"},
                                             {"NEO_CACHE_DIR", "<cache>"}};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        add_folder(s, getenv(folders[i][0]), folders[i][1]);
    add_user(s, getenv("LOGNAME"));
    add_user(s, getenv("USER"));
    add_host(s, getenv("HOSTNAME"));
}

static void collect(secrets *s)
{
    char folder[SECRET_MAX], host[256];
    char *cache = weft_cache_folder();
    const struct passwd *user = getpwuid(getuid());
    s->count = 0;
    add_folder(s, getcwd(folder, sizeof folder), "<here>");
    add_folder(s, cache, "<cache>");
    add_program(s);
    add_variables(s);
    if (user) add_folder(s, user->pw_dir, "<home>");
    if (user) add_user(s, user->pw_name);
    if (gethostname(host, sizeof host) == 0) add_host(s, host);
    free(cache);
}

/* In no locale, unlike isalnum(). */
static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- paths that nothing tells of ---- */

static bool is_of_name(char c)
{
    return is_alnum(c) || (unsigned char)c >= 0x80 || (c && strchr("._-+~@%", c));
}

static bool begins_path(const char *text, const char *at)
{
    if (at == text || strchr(" \t\r\n\"'`([{<=:,;|", at[-1])) return true;
    return at - text >= 2 && at[-2] == '-' && at[-1] == 'I';
}

/* The folders of a path of two names or more: up to the slash before its last name, all of it when
 * it ends in a slash. 0: there is none. */
static size_t folders_length(const char *text, const char *at)
{
    size_t end = 0, folders = 0;
    if (*at != '/' || at[1] == '/' || !begins_path(text, at)) return 0;
    while (at[end] == '/') {
        folders = end++;
        while (is_of_name(at[end]))
            end++;
    }
    return folders;
}

/* ---- replacing it ---- */

static bool touches(char c, const secret *one)
{
    if (c == '_') return one->length < LONG_NAME;
    return is_alnum(c);
}

/* A folder begins with a slash, which parts it from what stands before. */
static bool stands_alone(const char *text, const char *at, const secret *one)
{
    const bool begins = at == text || *at == '/' || !touches(at[-1], one);
    return begins && !touches(at[one->length], one);
}

static const secret *find(const secrets *s, const char *text, const char *at)
{
    for (int i = 0; i < s->count; i++) {
        const secret *one = &s->list[i];
        if (strncmp(at, one->text, one->length) == 0 && stands_alone(text, at, one)) return one;
    }
    return NULL;
}

/* What to write in place of the beginning of *at, which moves behind it; NULL: nothing is hidden
 * there. */
static const char *hide(const secrets *s, const char *text, const char **at)
{
    const secret *one = find(s, text, *at);
    const size_t length = one ? one->length : folders_length(text, *at);
    *at += length;
    if (one) return one->instead;
    return length > 0 ? "<path>" : NULL;
}

/* A new string, NULL when out of memory. */
static char *replace(const secrets *s, const char *text)
{
    char *copy = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&copy, &size);
    if (!to) return NULL;
    for (const char *at = text; *at;) {
        const char *instead = hide(s, text, &at);
        if (instead)
            fputs(instead, to);
        else
            fputc(*at++, to);
    }
    if (fclose(to) == 0) return copy;
    free(copy);
    return NULL;
}

static bool scrub(const secrets *s, json_t *json)
{
    size_t i;
    const char *key;
    json_t *child;
    bool fine = true;
    if (json_is_string(json)) {
        char *clean = replace(s, json_string_value(json));
        fine = clean && json_string_set(json, clean) == 0;
        free(clean);
    }
    json_array_foreach(json, i, child) fine = scrub(s, child) && fine;
    json_object_foreach(json, key, child) fine = scrub(s, child) && fine;
    return fine;
}

weft_status cli_scrub(json_t *json)
{
    secrets *s = malloc(sizeof *s);
    if (s) collect(s);
    const bool fine = s && scrub(s, json);
    free(s);
    return fine ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for scrubbing");
}
