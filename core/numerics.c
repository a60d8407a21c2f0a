#include "core/numerics.h"

#include <math.h>
#include <stdlib.h>

#include "core/numerics_private.h"

/* ---- which outputs are looked at ---- */

bool weft_numerics_is_slots(const weft_plan *plan, int32_t index, int output)
{
    return plan->tensor[plan->ids[index].out[output]].role == WEFT_ROLE_SLOTS;
}

static bool is_watched(const weft_plan *plan, int32_t index, int output)
{
    const weft_op *op = &plan->op[index];
    return op->mode[output] != WEFT_OUT_NONE && op->out[output].shape.rank > 0 &&
           op->out[output].dtype == WEFT_F32 && !weft_numerics_is_slots(plan, index, output);
}

/* Whether the op overwrites what it starts from, so that it has to be looked at before. */
static bool is_changed(const weft_plan *plan, int32_t index, int output)
{
    const weft_out_mode mode = plan->op[index].mode[output];
    return is_watched(plan, index, output) && (mode == WEFT_OUT_ADD || mode == WEFT_OUT_INOUT);
}

/* ---- preparing ---- */

static weft_status prepare_op(weft_plan *plan, int32_t index)
{
    struct weft_watch *watch = &plan->watch[index];
    for (int k = 0; k < WEFT_MAX_OUT; k++) {
        const weft_tensor *out = &plan->op[index].out[k];
        if (is_changed(plan, index, k))
            WEFT_TRY(weft_inspect_prepare(plan->model, out, k, &watch->step[k]));
        if (is_watched(plan, index, k))
            WEFT_TRY(weft_inspect_prepare(plan->model, out, WEFT_INSPECT_AFTER + k,
                                          &watch->step[WEFT_INSPECT_AFTER + k]));
    }
    return WEFT_OK;
}

static weft_status prepare(weft_plan *plan)
{
    plan->watch = calloc((size_t)plan->op_count + 1, sizeof *plan->watch);
    if (!plan->watch) return weft_fail(WEFT_ERR_MEMORY, "no memory to watch a plan");
    for (int32_t i = 0; i < plan->op_count; i++)
        WEFT_TRY(prepare_op(plan, i));
    return WEFT_OK;
}

void weft_numerics_release(weft_plan *plan)
{
    for (int32_t i = 0; plan->watch && i < plan->op_count; i++) {
        for (int k = 0; k < 2 * WEFT_MAX_OUT; k++)
            plan->model->device->backend->release(plan->watch[i].step[k]);
    }
    free(plan->watch);
    plan->watch = NULL;
}

weft_status weft_model_watch(weft_model *model)
{
    if (model->numerics) return WEFT_OK;
    model->numerics = calloc(1, sizeof *model->numerics);
    if (!model->numerics) return weft_fail(WEFT_ERR_MEMORY, "no memory to watch a model");
    WEFT_TRY(model->device->backend->buffer_new(model->device, sizeof model->numerics->host,
                                                &model->numerics->rows));
    for (int32_t i = 0; i < model->plan_count; i++)
        WEFT_TRY(prepare(model->plan[i]));
    return WEFT_OK;
}

void weft_numerics_free(weft_model *model)
{
    if (model->numerics && model->numerics->rows)
        model->device->backend->buffer_free(model->numerics->rows);
    free(model->numerics);
    model->numerics = NULL;
}

const weft_bad_op *weft_model_bad_op(const weft_model *model)
{
    return model->numerics && model->numerics->found ? &model->numerics->bad : NULL;
}

/* ---- running ---- */

static weft_status enqueue_watch(const weft_plan *plan, int32_t index, int first,
                                 const weft_values *values)
{
    for (int k = first; k < first + WEFT_MAX_OUT; k++) {
        weft_step *step = plan->watch[index].step[k];
        if (step) WEFT_TRY(plan->model->device->backend->enqueue(step, values));
    }
    return WEFT_OK;
}

/* The loss goes to the host anyway. */
static weft_status slot_is_bad(weft_plan *plan, const weft_values *values, bool *bad)
{
    float *slot = plan->model->numerics->slot;
    weft_ticket ticket;
    WEFT_TRY(weft_model_read_slot(plan->model, values->step, slot, &ticket));
    WEFT_TRY(plan->model->device->backend->ticket_wait(plan->model->device, ticket));
    *bad = *bad || !isfinite(slot[0]);
    return WEFT_OK;
}

static weft_status look(weft_plan *plan, int32_t index, const weft_values *values, bool *bad)
{
    struct weft_numerics *watch = plan->model->numerics;
    WEFT_TRY(plan->model->device->backend->read(watch->rows, 0, watch->host, sizeof watch->host));
    *bad = false;
    for (int k = 0; k < WEFT_MAX_OUT; k++) {
        const weft_op *op = &plan->op[index];
        if (op->mode[k] == WEFT_OUT_NONE) continue;
        if (weft_numerics_is_slots(plan, index, k)) WEFT_TRY(slot_is_bad(plan, values, bad));
        if (!is_watched(plan, index, k)) continue;
        const weft_numbers n =
            weft_inspect_result(plan->model, &op->out[k], WEFT_INSPECT_AFTER + k);
        *bad = *bad || n.nan + n.infinite > 0;
    }
    return WEFT_OK;
}

weft_status weft_numerics_run(weft_plan *plan, int32_t index, const weft_values *values)
{
    bool bad;
    if (!plan->watch) WEFT_TRY(prepare(plan));
    WEFT_TRY(enqueue_watch(plan, index, 0, values));
    WEFT_TRY(plan->model->device->backend->enqueue(plan->step[index], values));
    WEFT_TRY(enqueue_watch(plan, index, WEFT_INSPECT_AFTER, values));
    WEFT_TRY(look(plan, index, values, &bad));
    return bad ? weft_numerics_blame(plan, index, values) : WEFT_OK;
}
