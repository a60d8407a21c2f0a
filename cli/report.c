/* The frame of a report: what it needs is read and computed, the sections are put one behind the
 * other, the page is written. */
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/models.h"
#include "cli/output.h"
#include "cli/picture_out.h"
#include "cli/report_private.h"
#include "core/checked.h"
#include "core/posix.h"
#include "core/run.h"

enum { BATCH = 64 };

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a report");
}

/* ---- the test set ---- */

static void leave_test_out(cli_report *r, const char *why)
{
    r->test = (weft_dataset){0};
    (void)snprintf(r->why_no_test, sizeof r->why_no_test, "%s", why);
}

/* A set that has gone is no reason not to show the rest. */
static void load_test(cli_report *r)
{
    const json_t *config = r->files.config;
    const char *given = cli_text(r->wish->args, CLI_OPT_DATA);
    const char *data = given ? given : json_string_value(json_object_get(config, "data"));
    const char *folder = json_string_value(json_object_get(config, "data_dir"));
    const char *wished = cli_text(r->wish->args, CLI_OPT_DATA_DIR);
    if (!data) {
        leave_test_out(r, "its config.json names no data set");
        return;
    }
    if (weft_dataset_load(data, wished ? wished : folder, WEFT_TEST_SPLIT, &r->loaded) != WEFT_OK) {
        weft_say(&r->wish->log, WEFT_WARNING, "the report shows no test set: %s", weft_error());
        leave_test_out(r, weft_error());
        return;
    }
    r->test = r->loaded->data;
}

static void find_test(cli_report *r)
{
    if (r->wish->no_test) {
        leave_test_out(r, "it was not asked for");
        return;
    }
    if (r->wish->test)
        r->test = *r->wish->test;
    else
        load_test(r);
    if (r->test.count == 0) return;
    if (cli_scores_fit(&r->trained, &r->test) == WEFT_OK) {
        r->test = cli_scores_data(&r->trained, &r->test);
        return;
    }
    weft_say(&r->wish->log, WEFT_WARNING, "the report shows no test set: %s", weft_error());
    leave_test_out(r, weft_error());
}

static weft_status evaluate(cli_report *r)
{
    if (r->test.count == 0) return WEFT_OK;
    r->scores = (cli_scores){.args = r->wish->args,
                             .trained = &r->trained,
                             .data = &r->test,
                             .split = "test",
                             .entry = r->entry};
    WEFT_TRY(cli_scores_measure(&r->scores, r->model, BATCH));
    return cli_scores_fill(&r->scores);
}

/* ---- names of the classes ---- */

static weft_status name_classes(cli_report *r)
{
    const int32_t classes = cli_trained_outputs(&r->trained);
    r->name = calloc((size_t)classes, sizeof *r->name);
    r->number = calloc((size_t)classes, sizeof *r->number);
    if (!r->name || !r->number) return no_memory();
    for (int32_t i = 0; i < classes; i++)
        r->name[i] = r->test.count > 0 ? cli_scores_name(&r->scores, i, r->number[i])
                                       : cli_class_name(&r->trained, i, r->number[i]);
    return WEFT_OK;
}

/* ---- what the sections use ---- */

static weft_status save_figure(const cli_report *r, const char *name, const weft_figure *figure)
{
    cli_picture_out out;
    WEFT_TRY(cli_picture_out_both(r->wish->pictures, name, cli_theme(r->wish->args), &out));
    const weft_status status = cli_picture_out_write(&out, figure);
    cli_picture_out_free(&out);
    return status;
}

weft_status cli_report_figure(cli_report *r, const char *name, const weft_figure *figure,
                              weft_html_kind kind, const char *alt, const char *caption)
{
    weft_html_figure(r->page, figure, kind, alt, caption);
    return r->wish->pictures ? save_figure(r, name, figure) : WEFT_OK;
}

weft_picture cli_report_picture(const cli_report *r, int64_t index)
{
    const weft_shape s = r->test.shape;
    const bool shown = r->test.count > 0 && r->test.dtype == WEFT_U8 && s.rank == 3 &&
                       (s.dim[2] == 1 || s.dim[2] == 3);
    if (!shown) return (weft_picture){0};
    return (weft_picture){.width = s.dim[1],
                          .height = s.dim[0],
                          .channels = s.dim[2],
                          .pixels = (const uint8_t *)r->test.samples + index * weft_shape_count(s)};
}

