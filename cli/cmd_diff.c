/* weft diff: where and by how much two checkpoints, two runs or two devices differ. */
#include "cli/diff_devices.h"
#include "cli/diff_output.h"
#include "cli/options.h"
#include "cli/output.h"

static weft_status show(const cli_args *args, const weft_diff *diff, double tolerance)
{
    const char *a = args->word[0], *b = args->word[1];
    char text[CLI_DIFF_TEXT];
    if (cli_given(args, CLI_OPT_JSON)) {
        WEFT_TRY(cli_put_json(cli_diff_json(diff, a, b, tolerance)));
    } else {
        cli_diff_print(diff);
    }
    const char *line = cli_diff_line(diff, text);
    if (!diff->equal) return weft_fail(WEFT_ERR_CHECK, "%s and %s differ: %s", a, b, line);
    if (!cli_given(args, CLI_OPT_JSON))
        printf("equal%s: %s\n", tolerance > 0 ? " within the tolerance" : "", line);
    return WEFT_OK;
}

static weft_status compare_files(const cli_args *args)
{
    const double tolerance =
        cli_given(args, CLI_OPT_TOLERANCE) ? args->value[CLI_OPT_TOLERANCE].real : 0;
    weft_diff diff;
    if (args->word_count != 2)
        return weft_fail(WEFT_ERR_USAGE,
                         "diff A B: two files or run folders are wanted, or a network "
                         "with --devices A,B");
    weft_status status = weft_diff_open(args->word[0], args->word[1], tolerance, &diff);
    if (status == WEFT_OK) status = show(args, &diff, tolerance);
    weft_diff_close(&diff);
    return status;
}

static weft_status compare(const cli_args *args)
{
    if (!cli_given(args, CLI_OPT_DEVICES)) return compare_files(args);
    if (args->word_count == 1) return cli_diff_devices(args);
    return weft_fail(WEFT_ERR_USAGE, "diff: --devices compares them on one network");
}

int cli_run_diff(const cli_args *args)
{
    return cli_exit_code(compare(args));
}
