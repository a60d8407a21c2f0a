/* weft explain: what in a picture a network goes by. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain_filters.h"
#include "cli/explain_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/select.h"
#include "core/number.h"

enum { NAME_MOST = 60, STEM_TEXT = 240 };

typedef struct explain_job {
    const cli_args *args;
    cli_trained trained;
    cli_sample sample;
    uint8_t *pixels;
    const char *name, *base; /* of the picture; without its folder */
    int32_t wanted;          /* class; -1: the one it says */
    weft_model *model;
    weft_explainer *explainer;
    cli_picture_out out;
    weft_log log;
} explain_job;

static weft_status check_args(const cli_args *args)
{
    const bool index = cli_given(args, CLI_OPT_INDEX);
    if (cli_given(args, CLI_OPT_FILTERS)) {
        if (!index && args->word_count == 1) return WEFT_OK;
        return weft_fail(WEFT_ERR_USAGE, "--filters shows weights: it takes no picture");
    }
    if (index && !cli_given(args, CLI_OPT_DATA)) {
        return weft_fail(WEFT_ERR_USAGE, "--index needs the data set it counts in: --data SET");
    }
    if (index == (args->word_count == 2)) {
        return weft_fail(WEFT_ERR_USAGE, "one picture is explained: weft explain RUN IMAGE, or "
                                         "weft explain RUN --data SET --index N");
    }
    return WEFT_OK;
}

static weft_status read_picture(explain_job *job)
{
    weft_shape shape;
    WEFT_TRY(cli_input_shape(&job->trained, &shape));
    job->pixels = malloc((size_t)weft_shape_count(shape));
    if (!job->pixels) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a picture");
    if (cli_given(job->args, CLI_OPT_INDEX)) {
        job->name = job->base = job->sample.name;
        return cli_input_sample(job->args, &job->trained, job->pixels, &job->sample);
    }
    job->name = job->args->word[1];
    const char *slash = strrchr(job->name, '/');
    job->base = slash && slash[1] ? slash + 1 : job->name;
    job->sample.label = -1;
    return cli_input_file(job->args, &job->trained, job->name, job->pixels);
}

/* ---- the class ---- */

static weft_status unknown_class(const cli_trained *trained, const char *text)
{
    const char *names[WEFT_LAYERS_MAX + 1] = {NULL};
    for (int32_t i = 0; i < trained->name_count && i < WEFT_LAYERS_MAX; i++)
        names[i] = trained->names[i];
    const char *near = weft_nearest(text, names);
    return weft_fail(WEFT_ERR_USAGE,
                     "--class %.60s: there is no such class%s%.80s%s; 0 to %d are "
                     "counted",
                     text, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
                     (int)cli_trained_outputs(trained) - 1);
}

/* A name, or else a number. */
static weft_status find_class(explain_job *job)
{
    int64_t number = 0;
    const char *text = cli_text(job->args, CLI_OPT_CLASS);
    job->wanted = -1;
    if (!text) return WEFT_OK;
    for (int32_t i = 0; i < job->trained.name_count; i++) {
        if (strcmp(job->trained.names[i], text) == 0) {
            job->wanted = i;
            return WEFT_OK;
        }
    }
    if (!weft_parse_int(text, &number) || number < 0 ||
        number >= cli_trained_outputs(&job->trained)) {
        return unknown_class(&job->trained, text);
    }
    job->wanted = (int32_t)number;
    return WEFT_OK;
}

/* ---- the files ---- */

/* Letters, digits and what else is at home in names of files; other bytes become "-". */
static size_t put_part(char *stem, size_t used, const char *text, size_t count)
{
    for (size_t i = 0; i < count && i < NAME_MOST && used + 1 < STEM_TEXT; i++) {
        /* cppcheck-suppress arrayIndexOutOfBounds ; count is the length of text at most */
        const unsigned char c = (unsigned char)text[i];
        stem[used++] = isalnum(c) || c == '_' || c == '.' || c >= 0x80 ? (char)c : '-';
    }
    stem[used] = '\0';
    return used;
}

/* "explain-IMAGE-CLASS-LAYER", class and layer as far as they were given. */
static void make_stem(const explain_job *job, char stem[STEM_TEXT])
{
    const char *given[] = {cli_text(job->args, CLI_OPT_CLASS), cli_text(job->args, CLI_OPT_LAYER)};
    const char *dot = strrchr(job->base, '.');
    const bool file = job->args->word_count == 2;
    const size_t length =
        file && dot && dot > job->base ? (size_t)(dot - job->base) : strcspn(job->base, "]");
    size_t used = put_part(stem, 0, "explain-", 8);
    used = put_part(stem, used, job->base, length);
    for (int i = 0; i < 2; i++) {
        if (!given[i]) continue;
        used = put_part(stem, used, "-", 1);
        used = put_part(stem, used, given[i], strlen(given[i]));
    }
}

