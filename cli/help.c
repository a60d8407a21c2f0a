#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "backends/backends.h"
#include "cli/output.h"

enum { NAME_COLUMN = 2, HELP_COLUMN = 30 };

#if defined(__clang__)
static const char compiler[] = "clang " __clang_version__;
#elif defined(__GNUC__)
static const char compiler[] = "gcc " __VERSION__;
#else
static const char compiler[] = "unknown";
#endif

static const char *const group_titles[CLI_GROUP_COUNT] = {
    [CLI_GROUP_DATA] = "Data",         [CLI_GROUP_DEVICE] = "Device",
    [CLI_GROUP_TRAINING] = "Training", [CLI_GROUP_WEIGHTS] = "Weights and runs",
    [CLI_GROUP_OUTPUT] = "Output",
};

void cli_help_start(void)
{
    puts("weft train seed-cnn --data fashion-mnist --out first-run");
    puts("weft eval first-run --data fashion-mnist");
    puts("weft predict first-run --data fashion-mnist --index 0");
    puts("weft devices    # and weft help for everything else");
}

static void put_examples(const char *lines)
{
    while (*lines) {
        const int length = (int)strcspn(lines, "\n");
        printf("  %.*s\n", length, lines);
        lines += length + 1;
    }
}

static void put_exit_codes(void)
{
    cli_put_wrapped(stdout,
                    "Exit codes: 0 ok, 1 internal error, 2 usage, 3 bad data or file, 4 device, "
                    "5 memory, 6 input or output, 7 training diverged, 8 a check failed, 130 after "
                    "Ctrl-C, 143 after "
                    "a termination signal (training writes a checkpoint first).",
                    0, 0);
}

void cli_help_all(void)
{
    puts("Weft trains, checks and runs neural networks on OpenCL devices and on the CPU.\n");
    puts("Start with:");
    put_examples("weft devices\n"
                 "weft train seed-cnn --data fashion-mnist --out first-run\n"
                 "weft eval first-run --data fashion-mnist\n");
    puts("\nCommands (weft help COMMAND or weft COMMAND --help tells more):");
    for (int i = 0; i < CLI_COMMAND_COUNT; i++) {
        printf("  ");
        cli_put_column(stdout, cli_commands[i].name, 10);
        cli_put_wrapped(stdout, cli_commands[i].help, 12, 12);
    }
    puts("\nEnvironment: WEFT_DEVICE (--device), WEFT_DATA (data sets), WEFT_CACHE_DIR\n"
         "(compiled kernels), NO_COLOR.\n");
    put_exit_codes();
}

static void put_option(const cli_option *option)
{
    char left[80], help[320];
    const char letter[5] = {'-', option->letter, ',', ' ', '\0'};
    snprintf(left, sizeof left, "%s--%s%s%s", option->letter ? letter : "    ", option->name,
             option->value ? " " : "", option->value ? option->value : "");
    snprintf(help, sizeof help, "%s%s%s%s", option->help, option->initial ? " [" : "",
             option->initial ? option->initial : "", option->initial ? "]" : "");

    printf("%*s", NAME_COLUMN, "");
    cli_put_column(stdout, left, HELP_COLUMN - NAME_COLUMN - 1);
    const bool fits = NAME_COLUMN + cli_columns(left) < HELP_COLUMN;
    if (fits) {
        putchar(' ');
    } else {
        printf("\n%*s", HELP_COLUMN, "");
    }
    cli_put_wrapped(stdout, help, HELP_COLUMN, HELP_COLUMN);
}

static void put_group(cli_command_id command, cli_group group)
{
    bool titled = false;
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        const cli_option *option = &cli_options[i];
        if (option->group != group || !(option->commands >> command & 1u)) continue;
        if (!titled) printf("\n%s:\n", group_titles[group]);
        titled = true;
        put_option(option);
    }
}

void cli_help_command(cli_command_id id)
{
    const cli_command *command = &cli_commands[id];
    printf("usage: weft %s%s%s [options]\n\n", command->name, *command->words ? " " : "",
           command->words);
    cli_put_wrapped(stdout, command->help, 0, 0);
    puts("\nExamples:");
    put_examples(command->examples);
    for (int group = 0; group < CLI_GROUP_COUNT; group++) {
        put_group(id, (cli_group)group);
    }
    putchar('\n');
    put_exit_codes();
}

void cli_help_version(void)
{
    printf("weft %s\n", WEFT_VERSION);
    printf("backends: cpu%s\n", weft_backend_opencl() ? ", opencl" : "");
    printf("compiler: %s\n", compiler);
}
