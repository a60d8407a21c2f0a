/* Further seeds on the reference: the noise that a difference is held against. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/compare.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "core/posix.h"

static weft_status prepare(const cli_compare *c, int64_t seed, cli_contender *to)
{
    const cli_contender *reference = &c->list[c->reference];
    char name[WEFT_NAME_MAX];
    *to = (cli_contender){.entry = reference->entry};
    (void)snprintf(to->name, sizeof to->name, "%.80s seed %lld", reference->entry->id,
                   (long long)seed);
    (void)snprintf(to->title, sizeof to->title, "for the spread of seeds");
    (void)snprintf(name, sizeof name, "seed-%lld", (long long)seed);
    to->folder = weft_path_join(c->out, name);
    return to->folder ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
}

static weft_status train(cli_compare *c, int64_t seed)
{
    char word[32];
    cli_contender *to = &c->seed[c->seed_count];
    WEFT_TRY(prepare(c, seed, to));
    c->seed_count++;
    (void)snprintf(word, sizeof word, "--seed=%lld", (long long)seed);
    cli_compare_train(c, to, 1, (const char *[]){word, NULL});
    if (!to->failed && cli_compare_read(c, to) != WEFT_OK) cli_contender_fail(to);
    if (to->failed) weft_say(&c->log, WEFT_WARNING, "%s: %s", to->name, to->failure);
    return WEFT_OK;
}

weft_status cli_compare_seeds(cli_compare *c)
{
    const int64_t first = cli_integer(c->args, CLI_OPT_SEED, 0);
    if (c->seeds > 1)
        weft_say(&c->log, WEFT_INFO, "the curves part; %d more seeds on %s show what is noise",
                 c->seeds - 1, c->list[c->reference].name);
    for (int i = 1; i < c->seeds && *cli_signals_catch() == 0; i++)
        WEFT_TRY(train(c, first + i));
    return WEFT_OK;
}
