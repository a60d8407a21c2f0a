#include "core/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/model_private.h"

/* ---- recording ---- */

static void remember(weft_plan *plan, weft_status status)
{
    if (plan->status == WEFT_OK) plan->status = status;
}

static weft_status grow_tensors(weft_plan *plan)
{
    if (plan->tensor_count < plan->tensor_capacity) return WEFT_OK;
    const int32_t capacity = plan->tensor_capacity ? 2 * plan->tensor_capacity : 64;
    weft_plan_tensor *tensor = realloc(plan->tensor, (size_t)capacity * sizeof *tensor);
    if (!tensor) return weft_fail(WEFT_ERR_MEMORY, "no memory for a plan of %d tensors", capacity);
    plan->tensor = tensor;
    plan->tensor_capacity = capacity;
    return WEFT_OK;
}

static weft_id add_tensor(weft_plan *plan, weft_plan_tensor tensor, const char *name)
{
    int64_t count = 0;
    if (plan->status == WEFT_OK) remember(plan, weft_shape_check(tensor.tensor.shape, &count));
    if (plan->status == WEFT_OK) remember(plan, grow_tensors(plan));
    if (plan->status != WEFT_OK) return WEFT_NO_TENSOR;

    const weft_id id = plan->tensor_count++;
    tensor.bytes = count * (int64_t)weft_dtype_bytes(tensor.tensor.dtype);
    tensor.first = tensor.last = -1;
    if (tensor.root == WEFT_NO_TENSOR) tensor.root = id;
    snprintf(tensor.name, sizeof tensor.name, "%s", name);
    plan->tensor[id] = tensor;
    return id;
}

weft_id weft_plan_temporary(weft_plan *plan, weft_shape shape, weft_dtype dtype, const char *name)
{
    const weft_plan_tensor tensor = {
        .tensor = {.shape = shape, .dtype = dtype},
        .role = WEFT_ROLE_ACTIVATION,
    };
    return add_tensor(plan, tensor, name);
}

weft_id weft_plan_alias(weft_plan *plan, weft_id id, weft_shape shape)
{
    if (id == WEFT_NO_TENSOR) return WEFT_NO_TENSOR;
    weft_plan_tensor tensor = plan->tensor[id];
    tensor.tensor.shape = shape;
    char name[WEFT_TENSOR_NAME_MAX];
    memcpy(name, tensor.name, sizeof name);
    return add_tensor(plan, tensor, name);
}

weft_id weft_plan_bound(weft_plan *plan, weft_role role, weft_tensor tensor, const char *name)
{
    return add_tensor(plan, (weft_plan_tensor){.tensor = tensor, .role = role}, name);
}

static bool updated_in_place(weft_role role)
{
    return role == WEFT_ROLE_PARAMETER || role == WEFT_ROLE_MOMENT || role == WEFT_ROLE_STATE ||
           role == WEFT_ROLE_SLOTS;
}

weft_out_mode weft_plan_write_mode(weft_role role, bool written)
{
    if (updated_in_place(role)) return WEFT_OUT_INOUT;
    return written ? WEFT_OUT_ADD : WEFT_OUT_SET;
}

/* The first op that writes a tensor sets it, later ones add. */
static weft_out_mode write_tensor(weft_plan *plan, weft_id id, int32_t index)
{
    weft_plan_tensor *root = &plan->tensor[plan->tensor[id].root];
    const bool written = root->first >= 0;
    if (!written) root->first = index;
    root->last = index;
    return weft_plan_write_mode(root->role, written);
}

/* index: the op's place in the plan; every op before it is bound. */
static void bind_ids(weft_plan *plan, weft_op *op, const weft_op_ids *ids, int32_t index)
{
    for (int i = 0; i < WEFT_MAX_IN; i++) {
        if (ids->in[i] == WEFT_NO_TENSOR) continue;
        op->in[i] = plan->tensor[ids->in[i]].tensor;
        plan->tensor[plan->tensor[ids->in[i]].root].last = index;
    }
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        if (ids->out[i] == WEFT_NO_TENSOR) continue;
        op->out[i] = plan->tensor[ids->out[i]].tensor;
        op->mode[i] = write_tensor(plan, ids->out[i], index);
    }
}

void weft_plan_settle(weft_plan *plan)
{
    for (weft_id id = 0; id < plan->tensor_count; id++)
        plan->tensor[id].first = plan->tensor[id].last = -1;
    for (int32_t i = 0; i < plan->op_count; i++)
        bind_ids(plan, &plan->op[i], &plan->ids[i], i);
}

