#include "cli/selftest_line.h"

#include <assert.h>
#include <stdio.h>

void cli_line_add(cli_line *c, const char *word)
{
    assert(c->count + 1 < CLI_LINE_WORDS);
    c->list[c->count++] = word;
}

void cli_line_option(cli_line *c, const char *name, const char *value)
{
    cli_line_add(c, name);
    cli_line_add(c, value);
}

void cli_line_device(cli_line *c, const cli_selftest_wish *wish)
{
    cli_line_option(c, "--device", wish->entry->id);
    cli_line_option(c, "--family", cli_family_text(wish->family));
    cli_line_option(c, "--gemm", cli_gemm_text(wish->gemm));
    if (wish->threads == 0) return;
    snprintf(c->threads, sizeof c->threads, "%d", (int)wish->threads);
    cli_line_option(c, "--threads", c->threads);
}

void cli_line_part(cli_line *c, const char *program, const cli_selftest_wish *wish, int part)
{
    cli_line_add(c, program);
    cli_line_add(c, "selftest");
    cli_line_option(c, "--part", weft_selftest_name(part));
    cli_line_device(c, wish);
    if (wish->quick) cli_line_add(c, "--quick");
}
