#include "cli/explain_output.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/classes.h"
#include "cli/filters.h"
#include "cli/output.h"
#include "core/number.h"
#include "core/posix.h"
#include "report/explanation.h"

enum { TEXT = 320 };

static const char *class_of(const cli_explained *e, char text[24])
{
    return cli_class_name(e->trained, weft_explainer_output(e->explainer), text);
}

static float probability(const cli_explained *e)
{
    return e->probabilities[weft_explainer_output(e->explainer)];
}

weft_status cli_explain_name(const cli_args *args, const char *stem, cli_picture_out *out)
{
    const char *run = args->word[0];
    if (cli_given(args, CLI_OPT_OUT) || cli_given(args, CLI_OPT_JSON)) return WEFT_OK;
    return cli_picture_out_both(weft_is_folder(run) ? run : "", stem, out->theme, out);
}

/* ---- the figure ---- */

static weft_status add_maps(const cli_explained *e, weft_layer_tiles *layer, weft_tiles *out)
{
    const weft_shape map = weft_explainer_map(e->explainer);
    const weft_maps maps = {weft_explainer_features(e->explainer), map.dim[0], map.dim[1],
                            map.dim[2]};
    WEFT_TRY(weft_map_tiles(weft_explainer_layer(e->explainer), &maps, CLI_LAYER_TILES, layer));
    *out = layer->tiles;
    return WEFT_OK;
}

/* The picture, Grad-CAM over it, saliency. */
static int map_tiles(const cli_explained *e, weft_tile tile[3], const char *label)
{
    int count = 0;
    const weft_shape in = weft_explainer_input(e->explainer);
    const weft_shape map = weft_explainer_map(e->explainer);
    const weft_picture picture = {in.dim[1], in.dim[0], in.dim[2], e->pixels};
    const bool shown = in.dim[2] == 1 || in.dim[2] == 3;
    if (shown)
        tile[count++] = (weft_tile){.picture = picture, .caption = e->base, .caption2 = label};
    if (map.rank > 0) {
        tile[count] =
            (weft_tile){.heat = {map.dim[1], map.dim[0], weft_explainer_gradcam(e->explainer)},
                        .caption = "Grad-CAM",
                        .caption2 = weft_explainer_has_evidence(e->explainer)
                                        ? weft_explainer_layer(e->explainer)
                                        : "nothing above 0"};
        if (shown) tile[count].picture = picture;
        count++;
    }
    tile[count++] = (weft_tile){
        .heat = {in.dim[1], in.dim[0], weft_explainer_saliency(e->explainer)},
        .caption = "Saliency",
        .caption2 = weft_explainer_has_saliency(e->explainer) ? "by pixel" : "nothing above 0"};
    return count;
}

weft_status cli_explain_draw(const cli_explained *e)
{
    char title[TEXT], subtitle[TEXT], label[TEXT] = "", number[WEFT_NUMBER_TEXT], name[24];
    weft_tile tile[3];
    weft_layer_tiles layer = {.maps = NULL};
    weft_explanation figure = {.maps = {.title = title,
                                        .subtitle = subtitle,
                                        .tile = tile,
                                        .map = WEFT_MAP_SEQUENTIAL,
                                        .own_scales = true}};
    snprintf(title, sizeof title, "%s %%: %.200s",
             weft_fixed(100 * (double)probability(e), 1, number), class_of(e, name));
    snprintf(subtitle, sizeof subtitle, "what speaks for it in %.100s (%.60s, %s)", e->base,
             cli_trained_title(e->trained), e->trained->which);
    if (e->label >= 0)
        snprintf(label, sizeof label, "is %s", cli_class_name(e->trained, e->label, name));
    figure.maps.count = map_tiles(e, tile, *label ? label : NULL);
    weft_status status = WEFT_OK;
    if (e->features) status = add_maps(e, &layer, &figure.more);
    if (status == WEFT_OK) {
        const weft_figure drawing = weft_explanation_figure(&figure);
        status = cli_picture_out_write(e->out, &drawing);
    }
    weft_layer_tiles_free(&layer);
    return status;
}

/* ---- words ---- */

