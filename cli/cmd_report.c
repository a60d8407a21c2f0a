/* weft report: everything about a run on one page. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/report.h"
#include "core/posix.h"

typedef struct report_job {
    cli_report_wish wish;
    char *path;
} report_job;

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    report_job *job = user;
    return cli_report_write(&job->wish, device, entry, &job->path);
}

static weft_status run(const cli_args *args)
{
    const weft_log log = cli_plain_log(cli_given(args, CLI_OPT_QUIET));
    report_job job = {.wish = {.args = args,
                               .run = args->word[0],
                               .out = cli_text(args, CLI_OPT_OUT),
                               .pictures = cli_text(args, CLI_OPT_PICTURES),
                               .no_test = cli_given(args, CLI_OPT_NO_TEST),
                               .device = cli_wish_of(args, log),
                               .log = log}};
    cli_choice choice;
    if (!weft_is_folder(args->word[0]))
        return weft_fail(WEFT_ERR_IO, "%s: no such run folder", args->word[0]);
    WEFT_TRY(cli_select(&job.wish.device, attempt, &job, &choice));
    cli_choice_free(&choice);
    printf("%s\n", job.path);
    free(job.path);
    return WEFT_OK;
}

int cli_run_report(const cli_args *args)
{
    return cli_exit_code(run(args));
}
