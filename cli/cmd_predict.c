/* weft predict: what pictures show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/classes.h"
#include "cli/inputs.h"
#include "cli/output.h"
#include "cli/select.h"
#include "core/checked.h"
#include "core/posix.h"
#include "datasets/datasets.h"

typedef struct predict_job {
    const cli_args *args;
    cli_trained trained;
    weft_shape shape; /* of a picture */
    int32_t classes;
    int64_t count; /* pictures */
    size_t bytes;  /* of one */
    uint8_t *pixels;
    float *outputs; /* logits, then probabilities */
    cli_sample sample;
    weft_log log;
} predict_job;

static int image_count(const predict_job *job)
{
    return job->args->word_count - 1;
}

/* What a picture is called. */
static const char *name_of(const predict_job *job, int64_t index)
{
    return index < image_count(job) ? job->args->word[index + 1] : job->sample.name;
}

static weft_status check_args(const cli_args *args)
{
    const bool index = cli_given(args, CLI_OPT_INDEX);
    if (index && !cli_given(args, CLI_OPT_DATA)) {
        return weft_fail(WEFT_ERR_USAGE, "--index needs the data set it counts in: --data SET");
    }
    if (!index && args->word_count < 2) {
        return weft_fail(WEFT_ERR_USAGE, "no pictures: weft predict RUN IMAGE..., or --index N "
                                         "--data SET");
    }
    return WEFT_OK;
}

static weft_status allocate(predict_job *job)
{
    size_t all = 0, outputs = 0;
    WEFT_TRY(cli_input_shape(&job->trained, &job->shape));
    job->classes = cli_trained_outputs(&job->trained);
    job->count = image_count(job) + cli_given(job->args, CLI_OPT_INDEX);
    job->bytes = (size_t)weft_shape_count(job->shape);
    bool over = weft_mul_size(job->bytes, (size_t)job->count, &all);
    over = over || weft_mul_size((size_t)job->classes, (size_t)job->count, &outputs);
    over = over || weft_mul_size(outputs, sizeof *job->outputs, &outputs);
    if (!over) {
        job->pixels = malloc(all);
        job->outputs = malloc(outputs);
    }
    if (job->pixels && job->outputs) return WEFT_OK;
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for %lld pictures", (long long)job->count);
}

static weft_status read_pictures(predict_job *job)
{
    for (int i = 0; i < image_count(job); i++) {
        WEFT_TRY(cli_input_file(job->args, &job->trained, job->args->word[i + 1],
                                job->pixels + (size_t)i * job->bytes));
    }
    if (!cli_given(job->args, CLI_OPT_INDEX)) return WEFT_OK;
    return cli_input_sample(job->args, &job->trained,
                            job->pixels + (size_t)image_count(job) * job->bytes, &job->sample);
}

/* ---- --save-input ---- */

static bool is_png_path(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".png") == 0 && !weft_is_folder(path);
}

/* FOLDER/<name without its folder and ending>.png; a number keeps equal names apart. */
static weft_status save_in_folder(const predict_job *job, const char *folder, int64_t index)
{
    char name[300];
    const char *whole = name_of(job, index), *slash = strrchr(whole, '/');
    const char *base = slash && slash[1] ? slash + 1 : whole;
    const char *dot = strrchr(base, '.');
    const int length = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    if (job->count > 1) {
        snprintf(name, sizeof name, "%lld-%.*s.png", (long long)index, length < 200 ? length : 200,
                 base);
    } else {
        snprintf(name, sizeof name, "%.*s.png", length < 200 ? length : 200, base);
    }
    char *path = weft_path_join(folder, name);
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    const weft_status status =
        weft_picture_write(path, job->shape, job->pixels + (size_t)index * job->bytes);
    free(path);
    return status;
}

static weft_status save_inputs(const predict_job *job)
{
    const char *path = cli_text(job->args, CLI_OPT_SAVE_INPUT);
    if (!path) return WEFT_OK;
    if (job->count == 1 && is_png_path(path)) {
        return weft_picture_write(path, job->shape, job->pixels);
    }
    WEFT_TRY(weft_make_folders(path));
    for (int64_t i = 0; i < job->count; i++) {
        WEFT_TRY(save_in_folder(job, path, i));
    }
    return WEFT_OK;
}

/* ---- the prediction ---- */

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    predict_job *job = user;
    weft_model *model = NULL;
    (void)entry;
    WEFT_TRY(cli_trained_model(&job->trained, device, job->log, &model));
    const weft_status status = weft_model_predict(model, job->pixels, WEFT_U8, job->count,
                                                  &job->trained.norm, job->outputs);
    weft_model_free(model);
    return status;
}

static void print_picture(const predict_job *job, int64_t index, int32_t top)
{
    char name[24];
    cli_put_column(stdout, name_of(job, index), 0);
    if (index >= image_count(job) && job->sample.label >= 0) {
        printf("  (labelled ");
        cli_put_column(stdout, cli_class_name(&job->trained, job->sample.label, name), 0);
        putchar(')');
    }
    putchar('\n');
    cli_put_classes(&job->trained, job->outputs + index * job->classes, top);
}

static json_t *to_json(const predict_job *job, int32_t top)
{
    json_t *list = json_array();
    char name[24];
    for (int64_t i = 0; list && i < job->count; i++) {
        json_t *one =
            json_pack("{s:o, s:o, s:o, s:s}", "file", cli_json_text(name_of(job, i)), "classes",
                      cli_classes_json(&job->trained, job->outputs + i * job->classes, top),
                      "checkpoint", cli_json_text(job->trained.path), "which", job->trained.which);
        const bool labelled = one && i >= image_count(job) && job->sample.label >= 0;
        if (labelled) {
            const char *label = cli_class_name(&job->trained, job->sample.label, name);
            json_object_set_new(one, "label", cli_json_text(label));
        }
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static weft_status tell(const predict_job *job, const weft_device_entry *entry)
{
    const bool json = cli_given(job->args, CLI_OPT_JSON);
    const int64_t wanted = cli_integer(job->args, CLI_OPT_TOP, json ? job->classes : 3);
    const int32_t top = wanted < job->classes ? (int32_t)wanted : job->classes;
    for (int64_t i = 0; i < job->count; i++) {
        weft_softmax(job->outputs + i * job->classes, job->classes,
                     job->outputs + i * job->classes);
    }
    if (json) return cli_put_json(to_json(job, top));
    cli_trained_print(&job->trained, entry);
    for (int64_t i = 0; i < job->count; i++) {
        putchar('\n');
        print_picture(job, i, top);
    }
    return WEFT_OK;
}

static weft_status predict(predict_job *job)
{
    cli_choice choice;
    WEFT_TRY(allocate(job));
    WEFT_TRY(read_pictures(job));
    WEFT_TRY(save_inputs(job));
    const cli_wish wish = cli_wish_of(job->args, job->log);
    WEFT_TRY(cli_select(&wish, attempt, job, &choice));
    const weft_status status = tell(job, choice.entry);
    cli_choice_free(&choice);
    return status;
}

static weft_status run(const cli_args *args)
{
    predict_job job = {.args = args, .log = cli_plain_log(cli_given(args, CLI_OPT_QUIET))};
    WEFT_TRY(check_args(args));
    WEFT_TRY(cli_trained_read(args, &job.trained));
    const weft_status status = predict(&job);
    free(job.pixels);
    free(job.outputs);
    cli_trained_free(&job.trained);
    return status;
}

int cli_run_predict(const cli_args *args)
{
    return cli_exit_code(run(args));
}
