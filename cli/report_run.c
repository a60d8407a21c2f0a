/* The sections that a run folder tells by itself: overview, curves, setup. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/pictures.h"
#include "cli/report_private.h"
#include "core/checked.h"
#include "core/number.h"

enum { EPOCH_ROWS = 400, EPOCH_COLUMNS = 8, CELL = 32, WORD = 120 };

static const char unnamed[] = "RUN";

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a report");
}

/* ---- overview ---- */

static double summary_number(const cli_report *r, const char *key)
{
    const json_t *value = json_object_get(r->files.summary, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *percent(double share, char text[CELL])
{
    char number[CELL];
    if (isnan(share)) return "-";
    (void)snprintf(text, CELL, "%s %%", weft_fixed(100 * share, 2, number));
    return text;
}

static const weft_epoch_report *last_epoch(const cli_report *r)
{
    return &r->files.epoch[r->files.epoch_count - 1];
}

static const char *outcome_of(const cli_report *r)
{
    const char *outcome = json_string_value(json_object_get(r->files.summary, "outcome"));
    return outcome ? outcome : "not finished";
}

weft_status cli_report_overview(cli_report *r)
{
    const weft_epoch_report *last = last_epoch(r);
    char test[CELL], validation[CELL], train[CELL], epochs[CELL], seconds[CELL], speed[CELL],
        parameters[CELL];
    (void)snprintf(epochs, sizeof epochs, "%u", (unsigned)last->epoch);
    (void)snprintf(parameters, sizeof parameters, "%lld",
                   (long long)weft_graph_parameters(r->trained.graph));
    const bool at_end = strcmp(r->trained.which, "last") == 0;
    const double accuracy = r->test.count > 0 ? r->scores.score.accuracy : (double)NAN;
    const weft_html_pair facts[] = {
        {"Test accuracy", percent(accuracy, test)},
        {at_end ? "Validation accuracy" : "Validation accuracy, last epoch",
         percent(last->val_accuracy, validation)},
        {at_end ? "Training accuracy" : "Training accuracy, last epoch",
         percent(last->train_accuracy, train)},
        {"Epochs", epochs},
        {"Seconds", weft_fixed(summary_number(r, "seconds"), 1, seconds)},
        {"Images/s in training", weft_fixed(summary_number(r, "images_per_second"), 0, speed)},
        {"Parameters", parameters},
        {"Outcome", outcome_of(r)},
    };
    weft_html_section(r->page, "overview", "Overview");
    weft_html_facts(r->page, facts, (int)(sizeof facts / sizeof *facts));
    return WEFT_OK;
}

/* ---- curves ---- */

static void put_epoch(const weft_epoch_report *e, char (*text)[CELL])
{
    (void)snprintf(text[0], CELL, "%u%s", (unsigned)e->epoch, e->best ? " *" : "");
    weft_fixed(e->train_loss, 4, text[1]);
    weft_fixed(e->train_accuracy, 4, text[2]);
    weft_fixed(e->val_loss, 4, text[3]);
    weft_fixed(e->val_accuracy, 4, text[4]);
    weft_format(e->learning_rate, 4, text[5]);
    weft_fixed(e->seconds, 1, text[6]);
    weft_fixed(e->images_per_second, 0, text[7]);
}

/* Every row of a short run, evenly spaced ones of a long run; the last always. */
static weft_status put_epochs(cli_report *r)
{
    static const weft_html_column columns[EPOCH_COLUMNS] = {
        {"epoch", true},    {"train loss", true},   {"train accuracy", true},
        {"val loss", true}, {"val accuracy", true}, {"learning rate", true},
        {"seconds", true},  {"images/s", true}};
    const int count = r->files.epoch_count, stride = (count - 1) / EPOCH_ROWS + 1;
    const int rows = (count - 1) / stride + 1;
    char(*text)[CELL] = calloc((size_t)rows * EPOCH_COLUMNS, sizeof *text);
    const char **cell = calloc((size_t)rows * EPOCH_COLUMNS, sizeof *cell);
    char caption[128];
    weft_status status = text && cell ? WEFT_OK : no_memory();
    for (int i = 0; i < rows && status == WEFT_OK; i++)
        put_epoch(&r->files.epoch[count - 1 - (int64_t)(rows - 1 - i) * stride],
                  text + (ptrdiff_t)i * EPOCH_COLUMNS);
    for (int64_t i = 0; i < (int64_t)rows * EPOCH_COLUMNS && status == WEFT_OK; i++)
        cell[i] = text[i];
    if (stride == 1)
        (void)snprintf(caption, sizeof caption, "All %d epochs; * is the best so far", count);
    else
        (void)snprintf(caption, sizeof caption, "One in %d of %d epochs", stride, count);
    if (status == WEFT_OK)
        weft_html_add_table(r->page, &(weft_html_table){.caption = caption,
                                                        .column = columns,
                                                        .columns = EPOCH_COLUMNS,
                                                        .rows = rows,
                                                        .cell = cell,
                                                        .folded = true});
    free(text);
    free(cell);
    return status;
}

weft_status cli_report_curves(cli_report *r)
{
    const int count = r->files.epoch_count;
    weft_curve_point *point = calloc((size_t)count, sizeof *point);
    if (!point) return no_memory();
    for (int i = 0; i < count; i++)
        point[i] = cli_curve_point(&r->files.epoch[i]);
    const weft_curves curves = {.title = "Learning curves", .point = point, .count = count};
    const weft_figure figure = weft_curves_figure(&curves);
    weft_html_section(r->page, "curves", "Curves");
    const weft_status status = cli_report_figure(
        r, "curves", &figure, WEFT_HTML_SVG,
        "Loss and accuracy of training and validation over the epochs, the learning rate below",
        "Training figures are means over the epoch while the weights changed, validation figures "
        "belong to its end.");
    free(point);
    return status == WEFT_OK ? put_epochs(r) : status;
}

/* ---- setup ---- */

/* Every key of an object as a line; lists and objects as JSON. */
static weft_status put_object(cli_report *r, const char *caption, const json_t *object)
{
    const size_t count = json_object_size(object);
    weft_html_pair *pair = calloc(count + 1, sizeof *pair);
    char(*number)[CLI_REPORT_NUMBER] = calloc(count + 1, sizeof *number);
    char **text = calloc(count + 1, sizeof *text);
    weft_status status = pair && number && text ? WEFT_OK : no_memory();
    int at = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (status != WEFT_OK) break;
        if (json_is_object(value) || json_is_array(value))
            text[at] = json_dumps(value, CLI_JSON_SHOWN);
        pair[at].name = key;
        pair[at].value = text[at] ? text[at] : cli_report_value(object, key, number[at]);
        at++;
    }
    if (status == WEFT_OK) weft_html_pairs(r->page, caption, pair, at);
    for (int i = 0; i < at; i++)
        free(text[i]);
    free(pair);
    free(number);
    free(text);
    return status;
}

/* A word that a shell takes as it is and a command takes for no option, else what to put there. */
static const char *plain_word(const char *word, const char *otherwise)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._/-";
    const bool usable =
        word && *word && *word != '-' && strlen(word) < WORD && word[strspn(word, plain)] == '\0';
    return usable ? word : otherwise;
}

