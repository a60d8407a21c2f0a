#define _XOPEN_SOURCE 700
#include "cli/scrub.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/posix.h"

enum { SECRET_MAX = 4096, SECRETS = 8, SHORTEST = 3 };

typedef struct secret {
    char text[SECRET_MAX];
    const char *instead;
} secret;

typedef struct secrets {
    secret list[SECRETS];
    int count;
} secrets;

/* Short ones, such as "/", stand in too much that is no secret. */
static void add(secrets *s, const char *text, const char *instead)
{
    if (!text || strlen(text) < SHORTEST || s->count == SECRETS) return;
    secret *one = &s->list[s->count++];
    snprintf(one->text, sizeof one->text, "%s", text);
    one->instead = instead;
}

/* Folders first, since they may hold the names. */
static void collect(secrets *s)
{
    char folder[SECRET_MAX], host[256];
    char *cache = weft_cache_folder();
    const struct passwd *user = getpwuid(getuid());
    s->count = 0;
    add(s, getcwd(folder, sizeof folder), "<here>");
    add(s, cache, "<cache>");
    add(s, getenv("TMPDIR"), "<temporary>");
    add(s, getenv("HOME"), "<home>");
    if (user) add(s, user->pw_dir, "<home>");
    if (gethostname(host, sizeof host) == 0) add(s, host, "<host>");
    add(s, user ? user->pw_name : getenv("USER"), "<user>");
    free(cache);
}

/* A name is one only where no letter or digit touches it. */
static int is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int stands_alone(const char *text, const char *at, size_t length)
{
    return (at == text || !is_word(at[-1]) || !is_word(*at)) && !is_word(at[length]);
}

static char *replace(const char *text, const secret *one)
{
    char *copy = NULL;
    size_t size = 0;
    const size_t length = strlen(one->text);
    FILE *to = open_memstream(&copy, &size);
    if (!to) return NULL;
    for (const char *at = text; *at;) {
        if (strncmp(at, one->text, length) == 0 && stands_alone(text, at, length)) {
            fputs(one->instead, to);
            at += length;
        } else {
            fputc(*at++, to);
        }
    }
    if (fclose(to) == 0) return copy;
    free(copy);
    return NULL;
}

char *cli_scrub(const char *text)
{
    secrets *all = malloc(sizeof *all);
    char *clean = strdup(text);
    if (all) collect(all);
    for (int i = 0; all && clean && i < all->count; i++) {
        char *next = replace(clean, &all->list[i]);
        free(clean);
        clean = next;
    }
    if (!all) {
        free(clean);
        clean = NULL;
    }
    free(all);
    return clean;
}
