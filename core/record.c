/* From the graph to a plan's ops: input, forward, loss, backward, update. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/layers/window.h"
#include "core/model_private.h"

/* What recording knows of each node besides the graph. */
typedef struct recorder {
    weft_plan *plan;
    const weft_model *model;
    weft_layer_io *io; /* one per node */
    weft_id order, answers;
} recorder;

static bool is_training(const recorder *r)
{
    return r->plan->desc.mode == WEFT_MODE_TRAIN;
}

static bool is_listed(const char *const *names, const weft_node *node)
{
    for (; names && *names; names++) {
        if (strcmp(*names, node->name) == 0) return true;
    }
    return false;
}

static bool is_wanted(const recorder *r, const weft_node *node)
{
    return is_listed(r->plan->desc.wants, node);
}

static weft_id temporary(recorder *r, const weft_node *node, weft_shape shape, weft_dtype dtype,
                         const char *role, const char *pass)
{
    char name[WEFT_TENSOR_NAME_MAX];
    snprintf(name, sizeof name, "%s/%s/%s", node->name, role, pass);
    return weft_plan_temporary(r->plan, shape, dtype, name);
}

/* ---- what a node's tensors are ---- */

static weft_id arena_tensor(recorder *r, const weft_parameter *p, weft_role role)
{
    const weft_tensor tensor = {.offset = p->offset, .shape = p->shape};
    return weft_plan_bound(r->plan, role, tensor, p->name);
}

static bool add_weights(recorder *r, int32_t n, weft_layer_io *io)
{
    const weft_node *node = weft_graph_node(r->model->graph, n);
    const weft_parameter *p = &r->model->parameter[r->model->node_first[n]];
    bool trained = false;
    for (int i = 0; i < node->needs.weight_count; i++, p++) {
        const bool wants_gradient = is_training(r) && !p->frozen;
        io->weight[i].value = arena_tensor(r, p, WEFT_ROLE_PARAMETER);
        if (wants_gradient) io->weight[i].grad = arena_tensor(r, p, WEFT_ROLE_GRADIENT);
        trained = trained || wants_gradient;
    }
    for (int i = 0; i < node->needs.state_count; i++, p++) {
        io->state[i] = arena_tensor(r, p, WEFT_ROLE_STATE);
    }
    return trained;
}

static bool is_frozen(const recorder *r, int32_t n)
{
    const weft_node *node = weft_graph_node(r->model->graph, n);
    return node->needs.weight_count > 0 && r->model->parameter[r->model->node_first[n]].frozen;
}

static void add_saved(recorder *r, const weft_node *node, weft_layer_io *io)
{
    for (int i = 0; i < node->needs.saved_count; i++) {
        const weft_saved_need *need = &node->needs.saved[i];
        const weft_shape shape =
            need->per_sample ? weft_batched(io->batch, need->shape) : need->shape;
        io->saved[i] = temporary(r, node, shape, need->dtype, need->name, "forward");
    }
}

static bool is_alias(const weft_node *node, const weft_layer_io *io)
{
    return node->needs.alias || (node->needs.still_alias && !io->training);
}

/* An alias shares its input's gradient, to which other layers may add; one that is asked for by
 * itself gets a gradient of its own. */
static void add_output(recorder *r, const weft_node *node, weft_layer_io *io, bool wants_gradient)
{
    const weft_shape shape = weft_batched(io->batch, node->needs.out.shape);
    const bool alias = is_alias(node, io);
    io->out.value = alias ? weft_plan_alias(r->plan, io->in[0].value, shape)
                          : temporary(r, node, shape, WEFT_F32, "out", "forward");
    if (alias && !is_wanted(r, node)) {
        io->out.grad = weft_plan_alias(r->plan, io->in[0].grad, shape);
    } else if (wants_gradient) {
        io->out.grad = temporary(r, node, shape, WEFT_F32, "out", "backward");
    }
}