/* A value of the configuration, which may be a stranger's. */
static const char *given(const cli_report *r, const char *key, const char *otherwise)
{
    return plain_word(json_string_value(json_object_get(r->files.config, key)), otherwise);
}

/* The run's folder without those above it, which are of no use to others. */
static const char *run_name(const cli_report *r, char text[WORD])
{
    const char *start = r->wish->run;
    size_t end = strlen(start);
    while (end > 1 && start[end - 1] == '/')
        end--;
    for (size_t i = 0; i + 1 < end; i++)
        if (r->wish->run[i] == '/') start = r->wish->run + i + 1;
    end -= (size_t)(start - r->wish->run);
    if (end >= WORD) return unnamed;
    memcpy(text, start, end);
    text[end] = '\0';
    return plain_word(text, unnamed);
}

static void put_commands(cli_report *r)
{
    char text[3 * CLI_REPORT_TEXT], name[WORD];
    const char *run = run_name(r, name);
    const bool in_folder = json_is_string(json_object_get(r->files.config, "data_dir"));
    const char *hash = weft_meta_get(r->trained.meta, "data_hash");
    weft_html_heading(r->page, "How to reproduce");
    weft_html_text(
        r->page, "On the same device, driver and build the run gives the same bytes again; on "
                 "another device it agrees within rounding, and later within the noise of seeds.");
    if (strcmp(run, unnamed) == 0) weft_html_text(r->page, "RUN is the folder of this run.");
    (void)snprintf(text, sizeof text,
                   "weft train --config %s/config.json\n"
                   "weft eval %s --data %s%s%s\n"
                   "weft report %s",
                   run, run, given(r, "data", "SET"), in_folder ? " --data-dir " : "",
                   in_folder ? given(r, "data_dir", "DIR") : "", run);
    weft_html_code(r->page, text);
    if (!hash) return;
    (void)snprintf(text, sizeof text, "The training data has the XXH3-128 hash %.40s.", hash);
    weft_html_text(r->page, text);
}

weft_status cli_report_setup(cli_report *r)
{
    const char *network = weft_meta_get(r->trained.meta, "network");
    weft_html_section(r->page, "setup", "Setup");
    weft_html_heading(r->page, "Network");
    weft_html_code(r->page, network ? network : "");
    WEFT_TRY(put_object(r, "Configuration", r->files.config));
    WEFT_TRY(put_object(r, "Environment", r->files.env));
    put_commands(r);
    return WEFT_OK;
}
