/* weft datasets: what --data takes, and whether it is there; weft datasets show: a picture of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/datasets_show.h"
#include "cli/options.h"
#include "cli/output.h"
#include "datasets/datasets.h"

static void print_place(const char *spec, const char *folder, const char *reason)
{
    cli_put_column(stdout, spec, 16);
    if (folder) {
        printf("found in ");
        cli_put_column(stdout, folder, 0);
        putchar('\n');
    } else {
        cli_put_wrapped(stdout, reason, 16, 16);
    }
}

static void list(const char *folder)
{
    for (int i = 0; weft_dataset_at(i); i++) {
        const weft_dataset_def *def = weft_dataset_at(i);
        char spec[64];
        snprintf(spec, sizeof spec, "%.40s%s", def->name, def->takes_folder ? ":DIR" : "");
        cli_put_column(stdout, spec, 16);
        cli_put_wrapped(stdout, def->help, 16, 16);
        if (def->takes_folder) continue;
        char *place = weft_dataset_where(def->name, folder);
        print_place("", place, place ? "" : weft_error());
        free(place);
    }
}

/* Whether the part before a colon is the name of a data set. */
static bool is_known(const char *spec)
{
    const size_t length = strcspn(spec, ":");
    for (int i = 0; weft_dataset_at(i); i++) {
        const char *name = weft_dataset_at(i)->name;
        if (strlen(name) == length && strncmp(name, spec, length) == 0) return true;
    }
    return false;
}

static weft_status find(const char *spec, const char *folder)
{
    char *place = weft_dataset_where(spec, folder);
    if (!place) {
        const weft_status status = is_known(spec) ? WEFT_ERR_IO : WEFT_ERR_USAGE;
        return weft_fail(status, "%s", weft_error());
    }
    print_place(spec, place, "");
    free(place);
    return WEFT_OK;
}

/* Options that say what a picture shows mean nothing without one. */
static weft_status refuse_options(const cli_args *args)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (!cli_given(args, (cli_option_id)i) || i == CLI_OPT_DATA_DIR) continue;
        return weft_fail(WEFT_ERR_USAGE, "--%s goes with weft datasets show SET",
                         cli_options[i].name);
    }
    return WEFT_OK;
}

static weft_status run(const cli_args *args)
{
    const char *folder = cli_text(args, CLI_OPT_DATA_DIR);
    if (args->word_count > 0 && strcmp(args->word[0], "show") == 0) return cli_datasets_show(args);
    if (args->word_count > 1) {
        return weft_fail(WEFT_ERR_USAGE, "one word too many: \"%s\"; it is weft datasets [SET]",
                         args->word[1]);
    }
    WEFT_TRY(refuse_options(args));
    if (args->word_count == 1) return find(args->word[0], folder);
    list(folder);
    return WEFT_OK;
}

int cli_run_datasets(const cli_args *args)
{
    return cli_exit_code(run(args));
}
