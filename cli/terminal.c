#include "cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/posix.h"

/* An environment variable that is set to something, or NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Asked of the environment: the program itself stays in the C locale, for the sake of its numbers.
 */
static bool is_utf8(void)
{
    const char *locale = variable("LC_ALL");
    if (!locale) locale = variable("LC_CTYPE");
    if (!locale) locale = variable("LANG");
    const char *set = locale ? strchr(locale, '.') : NULL;
    if (!set) return false;
    const size_t length = strcspn(set + 1, "@");
    return (length == 5 && strncasecmp(set + 1, "UTF-8", 5) == 0) ||
           (length == 4 && strncasecmp(set + 1, "UTF8", 4) == 0);
}

cli_terminal cli_terminal_ask(void)
{
    const char *kind = variable("TERM");
    const bool live = kind && strcmp(kind, "dumb") != 0 && weft_is_terminal(stderr);
    return (cli_terminal){.live = live, .colour = live && !variable("NO_COLOR"), .utf8 = is_utf8()};
}

const char *cli_terminal_colour(const cli_terminal *terminal, cli_colour colour)
{
    static const char *const codes[] = {"\033[0m", "\033[32m", "\033[36m", "\033[33m"};
    return terminal->colour ? codes[colour] : "";
}
