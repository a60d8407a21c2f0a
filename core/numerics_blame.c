/* Which op it was, in words, and what it worked on. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/numerics_private.h"

/* ---- tensors ---- */

static weft_seen *add_seen(weft_bad_op *bad, const char *name, weft_seen_as as,
                           const weft_tensor *tensor)
{
    weft_seen *seen = &bad->seen[bad->seen_count++];
    *seen = (weft_seen){.as = as, .shape = tensor->shape, .dtype = tensor->dtype};
    snprintf(seen->name, sizeof seen->name, "%s", name);
    return seen;
}

static weft_status add_inputs(const weft_plan *plan, int32_t index, weft_bad_op *bad)
{
    for (int i = 0; i < WEFT_MAX_IN; i++) {
        const weft_id id = plan->ids[index].in[i];
        const weft_tensor *tensor = &plan->op[index].in[i];
        if (id == WEFT_NO_TENSOR) continue;
        weft_seen *seen = add_seen(bad, plan->tensor[id].name, WEFT_SEEN_INPUT, tensor);
        if (tensor->dtype == WEFT_F32)
            WEFT_TRY(weft_inspect_now(plan->model, tensor, &seen->numbers));
    }
    return WEFT_OK;
}

/* The loss of this step, of all the slots. */
static weft_numbers slot_numbers(const weft_plan *plan)
{
    const double loss = (double)plan->model->numerics->slot[0];
    if (isnan(loss)) return (weft_numbers){.count = 1, .nan = 1};
    if (isinf(loss)) return (weft_numbers){.count = 1, .infinite = 1};
    return (weft_numbers){1, 0, 0, loss, loss, loss};
}

static void add_output(const weft_plan *plan, int32_t index, int k, bool before, weft_bad_op *bad)
{
    const weft_tensor *tensor = &plan->op[index].out[k];
    const bool slots = !before && plan->op[index].mode[k] != WEFT_OUT_NONE &&
                       weft_numerics_is_slots(plan, index, k);
    const int place = before ? k : WEFT_INSPECT_AFTER + k;
    if (!slots && !plan->watch[index].step[place]) return;
    weft_seen *seen = add_seen(bad, slots ? "loss" : plan->tensor[plan->ids[index].out[k]].name,
                               before ? WEFT_SEEN_BEFORE : WEFT_SEEN_OUTPUT, tensor);
    if (slots) seen->shape = (weft_shape){1, {1}};
    seen->numbers = slots ? slot_numbers(plan) : weft_inspect_result(plan->model, tensor, place);
    if (before) return;
    bad->made.count += seen->numbers.count;
    bad->made.nan += seen->numbers.nan;
    bad->made.infinite += seen->numbers.infinite;
}

static void add_outputs(const weft_plan *plan, int32_t index, bool before, weft_bad_op *bad)
{
    for (int k = 0; k < WEFT_MAX_OUT; k++)
        add_output(plan, index, k, before, bad);
}

static int64_t bad_count(const weft_numbers *n)
{
    return n->nan + n->infinite;
}

/* ---- an update works on all weights: whose went bad? ---- */

static weft_tensor view_of(weft_buffer *buffer, int64_t offset, const weft_parameter *p)
{
    return (weft_tensor){.buffer = buffer, .offset = offset, .shape = p->shape};
}

static weft_status is_parameter_bad(weft_model *model, const weft_parameter *p, bool *bad)
{
    weft_numbers n;
    weft_tensor view = view_of(model->parameters, p->offset, p);
    WEFT_TRY(weft_inspect_now(model, &view, &n));
    *bad = bad_count(&n) > 0;
    for (int s = 0; s < weft_model_slots(model) && !*bad; s++) {
        view = view_of(model->moments, p->offset + s * model->trained, p);
        WEFT_TRY(weft_inspect_now(model, &view, &n));
        *bad = bad_count(&n) > 0;
    }
    return WEFT_OK;
}

/* The weight and its gradient stand in the table too. */
static weft_status add_parameter(weft_model *model, const weft_parameter *p, weft_bad_op *bad)
{
    const weft_tensor gradient = view_of(model->gradients, p->offset, p);
    const weft_tensor value = view_of(model->parameters, p->offset, p);
    char name[WEFT_TENSOR_NAME_MAX];
    snprintf(bad->layer, sizeof bad->layer, "%s", p->name);
    snprintf(name, sizeof name, "%.80s (gradient)", p->name);
    WEFT_TRY(weft_inspect_now(model, &gradient,
                              &add_seen(bad, name, WEFT_SEEN_INPUT, &gradient)->numbers));
    return weft_inspect_now(model, &value,
                            &add_seen(bad, p->name, WEFT_SEEN_OUTPUT, &value)->numbers);
}

