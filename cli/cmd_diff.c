/* weft diff: where and by how much two checkpoints or two runs differ. */
#include "cli/diff_output.h"
#include "cli/options.h"
#include "cli/output.h"

enum { DIFFERENT = 8 }; /* exit code: a check failed */

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
    if (!diff->equal)
        cli_note("%s and %s differ: %s", a, b, line);
    else if (!cli_given(args, CLI_OPT_JSON))
        printf("equal%s: %s\n", tolerance > 0 ? " within the tolerance" : "", line);
    return WEFT_OK;
}

static int compare_files(const cli_args *args)
{
    const double tolerance =
        cli_given(args, CLI_OPT_TOLERANCE) ? args->value[CLI_OPT_TOLERANCE].real : 0;
    weft_diff diff;
    weft_status status = weft_diff_open(args->word[0], args->word[1], tolerance, &diff);
    if (status == WEFT_OK) status = show(args, &diff, tolerance);
    const bool equal = diff.equal;
    weft_diff_close(&diff);
    if (status != WEFT_OK) return cli_exit_code(status);
    return equal ? 0 : DIFFERENT;
}

int cli_run_diff(const cli_args *args)
{
    return compare_files(args);
}