static void add_node(recorder *r, int32_t n)
{
    const weft_node *node = weft_graph_node(r->model->graph, n);
    weft_layer_io *io = &r->io[n];
    *io = (weft_layer_io){
        .batch = r->plan->desc.batch,
        .line = n,
        .seed = r->model->desc.seed,
        .training = is_training(r) && !is_frozen(r, n),
        .input_count = node->input_count,
        .out_feature = node->needs.out,
    };
    bool wants_gradient = is_wanted(r, node);
    for (int i = 0; i < node->input_count; i++) {
        const weft_layer_io *from = &r->io[node->input[i]];
        io->in[i] = from->out;
        io->in_feature[i] = from->out_feature;
        wants_gradient = wants_gradient || from->out.grad != WEFT_NO_TENSOR;
    }
    wants_gradient = add_weights(r, n, io) || wants_gradient;
    if (is_training(r) || wants_gradient) add_saved(r, node, io);
    add_output(r, node, io, wants_gradient);
}

/* ---- the passes ---- */

static void record_input(recorder *r)
{
    const weft_model *model = r->model;
    const weft_source_view view = weft_source_tensors(r->plan->desc.source);
    const weft_id samples = weft_plan_bound(r->plan, WEFT_ROLE_SOURCE, view.samples, "samples");
    const weft_id order = weft_plan_bound(r->plan, WEFT_ROLE_SOURCE, view.order, "order");
    const weft_id norm = weft_plan_bound(r->plan, WEFT_ROLE_SOURCE, view.norm, "norm");

    weft_op gather = {.kind = WEFT_OP_gather, .with.gather.seed = model->desc.seed};
    if (is_training(r)) gather.with.gather.augment = model->desc.augment;
    weft_record(r->plan, gather,
                &WEFT_IDS(.in = {samples, order, norm}, .out = {r->io[0].out.value}));
    r->order = order;
}

static void take_answers(recorder *r, weft_id to)
{
    const weft_source_view view = weft_source_tensors(r->plan->desc.source);
    const weft_id table = weft_plan_bound(r->plan, WEFT_ROLE_SOURCE, view.answers, "answers");
    weft_record(r->plan, (weft_op){.kind = WEFT_OP_gather_rows},
                &WEFT_IDS(.in = {table, r->order}, .out = {to}));
}

static void record_answers(recorder *r)
{
    const weft_source_view view = weft_source_tensors(r->plan->desc.source);
    weft_shape shape = view.answers.shape;
    shape.dim[0] = r->plan->desc.batch;
    r->answers = weft_plan_temporary(r->plan, shape, view.answers.dtype, "answers/out/forward");
    take_answers(r, r->answers);
}

static void record_loss(recorder *r, const weft_layer_io *last)
{
    const weft_loss loss = r->model->desc.loss;
    const weft_tensor tensor = {.shape = {2, {WEFT_SLOTS, 2}}};
    const weft_id slots = weft_plan_bound(r->plan, WEFT_ROLE_SLOTS, tensor, "slots");
    weft_op op = {.kind = loss == WEFT_LOSS_MSE ? WEFT_OP_mse : WEFT_OP_softmax_xent};
    if (is_training(r)) op.with.loss.label_smoothing = r->model->desc.label_smoothing;
    weft_record(r->plan, op,
                &WEFT_IDS(.in = {last->out.value, r->answers}, .out = {last->out.grad, slots}));
}

static weft_id stretch(recorder *r, weft_role role, int64_t offset, const char *name)
{
    const weft_tensor tensor = {
        .offset = offset,
        .shape = {2, {(int32_t)(r->model->trained / WEFT_ALIGN), WEFT_ALIGN}},
    };
    return weft_plan_bound(r->plan, role, tensor, name);
}

static weft_op update_op(const weft_model *model)
{
    const weft_optimizer *o = &model->optimizer;
    weft_update with = {
        .momentum = o->momentum,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .eps = o->eps,
        .nesterov = o->nesterov,
        .decoupled = o->kind == WEFT_ADAMW,
    };
    const weft_range range[2] = {
        {0, model->decayed, o->weight_decay, 1.0f},
        {model->decayed, model->trained - model->decayed, 0.0f, 1.0f},
    };
    for (int i = 0; i < 2; i++) {
        if (range[i].count > 0) with.range[with.range_count++] = range[i];
    }
    const weft_op_kind kind = o->kind == WEFT_SGD ? WEFT_OP_sgd : WEFT_OP_adam;
    return (weft_op){.kind = kind, .with.update = with};
}

