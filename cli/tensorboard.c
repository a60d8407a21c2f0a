#include "cli/tensorboard.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/filters.h"
#include "core/number.h"
#include "core/posix.h"
#include "report/tensorboard.h"

enum { TAG_TEXT = WEFT_TENSOR_NAME_MAX + 32, NAME_TEXT = 64, PIXELS = 2 };

static const char PREFIX[] = "events.out.tfevents.", PATTERN[] = "events.out.tfevents.*.weft";
static const double flush_seconds = 1.0;

struct cli_tensorboard {
    char *folder; /* RUN/tensorboard */
    weft_model *model;
    int64_t log_every;
    const weft_log *log;
    weft_tensorboard *file; /* NULL before the first record */
    bool failed, stepped;
    double flushed; /* clock */
    float *values;  /* of the largest parameter */
};

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for TensorBoard's file");
}

/* ---- the folder ---- */

static weft_status found(void *user, const char *path, const char *name)
{
    (void)path;
    (void)name;
    *(bool *)user = true;
    return WEFT_OK;
}

bool cli_tensorboard_is_in(const char *folder)
{
    bool any = false;
    char *path = weft_path_join(folder, "tensorboard");
    if (path) (void)weft_folder_each(path, PATTERN, found, &any);
    free(path);
    return any;
}

/* The step in a name; false for files of somebody else. */
static bool start_of(const char *name, uint64_t *start)
{
    char digits[NAME_TEXT];
    int64_t value;
    const char *at = name + sizeof PREFIX - 1;
    const size_t length = strcspn(at, ".");
    if (length >= sizeof digits) return false;
    memcpy(digits, at, length);
    digits[length] = '\0';
    if (!weft_parse_int(digits, &value) || value < 0) return false;
    *start = (uint64_t)value;
    return true;
}

/* What a file says beyond the step from which the run goes on. */
static weft_status cut(void *user, const char *path, const char *name)
{
    const uint64_t *step = user;
    uint64_t start;
    if (!start_of(name, &start)) return WEFT_OK;
    if (start >= *step) return weft_remove(path);
    return weft_file_truncate(path, weft_tensorboard_bytes(path, *step));
}

/* step: those that were taken before what is written now. */
static weft_status open_file(cli_tensorboard *b, uint64_t step)
{
    char name[NAME_TEXT];
    if (b->file) return WEFT_OK;
    WEFT_TRY(weft_make_folders(b->folder));
    WEFT_TRY(weft_folder_each(b->folder, PATTERN, cut, &step));
    snprintf(name, sizeof name, "%s%012" PRIu64 ".weft", PREFIX, step);
    char *path = weft_path_join(b->folder, name);
    if (!path) return no_memory();
    const weft_status status = weft_tensorboard_open(path, weft_wall_clock(), step + 1, &b->file);
    free(path);
    return status;
}

/* ---- the object ---- */

static int64_t largest_parameter(const weft_model *model)
{
    int64_t most = 1;
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        const int64_t count = weft_shape_count(weft_model_parameter(model, i)->file_shape);
        if (count > most) most = count;
    }
    return most;
}

weft_status cli_tensorboard_new(const char *folder, weft_trainer *trainer, int64_t log_every,
                                const weft_log *log, cli_tensorboard **out)
{
    *out = NULL;
    cli_tensorboard *b = calloc(1, sizeof *b);
    if (!b) return no_memory();
    b->model = weft_trainer_model(trainer);
    b->log_every = log_every;
    b->log = log;
    b->folder = weft_path_join(folder, "tensorboard");
    b->values = calloc((size_t)largest_parameter(b->model), sizeof *b->values);
    if (b->folder && b->values) {
        *out = b;
        return WEFT_OK;
    }
    cli_tensorboard_free(b);
    return no_memory();
}

void cli_tensorboard_free(cli_tensorboard *board)
{
    if (!board) return;
    weft_tensorboard_free(board->file);
    free(board->folder);
    free(board->values);
    free(board);
}

static weft_status flush(cli_tensorboard *b)
{
    b->flushed = weft_clock();
    return weft_tensorboard_flush(b->file);
}

/* Pictures of a run may be missing; the run goes on. */
static void check(cli_tensorboard *b, weft_status status)
{
    if (status == WEFT_OK) return;
    b->failed = true;
    weft_say(b->log, WEFT_WARNING, "nothing more for TensorBoard: %s", weft_error());
}

/* ---- steps ---- */

static weft_status add_step(cli_tensorboard *b, const weft_step_report *r)
{
    WEFT_TRY(open_file(b, r->step - 1));
    b->stepped = true;
    if (b->log_every > 0 && r->step % (uint64_t)b->log_every == 0) {
        const weft_scalar scalars[] = {{"step/loss", r->loss},
                                       {"step/accuracy", r->accuracy},
                                       {"step/learning_rate", r->learning_rate}};
        WEFT_TRY(weft_tensorboard_scalars(b->file, weft_wall_clock(), r->step, scalars, 3));
    }
    return weft_clock() - b->flushed >= flush_seconds ? flush(b) : WEFT_OK;
}

