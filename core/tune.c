#include "core/tune.h"

#include <stdlib.h>
#include <string.h>

#include "core/made_up.h"
#include "core/tune_private.h"

enum { BATCH = 64 };

/* What the steps of both plans are gathered in; op borrows from the plans. */
typedef struct job {
    weft_device *device;
    const weft_graph *graph;
    const weft_tune_desc *desc;
    weft_tune_result *result;
    const weft_op **op; /* of each row */
    int total;          /* candidates */
} job;

/* ---- which steps ---- */

static weft_tune_row *find_row(const weft_tune_result *result, const weft_key *key)
{
    for (int32_t i = 0; i < result->count; i++) {
        weft_tune_row *row = &result->row[i];
        if (row->key.batch == key->batch && strcmp(row->key.text, key->text) == 0) return row;
    }
    return NULL;
}

static weft_status grow(job *j)
{
    const size_t count = (size_t)j->result->count + 1;
    weft_tune_row *row = realloc(j->result->row, count * sizeof *row);
    if (row) j->result->row = row;
    const weft_op **op = realloc(j->op, count * sizeof *op);
    if (op) j->op = op;
    return row && op ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for the tuner's table");
}

static const char *layer_of(const job *j, const weft_op *op)
{
    const weft_node *node = weft_graph_node(j->graph, op->layer);
    return node ? node->name : "update";
}

static weft_status add_op(job *j, const weft_op *op)
{
    weft_key key;
    weft_choice list[WEFT_TUNE_CANDIDATES];
    int count = WEFT_TUNE_CANDIDATES;
    if (!weft_op_key(op, &key)) return WEFT_OK;
    weft_tune_row *row = find_row(j->result, &key);
    if (row) {
        row->times++;
        return WEFT_OK;
    }
    const weft_status status = j->device->backend->candidates(j->device, op, list, &count);
    if (status != WEFT_OK) return weft_fail_in(status, "layer %s", layer_of(j, op));
    if (count < 2) return WEFT_OK;
    WEFT_TRY(grow(j));
    row = &j->result->row[j->result->count];
    *row = (weft_tune_row){.key = key, .kind = op->kind, .times = 1};
    snprintf(row->layer, sizeof row->layer, "%s", layer_of(j, op));
    j->op[j->result->count++] = op;
    j->total += count;
    return WEFT_OK;
}

static weft_status add_plan(job *j, const weft_plan *plan)
{
    for (int32_t i = 0; i < weft_plan_count(plan); i++)
        WEFT_TRY(add_op(j, weft_plan_op(plan, i)));
    return WEFT_OK;
}

/* ---- plans without data ---- */

static weft_normalize plain(const weft_graph *graph)
{
    const weft_shape shape = weft_graph_input(graph);
    weft_normalize norm = {.channels = shape.rank == 3 ? shape.dim[2] : 1};
    for (int32_t i = 0; i < norm.channels && i < WEFT_MAX_CHANNELS; i++)
        norm.std[i] = 1.0f;
    return norm;
}

/* A batch of samples: the plans need a source to read, nothing runs on it. */
static weft_status make_source(const job *j, int32_t batch, weft_source **out)
{
    const weft_normalize norm = plain(j->graph);
    weft_made_up made_up;
    weft_status status = weft_made_up_new(j->graph, batch, &made_up);
    if (status == WEFT_OK) status = weft_source_new(j->device, &made_up.data, &norm, batch, out);
    weft_made_up_free(&made_up);
    return status;
}

static weft_status tune_rows(job *j)
{
    int done = 0;
    for (int32_t i = 0; i < j->result->count; i++) {
        weft_tune_row *row = &j->result->row[i];
        const weft_op *op = j->op[i]; /* NOLINT(*-core.NullDereference): as many as rows */
        const weft_status status = weft_tune_op(j->device, op, j->desc, &done, j->total, row);
        if (status != WEFT_OK) {
            return weft_fail_in(status, "%s (%s)", weft_op_describe(row->kind)->name, row->layer);
        }
        j->result->prior_seconds += row->times * row->prior_seconds;
        j->result->best_seconds += row->times * row->best_seconds;
    }
    return WEFT_OK;
}

static weft_status tune_plans(job *j, weft_model *model, const weft_source *source, int32_t batch)
{
    weft_plan *train = NULL, *predict = NULL;
    weft_plan_desc desc = {.mode = WEFT_MODE_TRAIN, .batch = batch, .source = source};
    WEFT_TRY(weft_plan_new(model, &desc, &train)); /* both are freed with the model */
    desc.mode = WEFT_MODE_PREDICT;
    WEFT_TRY(weft_plan_new(model, &desc, &predict));
    WEFT_TRY(add_plan(j, train));
    WEFT_TRY(add_plan(j, predict));
    return tune_rows(j);
}

static weft_status tune_model(job *j, int32_t batch)
{
    const weft_optimizer optimizer = {.kind = WEFT_ADAM};
    weft_source *source = NULL;
    weft_model *model = NULL;
    weft_status status = make_source(j, batch, &source);
    if (status == WEFT_OK) {
        status = weft_model_new(j->graph, j->device, &(weft_model_desc){.optimizer = &optimizer},
                                &model);
    }
    if (status == WEFT_OK) status = tune_plans(j, model, source, batch);
    weft_model_free(model);
    weft_source_free(source);
    return status;
}

weft_status weft_tune(const weft_graph *graph, weft_device *device, const weft_tune_desc *desc,
                      weft_tune_result *result)
{
    job j = {.device = device, .graph = graph, .desc = desc, .result = result};
    *result = (weft_tune_result){.count = 0};
    const weft_status status = tune_model(&j, desc->batch > 0 ? desc->batch : BATCH);
    free(j.op);
    return status;
}

void weft_tune_result_free(weft_tune_result *result)
{
    free(result->row);
    *result = (weft_tune_result){.count = 0};
}
