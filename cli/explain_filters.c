#include "cli/explain_filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain_output.h"
#include "cli/filters.h"
#include "cli/output.h"
#include "cli/select.h"

enum { TEXT = 320 };

typedef struct filters_job {
    const cli_args *args;
    const cli_trained *trained;
    const weft_node *node;
    cli_picture_out *out;
    weft_filters filters;
    float *values; /* of them */
    weft_log log;
} filters_job;

static weft_status no_filters(const filters_job *job, const char *name)
{
    size_t used = 0;
    char list[TEXT] = "none";
    for (int32_t n = 0; n < weft_graph_count(job->trained->graph) && used < TEXT; n++) {
        const weft_node *node = weft_graph_node(job->trained->graph, n);
        if (cli_is_convolution(node))
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
    const char *name = cli_text(job->args, CLI_OPT_LAYER);
    job->node = cli_convolution(job->trained->graph, name);
    return job->node ? WEFT_OK : no_filters(job, name);
}

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    filters_job *job = user;
    weft_model *model = NULL;
    (void)entry;
    WEFT_TRY(cli_trained_model(job->trained, device, job->log, &model));
    const weft_status status = cli_filters_read(model, job->node, &job->values, &job->filters);
    weft_model_free(model);
    return status;
}

static weft_status draw(const filters_job *job)
{
    weft_layer_tiles layer;
    weft_status status = weft_filter_tiles(job->node->name, &job->filters, CLI_LAYER_TILES, &layer);
    if (status == WEFT_OK) {
        const weft_figure figure = weft_tiles_figure(&layer.tiles);
        status = cli_picture_out_write(job->out, &figure);
    }
    weft_layer_tiles_free(&layer);
    return status;
}

/* ---- numbers ---- */

/* Nested lists, the outermost axis first. */
static json_t *nested(const float *values, const int dim[4], int axis)
{
    int64_t stride = 1;
    if (axis == 4) return cli_json_number((double)*values);
    json_t *list = json_array();
    for (int i = axis + 1; i < 4; i++)
        stride *= dim[i];
    for (int64_t i = 0; i < dim[axis]; i++)
        json_array_append_new(list, nested(values + i * stride, dim, axis + 1));
    return list;
}

static weft_status put_json(const filters_job *job)
{
    const weft_filters *f = &job->filters;
    const int dim[4] = {f->filters, f->channels, f->height, f->width};
    return cli_put_json(json_pack("{s:o, s:s, s:s, s:o, s:o}", "checkpoint",
                                  cli_json_text(job->trained->path), "which", job->trained->which,
                                  "layer", job->node->name, "filters", nested(f->values, dim, 0),
                                  "pictures", cli_picture_out_json(job->out)));
}

static weft_status tell(const filters_job *job, const weft_device_entry *entry)
{
    char stem[TEXT];
    snprintf(stem, sizeof stem, "explain-filters-%s", job->node->name);
    WEFT_TRY(cli_explain_name(job->args, stem, job->out));
    if (cli_picture_out_wanted(job->out)) WEFT_TRY(draw(job));
    if (cli_given(job->args, CLI_OPT_JSON)) return put_json(job);
    cli_trained_print(job->trained, entry);
    cli_picture_out_tell(job->out);
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
