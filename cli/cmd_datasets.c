/* weft datasets: what --data takes, and whether it is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int cli_run_datasets(const cli_args *args)
{
    const char *folder = cli_text(args, CLI_OPT_DATA_DIR);
    if (args->word_count == 0) {
        list(folder);
        return 0;
    }
    char *place = weft_dataset_where(args->word[0], folder);
    if (!place) return cli_exit_code(is_known(args->word[0]) ? WEFT_ERR_IO : WEFT_ERR_USAGE);
    print_place(args->word[0], place, "");
    free(place);
    return 0;
}