static weft_status grow_ops(weft_plan *plan)
{
    if (plan->op_count < plan->op_capacity) return WEFT_OK;
    const int32_t capacity = plan->op_capacity ? 2 * plan->op_capacity : 64;
    const size_t n = (size_t)capacity;
    weft_op *op = realloc(plan->op, n * sizeof *op);
    if (op) plan->op = op;
    weft_op_ids *ids = realloc(plan->ids, n * sizeof *ids);
    if (ids) plan->ids = ids;
    weft_step **step = realloc(plan->step, n * sizeof *step);
    if (step) plan->step = step;
    char(*from)[WEFT_FUSED_TEXT] = realloc(plan->from, n * sizeof *from);
    if (from) plan->from = from;
    if (!op || !ids || !step || !from)
        return weft_fail(WEFT_ERR_MEMORY, "no memory for %d ops", capacity);
    plan->op_capacity = capacity;
    return WEFT_OK;
}

void weft_record(weft_plan *plan, weft_op op, const weft_op_ids *ids)
{
    bool wanted = false;
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        wanted = wanted || ids->out[i] != WEFT_NO_TENSOR;
    if (!wanted || plan->status != WEFT_OK) return;
    remember(plan, grow_ops(plan));
    if (plan->status != WEFT_OK) return;

    op.phase = plan->phase;
    op.layer = plan->layer;
    bind_ids(plan, &op, ids, plan->op_count);
    plan->op[plan->op_count] = op;
    plan->ids[plan->op_count] = *ids;
    plan->step[plan->op_count] = NULL;
    plan->from[plan->op_count][0] = '\0';
    plan->op_count++;
}

/* ---- life ---- */

/* The gradient of the output, from which a gradient plan goes back. */
static weft_status check_start(const weft_graph *graph, weft_tensor given)
{
    const int32_t outputs = weft_graph_output(graph).dim[0];
    if (given.dtype == WEFT_F32 && given.shape.rank == 2 && given.shape.dim[1] == outputs)
        return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "a gradient plan wants %d targets per sample", (int)outputs);
}

static weft_status check_desc(const weft_model *model, const weft_plan_desc *desc)
{
    const weft_source_view view = weft_source_tensors(desc->source);
    const weft_shape wanted = weft_graph_input(model->graph);
    weft_shape given = {view.samples.shape.rank - 1, {0}};
    for (int i = 0; i < given.rank; i++)
        given.dim[i] = view.samples.shape.dim[i + 1];

    if (desc->batch < 1) {
        return weft_fail(WEFT_ERR_USAGE, "a batch of %d samples is not possible", desc->batch);
    }
    if (!weft_shape_equal(given, wanted)) {
        char a[WEFT_SHAPE_TEXT], b[WEFT_SHAPE_TEXT];
        return weft_fail(WEFT_ERR_SHAPE, "the network takes samples of %s, the data has %s",
                         weft_shape_print(wanted, a), weft_shape_print(given, b));
    }
    if (desc->mode == WEFT_MODE_TRAIN && !model->desc.optimizer) {
        return weft_fail(WEFT_ERR_USAGE,
                         "this model was made without an optimizer: it can't train");
    }
    if (desc->mode != WEFT_MODE_PREDICT && view.answers.shape.rank == 0) {
        return weft_fail(WEFT_ERR_USAGE, "the data has neither classes nor targets");
    }
    if (desc->mode == WEFT_MODE_GRADIENT) return check_start(model->graph, view.answers);
    return WEFT_OK;
}

static weft_status check_names(const weft_graph *graph, const char *const *names)
{
    for (; names && *names; names++) {
        if (weft_graph_find(graph, *names) < 0) {
            return weft_fail(WEFT_ERR_USAGE, "the network has no layer '%.60s'", *names);
        }
    }
    return WEFT_OK;
}

static weft_status check_wishes(const weft_model *model, const weft_plan_desc *desc)
{
    if (desc->wants && desc->mode != WEFT_MODE_GRADIENT) {
        return weft_fail(WEFT_ERR_USAGE, "only a gradient plan has gradients of layers");
    }
    WEFT_TRY(check_names(model->graph, desc->keep));
    return check_names(model->graph, desc->wants);
}

static weft_status register_plan(weft_model *model, weft_plan *plan)
{
    if (model->plan_count == model->plan_capacity) {
        const int32_t capacity = model->plan_capacity ? 2 * model->plan_capacity : 8;
        weft_plan **list = realloc(model->plan, (size_t)capacity * sizeof *list);
        if (!list) return weft_fail(WEFT_ERR_MEMORY, "no memory for %d plans", capacity);
        model->plan = list;
        model->plan_capacity = capacity;
    }
    model->plan[model->plan_count++] = plan;
    return WEFT_OK;
}

