/* Where the evidence for an answer lies: Grad-CAM of a right and a wrong example of each class. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/report_private.h"
#include "core/explain.h"
#include "core/number.h"
#include "report/tiles.h"

enum { CLASSES = 20, GRID_COLUMNS = 10, CELL = 80, NAMED = 48 };

/* A grid with a tile per class. */
typedef struct grid {
    weft_tile tile[CLASSES];
    char value[CLASSES][CELL], truth[CLASSES][CELL];
    float *maps; /* one behind the other */
    int count;
} grid;

/* Of each class the surest answer that is right, and the surest that is wrong; index -1: none. */
typedef struct examples {
    weft_sample_score of[CLASSES][2]; /* wrong, right */
} examples;

static void find_examples(const cli_report *r, examples *e)
{
    for (int i = 0; i < CLASSES; i++)
        for (int right = 0; right < 2; right++)
            e->of[i][right] = (weft_sample_score){.index = -1};
    for (int64_t i = 0; i < r->test.count; i++) {
        const weft_sample_score s =
            weft_score_sample(r->scores.logits, r->test.classes, i, r->test.class_count);
        if (s.class >= CLASSES || s.predicted < 0) continue;
        weft_sample_score *best = &e->of[s.class][s.class == s.predicted];
        if (best->index < 0 || s.probability > best->probability) *best = s;
    }
}

/* What stands below a tile, "" for nothing: the true class of an error, and that a map is empty. */
static void put_truth(const char *name, bool right, bool empty, char text[CELL])
{
    const char *const none = empty ? "blank" : "";
    if (right)
        (void)snprintf(text, CELL, "%s", none);
    else
        (void)snprintf(text, CELL, "is %.50s%s%s", name, empty ? ", " : "", none);
}

static weft_status add_tile(const cli_report *r, weft_explainer *explainer,
                            const weft_sample_score *s, grid *g)
{
    const int i = g->count;
    const bool right = s->class == s->predicted;
    const weft_shape shape = weft_explainer_map(explainer);
    const size_t pixels = (size_t)shape.dim[0] * (size_t)shape.dim[1];
    const weft_picture picture = cli_report_picture(r, s->index);
    char number[WEFT_NUMBER_TEXT];
    float *map = g->maps + (size_t)i * pixels;
    WEFT_TRY(weft_explainer_run(explainer, picture.pixels, s->predicted));
    memcpy(map, weft_explainer_gradcam(explainer), pixels * sizeof *map);
    (void)snprintf(g->value[i], CELL, "%s %%", weft_fixed(100 * s->probability, 1, number));
    put_truth(r->name[s->class], right, !weft_explainer_has_evidence(explainer), g->truth[i]);
    g->tile[i] = (weft_tile){.picture = picture,
                             .heat = {.width = shape.dim[1], .height = shape.dim[0], .values = map},
                             .caption = r->name[s->predicted],
                             .value = g->value[i],
                             .caption2 = g->truth[i][0] ? g->truth[i] : NULL,
                             .mark = right ? WEFT_MARK_RIGHT : WEFT_MARK_WRONG};
    g->count++;
    return WEFT_OK;
}

static weft_status add_classes(const cli_report *r, weft_explainer *explainer, const examples *e,
                               bool right, grid *g)
{
    for (int i = 0; i < CLASSES; i++)
        if (e->of[i][right].index >= 0) WEFT_TRY(add_tile(r, explainer, &e->of[i][right], g));
    return WEFT_OK;
}

/* Which classes are shown. */
static const char *name_classes(const cli_report *r, char text[NAMED])
{
    const int count = r->test.class_count;
    if (count <= CLASSES) return "each class";
    (void)snprintf(text, NAMED, "each of the first %d of %d classes", CLASSES, count);
    return text;
}

static weft_status put_examples(cli_report *r, weft_explainer *explainer, const examples *e,
                                bool right)
{
    const weft_shape shape = weft_explainer_map(explainer);
    char title[96], classes[NAMED];
    (void)snprintf(title, sizeof title, "Grad-CAM of the surest %s of %s", right ? "hit" : "error",
                   name_classes(r, classes));
    grid g = {.maps =
                  calloc((size_t)shape.dim[0] * (size_t)shape.dim[1], CLASSES * sizeof *g.maps)};
    weft_status status = WEFT_ERR_MEMORY;
    if (g.maps)
        status = add_classes(r, explainer, e, right, &g);
    else
        weft_fail(status, "out of memory for a report");
    if (status == WEFT_OK && g.count > 0) {
        const weft_tiles tiles = {.title = title,
                                  .tile = g.tile,
                                  .count = g.count,
                                  .columns = GRID_COLUMNS,
                                  .map = WEFT_MAP_SEQUENTIAL,
                                  .own_scales = true};
        const weft_figure figure = weft_tiles_figure(&tiles);
        status = cli_report_figure(r, right ? "gradcam-right" : "gradcam-wrong", &figure,
                                   WEFT_HTML_PNG, title, NULL);
    }
    free(g.maps);
    return status;
}

static weft_status explain(cli_report *r, weft_explainer *explainer)
{
    char text[CLI_REPORT_TEXT], classes[NAMED];
    examples e;
    find_examples(r, &e);
    (void)snprintf(text, sizeof text,
                   "Where in the output of %.64s the evidence for the answer lies (Selvaraju et "
                   "al. 2017): the surest hit and error of %s. The caption is what the network "
                   "says; where it says blank, nothing speaks for that.",
                   weft_explainer_layer(explainer), name_classes(r, classes));
    weft_html_section(r->page, "evidence", "Evidence");
    weft_html_text(r->page, text);
    WEFT_TRY(put_examples(r, explainer, &e, true));
    return put_examples(r, explainer, &e, false);
}

weft_status cli_report_evidence(cli_report *r)
{
    weft_explainer *explainer = NULL;
    if (!cli_report_picture(r, 0).pixels) return WEFT_OK;
    if (weft_explain_map_layer(r->trained.graph) < 0) return WEFT_OK;
    WEFT_TRY(weft_explainer_new(r->model, &r->trained.norm, WEFT_U8, NULL, &explainer));
    const weft_status status = explain(r, explainer);
    weft_explainer_free(explainer);
    return status;
}
