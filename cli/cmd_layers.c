/* weft layers: what a line of a network text can be, from the tables that parse it. */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/output.h"
#include "core/layer.h"
#include "core/number.h"

enum { LAYERS_MAX = 256, HELP_AT = 40 };

static const char *type_text(weft_field_type type)
{
    static const char *const names[] = {
        [WEFT_FIELD_INT] = "N",       [WEFT_FIELD_FLOAT] = "X",
        [WEFT_FIELD_BOOL] = "yes|no", [WEFT_FIELD_PAIR] = "N|NxN",
        [WEFT_FIELD_SHAPE] = "NxNxN", [WEFT_FIELD_PADDING] = "same|valid|N",
    };
    return names[type];
}

/* "0 to 1", or nothing where a range would say nothing. */
static void put_range(const weft_field *field, char *text, size_t size)
{
    char low[WEFT_NUMBER_TEXT], high[WEFT_NUMBER_TEXT];
    text[0] = '\0';
    if (field->type == WEFT_FIELD_BOOL || !(field->low < field->high)) return;
    snprintf(text, size, "%s to %s", weft_format(field->low, 10, low),
             weft_format(field->high, 10, high));
}

static void print_field(const weft_field *field)
{
    char key[64], range[80], help[512];
    const char *initial = field->default_value;
    snprintf(key, sizeof key, "%s=%s", field->name, type_text(field->type));
    put_range(field, range, sizeof range);
    snprintf(help, sizeof help, "%s%s%s%s", field->help ? field->help : "", range[0] ? " (" : "",
             range, range[0] ? ")" : "");

    printf("  ");
    cli_put_column(stdout, key, 24);
    putchar(' ');
    cli_put_column(stdout, initial ? initial : "needed", 13);
    cli_put_wrapped(stdout, help, HELP_AT, HELP_AT);
}

static void print_layer(const weft_layer_def *def)
{
    cli_put_column(stdout, def->name, 14);
    putchar(' ');
    cli_put_wrapped(stdout, def->help ? def->help : "", 15, 15);
    for (const weft_field *field = def->fields; field && field->name; field++) {
        print_field(field);
    }
}

static weft_status unknown(const char *name)
{
    const char *names[LAYERS_MAX + 1];
    int count = 0;
    for (const weft_layer_def *def; count < LAYERS_MAX && (def = weft_layer_at(count));) {
        names[count++] = def->name;
    }
    names[count] = NULL;
    const char *near = weft_nearest(name, names);
    return weft_fail(WEFT_ERR_USAGE, "no layer %s%s%s%s; weft layers lists them", name,
                     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static weft_status run(const cli_args *args)
{
    if (args->word_count > 0) {
        const weft_layer_def *def = weft_layer_find(args->word[0]);
        if (!def) return unknown(args->word[0]);
        print_layer(def);
    }
    for (int i = 0; args->word_count == 0 && weft_layer_at(i); i++) {
        if (i > 0) putchar('\n');
        print_layer(weft_layer_at(i));
    }
    puts("\nEvery layer takes name=NAME and from=NAME[,NAME], by default the line above.");
    return WEFT_OK;
}

int cli_run_layers(const cli_args *args)
{
    return cli_exit_code(run(args));
}
