/* What run folders say, for a comparison. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/output.h"
#include "core/number.h"
#include "core/posix.h"

enum { LINE = 512 };

/* ---- the first steps ---- */

/* The loss of a line "STEP,LOSS,..."; false when it is of another step or damaged. */
static bool read_loss(char *line, int step, double *loss)
{
    int64_t number = 0;
    char *comma = strchr(line, ',');
    if (!comma) return false;
    *comma = '\0';
    if (!weft_parse_int(line, &number) || number != step) return false;
    char *text = comma + 1;
    text[strcspn(text, ",\r\n")] = '\0';
    return weft_parse_double(text, loss);
}

/* As many as stand in the file from the first on. */
static int read_first(const char *path, double first[WEFT_SELFTEST_STEPS])
{
    char line[LINE];
    int count = 0;
    FILE *file;
    if (weft_open_file(path, &file) != WEFT_OK) return 0;
    if (fgets(line, sizeof line, file)) { /* the names of the columns */
        while (count < WEFT_SELFTEST_STEPS && fgets(line, sizeof line, file) &&
               read_loss(line, count + 1, &first[count]))
            count++;
    }
    fclose(file);
    return count;
}

/* ---- the summary ---- */

double cli_summary_number(const cli_contender *contender, const char *key)
{
    const json_t *value = json_object_get(contender->files.summary, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

cli_figures cli_figures_of(const cli_contender *contender)
{
    return (cli_figures){.epoch = contender->files.epoch,
                         .count = contender->files.epoch_count,
                         .test_loss = cli_summary_number(contender, "test_loss"),
                         .test_accuracy = cli_summary_number(contender, "test_accuracy")};
}

static void keep_first_start(cli_contender *to)
{
    if (isfinite(to->start_seconds) && to->start_seconds > 0) return;
    to->start_seconds = cli_summary_number(to, "start_seconds");
    to->compile_seconds = cli_summary_number(to, "compile_seconds");
}

weft_status cli_compare_read(const cli_compare *compare, cli_contender *to)
{
    cli_run_files_free(&to->files);
    WEFT_TRY(cli_run_read(to->folder, &compare->log, &to->files));
    char *path = weft_path_join(to->folder, "steps.csv");
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    to->first_count = read_first(path, to->first);
    free(path);
    keep_first_start(to);
    return WEFT_OK;
}

/* ---- runs that were there ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "unknown";
}

static weft_status add_run(cli_compare *c, const char *folder)
{
    cli_contender *to = &c->list[c->count];
    if (c->count == CLI_CONTENDERS)
        return weft_fail(WEFT_ERR_USAGE, "at most %d runs are compared", CLI_CONTENDERS);
    *to = (cli_contender){.joules = (double)NAN};
    to->folder = weft_path_join("", folder);
    if (!to->folder) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    c->count++;
    WEFT_TRY(cli_compare_read(c, to));
    (void)snprintf(to->name, sizeof to->name, "%.120s", folder);
    (void)snprintf(to->title, sizeof to->title, "%.60s: %.150s",
                   text_of(to->files.config, "device"), text_of(to->files.config, "device_name"));
    return WEFT_OK;
}

/* The values of an option in two configurations, where they differ and where that changes what is
 * trained. What only says on what and how it was computed is no such option. */
static bool matters(const char *key)
{
    static const char *const others[] = {"device",    "device_name", "platform",   "driver",
                                         "routes",    "data_dir",    "family",     "gemm",
                                         "no_fusion", "log_every",   "save_every", "normalize"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(key, others[i]) == 0) return false;
    return true;
}

static void say_value(const json_t *value, char text[64])
{
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    (void)snprintf(text, 64, "%.60s", dump ? dump : "?");
    free(dump);
}

static void add_other(cli_contender *to, const char *text)
{
    const size_t used = strlen(to->other);
    (void)snprintf(to->other + used, sizeof to->other - used, "%s%s", used > 0 ? ", " : "", text);
}

static void add_difference(cli_contender *to, const char *key, const json_t *is,
                           const json_t *wanted)
{
    char a[64], b[64], text[CLI_COMPARE_TEXT];
    say_value(is, a);
    say_value(wanted, b);
    (void)snprintf(text, sizeof text, "%.120s %s instead of %s", key, a, b);
    add_other(to, text);
}

/* A run that differs by its seed alone, on the same device, is a draw of the reference's spread. */
static void compare_options(const cli_compare *c, cli_contender *to)
{
    const json_t *is = to->files.config, *wanted = c->list[c->reference].files.config;
    const char *key;
    json_t *value;
    int count = 0;
    bool seed = false;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, value)
    {
        const json_t *own = json_object_get(is, key);
        if (!matters(key) || json_equal(own, value)) continue;
        add_difference(to, key, own ? own : json_null(), value);
        seed = seed || strcmp(key, "seed") == 0;
        count++;
    }
    const bool same_device =
        strcmp(text_of(is, "device_name"), text_of(wanted, "device_name")) == 0 &&
        strcmp(text_of(is, "platform"), text_of(wanted, "platform")) == 0;
    to->is_seed = seed && count == 1 && same_device;
}

static bool is_finished(const cli_contender *run)
{
    return strcmp(text_of(run->files.summary, "outcome"), "finished") == 0;
}

static long long last_epoch(const cli_contender *run)
{
    return run->files.epoch[run->files.epoch_count - 1].epoch;
}

/* Ends can be told apart only where both are ends, of equally many epochs; how many there are is
 * part of the outcome when --patience decides it. */
static void compare_ends(const cli_compare *c, cli_contender *to)
{
    char text[CLI_COMPARE_TEXT] = "";
    const cli_contender *reference = &c->list[c->reference];
    const long long is = last_epoch(to), wanted = last_epoch(reference);
    const bool open = json_integer_value(json_object_get(reference->files.config, "patience")) > 0;
    if (!is_finished(reference))
        (void)snprintf(text, sizeof text, "%s, the reference, stopped after epoch %lld",
                       reference->name, wanted);
    else if (!is_finished(to))
        (void)snprintf(text, sizeof text, "stopped after epoch %lld", is);
    else if (is != wanted && !open && !*to->other)
        (void)snprintf(text, sizeof text, "ends with epoch %lld instead of %lld", is, wanted);
    if (!*text) return;
    add_other(to, text);
    to->is_seed = false;
}

static void choose_reference(cli_compare *c)
{
    c->reference = 0;
    for (int i = c->count; i > 0; i--)
        if (strcmp(text_of(c->list[i - 1].files.config, "device"), "cpu") == 0)
            c->reference = i - 1;
    c->list[c->reference].likeness = CLI_REFERENCE;
}

static bool shares_epoch(const cli_contender *a, const cli_contender *b)
{
    cli_gap loss, accuracy;
    const cli_figures is = cli_figures_of(a), wanted = cli_figures_of(b);
    cli_gaps(&is, &wanted, &loss, &accuracy);
    return !isnan(loss.value) || !isnan(accuracy.value);
}

weft_status cli_compare_runs(cli_compare *c)
{
    for (int i = 0; i < c->args->word_count; i++)
        WEFT_TRY(add_run(c, c->args->word[i]));
    choose_reference(c);
    const cli_contender *reference = &c->list[c->reference];
    for (int i = 0; i < c->count; i++) {
        if (i == c->reference) continue;
        compare_options(c, &c->list[i]);
        compare_ends(c, &c->list[i]);
        if (!shares_epoch(&c->list[i], reference))
            return weft_fail(WEFT_ERR_FORMAT,
                             "%s and %s have no epoch in common: there is nothing "
                             "to compare",
                             c->list[i].folder, reference->folder);
    }
    c->model = text_of(reference->files.config, "model");
    c->data = text_of(reference->files.config, "data");
    return WEFT_OK;
}
