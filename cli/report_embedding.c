/* The last hidden layer of many samples, seen in two dimensions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/report_private.h"
#include "core/checked.h"
#include "core/explain.h"
#include "core/number.h"
#include "core/pca.h"
#include "report/scatter.h"

enum { POINTS = 2000, AXIS = 64 };

/* Samples evenly spaced over the test set, and what becomes of them. */
typedef struct embedding {
    int64_t count, width;
    uint8_t *samples;
    int32_t *class;
    float *features;  /* count x width */
    float *xy;        /* count x 2 */
    float *column[2]; /* x, y */
    double explained[2];
} embedding;

static void *zeroed(int64_t count, size_t size)
{
    size_t bytes;
    if (count < 1 || weft_mul_size((size_t)count, size, &bytes)) return NULL;
    return calloc(1, bytes);
}

static weft_status allocate(const cli_report *r, const weft_node *layer, embedding *e)
{
    int64_t samples, features;
    e->count = r->test.count < POINTS ? r->test.count : POINTS;
    e->width = weft_shape_count(layer->needs.out.shape);
    if (weft_mul_i64(e->count, weft_shape_count(r->test.shape), &samples)) samples = 0;
    if (weft_mul_i64(e->count, e->width, &features)) features = 0;
    e->samples = zeroed(samples, 1);
    e->class = zeroed(e->count, sizeof *e->class);
    e->features = zeroed(features, sizeof *e->features);
    e->xy = zeroed(4 * e->count, sizeof *e->xy);
    if (!e->samples || !e->class || !e->features || !e->xy)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory for the features of %lld samples",
                         (long long)e->count);
    e->column[0] = e->xy + 2 * e->count;
    e->column[1] = e->xy + 3 * e->count;
    return WEFT_OK;
}

static void release(embedding *e)
{
    free(e->samples);
    free(e->class);
    free(e->features);
    free(e->xy);
}

static void take_samples(const cli_report *r, embedding *e)
{
    const size_t bytes = (size_t)weft_shape_count(r->test.shape);
    const int64_t step = r->test.count / e->count;
    for (int64_t i = 0; i < e->count; i++) {
        memcpy(e->samples + (size_t)i * bytes,
               (const uint8_t *)r->test.samples + (size_t)(i * step) * bytes, bytes);
        e->class[i] = r->test.classes[i * step];
    }
}

static weft_status compute(const cli_report *r, const weft_node *layer, embedding *e)
{
    WEFT_TRY(allocate(r, layer, e));
    take_samples(r, e);
    WEFT_TRY(weft_model_features(r->model, layer->name, e->samples, WEFT_U8, e->count,
                                 &r->trained.norm, e->features));
    WEFT_TRY(weft_pca(e->features, e->count, e->width, e->xy, e->explained));
    for (int64_t i = 0; i < 2 * e->count; i++)
        e->column[i % 2][i / 2] = e->xy[i];
    return WEFT_OK;
}

static weft_status draw(cli_report *r, const weft_node *layer, const embedding *e)
{
    char subtitle[CLI_REPORT_TEXT], axis[2][AXIS], number[WEFT_NUMBER_TEXT];
    (void)snprintf(subtitle, sizeof subtitle,
                   "The %lld numbers that %.64s makes of each of %lld test samples",
                   (long long)e->width, layer->name, (long long)e->count);
    for (int i = 0; i < 2; i++)
        (void)snprintf(axis[i], AXIS, "principal component %d (%s %% of the variance)", i + 1,
                       weft_fixed(100 * e->explained[i], 1, number));
    const weft_scatter scatter = {.title = "The last hidden layer in two dimensions",
                                  .subtitle = subtitle,
                                  .x_title = axis[0],
                                  .y_title = axis[1],
                                  .count = (int)e->count,
                                  .x = e->column[0],
                                  .y = e->column[1],
                                  .class = e->class,
                                  .classes = r->test.class_count,
                                  .names = r->name};
    const weft_figure figure = weft_scatter_figure(&scatter);
    return cli_report_figure(r, "embedding", &figure, WEFT_HTML_PNG,
                             "Samples as points, coloured by their class", NULL);
}

static weft_status show(cli_report *r, const weft_node *layer)
{
    embedding e = {.count = 0};
    weft_status status = compute(r, layer, &e);
    if (status == WEFT_OK) {
        status = draw(r, layer, &e);
    } else if (status == WEFT_ERR_FORMAT) { /* a network that has diverged */
        weft_html_text(r->page, weft_error());
        status = WEFT_OK;
    }
    release(&e);
    return status;
}

weft_status cli_report_embedding(cli_report *r)
{
    const int32_t hidden = weft_explain_hidden_layer(r->trained.graph);
    if (r->test.count < 2 || r->test.dtype != WEFT_U8 || hidden < 0) return WEFT_OK;
    weft_html_section(r->page, "embedding", "Embedding");
    return show(r, weft_graph_node(r->trained.graph, hidden));
}
