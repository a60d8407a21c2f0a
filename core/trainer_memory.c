/* Does a training fit its device? */
#include "core/fit.h"
#include "core/trainer.h"

/* Data sets without memory, over which plans can be made. */
typedef struct planner {
    const weft_trainer *t;
    weft_source *data, *held_out, *test;
} planner;

/* Whole batches, and the smaller one at the end. */
static weft_status count_batches(weft_model *model, const weft_source *source, weft_mode mode,
                                 int64_t samples, int64_t batch, weft_need *n)
{
    if (!source || samples < 1) return WEFT_OK;
    if (batch > samples) batch = samples;
    weft_plan_desc desc = {.mode = mode, .batch = (int32_t)batch, .source = source};
    WEFT_TRY(weft_need_plan(model, &desc, n));
    desc.batch = (int32_t)(samples % batch);
    return desc.batch > 0 ? weft_need_plan(model, &desc, n) : WEFT_OK;
}

static weft_status count(const void *user, weft_model *model, int64_t batch, weft_need *n)
{
    const planner *p = user;
    const weft_trainer *t = p->t;
    *n = (weft_need){0};
    weft_need_model(model, n);
    weft_need_source(p->data, false, n);
    if (p->held_out) weft_need_source(p->held_out, true, n);
    if (p->test) weft_need_source(p->test, false, n);
    WEFT_TRY(count_batches(model, p->data, WEFT_MODE_TRAIN, t->train_count, batch, n));
    WEFT_TRY(count_batches(model, p->held_out, WEFT_MODE_EVAL, t->val_count, batch, n));
    return count_batches(model, p->test, WEFT_MODE_EVAL, t->desc.test ? t->desc.test->count : 0,
                         batch, n);
}

static weft_status open_planner(planner *p)
{
    const weft_trainer *t = p->t;
    WEFT_TRY(weft_source_describe(&t->data, 2 * t->train_count, &p->data));
    if (t->val_count > 0) WEFT_TRY(weft_source_describe(&t->data, t->val_count, &p->held_out));
    if (!t->desc.test) return WEFT_OK;
    return weft_source_describe(t->desc.test, t->desc.test->count, &p->test);
}

static void close_planner(planner *p)
{
    weft_source_free(p->data);
    weft_source_free(p->held_out);
    weft_source_free(p->test);
}

weft_status weft_trainer_check_memory(weft_trainer *t)
{
    planner p = {.t = t};
    const weft_fit fit = {.entry = t->desc.device_entry,
                          .device = t->device,
                          .graph = t->desc.graph,
                          .model = weft_trainer_model_desc(t),
                          .batch = t->batch,
                          .resumes = t->desc.resume,
                          .count = count,
                          .user = &p};
    weft_status status = open_planner(&p);
    if (status == WEFT_OK) status = weft_fit_check(&fit, &t->device_bytes);
    close_planner(&p);
    return status;
}
