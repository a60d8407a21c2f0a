/* Does a training fit its device? */
#include "core/fit.h"
#include "core/trainer.h"

/* A model and data sets without memory, over which plans can be made. */
typedef struct planner {
    weft_trainer *t;
    weft_model *model;
    weft_source *data, *held_out, *test;
} planner;

/* Whole batches, and the smaller one at the end. */
static weft_status count_batches(const planner *p, const weft_source *source, weft_mode mode,
                                 int64_t samples, int64_t batch, weft_need *n)
{
    if (!source || samples < 1) return WEFT_OK;
    if (batch > samples) batch = samples;
    weft_plan_desc desc = {.mode = mode, .batch = (int32_t)batch, .source = source};
    WEFT_TRY(weft_need_plan(p->model, &desc, n));
    desc.batch = (int32_t)(samples % batch);
    return desc.batch > 0 ? weft_need_plan(p->model, &desc, n) : WEFT_OK;
}

static weft_status count(void *user, int64_t batch, weft_need *n)
{
    const planner *p = user;
    const weft_trainer *t = p->t;
    *n = (weft_need){0};
    weft_need_model(p->model, n);
    weft_need_source(p->data, false, n);
    if (p->held_out) weft_need_source(p->held_out, true, n);
    if (p->test) weft_need_source(p->test, false, n);
    WEFT_TRY(count_batches(p, p->data, WEFT_MODE_TRAIN, t->train_count, batch, n));
    WEFT_TRY(count_batches(p, p->held_out, WEFT_MODE_EVAL, t->val_count, batch, n));
    return count_batches(p, p->test, WEFT_MODE_EVAL, t->desc.test ? t->desc.test->count : 0, batch,
                         n);
}

static weft_status open_planner(planner *p)
{
    const weft_trainer *t = p->t;
    weft_model_desc desc = weft_trainer_model_desc(t);
    desc.plan_only = true;
    WEFT_TRY(weft_model_new(t->desc.graph, t->device, &desc, &p->model));
    WEFT_TRY(weft_source_describe(&t->data, 2 * t->train_count, &p->data));
    if (t->val_count > 0) WEFT_TRY(weft_source_describe(&t->data, t->val_count, &p->held_out));
    if (!t->desc.test) return WEFT_OK;
    return weft_source_describe(t->desc.test, t->desc.test->count, &p->test);
}

static void close_planner(planner *p)
{
    weft_model_free(p->model);
    weft_source_free(p->data);
    weft_source_free(p->held_out);
    weft_source_free(p->test);
}

weft_status weft_trainer_check_memory(weft_trainer *t)
{
    planner p = {.t = t};
    const weft_fit fit = {.entry = t->desc.device_entry,
                          .batch = t->batch,
                          .resumes = t->desc.resume,
                          .count = count,
                          .user = &p};
    if (!fit.entry) return WEFT_OK;
    weft_status status = open_planner(&p);
    if (status == WEFT_OK) status = weft_fit_check(&fit, &t->device_bytes);
    close_planner(&p);
    return status;
}
