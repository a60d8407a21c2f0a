/* weft models: the networks inside the program. */
#include <stdio.h>
#include <string.h>

#include "cli/models.h"
#include "cli/options.h"
#include "cli/output.h"

/* What the first line, a comment "# name: text", says of the network. */
static void put_description(const cli_model *model)
{
    char line[256];
    const char *text = (const char *)model->text;
    const char *colon = strchr(text, ':');
    const size_t length = strcspn(text, "\n");
    if (text[0] != '#' || !colon || (size_t)(colon - text) >= length) {
        putchar('\n');
        return;
    }
    const char *from = colon + 1 + strspn(colon + 1, " ");
    snprintf(line, sizeof line, "%.*s", (int)(text + length - from), from);
    cli_put_wrapped(stdout, line, 39, 39);
}

static weft_status list(void)
{
    printf("%-12s  %10s  %9s\n", "NAME", "PARAMETERS", "INPUT");
    for (const cli_model *model = cli_models; model->name; model++) {
        weft_graph *graph = NULL;
        char shape[WEFT_SHAPE_TEXT];
        WEFT_TRY(weft_graph_parse((const char *)model->text, model->length, model->name, &graph));
        printf("%-12s  %10lld  %9s    ", model->name, (long long)weft_graph_parameters(graph),
               weft_shape_print(weft_graph_input(graph), shape));
        put_description(model);
        weft_graph_free(graph);
    }
    puts("\nweft models NAME prints the text of one, to start a network of your own.");
    return WEFT_OK;
}

static weft_status show(const char *name)
{
    weft_graph *graph = NULL;
    WEFT_TRY(cli_model_load(name, &graph));
    fputs(weft_graph_text(graph), stdout);
    weft_graph_free(graph);
    return WEFT_OK;
}

int cli_run_models(const cli_args *args)
{
    return cli_exit_code(args->word_count > 0 ? show(args->word[0]) : list());
}
