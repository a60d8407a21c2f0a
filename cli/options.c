#include "cli/options.h"

#include <math.h>
#include <string.h>

#include "core/number.h"

enum { NAMES_MAX = CLI_OPTION_COUNT + CLI_COMMAND_COUNT };

static bool takes(cli_command_id command, int option)
{
    return cli_options[option].commands >> command & 1u;
}

/* The first command that takes an option: for telling where it belongs. */
static const char *owner(int option)
{
    for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
        if (takes((cli_command_id)i, option)) return cli_commands[i].name;
    }
    return "none";
}

static weft_status unknown(cli_command_id command, const char *shown, const char *name)
{
    const char *names[NAMES_MAX + 1];
    int count = 0;
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (takes(command, i)) names[count++] = cli_options[i].name;
        if (strcmp(cli_options[i].name, name) == 0) {
            return weft_fail(WEFT_ERR_USAGE, "weft %s does not take --%s; weft %s does",
                             cli_commands[command].name, name, owner(i));
        }
    }
    names[count] = NULL;
    const char *near = weft_nearest(name, names);
    if (near) {
        return weft_fail(WEFT_ERR_USAGE, "unknown option %s; did you mean --%s?", shown, near);
    }
    return weft_fail(WEFT_ERR_USAGE, "unknown option %s; see weft help %s", shown,
                     cli_commands[command].name);
}

weft_status cli_command_find(const char *name, cli_command_id *out)
{
    const char *names[NAMES_MAX + 1];
    for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
        names[i] = cli_commands[i].name;
        if (strcmp(name, names[i]) == 0) {
            *out = (cli_command_id)i;
            return WEFT_OK;
        }
    }
    names[CLI_COMMAND_COUNT] = NULL;
    const char *near = weft_nearest(name, names);
    if (near) {
        return weft_fail(WEFT_ERR_USAGE, "unknown command %s; did you mean %s?", name, near);
    }
    return weft_fail(WEFT_ERR_USAGE, "unknown command %s; weft help lists them", name);
}

int cli_choice_index(const char *choices, const char *text)
{
    const size_t length = strlen(text);
    for (int i = 0; *choices; i++) {
        const size_t word = strcspn(choices, "|");
        if (word == length && strncmp(choices, text, word) == 0) return i;
        choices += word + (choices[word] == '|');
    }
    return -1;
}

static weft_status out_of_range(const cli_option *option, const char *text)
{
    char low[WEFT_NUMBER_TEXT], high[WEFT_NUMBER_TEXT];
    const int digits = option->kind == CLI_INT ? 16 : 6;
    return weft_fail(WEFT_ERR_USAGE, "--%s %s is out of range: it takes %s to %s", option->name,
                     text, weft_format(option->low, digits, low),
                     weft_format(option->high, digits, high));
}

