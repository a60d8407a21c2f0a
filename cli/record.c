#include "cli/record.h"

#include <stdlib.h>

#include "core/posix.h"

static void keep(cli_record *record, const char *text)
{
    char *copy = record->early_count < CLI_RECORD_EARLY ? weft_path_join("", text) : NULL;
    if (copy) record->early[record->early_count++] = copy;
}

static void write_line(void *user, weft_level level, const char *text)
{
    cli_record *record = user;
    record->to.write(record->to.user, level, text);
    if (level != WEFT_WARNING) return;
    if (record->trainer)
        weft_trainer_warn(record->trainer, text);
    else
        keep(record, text);
}

weft_log cli_record_log(cli_record *record)
{
    return (weft_log){.write = write_line, .user = record};
}

void cli_record_attach(cli_record *record, weft_trainer *trainer)
{
    record->trainer = trainer;
    for (int i = 0; i < record->early_count && trainer; i++)
        weft_trainer_warn(trainer, record->early[i]);
    if (trainer) cli_record_free(record);
}

void cli_record_free(cli_record *record)
{
    for (int i = 0; i < record->early_count; i++)
        free(record->early[i]);
    record->early_count = 0;
}
