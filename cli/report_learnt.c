/* What the network has learnt to see: filters of its first convolution, feature maps of a sample.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/filters.h"
#include "cli/report_private.h"
#include "core/explain.h"

enum { TILES = 32, LAYERS = 6 };

/* The page says below the picture what a picture by itself has to say in its second line. */
static weft_status put_tiles(cli_report *r, const char *name, weft_layer_tiles *layer)
{
    layer->tiles.subtitle = NULL;
    const weft_figure figure = weft_tiles_figure(&layer->tiles);
    return cli_report_figure(r, name, &figure, WEFT_HTML_PNG, layer->title, layer->subtitle);
}

static weft_status put_filters(cli_report *r, const weft_node *node)
{
    float *values;
    weft_filters filters;
    weft_layer_tiles layer;
    WEFT_TRY(cli_filters_read(r->model, node, &values, &filters));
    weft_status status = weft_filter_tiles(node->name, &filters, TILES, &layer);
    if (status == WEFT_OK) status = put_tiles(r, "filters", &layer);
    weft_layer_tiles_free(&layer);
    free(values);
    return status;
}

/* ---- feature maps ---- */

static weft_status put_maps(cli_report *r, const weft_explainer *explainer)
{
    char file[96];
    weft_layer_tiles layer;
    const weft_shape shape = weft_explainer_map(explainer);
    const char *name = weft_explainer_layer(explainer);
    const weft_maps maps = {weft_explainer_features(explainer), shape.dim[0], shape.dim[1],
                            shape.dim[2]};
    (void)snprintf(file, sizeof file, "features-%.64s", name);
    weft_status status = weft_map_tiles(name, &maps, TILES, &layer);
    if (status == WEFT_OK) status = put_tiles(r, file, &layer);
    weft_layer_tiles_free(&layer);
    return status;
}

static weft_status put_layer(cli_report *r, const char *layer, const void *sample)
{
    weft_explainer *explainer = NULL;
    WEFT_TRY(weft_explainer_new(r->model, &r->trained.norm, WEFT_U8, layer, &explainer));
    weft_status status = weft_explainer_run(explainer, sample, -1);
    if (status == WEFT_OK) status = put_maps(r, explainer);
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
    const weft_node *first = cli_convolution(r->trained.graph, NULL);
    if (!first) return WEFT_OK;
    weft_html_section(r->page, "features", "Learned features");
    WEFT_TRY(put_filters(r, first));
    if (!picture.pixels) return WEFT_OK;
    weft_html_heading(r->page, "What the first test image becomes");
    return put_layers(r, &picture);
}