static bool all_digits(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static weft_status set_integer(const cli_option *option, const char *text, cli_value *value)
{
    if (!weft_parse_int(text, &value->integer)) {
        if (all_digits(text)) return out_of_range(option, text);
        return weft_fail(WEFT_ERR_USAGE, "--%s takes a whole number, not \"%s\"", option->name,
                         text);
    }
    const double number = (double)value->integer;
    if (number < option->low || number > option->high) return out_of_range(option, text);
    return WEFT_OK;
}

static weft_status set_real(const cli_option *option, const char *text, cli_value *value)
{
    if (!weft_parse_double(text, &value->real)) {
        return weft_fail(WEFT_ERR_USAGE, "--%s takes a number such as 0.001, not \"%s\"",
                         option->name, text);
    }
    if (value->real < option->low || value->real > option->high) return out_of_range(option, text);
    return WEFT_OK;
}

static weft_status set_choice(const cli_option *option, const char *text, cli_value *value)
{
    const int index = cli_choice_index(option->value, text);
    if (index < 0) {
        return weft_fail(WEFT_ERR_USAGE, "--%s takes one of %s, not \"%s\"", option->name,
                         option->value, text);
    }
    value->integer = index;
    return WEFT_OK;
}

static weft_status set(int index, const char *text, cli_args *args)
{
    const cli_option *option = &cli_options[index];
    cli_value *value = &args->value[index];
    *value = (cli_value){.given = true, .text = text};
    switch (option->kind) {
    case CLI_INT:
        return set_integer(option, text, value);
    case CLI_REAL:
        return set_real(option, text, value);
    case CLI_CHOICE:
        return set_choice(option, text, value);
    case CLI_TEXT:
        if (*text) return WEFT_OK;
        return weft_fail(WEFT_ERR_USAGE, "--%s needs a value (%s), not an empty one", option->name,
                         option->value);
    case CLI_FLAG:
        break;
    }
    return WEFT_OK;
}

/* An argument as an option: which one, and what was glued to it ("--name=text", "-ntext"). */
static weft_status recognise(cli_command_id command, const char *argument, int *index,
                             const char **glued)
{
    char name[64];
    const bool is_long = argument[1] == '-';
    const char *text = argument + (is_long ? 2 : 1);
    const size_t length = is_long ? strcspn(text, "=") : 1;
    *glued = is_long ? (text[length] ? text + length + 1 : NULL) : (text[1] ? text + 1 : NULL);

    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
             text);
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        const bool same = is_long ? strcmp(name, cli_options[i].name) == 0
                                  : cli_options[i].letter && cli_options[i].letter == text[0];
        if (same && takes(command, i)) {
            *index = i;
            return WEFT_OK;
        }
    }
    return unknown(command, argument, name);
}

/* Take the option at argv[*at] with its value; *at ends at the last argument used. */
static weft_status take(cli_command_id command, int argc, char **argv, int *at, cli_args *args)
{
    const char *text = NULL;
    int index = 0;
    WEFT_TRY(recognise(command, argv[*at], &index, &text));
    const cli_option *option = &cli_options[index];

    if (option->kind == CLI_FLAG) {
        if (text) return weft_fail(WEFT_ERR_USAGE, "--%s takes no value", option->name);
        return set(index, "", args);
    }
    if (!text) {
        const bool missing = *at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0;
        if (missing) {
            return weft_fail(WEFT_ERR_USAGE, "--%s needs a value: --%s %s", option->name,
                             option->name, option->value);
        }
        text = argv[++*at];
    }
    return set(index, text, args);
}

static weft_status check_words(const cli_command *command, const cli_args *args)
{
    if (args->word_count < command->low) {
        return weft_fail(WEFT_ERR_USAGE, "something is missing: weft %s %s", command->name,
                         command->words);
    }
    if (args->word_count > command->high) {
        return weft_fail(WEFT_ERR_USAGE, "one word too many: \"%s\"; it is weft %s %s",
                         args->word[command->high], command->name, command->words);
    }
    return WEFT_OK;
}

weft_status cli_parse(cli_command_id command, int argc, char **argv, cli_args *args)
{
    bool only_words = false;
    *args = (cli_args){.command = command, .word = argv};
    for (int i = 0; i < argc; i++) {
        const bool is_option = argv[i][0] == '-' && argv[i][1] != '\0' && !only_words;
        if (!is_option) {
            argv[args->word_count++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else {
            WEFT_TRY(take(command, argc, argv, &i, args));
            if (args->value[CLI_OPT_HELP].given) return WEFT_OK;
        }
    }
    return check_words(&cli_commands[command], args);
}

const char *cli_text(const cli_args *args, cli_option_id id)
{
    return args->value[id].text;
}

int64_t cli_integer(const cli_args *args, cli_option_id id, int64_t otherwise)
{
    return args->value[id].given ? args->value[id].integer : otherwise;
}

bool cli_given(const cli_args *args, cli_option_id id)
{
    return args->value[id].given;
}