void cli_tensorboard_step(cli_tensorboard *b, const weft_step_report *report)
{
    if (b && !b->failed) check(b, add_step(b, report));
}

/* ---- epochs ---- */

static weft_status add_histogram(cli_tensorboard *b, double now, uint64_t step, const char *kind,
                                 const weft_parameter *p)
{
    char tag[TAG_TEXT];
    snprintf(tag, sizeof tag, "%s/%s", kind, p->name);
    const weft_histogram h = weft_histogram_of(b->values, weft_shape_count(p->file_shape));
    return weft_tensorboard_histogram(b->file, now, step, tag, &h);
}

/* Before the first step of this process the gradients mean nothing. */
static weft_status add_histograms(cli_tensorboard *b, double now, uint64_t step)
{
    for (int32_t i = 0; i < weft_model_parameter_count(b->model); i++) {
        const weft_parameter *p = weft_model_parameter(b->model, i);
        WEFT_TRY(weft_model_read(b->model, i, -1, b->values));
        WEFT_TRY(add_histogram(b, now, step, "weights", p));
        if (p->state || p->frozen || !b->stepped) continue;
        WEFT_TRY(weft_model_read_gradient(b->model, i, b->values));
        WEFT_TRY(add_histogram(b, now, step, "gradients", p));
    }
    return WEFT_OK;
}

static weft_status add_picture(cli_tensorboard *b, double now, uint64_t step, const char *tag,
                               const weft_figure *figure)
{
    char *png;
    size_t count;
    WEFT_TRY(weft_figure_png(figure, WEFT_LIGHT, PIXELS, &png, &count));
    const weft_status status = weft_tensorboard_image(
        b->file, now, step, tag, PIXELS * figure->width, PIXELS * figure->height, png, count);
    free(png);
    return status;
}

/* Of the first convolution. */
static weft_status add_filters(cli_tensorboard *b, double now, uint64_t step)
{
    float *values;
    char tag[TAG_TEXT];
    weft_filters filters;
    weft_layer_tiles layer;
    const weft_node *node = cli_convolution(weft_model_graph(b->model), NULL);
    if (!node) return WEFT_OK;
    WEFT_TRY(cli_filters_read(b->model, node, &values, &filters));
    weft_status status = weft_filter_tiles(node->name, &filters, CLI_LAYER_TILES, &layer);
    if (status == WEFT_OK) {
        const weft_figure figure = weft_tiles_figure(&layer.tiles);
        snprintf(tag, sizeof tag, "filters/%s.weight", node->name);
        status = add_picture(b, now, step, tag, &figure);
    }
    weft_layer_tiles_free(&layer);
    free(values);
    return status;
}

static weft_status add_epoch(cli_tensorboard *b, uint64_t step, const weft_epoch_report *r)
{
    const double now = weft_wall_clock();
    const weft_scalar scalars[] = {{"loss/training", r->train_loss},
                                   {"loss/validation", r->val_loss},
                                   {"accuracy/training", r->train_accuracy},
                                   {"accuracy/validation", r->val_accuracy},
                                   {"epoch/learning_rate", r->learning_rate},
                                   {"epoch/images_per_second", r->images_per_second},
                                   {"epoch/seconds", r->seconds}};
    WEFT_TRY(
        weft_tensorboard_scalars(b->file, now, step, scalars, sizeof scalars / sizeof *scalars));
    WEFT_TRY(add_histograms(b, now, step));
    return add_filters(b, now, step);
}

/* A resume from the checkpoint that comes next adds nothing before it. */
static weft_status add_save(cli_tensorboard *b, uint64_t step, const weft_epoch_report *r)
{
    WEFT_TRY(open_file(b, step));
    if (r) WEFT_TRY(add_epoch(b, step, r));
    return flush(b);
}

void cli_tensorboard_save(cli_tensorboard *b, uint64_t step, const weft_epoch_report *report)
{
    if (b && !b->failed) check(b, add_save(b, step, report));
}

/* ---- the end ---- */

static weft_status add_end(cli_tensorboard *b, const weft_train_result *r)
{
    const weft_scalar scalars[] = {{"loss/test", r->test_loss},
                                   {"accuracy/test", r->test_accuracy}};
    if (!b->file && isnan(r->test_loss)) return WEFT_OK;
    WEFT_TRY(open_file(b, r->steps));
    WEFT_TRY(weft_tensorboard_scalars(b->file, weft_wall_clock(), r->steps, scalars, 2));
    return flush(b);
}

void cli_tensorboard_end(cli_tensorboard *b, const weft_train_result *result)
{
    if (b && !b->failed) check(b, add_end(b, result));
}
