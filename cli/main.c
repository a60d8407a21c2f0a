#define _XOPEN_SOURCE 700 /* SIGXFSZ */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/posix.h"

/* Set a variable that nobody has given a value. */
static void set_default(const char *name, const char *value)
{
    const char *set = getenv(name);
    if (!set || !*set) setenv(name, value, 1);
}

/* PoCL reads its settings from the environment when it is first called. Its cache belongs to ours,
 * and --threads is meant for it too; what the user has set stays. */
static void prepare_drivers(const cli_args *args)
{
    char count[24];
    char *cache = weft_cache_folder();
    char *pocl = cache ? weft_path_join(cache, "pocl") : NULL;
    if (pocl && weft_make_folders(pocl) == WEFT_OK) set_default("POCL_CACHE_DIR", pocl);
    free(pocl);
    free(cache);

    if (!cli_given(args, CLI_OPT_THREADS)) return;
    snprintf(count, sizeof count, "%lld", (long long)cli_integer(args, CLI_OPT_THREADS, 1));
    set_default("POCL_MAX_PTHREAD_COUNT", count);
}

static void set_action(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* A closed pipe and a file at its size limit are to be errors of a write, with a message and an
 * exit code. Who ignores the end of children hands that on to us, and theirs could not be asked. */
static void settle_signals(void)
{
    set_action(SIGPIPE, SIG_IGN);
    set_action(SIGXFSZ, SIG_IGN);
    set_action(SIGCHLD, SIG_DFL);
}

/* A block of a megabyte or more goes back to the system when it is freed. glibc raises that limit
 * as it sees such blocks, and then keeps them. */
static void give_memory_back(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

static int run_command(const char *name, int argc, char **argv)
{
    cli_args args;
    cli_command_id id;
    weft_status status = cli_command_find(name, &id);
    if (status == WEFT_OK) status = cli_parse(id, argc, argv, &args);
    if (status != WEFT_OK) return cli_exit_code(status);

    if (cli_given(&args, CLI_OPT_HELP)) {
        cli_help_command(id);
        return 0;
    }
    prepare_drivers(&args);
    return cli_commands[id].run(&args);
}

static int run_help(int argc, char **argv)
{
    cli_command_id id;
    if (argc == 0) {
        cli_help_all();
        return 0;
    }
    const weft_status status = cli_command_find(argv[0], &id);
    if (status == WEFT_OK) cli_help_command(id);
    return cli_exit_code(status);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        cli_help_start();
        return 0;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return run_help(0, NULL);
    if (strcmp(word, "help") == 0) return run_help(argc - 2, argv + 2);
    if (strcmp(word, "--version") == 0) {
        cli_help_version();
        return 0;
    }
    return run_command(word, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    weft_hold_standard_files();
    settle_signals();
    give_memory_back();
    const int code = run(argc, argv);
    const weft_status status = cli_output_finish();
    if (status == WEFT_OK) return code;
    const int lost = cli_exit_code(status);
    return code ? code : lost;
}
