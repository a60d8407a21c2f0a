/* From the graph to a plan's ops: input, forward, loss, backward, update. */
#include <stdio.h>
#include <stdlib.h>

#include "core/layers/window.h"
#include "core/model_private.h"

/* What recording knows of each node besides the graph. */
typedef struct recorder {
    weft_plan *plan;
    const weft_model *model;
    weft_layer_io *io; /* one per node */
    weft_id answers;
} recorder;

static bool is_training(const recorder *r)
{
    return r->plan->desc.mode == WEFT_MODE_TRAIN;
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

static void add_output(recorder *r, const weft_node *node, weft_layer_io *io, bool wants_gradient)
{
    const weft_shape shape = weft_batched(io->batch, node->needs.out.shape);
    if (node->needs.alias || (node->needs.still_alias && !io->training)) {
        io->out.value = weft_plan_alias(r->plan, io->in[0].value, shape);
        io->out.grad = weft_plan_alias(r->plan, io->in[0].grad, shape);
        return;
    }
    io->out.value = temporary(r, node, shape, WEFT_F32, "out", "forward");
    if (wants_gradient) io->out.grad = temporary(r, node, shape, WEFT_F32, "out", "backward");
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
    bool wants_gradient = false;
    for (int i = 0; i < node->input_count; i++) {
        const weft_layer_io *from = &r->io[node->input[i]];
        io->in[i] = from->out;
        io->in_feature[i] = from->out_feature;
        wants_gradient = wants_gradient || from->out.grad != WEFT_NO_TENSOR;
    }
    wants_gradient = add_weights(r, n, io) || wants_gradient;
    if (is_training(r)) add_saved(r, node, io);
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
    if (r->plan->desc.mode == WEFT_MODE_PREDICT) return;

    weft_shape shape = view.answers.shape;
    shape.dim[0] = r->plan->desc.batch;
    const weft_id table = weft_plan_bound(r->plan, WEFT_ROLE_SOURCE, view.answers, "answers");
    r->answers = weft_plan_temporary(r->plan, shape, view.answers.dtype, "answers/out/forward");
    weft_record(r->plan, (weft_op){.kind = WEFT_OP_gather_rows},
                &WEFT_IDS(.in = {table, order}, .out = {r->answers}));
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

static void run_layer(recorder *r, int32_t n, bool back)
{
    const weft_node *node = weft_graph_node(r->model->graph, n);
    r->plan->layer = n;
    (back ? node->def->backward : node->def->forward)(node->config, &r->io[n], r->plan);
}

static void record_all(recorder *r)
{
    const int32_t count = weft_graph_count(r->model->graph);
    weft_plan *plan = r->plan;
    for (int32_t n = 0; n < count; n++)
        add_node(r, n);
    const weft_layer_io *last = &r->io[count - 1];
    plan->output = last->out.value;
    if (plan->status != WEFT_OK) return;
    plan->tensor[plan->tensor[plan->output].root].keep = true;

    plan->phase = WEFT_PHASE_INPUT;
    record_input(r);
    plan->phase = WEFT_PHASE_FORWARD;
    for (int32_t n = 0; n < count; n++)
        run_layer(r, n, false);
    if (plan->desc.mode == WEFT_MODE_PREDICT) return;

    plan->phase = WEFT_PHASE_LOSS;
    record_loss(r, last);
    if (!is_training(r)) return;

    plan->phase = WEFT_PHASE_BACKWARD;
    for (int32_t n = count - 1; n >= 0; n--) {
        if (r->io[n].out.grad != WEFT_NO_TENSOR) run_layer(r, n, true);
    }
    plan->phase = WEFT_PHASE_UPDATE;
    record_update(r);
}

void weft_plan_record(weft_plan *plan)
{
    const int32_t count = weft_graph_count(plan->model->graph);
    recorder r = {.plan = plan, .model = plan->model};
    r.io = calloc((size_t)count, sizeof *r.io);
    if (!r.io) {
        plan->status = weft_fail(WEFT_ERR_MEMORY, "no memory to record %d layers", count);
        return;
    }
    record_all(&r);
    free(r.io);
}