/* ---- the run ---- */

static void drop(explain_job *job)
{
    weft_explainer_free(job->explainer);
    weft_model_free(job->model);
    job->explainer = NULL;
    job->model = NULL;
}

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    explain_job *job = user;
    (void)entry;
    weft_status status = cli_trained_model(&job->trained, device, job->log, &job->model);
    if (status == WEFT_OK) {
        status = weft_explainer_new(job->model, &job->trained.norm, WEFT_U8,
                                    cli_text(job->args, CLI_OPT_LAYER), &job->explainer);
    }
    if (status == WEFT_OK) status = weft_explainer_run(job->explainer, job->pixels, job->wanted);
    if (status != WEFT_OK) drop(job);
    return status;
}

static weft_status check_outputs(const explain_job *job)
{
    const float *outputs = weft_explainer_outputs(job->explainer);
    for (int32_t i = 0; i < cli_trained_outputs(&job->trained); i++) {
        if (!isfinite(outputs[i])) {
            return weft_fail(WEFT_ERR_FORMAT,
                             "%s: its network gives no finite number for %s: the weights are "
                             "damaged, or the training diverged",
                             job->trained.path, job->base);
        }
    }
    return WEFT_OK;
}

static weft_status tell(const explain_job *job, cli_explained *e)
{
    const int32_t outputs = cli_trained_outputs(&job->trained);
    const bool json = cli_given(job->args, CLI_OPT_JSON);
    const int64_t wanted = cli_integer(job->args, CLI_OPT_TOP, json ? outputs : 3);
    const int32_t top = wanted < outputs ? (int32_t)wanted : outputs;
    weft_softmax(weft_explainer_outputs(e->explainer), outputs, e->probabilities);
    if (cli_picture_out_wanted(e->out)) WEFT_TRY(cli_explain_draw(e));
    if (json) return cli_put_json(cli_explain_json(e, top));
    cli_explain_print(e, top);
    return WEFT_OK;
}

static weft_status finish(explain_job *job, const weft_device_entry *entry)
{
    char stem[STEM_TEXT];
    cli_explained e = {.trained = &job->trained,
                       .entry = entry,
                       .explainer = job->explainer,
                       .name = job->name,
                       .base = job->base,
                       .pixels = job->pixels,
                       .label = job->sample.label,
                       .out = &job->out,
                       .features = cli_given(job->args, CLI_OPT_LAYER)};
    WEFT_TRY(check_outputs(job));
    make_stem(job, stem);
    WEFT_TRY(cli_explain_name(job->args, stem, &job->out));
    e.probabilities = calloc((size_t)cli_trained_outputs(&job->trained), sizeof(float));
    const weft_status status =
        e.probabilities ? tell(job, &e) : weft_fail(WEFT_ERR_MEMORY, "out of memory for classes");
    free(e.probabilities);
    return status;
}

static weft_status explain(explain_job *job)
{
    cli_choice choice;
    WEFT_TRY(find_class(job));
    WEFT_TRY(read_picture(job));
    const cli_wish wish = cli_wish_of(job->args, job->log);
    WEFT_TRY(cli_select(&wish, attempt, job, &choice));
    const weft_status status = finish(job, choice.entry);
    drop(job);
    cli_choice_free(&choice);
    return status;
}

static weft_status run(const cli_args *args)
{
    explain_job job = {.args = args, .log = cli_plain_log(cli_given(args, CLI_OPT_QUIET))};
    WEFT_TRY(check_args(args));
    WEFT_TRY(cli_picture_out_read(args, CLI_OPT_OUT, &job.out));
    weft_status status = cli_trained_read(args, &job.trained);
    if (status == WEFT_OK)
        status = cli_given(args, CLI_OPT_FILTERS)
                     ? cli_explain_filters(args, &job.trained, &job.out, job.log)
                     : explain(&job);
    free(job.pixels);
    cli_trained_free(&job.trained);
    cli_picture_out_free(&job.out);
    return status;
}

int cli_run_explain(const cli_args *args)
{
    return cli_exit_code(run(args));
}