static void unregister_plan(weft_model *model, const weft_plan *plan)
{
    for (int32_t i = 0; i < model->plan_count; i++) {
        if (model->plan[i] != plan) continue;
        model->plan[i] = model->plan[--model->plan_count];
        return;
    }
}

static weft_status make(weft_plan *plan)
{
    WEFT_TRY(grow_tensors(plan));
    plan->tensor[plan->tensor_count++] = (weft_plan_tensor){.first = -1, .last = -1};
    weft_plan_record(plan);
    WEFT_TRY(plan->status);
    if (!plan->desc.unfused) WEFT_TRY(weft_plan_fuse(plan));
    return weft_plan_place(plan);
}

weft_status weft_plan_new(weft_model *model, const weft_plan_desc *desc, weft_plan **out)
{
    *out = NULL;
    WEFT_TRY(check_desc(model, desc));
    WEFT_TRY(check_wishes(model, desc));
    weft_plan *plan = calloc(1, sizeof *plan);
    if (!plan) return weft_fail(WEFT_ERR_MEMORY, "no memory for a plan");
    plan->model = model;
    plan->desc = *desc;
    plan->desc.unfused = desc->unfused || model->desc.no_fusion;

    weft_status status = make(plan);
    plan->desc.keep = plan->desc.wants = NULL; /* the caller's */
    if (status == WEFT_OK) status = register_plan(model, plan);
    if (status == WEFT_OK) {
        *out = plan;
    } else {
        weft_plan_free(plan);
    }
    return status;
}

void weft_plan_release(weft_plan *plan)
{
    weft_numerics_release(plan);
    for (int32_t i = 0; i < plan->op_count; i++) {
        if (plan->step[i]) plan->model->device->backend->release(plan->step[i]);
        plan->step[i] = NULL;
    }
}

void weft_plan_free(weft_plan *plan)
{
    if (!plan) return;
    weft_plan_release(plan);
    unregister_plan(plan->model, plan);
    free(plan->tensor);
    free(plan->op);
    free(plan->ids);
    free(plan->step);
    free(plan->from);
    free(plan->looked_at);
    free(plan);
}

/* ---- running ---- */

static weft_buffer *home(const weft_model *model, const weft_plan_tensor *tensor)
{
    switch (tensor->role) {
    case WEFT_ROLE_PARAMETER:
        return model->parameters;
    case WEFT_ROLE_GRADIENT:
        return model->gradients;
    case WEFT_ROLE_MOMENT:
        return model->moments;
    case WEFT_ROLE_STATE:
        return model->states;
    case WEFT_ROLE_ACTIVATION:
        return model->activations;
    case WEFT_ROLE_SLOTS:
        return model->slots;
    case WEFT_ROLE_SOURCE:
        return tensor->tensor.buffer;
    }
    return NULL;
}

void weft_plan_bind(weft_plan *plan)
{
    for (int32_t t = 1; t < plan->tensor_count; t++) {
        weft_plan_tensor *tensor = &plan->tensor[t];
        tensor->tensor.buffer = home(plan->model, tensor);
        tensor->tensor.offset = plan->tensor[tensor->root].tensor.offset;
    }
    for (int32_t i = 0; i < plan->op_count; i++) {
        weft_op *op = &plan->op[i];
        for (int k = 0; k < WEFT_MAX_IN; k++)
            op->in[k] = plan->tensor[plan->ids[i].in[k]].tensor;
        for (int k = 0; k < WEFT_MAX_OUT; k++) {
            op->out[k] = plan->tensor[plan->ids[i].out[k]].tensor;
        }
        op->scratch.buffer = op->scratch.shape.rank ? plan->model->scratch : NULL;
    }
}

static const char *layer_name(const weft_plan *plan, int32_t layer)
{
    const weft_node *node = weft_graph_node(plan->model->graph, layer);
    return node ? node->name : "update";
}

weft_status weft_plan_prepare(weft_plan *plan, weft_progress *progress, void *user, int *done,
                              int total)
{
    weft_device *device = plan->model->device;
    for (int32_t i = 0; i < plan->op_count; i++) {
        if (plan->step[i]) continue;
        const weft_op *op = &plan->op[i];
        const weft_status status = device->backend->prepare(device, op, NULL, &plan->step[i]);
        if (status != WEFT_OK) {
            return weft_fail_in(status, "%s (%s)", weft_op_describe(op->kind)->name,
                                layer_name(plan, op->layer));
        }
        if (progress) progress(user, ++*done, total);
    }
    return WEFT_OK;
}

static weft_status run_op(weft_plan *plan, int32_t index, const weft_values *values)
{
    if (plan->model->numerics) return weft_numerics_run(plan, index, values);
    return plan->model->device->backend->enqueue(plan->step[index], values);
}