static weft_status find_parameter(weft_model *model, weft_bad_op *bad)
{
    for (int32_t i = 0; i < model->parameter_count; i++) {
        const weft_parameter *p = &model->parameter[i];
        bool found;
        if (p->state || p->frozen) continue;
        WEFT_TRY(is_parameter_bad(model, p, &found));
        if (found) return add_parameter(model, p, bad);
    }
    return WEFT_OK;
}

/* ---- the input is made of samples: which one? ---- */

static weft_status read_sample(const weft_plan *plan, const weft_op *gather, int64_t row,
                               const weft_values *values, int64_t *sample)
{
    const weft_tensor *order = &gather->in[1];
    int32_t id = -1;
    const size_t at = (size_t)(order->offset + values->first + row) * sizeof id;
    WEFT_TRY(plan->model->device->backend->read(order->buffer, at, &id, sizeof id));
    *sample = id;
    return WEFT_OK;
}

/* Row by row through the batch, to the first bad one. */
static weft_status find_sample(const weft_plan *plan, int32_t index, const weft_values *values,
                               int64_t *sample)
{
    const weft_op *op = &plan->op[index];
    weft_tensor row = op->out[0];
    const int32_t rows = row.shape.dim[0];
    row.shape.dim[0] = 1;
    for (int32_t r = 0; r < rows; r++) {
        weft_numbers n;
        WEFT_TRY(weft_inspect_now(plan->model, &row, &n));
        if (bad_count(&n) > 0) return read_sample(plan, op, r, values, sample);
        row.offset += weft_shape_count(row.shape);
    }
    return WEFT_OK;
}

/* ---- in words ---- */

static weft_bad_op describe(const weft_plan *plan, int32_t index, const weft_values *values)
{
    const weft_op *op = &plan->op[index];
    const weft_node *node = weft_graph_node(plan->model->graph, op->layer);
    const bool training = plan->desc.mode == WEFT_MODE_TRAIN;
    weft_bad_op bad = {.kind = weft_op_describe(op->kind)->name,
                       .pass = weft_phase_name(op->phase),
                       .step = values->step + 1,
                       .epoch = training ? values->epoch + 1 : 0,
                       .sample = -1};
    snprintf(bad.from, sizeof bad.from, "%s", plan->from[index]);
    snprintf(bad.layer, sizeof bad.layer, "%s", node ? node->name : "all layers");
    return bad;
}

static weft_status fail(const weft_bad_op *bad)
{
    const weft_numbers *made = &bad->made;
    char sample[48] = "", from[WEFT_TENSOR_NAME_MAX + 8] = "";
    if (bad->sample >= 0) snprintf(sample, sizeof sample, ", sample %" PRId64, bad->sample);
    if (bad->from[0]) snprintf(from, sizeof from, " (%s)", bad->from);
    return weft_fail(WEFT_ERR_DIVERGED,
                     "%s, %s pass%s: %s%s gives %" PRId64 " NaN and %" PRId64
                     " infinities among %" PRId64 " numbers",
                     bad->layer, bad->pass, sample, bad->kind, from, made->nan, made->infinite,
                     made->count);
}

weft_status weft_numerics_blame(const weft_plan *plan, int32_t index, const weft_values *values)
{
    weft_model *model = plan->model;
    weft_bad_op bad = describe(plan, index, values);
    const weft_op_kind kind = plan->op[index].kind;
    WEFT_TRY(add_inputs(plan, index, &bad));
    add_outputs(plan, index, true, &bad);
    if (plan->op[index].phase == WEFT_PHASE_UPDATE) WEFT_TRY(find_parameter(model, &bad));
    add_outputs(plan, index, false, &bad);
    if (kind == WEFT_OP_gather && bad_count(&bad.seen[0].numbers) > 0)
        WEFT_TRY(find_sample(plan, index, values, &bad.sample));
    model->numerics->bad = bad;
    model->numerics->found = true;
    return fail(&model->numerics->bad);
}