static void record_update(recorder *r)
{
    const weft_model *model = r->model;
    const int slots = weft_optimizer_slots(&model->optimizer);
    weft_op_ids ids = {
        .in = {stretch(r, WEFT_ROLE_GRADIENT, 0, "gradients")},
        .out = {stretch(r, WEFT_ROLE_PARAMETER, 0, "parameters")},
    };
    for (int s = 0; s < slots; s++) {
        ids.out[1 + s] = stretch(r, WEFT_ROLE_MOMENT, s * model->trained, "moments");
    }
    r->plan->layer = -1;
    weft_record(r->plan, update_op(model), &ids);
}

/* The own gradient of an alias goes to its input. */
static void pass_on(recorder *r, const weft_layer_io *io)
{
    const weft_shape shape = weft_batched(io->batch, io->out_feature.shape);
    const weft_id to = weft_plan_alias(r->plan, io->in[0].grad, shape);
    weft_record(r->plan, (weft_op){.kind = WEFT_OP_copy},
                &WEFT_IDS(.in = {io->out.grad}, .out = {to}));
}

static void run_layer(recorder *r, int32_t n, bool back)
{
    const weft_node *node = weft_graph_node(r->model->graph, n);
    r->plan->layer = n;
    if (back && is_wanted(r, node) && is_alias(node, &r->io[n])) pass_on(r, &r->io[n]);
    (back ? node->def->backward : node->def->forward)(node->config, &r->io[n], r->plan);
}

static void record_forward(recorder *r, int32_t count)
{
    r->plan->phase = WEFT_PHASE_INPUT;
    record_input(r);
    const weft_mode mode = r->plan->desc.mode;
    if (mode == WEFT_MODE_TRAIN || mode == WEFT_MODE_EVAL) record_answers(r);
    r->plan->phase = WEFT_PHASE_FORWARD;
    for (int32_t n = 0; n < count; n++)
        run_layer(r, n, false);
}

static void record_backward(recorder *r, int32_t count)
{
    r->plan->phase = WEFT_PHASE_BACKWARD;
    for (int32_t n = count - 1; n >= 0; n--) {
        if (r->io[n].out.grad != WEFT_NO_TENSOR) run_layer(r, n, true);
    }
}

static void keep_tensor(weft_plan *plan, weft_id id)
{
    plan->tensor[plan->tensor[id].root].keep = true;
}

/* What is looked at after a run is neither fused away nor overwritten. */
static void keep_wished(recorder *r, int32_t count)
{
    weft_plan *plan = r->plan;
    plan->output = r->io[count - 1].out.value;
    keep_tensor(plan, plan->output);
    for (int32_t n = 0; n < count; n++) {
        const weft_node *node = weft_graph_node(r->model->graph, n);
        const weft_pair out = r->io[n].out;
        if (is_listed(plan->desc.keep, node))
            keep_tensor(plan, plan->looked_at[n].value = out.value);
        if (is_wanted(r, node)) keep_tensor(plan, plan->looked_at[n].grad = out.grad);
    }
}

static void record_all(recorder *r)
{
    const int32_t count = weft_graph_count(r->model->graph);
    weft_plan *plan = r->plan;
    for (int32_t n = 0; n < count; n++)
        add_node(r, n);
    if (plan->status != WEFT_OK) return;
    keep_wished(r, count);

    const weft_layer_io *last = &r->io[count - 1];
    record_forward(r, count);
    plan->phase = WEFT_PHASE_LOSS;
    switch (plan->desc.mode) {
    case WEFT_MODE_PREDICT:
        return;
    case WEFT_MODE_GRADIENT:
        take_answers(r, last->out.grad);
        record_backward(r, count);
        return;
    case WEFT_MODE_EVAL:
        record_loss(r, last);
        return;
    case WEFT_MODE_TRAIN:
        record_loss(r, last);
        record_backward(r, count);
        plan->phase = WEFT_PHASE_UPDATE;
        record_update(r);
    }
}

void weft_plan_record(weft_plan *plan)
{
    const int32_t count = weft_graph_count(plan->model->graph);
    recorder r = {.plan = plan, .model = plan->model};
    r.io = calloc((size_t)count, sizeof *r.io);
    plan->looked_at = calloc((size_t)count, sizeof *plan->looked_at);
    if (r.io && plan->looked_at) {
        record_all(&r);
    } else {
        plan->status = weft_fail(WEFT_ERR_MEMORY, "no memory to record %d layers", count);
    }
    free(r.io);
}