const char *cli_report_value(const json_t *object, const char *key, char number[CLI_REPORT_NUMBER])
{
    const json_t *value = json_object_get(object, key);
    if (json_is_string(value)) return json_string_value(value);
    if (json_is_boolean(value)) return json_is_true(value) ? "yes" : "no";
    if (!json_is_number(value)) return "-";
    number[json_dumpb(value, number, CLI_REPORT_NUMBER - 1, CLI_JSON_SHOWN)] = '\0';
    return number;
}

/* ---- the page ---- */

static weft_status new_page(cli_report *r)
{
    char title[CLI_REPORT_TEXT], subtitle[2 * CLI_REPORT_TEXT], number[2][CLI_REPORT_NUMBER];
    char device[CLI_DEVICE_TEXT], *model = cli_model_title(cli_trained_title(&r->trained));
    if (!model) return no_memory();
    (void)snprintf(title, sizeof title, "%.120s on %.120s", model,
                   cli_report_value(r->files.config, "data", number[0]));
    (void)snprintf(subtitle, sizeof subtitle,
                   "Trained by weft %.40s on %.120s, %.40s. Shown: "
                   "checkpoint %s, computed on %.160s.",
                   cli_report_value(r->files.env, "weft", number[0]),
                   cli_report_value(r->files.config, "device_name", number[0]),
                   cli_report_value(r->files.env, "date", number[1]), r->trained.which,
                   cli_device_print(r->entry, device));
    free(model);
    return weft_html_new(title, subtitle, &r->page);
}

static weft_status put_sections(cli_report *r)
{
    static weft_status (*const sections[])(cli_report *) = {
        cli_report_overview,    cli_report_curves, cli_report_scores,
        cli_report_predictions, cli_report_learnt, cli_report_evidence,
        cli_report_embedding,   cli_report_speed,  cli_report_setup};
    if (r->wish->pictures) WEFT_TRY(weft_make_folders(r->wish->pictures));
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        WEFT_TRY(sections[i](r));
    return WEFT_OK;
}

/* What the user names may be a link, what a run folder holds may not. */
static weft_status name_page(const cli_report_wish *wish, char **path)
{
    *path = wish->out ? weft_path_join("", wish->out) : weft_path_join(wish->run, "report.html");
    if (!*path) return no_memory();
    return wish->out ? WEFT_OK : weft_run_refuse_strange(*path);
}

static weft_status write_page(cli_report *r, const char *path)
{
    char *bytes = NULL;
    size_t count = 0;
    WEFT_TRY(weft_html_finish(r->page, &bytes, &count));
    const weft_status status = weft_write_file(path, bytes, count);
    free(bytes);
    return status;
}

static weft_status make(cli_report *r, const char *path)
{
    const char *checkpoint = cli_text(r->wish->args, CLI_OPT_CHECKPOINT);
    WEFT_TRY(cli_run_read(r->wish->run, &r->wish->log, &r->files));
    WEFT_TRY(cli_trained_open(r->wish->run, checkpoint, &r->trained));
    WEFT_TRY(cli_trained_model(&r->trained, r->device, r->wish->log, &r->model));
    find_test(r);
    WEFT_TRY(evaluate(r));
    WEFT_TRY(name_classes(r));
    WEFT_TRY(new_page(r));
    WEFT_TRY(put_sections(r));
    return write_page(r, path);
}

weft_status cli_report_write(const cli_report_wish *wish, weft_device *device,
                             const weft_device_entry *entry, char **path)
{
    cli_report r = {.wish = wish, .device = device, .entry = entry};
    weft_status status = name_page(wish, path);
    if (status == WEFT_OK) status = make(&r, *path);
    if (status != WEFT_OK) {
        free(*path);
        *path = NULL;
    }
    weft_html_free(r.page);
    weft_model_free(r.model);
    cli_scores_free(&r.scores);
    free(r.name);
    free(r.number);
    weft_dataset_free(r.loaded);
    cli_trained_free(&r.trained);
    cli_run_files_free(&r.files);
    return status;
}
