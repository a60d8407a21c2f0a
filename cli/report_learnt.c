/* What the network has learnt to see: filters of its first convolution, feature maps of a sample.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/report_private.h"
#include "core/checked.h"
#include "core/explain.h"
#include "report/tiles.h"

enum { TILES = 32, GRID_COLUMNS = 16, NUMBER = 16, LAYERS = 6 };

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a report");
}

/* ---- filters ---- */

/* The first convolution's weights: filters x channels x height x width in files. */
static int32_t first_filters(const weft_model *model)
{
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++)
        if (weft_model_parameter(model, i)->file_shape.rank == 4) return i;
    return -1;
}

/* A grid of matrices that lie behind each other in memory. */
static weft_status put_matrices(cli_report *r, const char *name, const char *title,
                                const char *caption, const weft_matrix *first, int count,
                                weft_colour_map map)
{
    weft_tile tile[TILES] = {{.caption = NULL}};
    char number[TILES][NUMBER];
    const size_t step = (size_t)first->width * (size_t)first->height;
    for (int i = 0; i < count; i++) {
        (void)snprintf(number[i], NUMBER, "%d", i);
        tile[i].heat = *first;
        tile[i].heat.values = first->values + (size_t)i * step;
        tile[i].caption = number[i];
    }
    const weft_tiles tiles = {
        .title = title, .tile = tile, .count = count, .columns = GRID_COLUMNS, .map = map};
    const weft_figure figure = weft_tiles_figure(&tiles);
    return cli_report_figure(r, name, &figure, WEFT_HTML_PNG, title, caption);
}

static weft_status put_weights(cli_report *r, const weft_parameter *p, const float *values)
{
    char title[CLI_REPORT_TEXT], caption[CLI_REPORT_TEXT];
    const int32_t *dim = p->file_shape.dim;
    const int64_t all = (int64_t)dim[0] * dim[1];
    const int count = all < TILES ? (int)all : TILES;
    (void)snprintf(title, sizeof title, "Filters of %.80s", p->name);
    (void)snprintf(caption, sizeof caption,
                   "%s%d filters of %d x %d over %d channel%s; one scale for all.",
                   all > TILES ? "The first ones of " : "", (int)dim[0], (int)dim[2], (int)dim[3],
                   (int)dim[1], dim[1] == 1 ? "" : "s");
    return put_matrices(r, "filters", title, caption,
                        &(weft_matrix){.width = dim[3], .height = dim[2], .values = values}, count,
                        WEFT_MAP_DIVERGING);
}

static weft_status put_filters(cli_report *r)
{
    const int32_t index = first_filters(r->model);
    if (index < 0) return WEFT_OK;
    const weft_parameter *p = weft_model_parameter(r->model, index);
    float *values = calloc((size_t)weft_shape_count(p->file_shape), sizeof *values);
    if (!values) return no_memory();
    weft_status status = weft_model_read(r->model, index, -1, values);
    if (status == WEFT_OK) status = put_weights(r, p, values);
    free(values);
    return status;
}

/* ---- feature maps ---- */

/* Features as the device has them, channel by channel. */
static void gather_channels(const float *features, weft_shape shape, int count, float *maps)
{
    const int32_t channels = shape.dim[2];
    const size_t pixels = (size_t)shape.dim[0] * (size_t)shape.dim[1];
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < count; c++)
            maps[(size_t)c * pixels + i] = features[i * (size_t)channels + (size_t)c];
}

static weft_status put_features(cli_report *r, const weft_explainer *explainer)
{
    char title[CLI_REPORT_TEXT], caption[CLI_REPORT_TEXT], name[96];
    const weft_shape shape = weft_explainer_map(explainer);
    const char *layer = weft_explainer_layer(explainer);
    const int count = shape.dim[2] < TILES ? shape.dim[2] : TILES;
    const size_t pixels = (size_t)shape.dim[0] * (size_t)shape.dim[1];
    float *maps = calloc((size_t)count * pixels, sizeof *maps);
    if (!maps) return no_memory();
    gather_channels(weft_explainer_features(explainer), shape, count, maps);
    (void)snprintf(title, sizeof title, "Feature maps of %.64s", layer);
    (void)snprintf(name, sizeof name, "features-%.64s", layer);
    (void)snprintf(caption, sizeof caption, "%s%d channels of %d x %d.",
                   count < shape.dim[2] ? "The first of " : "", (int)shape.dim[2],
                   (int)shape.dim[0], (int)shape.dim[1]);
    const weft_status status =
        put_matrices(r, name, title, caption,
                     &(weft_matrix){.width = shape.dim[1], .height = shape.dim[0], .values = maps},
                     count, WEFT_MAP_SEQUENTIAL);
    free(maps);
    return status;
}

static weft_status put_layer(cli_report *r, const char *layer, const void *sample)
{
    weft_explainer *explainer = NULL;
    WEFT_TRY(weft_explainer_new(r->model, &r->trained.norm, WEFT_U8, layer, &explainer));
    weft_status status = weft_explainer_run(explainer, sample, -1);
    if (status == WEFT_OK) status = put_features(r, explainer);
    weft_explainer_free(explainer);
    return status;
}

/* Of the layers in a row whose maps have one size, the last one tells what the others led to; the
 * input itself is no feature. */
static bool is_last_of_its_size(const weft_graph *graph, int32_t index)
{
    const weft_shape shape = weft_graph_node(graph, index)->needs.out.shape;
    if (index == 0 || shape.rank != 3) return false;
    for (int32_t i = index + 1; i < weft_graph_count(graph); i++) {
        const weft_shape later = weft_graph_node(graph, i)->needs.out.shape;
        if (later.rank == 3 && later.dim[0] == shape.dim[0] && later.dim[1] == shape.dim[1])
            return false;
    }
    return true;
}

static weft_status put_layers(cli_report *r, const weft_picture *picture)
{
    int shown = 0;
    for (int32_t i = 0; i < weft_graph_count(r->trained.graph) && shown < LAYERS; i++) {
        if (!is_last_of_its_size(r->trained.graph, i)) continue;
        WEFT_TRY(put_layer(r, weft_graph_node(r->trained.graph, i)->name, picture->pixels));
        shown++;
    }
    return WEFT_OK;
}

weft_status cli_report_learnt(cli_report *r)
{
    const weft_picture picture = cli_report_picture(r, 0);
    if (first_filters(r->model) < 0) return WEFT_OK;
    weft_html_section(r->page, "features", "Learned features");
    WEFT_TRY(put_filters(r));
    if (!picture.pixels) return WEFT_OK;
    weft_html_heading(r->page, "What the first test image becomes");
    return put_layers(r, &picture);
}