weft_status weft_plan_run(weft_plan *plan, const weft_values *values, weft_phase from,
                          weft_phase to)
{
    for (int32_t i = 0; i < plan->op_count; i++) {
        const weft_op *op = &plan->op[i];
        if (op->phase < from || op->phase > to) continue;
        if (!plan->step[i]) {
            return weft_fail(WEFT_ERR_USAGE, "weft_model_prepare must come before weft_plan_run");
        }
        const weft_status status = run_op(plan, i, values);
        if (status == WEFT_ERR_DIVERGED) return status; /* it names the op and its layer */
        if (status != WEFT_OK) {
            return weft_fail_in(status, "%s (%s)", weft_op_describe(op->kind)->name,
                                layer_name(plan, op->layer));
        }
    }
    return WEFT_OK;
}

/* ---- looking ---- */

weft_tensor weft_plan_output(const weft_plan *plan)
{
    return plan->tensor[plan->output].tensor;
}

static weft_tensor look_at(const weft_plan *plan, const char *layer, bool gradient)
{
    const int32_t n = weft_graph_find(plan->model->graph, layer);
    if (n < 0) return (weft_tensor){.shape = {0, {0}}};
    const weft_pair pair = plan->looked_at[n];
    return plan->tensor[gradient ? pair.grad : pair.value].tensor;
}

weft_tensor weft_plan_value(const weft_plan *plan, const char *layer)
{
    return look_at(plan, layer, false);
}

weft_tensor weft_plan_gradient(const weft_plan *plan, const char *layer)
{
    return look_at(plan, layer, true);
}

int32_t weft_plan_batch(const weft_plan *plan)
{
    return plan->desc.batch;
}

int32_t weft_plan_count(const weft_plan *plan)
{
    return plan->op_count;
}

const weft_op *weft_plan_op(const weft_plan *plan, int32_t index)
{
    return index >= 0 && index < plan->op_count ? &plan->op[index] : NULL;
}

const char *weft_plan_fused_from(const weft_plan *plan, int32_t index)
{
    return index >= 0 && index < plan->op_count ? plan->from[index] : "";
}

const weft_plan_tensor *weft_plan_tensor_of(const weft_plan *plan, weft_id id)
{
    return id > 0 && id < plan->tensor_count ? &plan->tensor[id] : NULL;
}

weft_status weft_plan_sum(const weft_plan *plan, weft_plan_totals *totals)
{
    *totals = (weft_plan_totals){
        .ops = plan->op_count,
        .activation_bytes = plan->activation_bytes,
        .live_peak_bytes = plan->live_peak_bytes,
        .scratch_bytes = plan->scratch_bytes,
    };
    for (int32_t i = 0; i < plan->op_count; i++) {
        totals->operations += weft_op_operations(&plan->op[i]);
        totals->bytes += weft_op_bytes(&plan->op[i]);
        if (!plan->step[i]) continue;
        weft_step_info info;
        WEFT_TRY(plan->model->device->backend->step_info(plan->step[i], &info));
        totals->launches += info.launches;
    }
    return WEFT_OK;
}

static void print_tensor(const weft_plan *plan, weft_id id, weft_out_mode mode, FILE *to)
{
    static const char *const sign[] = {"", "", "+=", "~"};
    char text[WEFT_SHAPE_TEXT];
    if (id == WEFT_NO_TENSOR) return;
    const weft_plan_tensor *t = &plan->tensor[id];
    fprintf(to, " %s%s[%s]", sign[mode], t->name, weft_shape_print(t->tensor.shape, text));
}

static const char *variant_of(const weft_plan *plan, int32_t i, weft_support *support)
{
    weft_device *device = plan->model->device;
    const weft_status status = device->backend->supports(device, &plan->op[i], support);
    return status == WEFT_OK ? support->variant : "?";
}

void weft_plan_print(const weft_plan *plan, FILE *to)
{
    for (int32_t i = 0; i < plan->op_count; i++) {
        const weft_op *op = &plan->op[i];
        weft_support support;
        fprintf(to, "%3" PRId32 " %-8s %-20s", i, weft_phase_name(op->phase),
                weft_op_describe(op->kind)->name);
        for (int k = 0; k < WEFT_MAX_IN; k++) {
            print_tensor(plan, plan->ids[i].in[k], WEFT_OUT_NONE, to);
        }
        fprintf(to, " ->");
        for (int k = 0; k < WEFT_MAX_OUT; k++) {
            print_tensor(plan, plan->ids[i].out[k], op->mode[k], to);
        }
        fprintf(to, "  (%s)%s%s\n", variant_of(plan, i, &support), plan->from[i][0] ? " = " : "",
                plan->from[i]);
    }
}
