#include "cli/explain_filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain_output.h"
#include "cli/output.h"
#include "cli/select.h"
#include "report/tiles.h"

enum { TILES_MOST = 256, TEXT = 320 };

/* values: filters x channels x height x width, as files hold them. */
typedef struct filters_job {
    const cli_args *args;
    const cli_trained *trained;
    const weft_node *node;
    cli_picture_out *out;
    weft_shape shape;
    float *values;
    weft_log log;
} filters_job;

static bool is_convolution(const weft_node *node)
{
    return strcmp(node->def->name, "conv2d") == 0;
}

static weft_status no_filters(const filters_job *job, const char *name)
{
    size_t used = 0;
    char list[TEXT] = "none";
    for (int32_t n = 0; n < weft_graph_count(job->trained->graph) && used < TEXT; n++) {
        const weft_node *node = weft_graph_node(job->trained->graph, n);
        if (is_convolution(node))
            used += (size_t)snprintf(list + used, TEXT - used, "%s%s", used > 0 ? ", " : "",
                                     node->name);
    }
    if (!name) {
        return weft_fail(WEFT_ERR_USAGE, "%s: its network has no convolution, so no filters",
                         job->trained->path);
    }
    return weft_fail(WEFT_ERR_USAGE, "there is no convolution '%.60s'; those of the network: %s",
                     name, list);
}

static weft_status find_layer(filters_job *job)
{
    const weft_graph *graph = job->trained->graph;
    const char *name = cli_text(job->args, CLI_OPT_LAYER);
    for (int32_t n = 0; n < weft_graph_count(graph) && !job->node; n++) {
        const weft_node *node = weft_graph_node(graph, n);
        if (is_convolution(node) && (!name || strcmp(node->name, name) == 0)) job->node = node;
    }
    return job->node ? WEFT_OK : no_filters(job, name);
}

static weft_status read_weights(filters_job *job, weft_model *model)
{
    char name[WEFT_TENSOR_NAME_MAX];
    snprintf(name, sizeof name, "%s.weight", job->node->name);
    int32_t index = 0;
    while (strcmp(weft_model_parameter(model, index)->name, name) != 0)
        index++;
    job->shape = weft_model_parameter(model, index)->file_shape;
    free(job->values);
    job->values = malloc((size_t)weft_shape_count(job->shape) * sizeof *job->values);
    if (!job->values) return weft_fail(WEFT_ERR_MEMORY, "out of memory for filters");
    return weft_model_read(model, index, -1, job->values);
}

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    filters_job *job = user;
    weft_model *model = NULL;
    (void)entry;
    WEFT_TRY(cli_trained_model(job->trained, device, job->log, &model));
    const weft_status status = read_weights(job, model);
    weft_model_free(model);
    return status;
}

/* ---- the figure ---- */

typedef struct filter_tiles {
    weft_tile tile[TILES_MOST];
    char caption[TILES_MOST][32];
    char title[TEXT], subtitle[TEXT];
} filter_tiles;

static int fill(const filters_job *job, filter_tiles *f)
{
    const int32_t *dim = job->shape.dim;
    const int64_t size = (int64_t)dim[2] * dim[3], all = (int64_t)dim[0] * dim[1];
    const int count = all < TILES_MOST ? (int)all : TILES_MOST;
    for (int i = 0; i < count; i++) {
        const int filter = i / dim[1], channel = i % dim[1];
        if (dim[1] == 1)
            snprintf(f->caption[i], sizeof f->caption[i], "%d", filter);
        else
            snprintf(f->caption[i], sizeof f->caption[i], "%d of %d", channel, filter);
        f->tile[i] =
            (weft_tile){.heat = {dim[3], dim[2], job->values + i * size}, .caption = f->caption[i]};
    }
    snprintf(f->title, sizeof f->title, "Filters of %s", job->node->name);
    snprintf(f->subtitle, sizeof f->subtitle, "%d filters of %d x %d over %d channel%s%s",
             (int)dim[0], (int)dim[2], (int)dim[3], (int)dim[1], dim[1] == 1 ? "" : "s, by channel",
             count < all ? "; the first 256 are shown" : "");
    return count;
}

static weft_status draw(const filters_job *job)
{
    filter_tiles *f = calloc(1, sizeof *f);
    if (!f) return weft_fail(WEFT_ERR_MEMORY, "out of memory for filters");
    const weft_tiles tiles = {.title = f->title,
                              .subtitle = f->subtitle,
                              .tile = f->tile,
                              .count = fill(job, f),
                              .map = WEFT_MAP_DIVERGING};
    const weft_figure figure = weft_tiles_figure(&tiles);
    const weft_status status = cli_picture_out_write(job->out, &figure);
    free(f);
    return status;
}

/* ---- numbers ---- */

/* Nested lists, the outermost axis first. */
static json_t *nested(const float *values, const weft_shape *shape, int axis)
{
    int64_t stride = 1;
    if (axis == shape->rank) return cli_json_number((double)*values);
    json_t *list = json_array();
    for (int i = axis + 1; i < shape->rank; i++)
        stride *= shape->dim[i];
    for (int64_t i = 0; i < shape->dim[axis]; i++)
        json_array_append_new(list, nested(values + i * stride, shape, axis + 1));
    return list;
}

static weft_status put_json(const filters_job *job)
{
    return cli_put_json(
        json_pack("{s:o, s:s, s:s, s:o, s:o}", "checkpoint", cli_json_text(job->trained->path),
                  "which", job->trained->which, "layer", job->node->name, "filters",
                  nested(job->values, &job->shape, 0), "pictures", cli_picture_out_json(job->out)));
}

static weft_status tell(const filters_job *job, const weft_device_entry *entry)
{
    char stem[TEXT];
    snprintf(stem, sizeof stem, "explain-filters-%s", job->node->name);
    WEFT_TRY(cli_explain_name(job->args, stem, job->out));
    if (cli_picture_out_wanted(job->out)) WEFT_TRY(draw(job));
    if (cli_given(job->args, CLI_OPT_JSON)) return put_json(job);
    cli_trained_print(job->trained, entry);
    cli_explain_print_files(job->out);
    return WEFT_OK;
}

weft_status cli_explain_filters(const cli_args *args, const cli_trained *trained,
                                cli_picture_out *out, weft_log log)
{
    cli_choice choice;
    filters_job job = {.args = args, .trained = trained, .out = out, .log = log};
    WEFT_TRY(find_layer(&job));
    const cli_wish wish = cli_wish_of(args, log);
    weft_status status = cli_select(&wish, attempt, &job, &choice);
    if (status == WEFT_OK) {
        status = tell(&job, choice.entry);
        cli_choice_free(&choice);
    }
    free(job.values);
    return status;
}