void cli_explain_print(const cli_explained *e, int32_t top)
{
    char name[24], number[WEFT_NUMBER_TEXT];
    const weft_shape map = weft_explainer_map(e->explainer);
    cli_trained_print(e->trained, e->entry);
    putchar('\n');
    cli_put_column(stdout, e->name, 0);
    if (e->label >= 0) {
        printf("  (labelled ");
        cli_put_column(stdout, cli_class_name(e->trained, e->label, name), 0);
        putchar(')');
    }
    putchar('\n');
    cli_put_classes(e->trained, e->probabilities, top);
    printf("\nexplained: ");
    cli_put_column(stdout, class_of(e, name), 0);
    printf(", %s\n", weft_fixed((double)probability(e), 4, number));
    if (map.rank > 0) {
        printf("layer      %s, %d x %d x %d%s\n", weft_explainer_layer(e->explainer),
               (int)map.dim[0], (int)map.dim[1], (int)map.dim[2],
               weft_explainer_has_evidence(e->explainer) ? ""
                                                         : "; nothing there speaks for the class");
    } else {
        puts("layer      none: the network has no convolution, so there is no Grad-CAM");
    }
    if (!weft_explainer_has_saliency(e->explainer))
        puts("saliency   nothing above 0: no pixel moves the output");
    cli_picture_out_tell(e->out);
}

/* ---- JSON ---- */

/* Rows of numbers, `step` apart. */
static json_t *matrix(const float *values, int32_t height, int32_t width, int32_t step)
{
    json_t *rows = json_array();
    for (int64_t y = 0; y < height; y++) {
        json_t *row = json_array();
        for (int64_t x = 0; x < width; x++)
            json_array_append_new(row, cli_json_number((double)values[(y * width + x) * step]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *layer_json(const cli_explained *e)
{
    const weft_shape map = weft_explainer_map(e->explainer);
    if (map.rank == 0) return json_null();
    return json_pack("{s:s, s:i, s:i, s:i}", "name", weft_explainer_layer(e->explainer), "height",
                     (int)map.dim[0], "width", (int)map.dim[1], "channels", (int)map.dim[2]);
}

static json_t *features_json(const cli_explained *e)
{
    const weft_shape map = weft_explainer_map(e->explainer);
    json_t *list = json_array();
    for (int32_t k = 0; k < map.dim[2]; k++) {
        json_array_append_new(list, matrix(weft_explainer_features(e->explainer) + k, map.dim[0],
                                           map.dim[1], map.dim[2]));
    }
    return list;
}

static json_t *logits_json(const cli_explained *e)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < cli_trained_outputs(e->trained); i++)
        json_array_append_new(list,
                              cli_json_number((double)weft_explainer_outputs(e->explainer)[i]));
    return list;
}

json_t *cli_explain_json(const cli_explained *e, int32_t top)
{
    char name[24];
    const weft_shape in = weft_explainer_input(e->explainer);
    const weft_shape map = weft_explainer_map(e->explainer);
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:{s:i, s:o, s:o}, s:o, s:o, s:o}", "file",
        cli_json_text(e->name), "checkpoint", cli_json_text(e->trained->path), "which",
        e->trained->which, "classes", cli_classes_json(e->trained, e->probabilities, top),
        "outputs", logits_json(e), "explained", "index", (int)weft_explainer_output(e->explainer),
        "name", cli_json_text(class_of(e, name)), "probability",
        cli_json_number((double)probability(e)), "layer", layer_json(e), "saliency",
        matrix(weft_explainer_saliency(e->explainer), in.dim[0], in.dim[1], 1), "pictures",
        cli_picture_out_json(e->out));
    if (!json) return NULL;
    json_object_set_new(
        json, "gradcam",
        map.rank == 0 ? json_null()
                      : matrix(weft_explainer_gradcam(e->explainer), map.dim[0], map.dim[1], 1));
    if (e->label >= 0) {
        json_object_set_new(json, "label",
                            cli_json_text(cli_class_name(e->trained, e->label, name)));
    }
    if (e->features) json_object_set_new(json, "features", features_json(e));
    return json;
}
